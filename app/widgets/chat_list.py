"""The messages of the chat under one another; stays at the end while answers grow, unless the reader scrolls up."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from app.theme import SPACE
from app.widgets.chat_answer import ChatAnswer
from app.widgets.chat_exchange import ChatExchange
from core.chat.conversation import Exchange

_NEAR = 24  # pixels from the end that still count as the end


class ChatList(QScrollArea):
    """``items`` are the messages in their order; whoever owns this fills their answers."""

    edited = Signal(int, str)
    """(message, text)"""
    again_wanted = Signal(int, int)
    """(message, column)"""
    corrected = Signal(int, int, str)
    """(message, column, text)"""
    copied = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.items: list[ChatExchange] = []
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
        self._column.addStretch(1)
        self.setWidget(inside)
        self._follows = True
        self.verticalScrollBar().rangeChanged.connect(lambda *_: self._follow())
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)

    def show_exchanges(self, exchanges: Sequence[Exchange], columns: Sequence[int]) -> list[int]:
        """Show these messages with an answer for each column; gives the numbers of those that changed."""
        while len(self.items) > len(exchanges):
            item = self.items.pop()
            self._column.removeWidget(item)
            item.deleteLater()
        changed = []
        for number, exchange in enumerate(exchanges):
            if number == len(self.items):
                self._add()
            item = self.items[number]
            same_columns = list(item.answers) == list(columns)
            if item.exchange is not exchange or not same_columns:
                changed.append(number)
                item.show_exchange(exchange, first=number == 0)
                item.show_columns(columns)
        return changed

    def answer(self, number: int, column: int) -> ChatAnswer | None:
        """The answer of a column to a message, if it is shown."""
        return self.items[number].answers.get(column) if number < len(self.items) else None

    def go_to_end(self) -> None:
        """Show the end, and stay there."""
        self._follows = True
        QTimer.singleShot(0, self, self._follow)

    def _add(self) -> None:
        number, item = len(self.items), ChatExchange()
        item.edited.connect(lambda text: self.edited.emit(number, text))
        item.answer_made.connect(lambda column: self._join(number, column, item.answers[column]))
        self.items.append(item)
        self._column.insertWidget(number, item)

    def _join(self, number: int, column: int, answer: ChatAnswer) -> None:
        answer.copied.connect(self.copied)
        answer.again_wanted.connect(lambda: self.again_wanted.emit(number, column))
        answer.corrected.connect(lambda text: self.corrected.emit(number, column, text))

    def _follow(self) -> None:
        if self._follows:
            bar = self.verticalScrollBar()
            bar.setValue(bar.maximum())

    def _on_scrolled(self, value: int) -> None:
        self._follows = value >= self.verticalScrollBar().maximum() - _NEAR
