"""What a verdict is made from: the measures of an adapter and of what it has to beat, example by example."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from core.evaluation.comparison import Measured
from core.evaluation.intervals import Interval, of_counts, of_differences
from core.evaluation.votes import Tally

MeasureName = Literal["chrf", "exact", "loss", "style"]
Deciding = Literal["chrf", "exact"]
Rival = Literal["prompt", "base"]

LARGEST: dict[MeasureName, float | None] = {"chrf": 100.0, "exact": 1.0, "style": 1.0, "loss": None}
_SHORT = 24  # characters


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of two systems on the same examples. ``gain`` is above 0 where the first is better."""

    name: MeasureName
    ours: float
    theirs: float
    gain: Interval


@dataclass(frozen=True, slots=True)
class Side:
    """What else is known of a system: tokens in the prompt, seconds an answer; None where not measured."""

    prompt_tokens: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the verdict on an adapter looks at.

    Attributes:
        title: of the adapter.
        rival: what it has to beat: the best prompt or the base model alone, whichever answers better.
        decides: the measure of the answers that decides.
        examples: how many held-out examples both have answered.
        measures: against the rival, by name.
        against_other: against the other of the two, where both were tried.
        votes: blind ones, on the adapter against the rival.
        ours: what an answer of the adapter takes.
        theirs: what one of the rival takes.
        trained_on: how many examples the adapter has learnt from.
        curve: (step, held-out loss) of the run, in order.
        neutral: the loss on neutral text before and after.
        left_out: how many held-out examples could not be answered, with the prompt or without (context, memory).
        suspicious: how many examples look mislabelled or contradict each other.
    """

    title: str
    rival: Rival
    decides: Deciding
    examples: int
    measures: Mapping[MeasureName, Measure]
    against_other: Mapping[MeasureName, Measure]
    votes: Tally | None = None
    ours: Side = Side()
    theirs: Side = Side()
    trained_on: int | None = None
    curve: Sequence[tuple[int, float]] = ()
    neutral: tuple[float, float] | None = None
    left_out: int = 0
    suspicious: int = 0

    @property
    def prompt_tried(self) -> bool:
        """Whether the best prompt took part."""
        return self.rival == "prompt" or bool(self.against_other)


def deciding(expected: Iterable[str]) -> Deciding:
    """Which measure decides, from the expected outputs alone: exact match for labels and other short answers.

    Chosen before any answer is looked at: whoever picks the measure afterwards will always find a win.
    """
    lengths = sorted(len(text.strip()) for text in expected)
    return "exact" if lengths and lengths[len(lengths) // 2] <= _SHORT else "chrf"


def measure(name: MeasureName, ours: Mapping[int, float], theirs: Mapping[int, float]) -> Measure | None:
    """A measure of the answers (more is better) from the scores by example; None with fewer than two in common."""
    both = sorted(ours.keys() & theirs.keys())
    if len(both) < 2:
        return None
    differences = [ours[id] - theirs[id] for id in both]
    if LARGEST[name] == 1 and all(
        value in (0, 1) for scores in (ours, theirs) for value in (scores[id] for id in both)
    ):
        gain = of_counts(differences.count(1), differences.count(-1), len(both))
    else:
        gain = of_differences(differences, span=LARGEST[name])
    return Measure(name, _mean(ours[id] for id in both), _mean(theirs[id] for id in both), gain)


def loss_measure(ours: Mapping[int, Measured], theirs: Mapping[int, Measured]) -> Measure | None:
    """The loss a token, each token counting alike as in training; None with fewer than two examples in common."""
    both = [id for id in sorted(ours.keys() & theirs.keys()) if _known(ours[id]) and _known(theirs[id])]
    targets = sum(ours[id].targets for id in both)
    if len(both) < 2 or not targets:
        return None
    mine, other = ([float(rows[id].loss or 0.0) for id in both] for rows in (ours, theirs))
    # An example counts with its tokens: the mean of these is the difference of the two losses a token.
    weight = len(both) / targets
    gain = of_differences([(b - a) * weight for a, b in zip(mine, other, strict=True)])
    return Measure("loss", math.fsum(mine) / targets, math.fsum(other) / targets, gain)


def _known(row: Measured) -> bool:
    return row.loss is not None and row.targets > 0


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return math.fsum(known) / len(known)
