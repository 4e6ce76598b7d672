"""A list of models of two lines each: what a model is called, and what is to be known of it at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidget, QWidget

from app.widgets.plain_tip import plain_tip
from app.widgets.two_lines import TwoLines, two_line_item


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model: its key, its name, and the line under that."""

    key: str
    title: str
    note: str


class ModelList(QListWidget):
    """Keeps the chosen one over any change. Enter or a double click opens, Delete asks to remove."""

    chosen = Signal(str)
    """The key of the model that is chosen now."""
    opened = Signal(str)
    remove_wanted = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[ModelRow, ...] = ()
        self.setAccessibleName(name)
        self.setSpacing(2)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setItemDelegate(TwoLines(self))
        self.currentRowChanged.connect(lambda _row: self.chosen.emit(self.key))
        self.itemDoubleClicked.connect(lambda _item: self.opened.emit(self.key))

    @property
    def key(self) -> str:
        """Of the chosen model; empty for none."""
        row = self.currentRow()
        return self._rows[row].key if 0 <= row < len(self._rows) else ""

    @property
    def rows(self) -> tuple[ModelRow, ...]:
        """What is shown."""
        return self._rows

    def set_rows(self, rows: Sequence[ModelRow]) -> None:
        """Show these; the chosen one stays chosen if it is still there. No signal."""
        if tuple(rows) == self._rows:
            return
        key, at = self.key, self.verticalScrollBar().value()
        self._rows = tuple(rows)
        with QSignalBlocker(self):
            self.clear()
            for row in rows:
                item = two_line_item(row.title, row.note)
                item.setToolTip(plain_tip(f"{row.title}\n{row.note}"))
                self.addItem(item)
            self.choose(key)
        self.verticalScrollBar().setValue(at)

    def choose(self, key: str) -> None:
        """Choose a model, or none. No signal."""
        row = next((at for at, row in enumerate(self._rows) if row.key == key), -1)
        with QSignalBlocker(self):
            self.setCurrentRow(row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, Delete asks to remove."""
        if self.key and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(self.key)
        elif self.key and event.key() == Qt.Key.Key_Delete:
            self.remove_wanted.emit(self.key)
        else:
            super().keyPressEvent(event)
