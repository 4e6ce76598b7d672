"""Append-only points with a min/max pyramid over them, so that drawing a million costs what drawing a screen does.

Level ``k`` keeps the smallest and largest value of every 8**k points. Drawing takes a level a good deal
finer than the screen's columns and folds it to them; peaks survive, because a bin is drawn from minimum to maximum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

FACTOR = 8
LEVELS = 7
_FIRST_CAPACITY = 1024
_FEW = 16


class Pyramid:
    """Points with rising x. Values may be nan: such points are not drawn."""

    def __init__(self) -> None:
        self._n = 0
        self._known = 0  # the levels are right up to this point; the rest is worked out when it is to be drawn
        self._x: Floats = np.empty(_FIRST_CAPACITY)
        self._y: Floats = np.empty(_FIRST_CAPACITY)
        self._low = [np.empty(_FIRST_CAPACITY // FACTOR**k + 1) for k in range(1, LEVELS + 1)]
        self._high = [np.empty(_FIRST_CAPACITY // FACTOR**k + 1) for k in range(1, LEVELS + 1)]

    def __len__(self) -> int:
        return self._n

    @property
    def x(self) -> Floats:
        """The positions, rising; a view that later points do not change."""
        return self._x[: self._n]

    @property
    def y(self) -> Floats:
        """The values; a view."""
        return self._y[: self._n]

    def extend(self, x: ArrayLike, y: ArrayLike, *, unit: float = 1.0) -> None:
        """Append points; those already there from ``x[0]`` on are dropped first (a run taken up again repeats steps).

        Args:
            x: positions in rising order.
            y: as many values.
            unit: what the values are divided by.
        """
        xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        if not len(xs):
            return
        self.drop_from(float(xs[0]))
        start, self._n = self._n, self._n + len(xs)
        if self._n > len(self._x):
            self.reserve(max(self._n, 2 * len(self._x)))
        self._x[start : self._n] = xs
        self._y[start : self._n] = ys if unit == 1.0 else ys / unit

    def drop_from(self, x: float) -> None:
        """Forget the points at ``x`` and after it."""
        self.keep(int(np.searchsorted(self.x, x, side="left")))

    def keep(self, amount: int) -> None:
        """Forget all points but the first ``amount``."""
        if amount < self._n:
            self._n = amount
            self._known = min(self._known, max(0, amount - 1))

    def clear(self) -> None:
        """Forget all points."""
        self._n = self._known = 0

    def value_at(self, x: float) -> tuple[float, float] | None:
        """The point nearest to ``x`` as (x, y); None when there are no points."""
        if not self._n:
            return None
        right = int(np.searchsorted(self.x, x))
        nearest = min((i for i in (right - 1, right) if 0 <= i < self._n), key=lambda i: abs(self._x[i] - x))
        return float(self._x[nearest]), float(self._y[nearest])

    def bounds(self, x0: float = -np.inf, x1: float = np.inf) -> tuple[float, float] | None:
        """The smallest and largest finite value between ``x0`` and ``x1``; None when there is none."""
        _, low, high = self.envelope(x0, x1, 512)
        if not len(low) or np.isnan(low).all():
            return None
        return float(np.nanmin(low)), float(np.nanmax(high))

    def envelope(self, x0: float, x1: float, columns: int) -> tuple[Floats, Floats, Floats]:
        """What to draw between ``x0`` and ``x1``: positions, minima and maxima of bins.

        Where there are few enough points, the bins are the points themselves (minimum and maximum are the same array).
        One bin more on either side is included, so that lines leave the picture properly. Bins keep their borders
        when the view moves, so that a scrolled curve does not shimmer.

        Args:
            x0: the left edge.
            x1: the right edge.
            columns: how many bins there is room for; about half as many to as many come back.
        """
        first = max(0, int(np.searchsorted(self.x, x0, side="left")) - 1)
        last = min(self._n, int(np.searchsorted(self.x, x1, side="right")) + 1)
        if last - first <= columns:
            y = self._y[first:last]
            return self._x[first:last], y, y
        level, size = 0, 1
        while level < LEVELS and (last - first) > columns * size * FACTOR**2:
            level, size = level + 1, size * FACTOR
        if level:
            self._catch_up()
        fold = -(-(last - first) // (columns * size))
        step = size * fold
        first = first // step
        last = -(-last // step)
        low = self._low[level - 1][: self._bins(level)] if level else self.y
        high = self._high[level - 1][: self._bins(level)] if level else self.y
        part = slice(first * fold, last * fold)
        return (
            self._x[first * step : min(last * step, self._n) : step],
            _fold(low[part], fold, np.fmin),
            _fold(high[part], fold, np.fmax),
        )

    def reserve(self, n: int) -> None:
        """Make room for ``n`` points, so that a curve of known length never has to be copied."""
        if n <= len(self._x):
            return
        self._x, self._y = _grown(self._x, n), _grown(self._y, n)
        for k in range(LEVELS):
            bins = n // FACTOR ** (k + 1) + 1
            self._low[k], self._high[k] = _grown(self._low[k], bins), _grown(self._high[k], bins)

    def _bins(self, level: int) -> int:
        return -(-self._n // FACTOR**level)

    def _catch_up(self) -> None:
        """Bring all levels up to date."""
        if self._known >= self._n:
            return
        start, self._known = self._known, self._n
        low: Floats = self.y
        high: Floats = low
        for k in range(LEVELS):
            start //= FACTOR
            bins = self._bins(k + 1)
            if bins == start:
                return
            self._low[k][start:bins] = _fold(low[start * FACTOR :], FACTOR, np.fmin)
            self._high[k][start:bins] = _fold(high[start * FACTOR :], FACTOR, np.fmax)
            low, high = self._low[k][:bins], self._high[k][:bins]


def _fold(values: Floats, size: int, reduce: np.ufunc) -> Floats:
    """Minimum or maximum (nan passed over) of each group of ``size`` values; the last group may be smaller."""
    if size == 1:
        return values
    whole, rest = divmod(len(values), size)
    folded = np.empty(whole + bool(rest))
    if whole:
        groups = values[: whole * size].reshape(whole, size)
        if size <= _FEW and whole > size:  # many small groups: several times as fast column by column
            folded[:whole] = groups[:, 0]
            for column in range(1, size):
                reduce(folded[:whole], groups[:, column], out=folded[:whole])
        else:
            reduce.reduce(groups, axis=1, out=folded[:whole])
    if rest:
        folded[whole] = reduce.reduce(values[whole * size :])
    return folded


def _grown(values: Floats, capacity: int) -> Floats:
    grown = np.empty(capacity)
    grown[: len(values)] = values
    return grown
