"""Chooses a base model, or an adapter: one that is known, or a folder."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from app.theme import SPACE
from app.widgets.choice_field import ChoiceField
from app.widgets.plain_tip import plain_tip


class BaseModelField(QWidget):
    """A list of what is known with a button for others."""

    value_changed = Signal(str)
    """What the user chose: "starter", a hub id or a run's name, or a folder."""

    def __init__(self, name: str, parent: QWidget | None = None, *, what: str = "base model", none: str = "") -> None:
        """``what`` is chosen, in words; ``none`` is what it means to choose nothing, where that can be."""
        super().__init__(parent)
        self._none = none
        self._value = ""
        self._known: dict[str, str] = {}
        self.choice = ChoiceField(name, {})
        self.choice.setMaximumWidth(264)
        self.choice.value_changed.connect(self._take)
        self.browse_button = QPushButton("Folder…")
        self.browse_button.setToolTip(f"Choose the folder of another {what} on this machine")
        self.browse_button.setAccessibleName(f"Choose the folder of a{'n' if what[0] in 'aeiou' else ''} {what}")
        self.browse_button.clicked.connect(self._browse)
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE.UNIT)
        row.addWidget(self.choice, 1000)
        row.addWidget(self.browse_button)
        row.addStretch(1)
        self.setFocusProxy(self.choice)
        self.setAccessibleName(name)

    def add_button(self, button: QPushButton) -> None:
        """Put another way to choose beside the folder's."""
        self._row.insertWidget(self._row.count() - 1, button)
        QWidget.setTabOrder(self.browse_button, button)

    def set_known(self, models: dict[str, str]) -> None:
        """Say which are there: ``{value: title}``."""
        self._known = dict(models)
        self._fill()

    def set_value(self, value: str) -> None:
        """Show a choice, also one that is not among the known."""
        self._value = value
        self._fill()

    def _fill(self) -> None:
        entries = {"": self._none, **self._known} if self._none else dict(self._known)
        if self._value:
            entries.setdefault(self._value, Path(self._value).name)
        self.choice.clear()
        for base, title in entries.items():
            self.choice.addItem(title, base)
            self.choice.setItemData(self.choice.count() - 1, plain_tip(base), Qt.ItemDataRole.ToolTipRole)
        self.choice.set_value(self._value)

    def _browse(self) -> None:
        start = self._value if Path(self._value).is_absolute() else str(Path.home())
        dialog = QFileDialog(self, self.browse_button.accessibleName(), start)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self._take)
        dialog.open()

    def _take(self, value: str) -> None:
        if (value or self._none) and value != self._value:
            self.set_value(value)
            self.value_changed.emit(value)
