"""Simulated comparisons whose true difference is known, and how often an interval holds it.

Used by the tests and by ``benchmarks/verdict_coverage.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from core.evaluation.intervals import Interval, of_counts, of_differences

SIZES = (20, 50, 200)
SIMULATIONS = 1_000
RESAMPLES = 999
Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def losses(spread: float, gain: float) -> tuple[Draw, float]:
    """Losses an example of two systems, log-normal and alike (correlation 0.6); the first is lower by a factor."""

    def draw(random: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
        one, other = random.normal(size=size), random.normal(size=size)
        return np.exp(spread * (0.6 * one + 0.8 * other) - gain) - np.exp(spread * one)

    return draw, math.exp(spread**2 / 2) * (math.exp(-gain) - 1)


def overlap(exact: float) -> tuple[Draw, float]:
    """Scores from 0 to 1: the base model is mostly far off, the adapter's answers are exact in this share."""

    def draw(random: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
        adapter = np.where(random.random(size) < exact, 1.0, random.beta(3, 3, size))
        return np.asarray(adapter - random.beta(2, 5, size))

    return draw, exact + (1 - exact) / 2 - 2 / 7


def sparse(share: float) -> tuple[Draw, float]:
    """Scores from 0 to 1 that differ in this share of the examples alone, mostly a little."""

    def draw(random: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
        return np.where(random.random(size) < share, random.beta(1, 3, size) - 0.1, 0.0)

    return draw, share * 0.15


def lognormal(spread: float) -> tuple[Draw, float]:
    """Differences with one long tail."""
    return (lambda random, size: random.lognormal(0, spread, size)), math.exp(spread**2 / 2)


SCORES: dict[str, tuple[tuple[Draw, float], float | None]] = {
    "normal": ((lambda random, size: random.normal(size=size), 0.0), None),
    "exponential (skewness 2)": ((lambda random, size: random.exponential(size=size), 1.0), None),
    "log-normal 0.5 (skewness 1.8)": (lognormal(0.5), None),
    "log-normal 0.75 (skewness 3.3)": (lognormal(0.75), None),
    "losses, a third lower": (losses(0.5, 0.4), None),
    "losses, no difference": (losses(0.5, 0.0), None),
    "losses, heavy tails, no difference": (losses(0.8, 0.0), None),
    "losses, heavy tails, a third lower": (losses(0.8, 0.4), None),
    "overlap, 40 % exact": (overlap(0.4), 1.0),
    "overlap, 70 % exact": (overlap(0.7), 1.0),
    "overlap, 60 % do not differ": (sparse(0.4), 1.0),
}
BEYOND: dict[str, tuple[tuple[Draw, float], float | None]] = {
    "log-normal 1.0 (skewness 6.2)": (lognormal(1.0), None),
    "overlap, 90 % do not differ": (sparse(0.1), 1.0),
}
# Shares of examples that only the first, and only the second system has right.
COUNTS = ((0.5, 0.3), (0.3, 0.1), (0.4, 0.1), (0.2, 0.2), (0.6, 0.05), (0.8, 0.02), (0.2, 0.05))
BEYOND_COUNTS = ((0.9, 0.0), (0.3, 0.0), (0.2, 0.02), (0.05, 0.05), (0.1, 0.0), (0.02, 0.02))


def covered(
    draw: Draw, truth: float, *, span: float | None, size: int, simulations: int = SIMULATIONS, seed: int = 0
) -> tuple[float, float, float]:
    """The shares of simulations whose interval holds the true difference, is wholly above it, and wholly below."""
    random = np.random.default_rng([seed, size])
    holds = above = below = 0
    for row in draw(random, (simulations, size)):
        interval = of_differences(row.tolist(), span=span, resamples=RESAMPLES)
        above += interval.low > truth
        below += interval.high < truth
        holds += interval.low <= truth <= interval.high
    return holds / simulations, above / simulations, below / simulations


@cache
def counted(gained: int, lost: int, n: int) -> Interval:
    """The interval for these counts."""
    return of_counts(gained, lost, n)


def counted_coverage(first: float, second: float, n: int) -> float:
    """The exact probability that the interval for right-or-wrong scores holds the true difference."""
    shares, total = (first, second, 1 - first - second), 0.0
    for gained in range(n + 1):
        for lost in range(n - gained + 1):
            counts = (gained, lost, n - gained - lost)
            if any(count and share <= 1e-12 for count, share in zip(counts, shares, strict=True)):
                continue
            log = math.lgamma(n + 1) - sum(math.lgamma(count + 1) for count in counts)
            log += sum(count * math.log(share) for count, share in zip(counts, shares, strict=True) if count)
            interval = counted(gained, lost, n) if log > -25 else None
            if interval is not None and interval.low - 1e-9 <= first - second <= interval.high + 1e-9:
                total += math.exp(log)
    return total
