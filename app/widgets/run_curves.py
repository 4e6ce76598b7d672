"""The curves of one run in a chart: a metric as it is and smoothed, and beside the loss the held-out loss."""

from __future__ import annotations

from app.widgets.curve import Curve
from app.widgets.metrics import LOSS, Metric, Over, place_of, places
from app.widgets.smoothing import Smoother
from core.runs.series import Series

HELDOUT_SERIES = 1


class RunCurves:
    """Keeps its curves in step with a run's :class:`core.runs.series.Series`.

    Args:
        key: the run's name; the curves' keys begin with it.
        label: what the legend calls the run; empty for the run that the page is about.
        series: the colour of its metric; its held-out loss has the next one, or with ``overlay`` the same, dashed.
        overlay: an earlier run for comparison: without the raw curve where that is smoothed.
        metric: what is shown.
        over: what the bottom axis counts.
        weight: of the smoothing.
        steps: how many there will be, as far as that is known.
    """

    def __init__(
        self,
        key: str,
        label: str,
        *,
        series: int = 0,
        overlay: bool = False,
        metric: Metric = LOSS,
        over: Over = Over.STEPS,
        weight: float = 0.9,
        steps: int = 0,
    ) -> None:
        self.key = key
        self.overlay = overlay
        self.metric = metric
        self.over = over
        self.raw = Curve(f"{key}/raw", label or metric.title, series, faint=metric.smooth)
        self.smooth = Curve(f"{key}/smooth", label or "Smoothed", series)
        self.heldout = Curve(
            f"{key}/heldout",
            f"{label} held-out" if label else "Held-out",
            series if overlay else HELDOUT_SERIES,
            dashed=overlay,
            dots=True,
        )
        self._smoother = Smoother(weight)
        self.reserve(steps)

    @property
    def curves(self) -> list[Curve]:
        """Those to show, from the back to the front."""
        if not self.metric.smooth:
            return [self.raw]
        own = [self.smooth] if self.overlay else [self.raw, self.smooth]
        return [*own, self.heldout] if self.metric is LOSS else own

    def shows(self, metric: Metric, over: Over) -> bool:
        """Whether it is about this metric over this axis."""
        return self.metric is metric and self.over is over

    def has_all(self, series: Series) -> bool:
        """Whether it is in step with a run: points are only ever added, or dropped from the end."""
        x, losses = self.raw.points.x, self.heldout.points
        if len(x) != len(series.steps) or (self.metric is LOSS and len(losses) != len(series.heldout)):
            return False
        return not len(x) or x[-1] == places(series, self.over)[-1]

    def sync(self, series: Series, since: int = 0) -> None:
        """Take over what changed in the run: points from step ``since`` on, and all of the few held-out losses."""
        first = min(series.since(since), len(self.raw.points))
        repeated = first < len(self.raw.points) or first != len(self.smooth.points)
        values = series.metrics[self.metric.key][first:]
        self.raw.points.keep(first)
        self.raw.points.extend(places(series, self.over)[first:], values, unit=self.metric.unit)
        if self.metric.smooth:
            if repeated:
                self.set_weight(self._smoother.weight)
            else:
                self.smooth.points.extend(self.raw.points.x[first:], self._smoother.extend(self.raw.points.y[first:]))
        if self.metric is LOSS:
            self.heldout.points.clear()
            self.heldout.points.extend(
                [place_of(series, self.over, step) for step, _ in series.heldout], [loss for _, loss in series.heldout]
            )

    def reserve(self, steps: int) -> None:
        """Make room for a run of so many steps."""
        self.raw.points.reserve(steps)
        if self.metric.smooth:
            self.smooth.points.reserve(steps)

    def set_weight(self, weight: float) -> None:
        """Smooth anew with another weight."""
        self._smoother = Smoother(weight)
        self.smooth.points.clear()
        self.smooth.points.extend(self.raw.points.x, self._smoother.extend(self.raw.points.y))
