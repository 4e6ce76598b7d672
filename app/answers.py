"""The model that answers in the window: one process at a time, for the base model that was asked for last."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.answer_thread import AnswerThread, Model, Question
from core.errors import UserError
from core.generation.client import ModelProcess, Token

if TYPE_CHECKING:
    from core.recipe.schema import ModelSettings

MakeModel = Callable[["ModelSettings"], Model]


def model_process(model: ModelSettings) -> Model:
    """A process for a base model, not started yet."""
    return ModelProcess(model.base, model)


class State(StrEnum):
    """What the model is doing."""

    AWAY = "away"
    LOADING = "loading"
    ANSWERING = "answering"
    READY = "ready"


class Answers(QObject):
    """Asks one question at a time; each of its sides ends with ``answered`` or ``refused``, or all with ``failed``."""

    state_changed = Signal(object)
    """(State)"""
    written = Signal(str, str)
    """(side, some more text of its answer)"""
    answered = Signal(str, object)
    """(side, the last Token: how many tokens in how many seconds, and why it ended)"""
    refused = Signal(str, object)
    """(side, UserError): this one of several sides cannot answer."""
    failed = Signal(object)
    """(UserError): no more comes to this question."""

    def __init__(self, make: MakeModel = model_process, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._make = make
        self._thread: AnswerThread | None = None
        self._settings: ModelSettings | None = None
        self._number = 0
        self._waiting: dict[str, None] = {}  # sides that have not answered yet, in their order
        self.state = State.AWAY

    @property
    def device(self) -> str:
        """Where the model computes, in words; empty unless it is loaded."""
        loaded = self._thread is not None and self.state in (State.READY, State.ANSWERING)
        return self._thread.device if loaded and self._thread is not None else ""

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._waiting)

    def ask(self, model: ModelSettings, question: Question) -> None:
        """Have the sides answer one after another; starts the process if there is none for this base model."""
        self.drop()
        if self._thread is None or model != self._settings:
            self.release()
            self._begin(model)
        assert self._thread is not None
        self._number += 1
        self._waiting = {side.name: None for side in question.sides}
        self._show(State.ANSWERING if self.state is State.READY and self._thread.alive else State.LOADING)
        self._thread.ask(self._number, question)

    def drop(self) -> None:
        """Want no answer any more; the model is kept."""
        if self._waiting and self._thread is not None:
            self._thread.cancel()
            self._end_waiting()
            if self.state is State.ANSWERING:
                self._show(State.READY)

    def stop(self) -> None:
        """End the answers that are being written; a model that is still being loaded is let go."""
        if self.state is State.LOADING:
            self.release()
        else:
            self.drop()

    def release(self) -> None:
        """Let the process go; returns at once."""
        thread, self._thread, self._settings = self._thread, None, None
        if thread is not None:
            thread.end()
            self._end_waiting()
            self._show(State.AWAY)

    def _begin(self, model: ModelSettings) -> None:
        self._settings = model
        thread = self._thread = AnswerThread(self._make(model))
        thread.prepared.connect(self._on_prepared)
        thread.written.connect(self._on_written)
        thread.answered.connect(self._on_answered)
        thread.refused.connect(self._on_refused)
        thread.failed.connect(self._on_failed)
        self.destroyed.connect(thread.end)
        thread.start()

    def _on_prepared(self) -> None:
        if self.sender() is self._thread:
            self._show(State.ANSWERING if self._waiting else State.READY)

    def _on_written(self, number: int, side: str, text: str) -> None:
        if number == self._number and side in self._waiting:
            self.written.emit(side, text)

    def _on_answered(self, number: int, side: str, token: Token) -> None:
        if number == self._number and side in self._waiting:
            self._is_through(side)
            self.answered.emit(side, token)

    def _on_refused(self, number: int, side: str, error: UserError) -> None:
        if number == self._number and side in self._waiting:
            self._is_through(side)
            self.refused.emit(side, error)

    def _is_through(self, side: str) -> None:
        del self._waiting[side]
        if not self._waiting:
            self._show(State.READY)

    def _on_failed(self, number: int, error: UserError) -> None:
        thread = self._thread
        if self.sender() is not thread or number != self._number:
            return
        wanted = bool(self._waiting) or self.state is State.LOADING
        self._waiting.clear()
        if thread is not None and not thread.alive:
            self.release()
        else:
            self._show(State.READY)
        if wanted:
            self.failed.emit(error)

    def _end_waiting(self) -> None:
        while self._waiting:
            side = next(iter(self._waiting))
            del self._waiting[side]
            self.answered.emit(side, Token(end="cancelled"))

    def _show(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self.state_changed.emit(state)
