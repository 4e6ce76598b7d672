"""A model in place of :class:`core.generation.client.ModelProcess`: the same methods, two answers known beforehand."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from core.dataset.example import Example
from core.errors import UserError
from core.generation.client import Token

BASE_WORDS, ADAPTER_WORDS = "Order 7 is cancelled.", "Dear Customer, your order 7 has been cancelled."


class FakeModel:
    """``loaded`` and ``may_write`` hold it up while they are cleared; ``problem`` is raised by the next answer."""

    def __init__(self, settings: Any = None) -> None:
        self.settings = settings
        self.loaded, self.may_write, self.closed = threading.Event(), threading.Event(), threading.Event()
        self.loaded.set()
        self.may_write.set()
        self.load_problem: UserError | None = None
        self.problem: Exception | None = None
        self.starts = 0
        self.asked: list[tuple[Example, Path | None, dict[str, Any]]] = []
        self.weights: list[tuple[tuple[Path, float], ...]] = []  # of each question's adapters
        self.templates: list[str | None] = []
        self.refusals: dict[Path | None, UserError] = {}  # raised by every answer with this adapter
        self.writing = threading.Event()  # the first word of an answer is out
        self._dead = True
        self._ids = itertools.count(1)
        self._cancelled = 0

    @property
    def alive(self) -> bool:
        return not self._dead and not self.closed.is_set()

    @property
    def device(self) -> str:
        return "a test"

    def start(self) -> None:
        self.starts += 1
        self._dead = False
        self.closed.clear()

    def wait_until_ready(self, timeout: float | None = None) -> bool:
        if self.load_problem is not None:
            self.die()
            raise self.load_problem
        if self.closed.is_set():
            raise UserError("The model process was closed.")
        return self.loaded.wait(timeout)

    def generate(
        self,
        example: Example,
        *,
        adapters: Sequence[tuple[Path, float]] = (),
        sampling: Any = None,
        template: str | None = None,
    ) -> Iterator[Token]:
        adapter = adapters[0][0] if adapters else None
        self.asked.append((example, adapter, sampling.model_dump(exclude_defaults=True)))
        self.weights.append(tuple(adapters))
        self.templates.append(template)
        refusal = self.refusals.get(adapter)
        return self._write(next(self._ids), BASE_WORDS if adapter is None else ADAPTER_WORDS, refusal)

    def cancel(self) -> None:
        self._cancelled = next(self._ids)

    def close(self) -> None:
        self.closed.set()

    def die(self) -> None:
        self._dead = True

    def _write(self, id: int, text: str, refusal: UserError | None) -> Iterator[Token]:
        if refusal is not None:
            raise refusal
        words = text.split(" ")
        for number, word in enumerate(words):
            while number and not self.may_write.wait(0.01) and id > self._cancelled and self.alive:
                pass
            if id <= self._cancelled:
                yield Token(tokens=number, seconds=0.1, end="cancelled")
                return
            if not self.alive:
                raise UserError("The model process ended unexpectedly.", reason="It was ended from outside (SIGKILL).")
            if self.problem is not None:
                problem, self.problem = self.problem, None
                raise problem
            yield Token(text=word if not number else f" {word}")
            self.writing.set()
        yield Token(tokens=len(words), seconds=0.5, end="end")


class FakeModels:
    """Makes them, and remembers them."""

    def __init__(self) -> None:
        self.made: list[FakeModel] = []
        self.hold_loading = False
        self.hold_writing = False

    def __call__(self, settings: Any) -> FakeModel:
        model = FakeModel(settings)
        if self.hold_loading:
            model.loaded.clear()
        if self.hold_writing:
            model.may_write.clear()
        self.made.append(model)
        return model
