"""Downloads that were cut short: each can go on or be thrown away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE
from app.widgets.elided_label import ElidedLabel


@dataclass(frozen=True, slots=True)
class UnfinishedRow:
    """One of them: its number among all, its name, how much is here, and whether it can be thrown away."""

    number: int
    title: str
    note: str
    can_discard: bool


class UnfinishedList(QWidget):
    """Takes no room while there is none."""

    go_on_wanted = Signal(int)
    discard_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[UnfinishedRow, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(SPACE.UNIT, SPACE.UNIT, SPACE.UNIT, 0)
        self._column.setSpacing(SPACE.UNIT)
        self.hide()

    @property
    def rows(self) -> tuple[UnfinishedRow, ...]:
        """What is shown."""
        return self._rows

    def set_rows(self, rows: Sequence[UnfinishedRow]) -> None:
        """Show these."""
        if tuple(rows) == self._rows:
            return
        self._rows = tuple(rows)
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        if rows:
            heading = QLabel("Unfinished downloads")
            heading.setFont(theme.ui_font(strong=True))
            self._column.addWidget(heading)
        for row in rows:
            self._column.addWidget(self._made(row))
        self.setVisible(bool(rows))

    def button(self, number: int, words: str) -> QPushButton | None:
        """The button of a row."""
        name = f"{words} {self._rows[number].title}"
        return next((one for one in self.findChildren(QPushButton) if one.accessibleName() == name), None)

    def _made(self, row: UnfinishedRow) -> QWidget:
        title, note = ElidedLabel(row.title), ElidedLabel(row.note)
        note.setProperty("kind", "secondary")
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(title)
        words.addWidget(note)
        widget = QWidget()
        line = QHBoxLayout(widget)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE.UNIT)
        line.addLayout(words, 1)
        for text, signal in (("Go on", self.go_on_wanted), ("Discard", self.discard_wanted)):
            if text == "Discard" and not row.can_discard:
                continue
            button = QPushButton(text)
            button.setAccessibleName(f"{text} {row.title}")
            button.clicked.connect(lambda _checked=False, signal=signal: signal.emit(row.number))
            line.addWidget(button)
        return widget
