"""From events to the points of a chart."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Literal

from core.runs.events import Adjusted, Checkpoint, Evaluation, Event, Paused, Resumed, Sample, Started, Step

METRICS = (
    "loss",
    "learning_rate",
    "grad_norm",
    "tokens_per_second",
    "memory_bytes",
    "utilisation",
    "temperature",
    "power",
    "host_memory",
)
_FIGURES = attrgetter(*METRICS)  # of a step, in one call
_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a step: a break (paused or interrupted, and taken up again), a setting adjusted."""

    step: int
    kind: Literal["break", "adjusted"]
    event: Event


@dataclass(slots=True)
class Series:
    """The points of one run: ``steps`` and, for every metric, as many values (nan where there is none).

    ``elapsed`` has the seconds of training up to each step, breaks left out. ``heldout`` has (step, loss) pairs,
    ``samples`` the answers by step, ``checkpoints`` the steps saved, ``marks`` what else happened.
    Points are packed numbers (:mod:`array`), as a run may have a million steps.
    """

    steps: array[int] = field(default_factory=lambda: array("q"))
    at: array[float] = field(default_factory=lambda: array("d"))
    elapsed: array[float] = field(default_factory=lambda: array("d"))
    tokens: array[int] = field(default_factory=lambda: array("q"))
    metrics: dict[str, array[float]] = field(default_factory=lambda: {name: array("d") for name in METRICS})
    heldout: list[tuple[int, float]] = field(default_factory=list)
    samples: dict[int, list[Sample]] = field(default_factory=dict)
    checkpoints: list[int] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    _clock: float | None = None  # up to when ``elapsed`` has counted

    def add(self, event: Event) -> None:
        """Take one event into account; a run taken up again drops the steps that it repeats."""
        match event:
            case Step():
                self._add_step(event)
            case Evaluation(loss=float() as loss):
                self.heldout = [pair for pair in self.heldout if pair[0] < event.step]
                self.heldout.append((event.step, loss))
            case Sample():
                answers = [sample for sample in self.samples.get(event.step, []) if sample.example != event.example]
                self.samples[event.step] = [*answers, event]
            case Checkpoint():
                if event.step not in self.checkpoints:
                    self.checkpoints.append(event.step)
            case Started():
                self._clock = event.at
            case Resumed():
                self._clock = event.at
                self._drop_after(event.step)
                self._mark(Mark(event.step, "break", event))
            case Paused():
                self._mark(Mark(event.step, "break", event))
            case Adjusted():
                self._mark(Mark(self.steps[-1] if self.steps else 0, "adjusted", event))

    def copy(self) -> Series:
        """The same points, which later events do not change (for use in another thread)."""
        return Series(
            self.steps[:],
            self.at[:],
            self.elapsed[:],
            self.tokens[:],
            {name: values[:] for name, values in self.metrics.items()},
            list(self.heldout),
            dict(self.samples),
            list(self.checkpoints),
            list(self.marks),
            self._clock,
        )

    def index(self, step: int) -> int | None:
        """Where the points have this step, or the last one before it; None before the first."""
        found = bisect_right(self.steps, step) - 1
        return found if found >= 0 else None

    def since(self, step: int) -> int:
        """How many points come before ``step``."""
        return bisect_left(self.steps, step)

    def _add_step(self, event: Step) -> None:
        if self.steps and event.step <= self.steps[-1]:
            self._drop_after(event.step - 1)
        before = self.elapsed[-1] if self.elapsed else 0.0
        # A clock that was set back makes no time, and no two steps end at the same moment.
        passed = max(1e-6, event.at - (event.at if self._clock is None else self._clock))
        self._clock = event.at
        self.steps.append(event.step)
        self.at.append(event.at)
        self.elapsed.append(before + passed)
        self.tokens.append(event.tokens)
        for values, value in zip(self.metrics.values(), _FIGURES(event), strict=True):
            values.append(_NAN if value is None else value)

    def _mark(self, mark: Mark) -> None:
        same = (mark.step, mark.kind, mark.event.type)  # taken up again from there before: the newest tells
        self.marks = [known for known in self.marks if (known.step, known.kind, known.event.type) != same]
        self.marks.append(mark)

    def _drop_after(self, step: int) -> None:
        keep = bisect_right(self.steps, step)
        del self.steps[keep:], self.at[keep:], self.elapsed[keep:], self.tokens[keep:]
        for values in self.metrics.values():
            del values[keep:]
        self.heldout = [pair for pair in self.heldout if pair[0] <= step]
        self.samples = {shown: answers for shown, answers in self.samples.items() if shown <= step}
        self.checkpoints = [saved for saved in self.checkpoints if saved <= step]
        self.marks = [mark for mark in self.marks if mark.step <= step]


def smoothed(values: Iterable[float], weight: float = 0.9) -> list[float]:
    """An exponential moving average without start-up bias (as Adam corrects it); nan values are passed over."""
    result: list[float] = []
    mean = correction = 0.0
    for value in values:
        if value == value:
            mean = weight * mean + (1 - weight) * value
            correction = weight * correction + (1 - weight)
        result.append(mean / correction if correction else float("nan"))
    return result
