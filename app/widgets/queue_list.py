"""Runs that wait, one a row, in the order of their turns: dragged, or moved with Alt and the arrow keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QItemSelectionModel, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QDropEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QWidget

from app.widgets.plain_tip import plain_tip


@dataclass(frozen=True, slots=True)
class QueueWords:
    """A row: ``key`` tells it from others, ``text`` stands under its name."""

    key: str
    name: str
    text: str


class QueueList(QListWidget):
    """Signals.

    moved(str, int): the row with this key is to have this place, 0 for the first.
    delete_wanted: the chosen rows are to go.
    opened(str): by double click or Enter.
    """

    moved = Signal(str, int)
    delete_wanted = Signal()
    opened = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[QueueWords, ...] = ()
        self._movable = True
        self.setAccessibleName("Runs that wait, in the order of their turns")
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSpacing(2)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setDropIndicatorShown(True)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.set_movable(True)
        self.itemDoubleClicked.connect(lambda item: self.opened.emit(item.data(Qt.ItemDataRole.UserRole)))

    @property
    def keys(self) -> list[str]:
        """All rows, in order."""
        return [row.key for row in self._rows]

    @property
    def chosen(self) -> list[str]:
        """The chosen rows, in order."""
        return [self._rows[index.row()].key for index in sorted(self.selectedIndexes(), key=lambda index: index.row())]

    def set_movable(self, movable: bool) -> None:
        """Whether the order can be changed."""
        self._movable = movable
        mode = QAbstractItemView.DragDropMode
        self.setDragDropMode(mode.InternalMove if movable else mode.NoDragDrop)

    def set_rows(self, rows: Sequence[QueueWords]) -> None:
        """Show these; what was chosen stays chosen, or its neighbour when it is gone. No signal but a selection's."""
        rows = tuple(rows)
        if rows == self._rows:
            return
        chosen, place, scrolled = self.chosen, self.currentRow(), self.verticalScrollBar().value()
        had_focus = self._rows[place].key if 0 <= place < len(self._rows) else ""
        self._rows = rows
        with QSignalBlocker(self):
            self.clear()
            for number, row in enumerate(rows, start=1):
                item = QListWidgetItem(f"{number}.  {row.name}\n{row.text}")
                item.setData(Qt.ItemDataRole.UserRole, row.key)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{number}: {row.name}, {row.text}")
                item.setToolTip(plain_tip(f"{row.name}\n{row.text}"))
                self.addItem(item)
            keys = self.keys
            kept = [key for key in chosen if key in keys]
            if not kept and rows:
                kept = [keys[min(max(place, 0), len(keys) - 1)]]
            self._choose(kept, current=had_focus if had_focus in keys else (kept[0] if kept else ""))
        self.verticalScrollBar().setValue(scrolled)
        self.itemSelectionChanged.emit()

    def move_chosen(self, step: int) -> None:
        """Ask for another place for the chosen row: -1 for the turn before, 1 for the turn after."""
        chosen = self.chosen
        if len(chosen) != 1 or not self._movable:
            return
        place = self.keys.index(chosen[0]) + step
        if 0 <= place < len(self._rows):
            self.moved.emit(chosen[0], place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Alt with an arrow moves a row, Delete takes rows out, Enter opens one."""
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is not None and event.modifiers() == Qt.KeyboardModifier.AltModifier:
            self.move_chosen(step)
        elif event.key() == Qt.Key.Key_Delete and self.chosen:
            self.delete_wanted.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and len(self.chosen) == 1:
            self.opened.emit(self.chosen[0])
        else:
            super().keyPressEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """A row was dragged: its new place is asked for, and shown once it has it."""
        chosen = self.chosen
        event.setDropAction(Qt.DropAction.IgnoreAction)
        event.accept()
        index = self.indexAt(event.position().toPoint())
        below = self.dropIndicatorPosition() == QAbstractItemView.DropIndicatorPosition.BelowItem
        place = index.row() + below if index.isValid() else len(self._rows)
        if len(chosen) == 1:
            now = self.keys.index(chosen[0])
            place -= place > now  # it leaves a gap behind
            if place != now:
                self.moved.emit(chosen[0], place)

    def _choose(self, keys: Sequence[str], *, current: str) -> None:
        for row, words in enumerate(self._rows):
            self.item(row).setSelected(words.key in keys)
            if words.key == current:
                self.setCurrentRow(row, QItemSelectionModel.SelectionFlag.NoUpdate)
