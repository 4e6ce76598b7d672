"""The bars of a histogram: whole numbers in equal, round steps, with a long tail gathered in the last one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

_MOST_BARS = 24
_TAIL = 0.005  # the share of examples that may lie in the gathered bar at the end
_FEWEST = 20  # examples of which one is called a tail
_KEEP_WORTH = 3
_TAIL_WORTH = 1.6  # how much longer than the rest the tail is before it is gathered


@dataclass(frozen=True, slots=True)
class Bar:
    """How many values lie from ``low`` to ``high``, both included; ``high`` is None for "and more"."""

    low: int
    high: int | None
    count: int

    def holds(self, values: Numbers) -> NDArray[np.bool_]:
        """Which values lie in it."""
        inside = values >= self.low
        return inside if self.high is None else inside & (values <= self.high)


def bars(values: Numbers, *, most: int = _MOST_BARS, keep: int = 0) -> tuple[Bar, ...]:
    """Bars for values of 0 and more, from the one with the smallest to the one with the largest; none for no values.

    Args:
        values: in any order.
        most: how many bars there may be.
        keep: a value that the gathered tail should not swallow, if that costs the others not too much room.
    """
    if not len(values):
        return ()
    low, top = int(values.min()), int(values.max())
    usual = int(np.quantile(values, 1 - _TAIL, method="lower"))
    if usual < keep <= _KEEP_WORTH * usual:
        usual = min(top, keep)
    gathered = len(values) >= _FEWEST and top > usual * _TAIL_WORTH and top - usual > most
    step = round_step(((usual if gathered else top) - low + 1) / most)
    first = low // step * step
    last = (usual if gathered else top) // step * step  # where the last bar of full width begins
    edges = range(first, last + step, step)
    counts = np.bincount(np.minimum((values - first) // step, len(edges)), minlength=len(edges) + 1).tolist()
    found = [Bar(edge, edge + step - 1, count) for edge, count in zip(edges, counts, strict=False)]
    return (*found, Bar(last + step, None, counts[-1])) if counts[-1] else tuple(found)


def shares(parts: Numbers, wholes: Numbers) -> Numbers:
    """Whole per cent that each part is of its whole, rounded down; 0 of an empty one."""
    return np.asarray(100 * parts // np.maximum(wholes, 1), dtype=np.int64)


def share_bars(percents: Numbers) -> tuple[Bar, ...]:
    """Ten bars of 10 per cent; 100 is in the last one."""
    if not len(percents):
        return ()
    tops = [*range(9, 99, 10), 100]
    found = [Bar(low, top, 0) for low, top in zip(range(0, 100, 10), tops, strict=True)]
    return tuple(Bar(bar.low, bar.high, int(bar.holds(percents).sum())) for bar in found)


def round_step(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50, … that is at least so large."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if step * factor >= least:
                return step * factor
        step *= 10
