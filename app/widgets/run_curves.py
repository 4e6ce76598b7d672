"""The curves of one run in the loss chart: raw loss, smoothed loss, held-out loss."""

from __future__ import annotations

from bisect import bisect_left

from app.widgets.curve import Curve
from app.widgets.smoothing import Smoother
from core.runs.series import Series

HELDOUT_SERIES = 1


class RunCurves:
    """Keeps three curves in step with a run's :class:`core.runs.series.Series`.

    Args:
        key: the run's name; the curves' keys begin with it.
        label: put before the curves' names in the legend; empty for the run that the page is about.
        series: the colour of its loss; its held-out loss has the next one, or with ``overlay`` the same, dashed.
        overlay: an earlier run for comparison: without the raw loss.
    """

    def __init__(self, key: str, label: str, *, series: int = 0, overlay: bool = False) -> None:
        self.key = key
        self.raw = Curve(f"{key}/raw", "Loss", series, faint=True)
        self.smooth = Curve(f"{key}/smooth", label or "Smoothed", series)
        self.heldout = Curve(
            f"{key}/heldout",
            f"{label} held-out" if label else "Held-out",
            series if overlay else HELDOUT_SERIES,
            dashed=overlay,
            dots=True,
        )
        self.overlay = overlay
        self._smoother = Smoother(0.9)

    @property
    def curves(self) -> list[Curve]:
        """Those to show, from the back to the front."""
        return [self.smooth, self.heldout] if self.overlay else [self.raw, self.smooth, self.heldout]

    def sync(self, series: Series, since: int = 0) -> None:
        """Take over what changed in the run: loss points from step ``since`` on, and all of the few others."""
        first = bisect_left(series.steps, since)
        steps, losses = series.steps[first:], series.metrics["loss"][first:]
        repeated = bool(steps) and len(self.raw.points) > 0 and steps[0] <= self.raw.points.x[-1]
        self.raw.points.extend(steps, losses)
        if series.steps:
            self.raw.points.drop_from(series.steps[-1] + 1)
        else:
            self.raw.points.clear()
        if repeated or len(self.raw.points) < len(self.smooth.points):
            self.set_weight(self._smoother.weight)
        elif steps:
            self.smooth.points.extend(steps, self._smoother.extend(losses))
        self.heldout.points.clear()
        self.heldout.points.extend(*_columns(series.heldout))

    def reserve(self, steps: int) -> None:
        """Make room for a run of so many steps."""
        self.raw.points.reserve(steps)
        self.smooth.points.reserve(steps)

    def set_weight(self, weight: float) -> None:
        """Smooth anew with another weight."""
        self._smoother = Smoother(weight)
        self.smooth.points.clear()
        self.smooth.points.extend(self.raw.points.x, self._smoother.extend(self.raw.points.y))


def _columns(pairs: list[tuple[int, float]]) -> tuple[list[int], list[float]]:
    return [step for step, _ in pairs], [value for _, value in pairs]
