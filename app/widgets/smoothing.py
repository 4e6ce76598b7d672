"""The smoothed curve: an exponential moving average without start-up bias, for arrays and as points arrive."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.widgets.pyramid import Floats

_BLOCK = 32


class Smoother:
    """Gives for each new value the average so far; the same numbers as :func:`core.runs.series.smoothed`.

    Args:
        weight: how much of the past is kept, from 0 (no smoothing) to under 1.
    """

    def __init__(self, weight: float) -> None:
        self.weight = weight
        self._mean = 0.0
        self._seen = 0

    def extend(self, values: ArrayLike) -> Floats:
        """The averages at the next values; nan values are passed over and show the average before them."""
        raw = np.asarray(values, dtype=np.float64)
        good = np.isfinite(raw)
        if not good.all():
            return self._with_gaps(raw[good], good)
        means = _scan((1 - self.weight) * raw, self.weight, self._mean)
        seen = self._seen
        if len(means):
            self._mean, self._seen = float(means[-1]), seen + len(means)
        # After some hundred values the correction is 1 to the last bit.
        early = means[: max(0, _settled(self.weight) - seen)]
        early /= 1 - self.weight ** np.arange(seen + 1, seen + 1 + len(early), dtype=np.float64)
        return means

    def _with_gaps(self, values: Floats, good: NDArray[np.bool_]) -> Floats:
        last = self._mean / (1 - self.weight**self._seen) if self._seen else np.nan
        means = np.concatenate(([last], self.extend(values)))
        return np.asarray(means[np.cumsum(good)])


def _settled(weight: float) -> int:
    """After how many values ``weight**n`` no longer counts beside 1."""
    return int(np.log(1e-17) / np.log(weight)) + 1 if weight > 0 else 1


def _scan(values: Floats, decay: float, start: float) -> Floats:
    """``y[i] = decay * y[i-1] + values[i]`` with ``y[-1] = start``, in blocks: a million values in some 20 ms."""
    if len(values) <= _BLOCK:
        result = np.empty(len(values))
        for i, value in enumerate(values.tolist()):
            start = result[i] = decay * start + value
        return result
    blocks = -(-len(values) // _BLOCK)
    padded = np.zeros(blocks * _BLOCK)
    padded[: len(values)] = values
    powers = decay ** np.arange(_BLOCK + 1, dtype=np.float64)
    distance = np.subtract.outer(np.arange(_BLOCK), np.arange(_BLOCK))
    within = np.where(distance >= 0, powers[np.maximum(distance, 0)], 0.0)
    local = padded.reshape(blocks, _BLOCK) @ within.T
    ends = _scan(local[:, -1].copy(), float(powers[-1]), start)
    carried = np.concatenate(([start], ends[:-1]))
    return np.asarray((local + np.outer(carried, powers[1:])).ravel()[: len(values)])
