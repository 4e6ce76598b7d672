"""Drafts of outputs, written by a model one after another and kept for the session until somebody decides on them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.answer_thread import Question, Side
from app.answers import Answers, MakeModel, State, model_process
from core.dataset.example import Example
from core.errors import PromptError, UserError
from core.generation.sampling import EXACT

if TYPE_CHECKING:
    from core.generation.client import Token
    from core.recipe.schema import ModelSettings

IDLE_MS = 180_000  # a model that has nothing to write keeps its memory this long


class Stage(StrEnum):
    """How far a draft is."""

    WAITING = "waiting"
    WRITING = "writing"
    DONE = "done"
    STOPPED = "stopped"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: a base model, with an adapter or alone. ``title`` is what people call it."""

    title: str
    model: ModelSettings
    adapter: Path | None = None


@dataclass(slots=True)
class Draft:
    """What a model proposes for the output of one example.

    Attributes:
        asked: the example as it was when the model was asked; None while it waits for its turn.
        end: the last piece of the answer: how long it took and why it ended.
        problem: why there is no draft.
    """

    writer: Writer
    longest: int
    stage: Stage = Stage.WAITING
    text: str = ""
    asked: Example | None = None
    end: Token | None = None
    problem: UserError | None = None

    @property
    def waits_for_a_word(self) -> bool:
        """Whether the user has something to decide on."""
        return bool(self.text) and self.stage in (Stage.DONE, Stage.STOPPED)

    def is_of(self, example: Example) -> bool:
        """Whether the model was asked what this example asks."""
        return self.asked is None or self.asked.prompt_messages() == example.prompt_messages()


class Drafts(QObject):
    """One model process at a time, which is let go when it has been idle for a while.

    Signals:
        changed: a draft came, went on to another stage, or is gone.
        written(int, str): some more text of the draft of this example.
        failed(UserError): no more drafts are written.
    """

    changed = Signal()
    written = Signal(int, str)
    failed = Signal(object)

    def __init__(
        self,
        read: Callable[[int], Example | None],
        about_to_load: Callable[[], object],
        *,
        make: MakeModel = model_process,
        idle_ms: int = IDLE_MS,
        parent: QObject | None = None,
    ) -> None:
        """Nothing is loaded yet.

        Args:
            read: gives an example as it is now, or None if it is gone.
            about_to_load: called before a model takes memory.
            make: makes the model process.
            idle_ms: after how long without work the model is let go.
            parent: the owner.
        """
        super().__init__(parent)
        self._read = read
        self._about_to_load = about_to_load
        self._found: dict[int, Draft] = {}
        self._queue: deque[int] = deque()
        self._now: int | None = None
        self.answers = Answers(make, self)
        self.answers.written.connect(self._on_written)
        self.answers.answered.connect(self._on_answered)
        self.answers.failed.connect(self._on_failed)
        self.done = self.total = 0  # of those asked for since the model was last idle
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(idle_ms)
        self._idle.timeout.connect(self.answers.release)

    @property
    def busy(self) -> bool:
        """Whether drafts are still to come."""
        return self._now is not None or bool(self._queue)

    @property
    def loading(self) -> bool:
        """Whether the model is being loaded."""
        return self.answers.state is State.LOADING

    def of(self, id: int) -> Draft | None:
        """The draft of an example, if there is one."""
        return self._found.get(id)

    def undecided(self) -> list[int]:
        """The examples with a draft that the user has not decided on, in the order in which they were written."""
        return [id for id, draft in self._found.items() if draft.waits_for_a_word]

    def ids(self) -> list[int]:
        """The examples that have a draft, or get one."""
        return list(self._found)

    def begin(self, ids: Sequence[int], writer: Writer, *, longest: int) -> None:
        """Have drafts written; an older draft of the same example is dropped."""
        if not self.busy:
            self.done = self.total = 0
        for id in ids:
            if id == self._now or id in self._queue:
                continue
            self._found.pop(id, None)
            self._found[id] = Draft(writer, longest)
            self._queue.append(id)
            self.total += 1
        self.changed.emit()
        if self._now is None:
            self._next()

    def stop(self) -> None:
        """Write no more; what has been written of the draft under way is kept."""
        while self._queue:
            del self._found[self._queue.pop()]
        self.answers.stop()
        self.changed.emit()

    def release(self) -> None:
        """Write no more, and let the model go."""
        self.stop()
        self.answers.release()

    def drop(self, id: int) -> None:
        """The user has decided, or the example is gone."""
        if id == self._now:
            self._now = None
            self.answers.drop()
            self._found.pop(id, None)
            self.changed.emit()
            self._next()
            return
        if id in self._queue:
            self._queue.remove(id)
            self.total -= 1
        if self._found.pop(id, None) is not None:
            self.changed.emit()

    def clear(self) -> None:
        """Another project is opened."""
        self._queue.clear()
        self._now = None
        self._found.clear()
        self.answers.release()
        self.done = self.total = 0

    # --- One after the other ----------------------------------------------------------------------------------------

    def _next(self) -> None:
        while self._queue:
            id = self._queue.popleft()
            draft = self._found[id]
            example = self._read(id)
            if example is not None:
                self._ask(id, draft, example)
                return
            self.done += 1
            del self._found[id]
            self.changed.emit()
        self._idle.start()

    def _ask(self, id: int, draft: Draft, example: Example) -> None:
        self._idle.stop()
        self._now = id
        draft.stage, draft.asked = Stage.WRITING, example
        writer = draft.writer
        adapters = ((writer.adapter, 1.0),) if writer.adapter is not None else ()
        question = Question((Side("draft", example, adapters),), EXACT.with_(max_new_tokens=draft.longest))
        if self.answers.state is State.AWAY:
            self._about_to_load()
        self.answers.ask(writer.model, question)
        self.changed.emit()

    def _on_written(self, _side: str, text: str) -> None:
        if self._now is None:
            return
        draft = self._found[self._now]
        more = text if draft.text else text.lstrip()
        draft.text += more
        self.written.emit(self._now, more)

    def _on_answered(self, _side: str, token: Token) -> None:
        id, self._now = self._now, None
        if id is None:
            return
        draft = self._found[id]
        draft.text, draft.end = draft.text.strip(), token
        draft.stage = Stage.STOPPED if token.end == "cancelled" else Stage.DONE
        self.done += 1
        if draft.stage is Stage.STOPPED and not draft.text:
            self._found.pop(id)
        if token.end == "cancelled":  # let go from outside: the others are not written either
            self.stop()
        self.changed.emit()
        self._next()

    def _on_failed(self, error: UserError) -> None:
        id, self._now = self._now, None
        if id is None:
            return
        self.done += 1
        if isinstance(error, PromptError):  # of this example only; the next one may do
            draft = self._found[id]
            draft.stage, draft.problem, draft.text = Stage.REFUSED, error, ""
            self.changed.emit()
            self._next()
            return
        self._found.pop(id)
        self.stop()
        self.changed.emit()
        self._idle.start()
        self.failed.emit(error)
