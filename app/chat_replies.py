"""The answers to one message while they come: who still has to answer, and what the model says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app import tasks
from app.answer_thread import Question, Side
from app.answers import State
from app.model_keeper import ModelKeeper
from core.chat.asking import Asking, Shots, prepare
from core.chat.conversation import Conversation
from core.errors import UserError

if TYPE_CHECKING:
    from core.generation.client import Token
    from core.project import Project


class ChatReplies(QObject):
    """Asks one message at a time; each column ends with ``ended`` or ``refused``, then ``over`` comes.

    Attributes:
        number: the message that is being answered, or None.
        columns: those that still have to answer, in their order.
    """

    written = Signal(int, int, str)
    """(message, column, some more text)"""
    ended = Signal(int, int, object)
    """(message, column, the last Token or None): its answer is complete, or was never begun."""
    refused = Signal(int, int, object)
    """(message, column, UserError)"""
    over = Signal()
    """Nothing more comes."""
    failed = Signal(object)
    """(UserError): nothing more comes; ``over`` follows."""

    def __init__(self, keeper: ModelKeeper, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._keeper = keeper
        self._conversation = Conversation()
        self.number: int | None = None
        self.columns: list[int] = []
        self._preparing: tasks.Task | None = None
        self._shots = Shots()
        answers = keeper.answers
        answers.written.connect(self._on_written)
        answers.answered.connect(lambda side, token: self._through(int(side), token))
        answers.refused.connect(lambda side, error: self._refuse(int(side), error))
        answers.failed.connect(self._on_failed)

    def is_waiting(self, number: int, column: int) -> bool:
        """Whether a column has still to answer a message, or is at it."""
        return number == self.number and column in self.columns

    def is_writing(self, number: int, column: int) -> bool:
        """Whether it is the one that is being written."""
        answering = self._keeper.answers.state is State.ANSWERING
        return answering and number == self.number and self.columns[:1] == [column]

    def ask(self, project: Project, conversation: Conversation, number: int, columns: Sequence[int]) -> None:
        """Have these columns answer a message."""
        self.number, self.columns, self._conversation = number, list(columns), conversation
        self._preparing = tasks.run(
            lambda: prepare(project, conversation, number, columns, shots=self._shots),
            done=self._on_prepared,
            failed=self._on_failed,
        )

    def stop(self) -> None:
        """End the answers that are being written."""
        if self._preparing is not None:
            self._preparing.cancel()
            self._end()
        self._keeper.answers.stop()

    def forget(self) -> None:
        """Want nothing any more, and say nothing of it: another project is opened."""
        if self._preparing is not None:
            self._preparing.cancel()
        self.number, self.columns, self._preparing = None, [], None

    def _on_prepared(self, asking: Asking) -> None:
        self._preparing = None
        number = self.number
        if number is None:
            return
        for column, error in asking.refused.items():
            self._refuse(column, error)
        if asking.asks and self._keeper.is_blocked:
            self._end()
        elif asking.asks:
            sides = tuple(Side(str(ask.column), ask.example, ask.adapters, ask.template) for ask in asking.asks)
            self._keeper.ask(asking.model, Question(sides, self._conversation.sampling_of(number)))

    def _on_written(self, side: str, text: str) -> None:
        if self.number is not None and int(side) in self.columns:
            self.written.emit(self.number, int(side), text)

    def _refuse(self, column: int, error: UserError) -> None:
        if self.number is not None and column in self.columns:
            self.refused.emit(self.number, column, error)
            self._through(column)

    def _through(self, column: int, token: Token | None = None) -> None:
        """A column has nothing more to say to the message."""
        if self.number is None or column not in self.columns:
            return
        self.columns.remove(column)
        number = self.number
        if not self.columns:
            self.number = None
        if token is not None:
            self.ended.emit(number, column, token)
        if not self.columns:
            self.over.emit()

    def _on_failed(self, error: UserError) -> None:
        self._preparing = None
        self.failed.emit(error)
        self._end()

    def _end(self) -> None:
        """Nothing more comes; answers that never began are no answers."""
        number, left = self.number, self.columns
        self.forget()
        if number is not None:
            for column in left:
                self.ended.emit(number, column, None)
            self.over.emit()
