"""From events to the points of a chart."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from core.runs.events import Checkpoint, Evaluation, Event, Resumed, Sample, Step

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


@dataclass(slots=True)
class Series:
    """The points of one run: ``steps`` and, for every metric, as many values (nan where there is none).

    ``heldout`` has (step, loss) pairs, ``samples`` the answers by step, ``checkpoints`` the steps saved.
    """

    steps: list[int] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in METRICS})
    heldout: list[tuple[int, float]] = field(default_factory=list)
    samples: dict[int, list[Sample]] = field(default_factory=dict)
    checkpoints: list[int] = field(default_factory=list)

    def add(self, event: Event) -> None:
        """Take one event into account; a run taken up again drops the steps that it repeats."""
        match event:
            case Step():
                self._drop_after(event.step - 1)
                self.steps.append(event.step)
                self.at.append(event.at)
                self.tokens.append(event.tokens)
                for name, values in self.metrics.items():
                    value = getattr(event, name)
                    values.append(float("nan") if value is None else float(value))
            case Evaluation(loss=float() as loss):
                self.heldout = [pair for pair in self.heldout if pair[0] < event.step]
                self.heldout.append((event.step, loss))
            case Sample():
                answers = [sample for sample in self.samples.get(event.step, []) if sample.example != event.example]
                self.samples[event.step] = [*answers, event]
            case Checkpoint():
                if event.step not in self.checkpoints:
                    self.checkpoints.append(event.step)
            case Resumed():
                self._drop_after(event.step)

    def copy(self) -> Series:
        """The same points, which later events do not change (for use in another thread)."""
        return Series(
            list(self.steps),
            list(self.at),
            list(self.tokens),
            {name: list(values) for name, values in self.metrics.items()},
            list(self.heldout),
            dict(self.samples),
            list(self.checkpoints),
        )

    def _drop_after(self, step: int) -> None:
        keep = bisect_right(self.steps, step)
        if keep == len(self.steps):
            return
        del self.steps[keep:], self.at[keep:], self.tokens[keep:]
        for values in self.metrics.values():
            del values[keep:]
        self.heldout = [pair for pair in self.heldout if pair[0] <= step]
        self.checkpoints = [saved for saved in self.checkpoints if saved <= step]


def smoothed(values: list[float], weight: float = 0.9) -> list[float]:
    """An exponential moving average without start-up bias (as Adam corrects it); nan values are passed over."""
    result: list[float] = []
    mean = correction = 0.0
    for value in values:
        if value == value:
            mean = weight * mean + (1 - weight) * value
            correction = weight * correction + (1 - weight)
        result.append(mean / correction if correction else float("nan"))
    return result
