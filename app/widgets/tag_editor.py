"""A field of tags: each a chip that a click removes, and a line to add more, with what was used before."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QSizePolicy, QToolButton, QWidget

from app.widgets.flow_layout import FlowLayout


class TagEditor(QWidget):
    """Holds an ordered set of tags. Enter or a comma adds, Backspace in the empty line takes the last one away.

    Signals:
        changed(tuple): the user added or removed a tag.
        confirmed: Enter in the empty line: there is nothing more to add.
    """

    changed = Signal(tuple)
    confirmed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tags: tuple[str, ...] = ()
        self._chips: list[QToolButton] = []
        self._known = QStringListModel(self)
        self._flow = FlowLayout(self)
        self._line = QLineEdit()
        self._line.setPlaceholderText("Add a tag")
        self._line.setAccessibleName("Add a tag")
        self._line.setMinimumWidth(100)
        self._line.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        completer = QCompleter(self._known, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.activated.connect(self._add_line, Qt.ConnectionType.QueuedConnection)
        self._line.setCompleter(completer)
        self._line.returnPressed.connect(self._enter)
        self._line.editingFinished.connect(self._add_line)
        self._line.textEdited.connect(self._typed)
        self._line.installEventFilter(self)
        self._flow.addWidget(self._line)
        self.setFocusProxy(self._line)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def tags(self) -> tuple[str, ...]:
        """The tags, in the order they were added."""
        return self._tags

    def set_tags(self, tags: Iterable[str]) -> None:
        """Show these; no signal."""
        self._tags = tuple(dict.fromkeys(tags))
        self._line.clear()
        self._rebuild()

    def set_known(self, tags: Iterable[str]) -> None:
        """What is proposed while typing."""
        self._known.setStringList(list(tags))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Backspace in the empty line removes the last tag."""
        empty = watched is self._line and not self._line.text() and self._tags
        pressed = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress
        if empty and pressed and event.key() == Qt.Key.Key_Backspace:
            self._remove(self._tags[-1])
            return True
        return super().eventFilter(watched, event)

    def _typed(self, text: str) -> None:
        if "," in text:
            self._add_line()

    def _enter(self) -> None:
        if self._line.text().strip():
            self._add_line()
        else:
            self.confirmed.emit()

    def _add_line(self) -> None:
        new = [tag for part in self._line.text().split(",") if (tag := " ".join(part.split()))]
        self._line.clear()
        added = tuple(dict.fromkeys((*self._tags, *new)))
        if added != self._tags:
            self._tags = added
            self._rebuild()
            self.changed.emit(added)

    def _remove(self, tag: str) -> None:
        self._tags = tuple(other for other in self._tags if other != tag)
        self._rebuild()
        self._line.setFocus()
        self.changed.emit(self._tags)

    def _rebuild(self) -> None:
        for chip in self._chips:
            self._flow.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        self._chips = [self._chip(tag) for tag in self._tags]
        for place, chip in enumerate(self._chips):
            self._flow.insert_widget(place, chip)
            chip.show()
        self._flow.invalidate()
        self.updateGeometry()

    def _chip(self, tag: str) -> QToolButton:
        shown = tag if len(tag) <= 40 else tag[:39] + "…"
        chip = QToolButton(self)
        chip.setProperty("kind", "chip")
        chip.setText(f"{shown}  ×".replace("&", "&&"))
        chip.setToolTip("Remove this tag")
        chip.setAccessibleName(f"Remove the tag {tag}")
        chip.setCursor(Qt.CursorShape.PointingHandCursor)
        chip.clicked.connect(lambda: self._remove(tag))
        return chip
