"""How sure a difference between two systems is: 95 % intervals for paired scores, and the sign test for votes.

Chosen by simulation (``benchmarks/verdict_coverage.py``): on 20 skewed scores the plain percentile bootstrap covers 84
to 91 % where it says 95 %. Scores take the bootstrap of Student's t; those that are right or wrong the score interval
of Tango (1998), which is good even where all examples say the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEVEL = 0.95
RESAMPLES = 9_999
_Z = 1.959963984540054  # of the normal distribution, at (1 + LEVEL) / 2
_AT_ONCE = 1 << 20  # numbers drawn at a time
_SEED = 20


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean difference, and the range that holds the true one in 95 of 100 cases. ``n`` examples were counted."""

    difference: float
    low: float
    high: float
    n: int

    @property
    def is_above(self) -> bool:
        """Whether zero, and all below, is outside."""
        return self.low > 0

    @property
    def is_below(self) -> bool:
        """Whether zero, and all above, is outside."""
        return self.high < 0

    @property
    def half(self) -> float:
        """Half of its width: how far off the difference may be."""
        return (self.high - self.low) / 2

    def negated(self) -> Interval:
        """The same, of what was taken away from what."""
        return Interval(-self.difference, -self.high, -self.low, self.n)


def of_differences(differences: Sequence[float], *, span: float | None = None, resamples: int = RESAMPLES) -> Interval:
    """The interval for the mean of paired differences (one an example).

    On each side it reaches as far as the bootstrap of Student's t says (Hall 1988), and never less far than Student's
    t itself. With a ``span`` (the largest difference there can be, as of scores from 0 to 100) it takes the middle of
    the one-sided and the symmetric bootstrap quantiles: such scores have no long tails, and the one-sided ones alone
    are too wide for them.

    Raises:
        ValueError: fewer than two differences, or one that is no finite number.
    """
    if len(differences) < 2 or not all(math.isfinite(value) for value in differences):
        raise ValueError("an interval needs two finite differences at least")
    n = len(differences)
    mean = math.fsum(differences) / n
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in differences) / (n - 1))
    unseen = 0.0 if span is None else span * (1 - ((1 - LEVEL) / 2) ** (1 / n))  # what no example has shown yet
    if spread <= 1e-12 * max(1.0, abs(mean)):
        return Interval(mean, _within(mean - unseen, span), _within(mean + unseen, span), n)
    error = spread / math.sqrt(n)
    student = student_t(n - 1)
    down, up = _reach(differences, mean, bounded=span is not None, resamples=resamples)
    down, up = max(down, student) * error, max(up, student) * error
    if span is not None:  # where few examples differ, the bootstrap knows no bounds
        down, up = min(down, student * error + unseen), min(up, student * error + unseen)
    return Interval(mean, _within(mean - down, span), _within(mean + up, span), n)


def of_counts(gained: int, lost: int, n: int) -> Interval:
    """Tango's score interval for the difference of two shares, of paired answers that are right or wrong.

    Args:
        gained: examples that only the first has right.
        lost: examples that only the second has right.
        n: all examples.

    Raises:
        ValueError: the counts do not go together.
    """
    if n < 1 or min(gained, lost) < 0 or gained + lost > n:
        raise ValueError("these counts do not go together")
    difference = (gained - lost) / n
    low = -1.0 if difference == -1 else _crossing(gained, lost, n, -1.0, difference, _Z)
    high = 1.0 if difference == 1 else _crossing(gained, lost, n, difference, 1.0, -_Z)
    return Interval(difference, low, high, n)


def sign_test(wins: int, losses: int) -> float:
    """The two-sided exact probability of votes as unequal as these if both were equally good; ties do not count."""
    n, most = wins + losses, max(wins, losses)
    tail = sum(math.comb(n, count) for count in range(most, n + 1))
    return min(1.0, tail / (1 << (n - 1))) if n else 1.0


def student_t(freedom: int) -> float:
    """The quantile of Student's t at (1 + LEVEL) / 2 (Abramowitz and Stegun 26.7.5; within 0.0002 from 9 on)."""
    z = _Z
    terms: tuple[float, ...] = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term * freedom ** float(-power) for power, term in enumerate(terms))


def _reach(differences: Sequence[float], mean: float, *, bounded: bool, resamples: int) -> tuple[float, float]:
    """How many standard errors the interval reaches down and up."""
    import numpy as np  # heavy for the window, which may need no interval at all

    t = _resampled(np.asarray(differences, dtype=np.float64) - mean, resamples)
    tail = (1 - LEVEL) / 2
    lowest, highest = (float(value) for value in np.quantile(t, [tail, 1 - tail]))
    if bounded:
        either = float(np.quantile(np.abs(t), LEVEL))
        return (highest + either) / 2, (either - lowest) / 2
    return highest, -lowest


def _resampled(centred: NDArray[np.float64], resamples: int) -> NDArray[np.float64]:
    """Student's t of each resample of numbers whose mean is 0."""
    import numpy as np

    random = np.random.default_rng(_SEED)
    n, parts = len(centred), []
    step = max(1, _AT_ONCE // n)
    for start in range(0, resamples, step):
        drawn = centred[random.integers(0, n, size=(min(step, resamples - start), n))]
        mean = drawn.mean(axis=1)
        error = np.sqrt(np.maximum(np.square(drawn).mean(axis=1) - mean**2, 0) / (n - 1))
        # All of a resample may be alike; its mean is then infinitely many errors away from 0.
        alike = error <= 1e-9 * np.abs(centred).max()
        parts.append(np.where(alike, np.sign(mean) * 1e9, mean / np.where(alike, 1, error)))
    return np.concatenate(parts)


def _within(value: float, span: float | None) -> float:
    return value if span is None else max(-span, min(span, value))


def _crossing(gained: int, lost: int, n: int, low: float, high: float, level: float) -> float:
    """Where Tango's statistic, which falls as the supposed difference grows, has this level."""
    for _ in range(60):
        middle = (low + high) / 2
        if _tango(gained, lost, n, middle) > level:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _tango(gained: int, lost: int, n: int, supposed: float) -> float:
    """How many standard errors the counts are away from a supposed difference of the shares."""
    linear = (2 * n - gained + lost) * supposed - gained - lost
    constant = -lost * supposed * (1 - supposed)
    share = (math.sqrt(max(0.0, linear**2 - 8 * n * constant)) - linear) / (4 * n)
    variance = n * (2 * share + supposed * (1 - supposed))
    away = gained - lost - n * supposed
    if variance <= 1e-12:
        return 0.0 if abs(away) < 1e-9 else math.copysign(math.inf, away)
    return away / math.sqrt(variance)
