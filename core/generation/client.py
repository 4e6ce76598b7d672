"""A model that answers: one base model in a process of its own, with any adapter for it, streamed as text."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from core.dataset.example import Example, Turn
from core.errors import UserError
from core.generation.link import Link
from core.generation.protocol import Cancel, Done, End, Generate, Open, Piece, Problem, Weighted
from core.generation.sampling import Sampling
from core.recipe.schema import ModelSettings

_LOOK_AGAIN = 0.1  # seconds between two looks whether an answer is still wanted while the process starts


class ProcessState(StrEnum):
    """What the model process is doing."""

    NEW = "new"
    STARTING = "starting"
    READY = "ready"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an answer; the last one has an ``end``.

    Attributes:
        text: some more text, never half a character; may be empty in the last.
        tokens: in the last, how many tokens the model wrote (with the one that ended the answer).
        seconds: in the last, how long it wrote.
        end: in the last, ``end`` (the model had no more to say), ``length``, ``stop`` (a stop word) or ``cancelled``.
        prompt_tokens: in the last, how many tokens the question had in the model's format.
    """

    text: str = ""
    tokens: int = 0
    seconds: float = 0.0
    end: End | None = None
    prompt_tokens: int = 0


class ModelProcess:
    """Callable from any thread; answers are written one after another. Starting takes a few seconds.

    Args:
        base: the base model as the recipe names it: ``starter``, a folder or a hub id on this machine.
        model: how it is held in memory; its own ``base`` does not count.
        log: where the process's output is appended; a temporary file unless given.

    Attributes:
        base: the base model.
    """

    def __init__(self, base: str, model: ModelSettings, log: Path | None = None) -> None:
        self.base = base
        self._opening = Open(base=base, model=model)
        self._log = log
        self._link: Link | None = None
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()
        self._ids = itertools.count(1)
        self._cancelled_before = 0  # answers up to this id are not wanted

    @property
    def state(self) -> ProcessState:
        """What the process is doing now."""
        link = self._link
        if link is None:
            return ProcessState.NEW
        if link.ended.is_set():
            return ProcessState.ENDED
        return ProcessState.READY if link.ready.is_set() else ProcessState.STARTING

    @property
    def alive(self) -> bool:
        """Whether the process runs (or starts)."""
        return self.state in (ProcessState.STARTING, ProcessState.READY)

    @property
    def pid(self) -> int | None:
        """The number of the process; None before the first start."""
        return self._link.pid if self._link is not None else None

    @property
    def device(self) -> str:
        """Where it computes, in words; empty until it is ready."""
        return self._link.device if self._link is not None else ""

    def start(self) -> None:
        """Start the process, or another one when it has ended; returns at once.

        Raises:
            UserError: the system cannot start one.
        """
        with self._lock:
            if not self.alive:
                self._link = Link(self._opening, self._log)

    def wait_until_ready(self, timeout: float | None = None) -> bool:
        """Wait for the base model to be loaded; starts the process if it was not.

        Returns:
            False when ``timeout`` seconds were not enough.

        Raises:
            UserError: it cannot be loaded, or the process ended.
        """
        self._start_if_new()
        link = self._link
        assert link is not None
        if not link.ready.wait(timeout):
            return False
        if link.ended.is_set():
            raise link.problem or _closed()
        return True

    def generate(
        self,
        example: Example | Sequence[Mapping[str, str]],
        *,
        adapter: Path | None = None,
        adapters: Sequence[tuple[Path, float]] = (),
        sampling: Sampling | None = None,
        template: str | None = None,
        **settings: Any,
    ) -> Iterator[Token]:
        """Let the model write an answer; pieces come as they are written. Leaving the loop cancels.

        Args:
            example: what is asked (its output does not count), or messages, the last one the user's.
            adapter: a PEFT folder for this base model; None for the base model alone.
            adapters: several in its place, each with its weight: what they add to the base model is summed.
            sampling: how the answer is drawn; the likeliest token each time unless given.
            template: the chat template (``ModelSettings.template``); that of the opened model unless given.
            settings: fields of :class:`Sampling` in the place of a whole one.

        Raises:
            UserError: the process ended (its log is in the details), or cannot be started.
            ModelError: the base model or the adapter cannot be used.
            PromptError: the example cannot be written in the model's format.
        """
        asked = example if isinstance(example, Example) else as_example(example)
        request = Generate(
            id=next(self._ids),
            example=asked.frozen(),
            adapters=tuple(
                Weighted(folder=str(folder.resolve()), weight=weight)
                for folder, weight in (adapters or ([(adapter, 1.0)] if adapter is not None else []))
            ),
            sampling=sampling or Sampling(**settings),
            template=template,
        )
        return self._answer(request)

    def cancel(self) -> None:
        """End all answers asked for so far at their next token; returns at once."""
        self._cancelled_before = next(self._ids)
        if self._link is not None:
            self._link.ask(Cancel(id=self._cancelled_before))

    def close(self) -> None:
        """End the process; answers under way end with an error. It can be started again."""
        if self._link is not None:
            self._link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start_if_new(self) -> None:
        if self._link is None:
            self.start()

    def _answer(self, request: Generate) -> Iterator[Token]:
        with self._one_at_a_time:
            while not self.wait_until_ready(_LOOK_AGAIN):
                if request.id <= self._cancelled_before:
                    break
            if request.id <= self._cancelled_before:
                yield Token(end="cancelled")
                return
            link = self._link
            assert link is not None
            answers = link.expect(request.id)
            complete = False
            link.ask(request)
            try:
                while not complete:
                    answer = answers.get()
                    complete = not isinstance(answer, Piece)
                    match answer:
                        case Piece():
                            yield Token(text=answer.text)
                        case Done():
                            yield Token(
                                tokens=answer.tokens,
                                seconds=answer.seconds,
                                end=answer.end,
                                prompt_tokens=answer.prompt_tokens,
                            )
                        case Problem():
                            raise answer.error()
                        case None:
                            raise link.problem or _closed()
            finally:
                link.forget(request.id)
                if not complete:
                    link.ask(Cancel(id=request.id))


def as_example(messages: Sequence[Mapping[str, str]]) -> Example:
    """The example that chat messages ask: system (if first), earlier turns, and the last, the user's.

    Raises:
        ValueError: the last message is not the user's.
    """
    rest = list(messages)
    system = rest.pop(0)["content"] if rest and rest[0]["role"] == "system" else ""
    if not rest or rest[-1]["role"] != "user":
        raise ValueError("the last message must be the user's")
    turns = tuple(Turn(role=message["role"], content=message["content"]) for message in rest[:-1])
    return Example(system=system, history=turns, instruction=rest[-1]["content"])


def _closed() -> UserError:
    return UserError("The model process was closed.", hint="Start it again.")
