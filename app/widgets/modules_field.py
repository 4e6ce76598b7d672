"""Chooses the layers that get an adapter: all, attention only, or some of those found in the model."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from app.theme import SPACE
from app.widgets.choice_field import ChoiceField
from app.widgets.flow_layout import FlowLayout

LIST = "list"


class ModulesField(QWidget):
    """A choice with check boxes under it while "list" is chosen; never lets go of the last module."""

    value_changed = Signal(object)
    """The name of a set, or a list of module names."""

    def __init__(self, name: str, choices: dict[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._known: list[str] = []
        self._value: str | list[str] = next(iter(choices))
        self._attention: list[str] = []
        self.choice = ChoiceField(name, choices)
        self.choice.value_changed.connect(self._on_choice)
        self._boxes: dict[str, QCheckBox] = {}
        self._box_area = QWidget()
        self._flow = FlowLayout(self._box_area, spacing=SPACE.UNIT)
        self._box_area.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.LABEL)
        layout.addWidget(self.choice)
        layout.addWidget(self._box_area)
        self.setFocusProxy(self.choice)
        self.setAccessibleName(name)

    @property
    def value(self) -> str | list[str]:
        """The name of a set, or a list of module names."""
        return self._value

    def set_value(self, value: str | Sequence[str]) -> None:
        """Show a value."""
        self._value = value if isinstance(value, str) else list(value)
        self.choice.set_value(value if isinstance(value, str) else LIST)
        self._show_boxes()

    def set_known(self, names: Sequence[str], attention: Sequence[str]) -> None:
        """Say which modules the model has, and which of them are attention's."""
        self._known = list(names)
        self._attention = list(attention)
        self._show_boxes()

    def box(self, name: str) -> QCheckBox:
        """The check box of a module."""
        return self._boxes[name]

    def _show_boxes(self) -> None:
        chosen = [] if isinstance(self._value, str) else self._value
        names = [*self._known, *(name for name in chosen if name not in self._known)]
        if list(self._boxes) != names:
            for box in self._boxes.values():
                self._flow.removeWidget(box)
                box.deleteLater()
            self._boxes = {name: self._make_box(name) for name in names}
        for name, box in self._boxes.items():
            box.setChecked(name in chosen)
            box.setEnabled(chosen != [name])
        self._box_area.setVisible(not isinstance(self._value, str))

    def _make_box(self, name: str) -> QCheckBox:
        box = QCheckBox(name)
        box.clicked.connect(self._on_box)
        self._flow.addWidget(box)
        return box

    def _on_choice(self, value: str) -> None:
        if value != LIST:
            self._take(value)
        elif self._known:
            self._take([*(self._attention or self._known)])
        else:
            self.choice.set_value(self._value if isinstance(self._value, str) else LIST)

    def _on_box(self) -> None:
        self._take([name for name, box in self._boxes.items() if box.isChecked()])

    def _take(self, value: str | list[str]) -> None:
        self.set_value(value)
        self.value_changed.emit(value)
