"""The messages of the chat under one another; stays at the end while answers grow, unless the reader scrolls up."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app import format
from app.theme import SPACE
from app.widgets.chat_answer import ChatAnswer
from app.widgets.chat_exchange import ChatExchange
from core.chat.conversation import Exchange

AT_ONCE = 8  # messages
_IN_A_BREATH = 2  # the others come one after the other
_NEAR = 24  # pixels from the end that still count as the end


class ChatList(QScrollArea):
    """``items`` are the newest messages in their order, ``first`` is the number of the first of them.

    Whoever owns this fills their answers. Earlier messages are shown when they are asked for: a long conversation has
    thousands of widgets.
    """

    filled = Signal(int)
    """(message): it is shown now, or with other columns, and its answers are to be filled."""

    edited = Signal(int, str)
    """(message, text)"""
    again_wanted = Signal(int, int)
    """(message, column)"""
    corrected = Signal(int, int, str)
    """(message, column, text)"""
    better_wanted = Signal(int, int)
    """(message, column)"""
    copied = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.items: list[ChatExchange] = []
        self.first = self._goal = 0
        self._exchanges: Sequence[Exchange] = ()
        self._columns: Sequence[int] = ()
        self._growing = QTimer(self)
        self._growing.setSingleShot(True)
        self._growing.timeout.connect(self._grow)
        self.earlier = QPushButton()
        self.earlier.setProperty("kind", "link")
        self.earlier.clicked.connect(self._show_earlier)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # else the columns move under their heads
        self.setAccessibleName("The conversation")
        inside = QWidget()
        inside.setProperty("kind", "scrolled")
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE.CARD)
        self._column.addWidget(self.earlier, 0, Qt.AlignmentFlag.AlignHCenter)
        self._column.addStretch(1)
        self.setWidget(inside)
        self._follows = True
        self.verticalScrollBar().setEnabled(False)
        self.verticalScrollBar().rangeChanged.connect(self._on_range)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)

    def show_exchanges(self, exchanges: Sequence[Exchange], columns: Sequence[int]) -> None:
        """Show these messages with an answer for each column."""
        self._exchanges, self._columns = exchanges, columns
        new = len(exchanges) - self.first - len(self.items)
        if new < 0 or new > 1:  # cleared, gone back, or opened: begin anew at the end
            self._goal = max(0, len(exchanges) - AT_ONCE)
            self.first = max(0, len(exchanges) - _IN_A_BREATH)
        self._fill()
        self._grow_soon()

    def _fill(self) -> None:
        wanted = list(range(self.first, len(self._exchanges)))
        while self.items and self.items[-1].number not in wanted:
            self._remove(self.items.pop())
        while self.items and self.items[0].number < self.first:
            self._remove(self.items.pop(0))
        while self.items and self.items[0].number > self.first:
            self._insert(0, self.items[0].number - 1)
        while len(self.items) < len(wanted):
            self._insert(len(self.items), self.first + len(self.items))
        for item in self.items:
            exchange = self._exchanges[item.number]
            if item.exchange is not exchange or list(item.answers) != list(self._columns):
                item.show_exchange(exchange, first=item.number == 0)
                item.show_columns(self._columns)
                self.filled.emit(item.number)
        self.earlier.setText(f"Show {format.plural(min(self.first, AT_ONCE), 'earlier message')}")
        self.earlier.setVisible(0 < self.first <= self._goal)

    def _show_earlier(self) -> None:
        """Show some more of what was said before; what is in sight stays where it is."""
        self._follows = False
        before = self.widget().height() - self.verticalScrollBar().value()
        self.first = self._goal = max(0, self.first - AT_ONCE)
        self._fill()
        QTimer.singleShot(0, self, lambda: self.verticalScrollBar().setValue(self.widget().height() - before))

    def _grow_soon(self) -> None:
        if self.first > self._goal:
            self._growing.start()

    def _grow(self) -> None:
        """Show one message more above the others: many at once would hold the window up."""
        self.first -= 1
        self._fill()
        self._grow_soon()

    def item(self, number: int) -> ChatExchange | None:
        """A message, if it is shown."""
        at = number - self.first
        return self.items[at] if 0 <= at < len(self.items) else None

    def answer(self, number: int, column: int) -> ChatAnswer | None:
        """The answer of a column to a message, if it is shown."""
        item = self.item(number)
        return item.answers.get(column) if item is not None else None

    def go_to_end(self) -> None:
        """Show the end, and stay there."""
        self._follows = True
        QTimer.singleShot(0, self, self._follow)

    def _insert(self, at: int, number: int) -> None:
        item = ChatExchange(number)
        item.edited.connect(lambda text: self.edited.emit(number, text))
        item.answer_made.connect(lambda column: self._join(number, column, item.answers[column]))
        self.items.insert(at, item)
        self._column.insertWidget(at + 1, item)

    def _remove(self, item: ChatExchange) -> None:
        self._column.removeWidget(item)
        item.hide()
        item.deleteLater()

    def _join(self, number: int, column: int, answer: ChatAnswer) -> None:
        answer.copied.connect(self.copied)
        answer.better_wanted.connect(lambda: self.better_wanted.emit(number, column))
        answer.again_wanted.connect(lambda: self.again_wanted.emit(number, column))
        answer.corrected.connect(lambda text: self.corrected.emit(number, column, text))

    def _on_range(self, low: int, high: int) -> None:
        self.verticalScrollBar().setEnabled(high > low)  # its handle shows only where there is something to scroll
        self._follow()

    def _follow(self) -> None:
        if self._follows:
            bar = self.verticalScrollBar()
            bar.setValue(bar.maximum())

    def _on_scrolled(self, value: int) -> None:
        self._follows = value >= self.verticalScrollBar().maximum() - _NEAR
