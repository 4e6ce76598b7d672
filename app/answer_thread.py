"""A thread that owns a model process and turns what the model writes into Qt signals.

It ends when it is told to; its process is gone then. Whoever made it need not wait: a process that is being loaded or
hangs may take a moment to end, and the thread keeps itself alive until then.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QCoreApplication, QThread, QThreadPool, Signal

from app import tasks
from core.dataset.example import Example
from core.errors import UserError
from core.generation.client import Token

if TYPE_CHECKING:
    from core.generation.sampling import Sampling

LOOK_SECONDS = 0.1
_BATCH_SECONDS = 1 / 30
_LONGEST_WAIT_MS = 10_000  # for a thread at the end of the program

_living: set[AnswerThread] = set()  # a thread whose owner is gone ends in its own time


BASE, ADAPTER = "base", "adapter"  # what the sides are called where the two are compared


@dataclass(frozen=True, slots=True)
class Side:
    """Who is asked what: the base model with weighted adapters, or without any."""

    name: str
    example: Example
    adapters: tuple[tuple[Path, float], ...] = ()
    template: str | None = None  # the chat template; that of the model unless given


@dataclass(frozen=True, slots=True)
class Question:
    """What the sides are asked, one after another, and how their answers are drawn."""

    sides: tuple[Side, ...]
    sampling: Sampling


class Model(Protocol):
    """What is needed of :class:`core.generation.client.ModelProcess`."""

    @property
    def alive(self) -> bool:
        """Whether the process runs or starts."""

    @property
    def device(self) -> str:
        """Where it computes."""

    def start(self) -> None:
        """Start it; returns at once."""

    def wait_until_ready(self, timeout: float | None = None) -> bool:
        """Wait for the base model to be loaded."""

    def generate(
        self, example: Example, *, adapters: Sequence[tuple[Path, float]], sampling: Sampling, template: str | None
    ) -> Iterator[Token]:
        """Write an answer, piece by piece."""

    def cancel(self) -> None:
        """End all answers asked for so far."""

    def close(self) -> None:
        """End the process."""


class AnswerThread(QThread):
    """Answers one question after another; after ``finished``, QThread's own signal, its process is gone."""

    prepared = Signal()  # the base model is loaded
    written = Signal(int, str, str)  # question number, side, some more text; at most 30 times a second
    answered = Signal(int, str, object)  # question number, side, the last core.generation.client.Token
    refused = Signal(int, str, object)  # question number, side, UserError: this one of several cannot answer
    failed = Signal(int, object)  # question number, UserError: no more comes to this question

    def __init__(self, model: Model) -> None:
        """Call ``start()`` afterwards; ``model`` is started with the first question."""
        super().__init__()
        self._model = model
        self._questions: queue.SimpleQueue[tuple[int, Question] | None] = queue.SimpleQueue()
        self._ending = threading.Event()
        self._unwanted = 0  # questions up to this number are not wanted any more
        self._newest = 0
        _living.add(self)
        self.finished.connect(self._forget)
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.leave)

    @property
    def alive(self) -> bool:
        """Whether the process runs or starts."""
        return self._model.alive

    @property
    def device(self) -> str:
        """Where the model computes, in words; empty until it is loaded."""
        return self._model.device

    def ask(self, number: int, question: Question) -> None:
        """Have the sides that it names answer; numbers rise."""
        self._newest = number
        self._questions.put((number, question))

    def cancel(self) -> None:
        """End the answers to all questions so far at their next token; each side is still ``answered``."""
        self._unwanted = self._newest
        self._model.cancel()

    def end(self) -> None:
        """Let the process go; returns at once."""
        if not self._ending.is_set():
            self._ending.set()
            self._questions.put(None)
            QThreadPool.globalInstance().start(self._model.close)  # a process that hangs takes seconds to end

    def leave(self) -> None:
        """Let the process go and wait for the end of this thread."""
        self.end()
        self.wait(_LONGEST_WAIT_MS)

    def run(self) -> None:
        """See the class's description (Qt calls this in the new thread)."""
        try:
            while (asked := self._questions.get()) is not None and not self._ending.is_set():
                self._take(*asked)
        finally:
            self._model.close()

    def _take(self, number: int, question: Question) -> None:
        try:
            if not self._prepare():
                return
            for side in question.sides:
                self._write_or_refuse(number, side, question)
        except UserError as error:
            self.failed.emit(number, error)
        except Exception as error:  # noqa: BLE001 - whatever broke is told to the user, with its traceback
            self.failed.emit(number, tasks.unexpected(error))

    def _prepare(self) -> bool:
        """Wait for the base model; whether there is still somebody to answer."""
        if not self._model.alive:
            self._model.start()
        while not self._ending.is_set():
            if self._model.wait_until_ready(LOOK_SECONDS):
                self.prepared.emit()
                return True
        return False

    def _write_or_refuse(self, number: int, side: Side, question: Question) -> None:
        """One side that cannot answer does not keep the others from it, as long as the model lives."""
        try:
            self._write(number, side, question.sampling)
        except UserError as error:
            if len(question.sides) == 1 or not self._model.alive:
                raise
            self.refused.emit(number, side.name, error)

    def _write(self, number: int, side: Side, sampling: Sampling) -> None:
        tokens = self._model.generate(side.example, adapters=side.adapters, sampling=sampling, template=side.template)
        # From here on the process itself knows what a cancel means; one that came before is seen here.
        if number <= self._unwanted:
            self.answered.emit(number, side.name, Token(end="cancelled"))
            return
        held, told = "", 0.0
        for token in tokens:
            held += token.text
            now = time.monotonic()
            if held and (token.end is not None or now - told >= _BATCH_SECONDS):
                self.written.emit(number, side.name, held)
                held, told = "", now
            if token.end is not None:
                self.answered.emit(number, side.name, token)

    def _forget(self) -> None:
        _living.discard(self)
        self.deleteLater()
