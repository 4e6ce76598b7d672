"""The chart of a run: any metric over steps, tokens or time, earlier runs over it, and what one can do with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import QPoint, QSize, Signal
from PySide6.QtGui import QImage, QPainter, QResizeEvent
from PySide6.QtWidgets import QWidget

from app import format as words
from app import theme
from app.theme import SPACE
from app.widgets.card import Card
from app.widgets.chart import Chart
from app.widgets.chart_tools import ChartTools, MetricChoice
from app.widgets.curve import Curve
from app.widgets.legend import Legend
from app.widgets.marks import ADJUSTED, ANSWERS, BEST, BREAK, CHECKPOINT
from app.widgets.metrics import LOSS, METRICS, Over, place_of, place_words, tick_words
from app.widgets.run_curves import HELDOUT_SERIES, RunCurves
from core.runs.series import Series
from core.runs.words import sentence

DEFAULT_WEIGHT = 0.9
_MOST_OVERLAYS = 5
_SCALE = 2
_WIDE = 620  # pixels; below, the tools are fewer
_NEAR = 0.008  # of the view, around a mark


class RunChart(Card):
    """A card with the chart, its legend and its tools."""

    save_image_wanted = Signal()
    """Asks the page for a file name; then :meth:`image` gives the picture."""
    save_table_wanted = Signal()
    """Asks the page for a file name; the page has the numbers."""
    metric_changed = Signal(str)
    """(key): another metric is shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Loss", parent)
        self.chart = Chart("Loss over the steps of the run")
        self.legend = Legend()
        self.choice = MetricChoice()
        self.tools = ChartTools(DEFAULT_WEIGHT)
        self.shown, self.over = LOSS, Over.STEPS
        self._series: tuple[str, Series] | None = None
        self._earlier: dict[str, tuple[str, int, Series]] = {}  # label, colour and points by key
        self._runs: dict[str, RunCurves] = {}
        self._hidden: set[str] = set()  # the curves that the user switched off
        self._weight = DEFAULT_WEIGHT
        self._steps = 0
        self._pointed: float | None = None
        self._answers: int | None = None
        self.body.setSpacing(SPACE.HALF)
        self.body.addWidget(self.legend)
        self.body.addWidget(self.chart, 1)
        self.set_heading(self.choice)
        self.add_act(self.tools)
        self._connect()
        self._show_metric()

    def _connect(self) -> None:
        self.choice.metric_chosen.connect(self.set_metric)
        self.choice.over_chosen.connect(self.set_over)
        self.tools.weight_changed.connect(self.set_weight)
        self.tools.log.toggled.connect(self.chart.set_log)
        self.tools.fit.clicked.connect(self.chart.show_all)
        self.tools.image_wanted.connect(self.save_image_wanted)
        self.tools.table_wanted.connect(self.save_table_wanted)
        self.legend.toggled.connect(self._on_toggled)
        self.chart.pointed.connect(self._on_pointed)
        self.chart.followed.connect(lambda following: self.tools.fit.setEnabled(not following))
        theme.on_change(self, self.legend.update)

    def minimumSizeHint(self) -> QSize:
        """As small as the tools can be."""
        return super().minimumSizeHint() - QSize(self.tools.spare, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out what there is no room for."""
        super().resizeEvent(event)
        self.tools.set_compact(self.width() < _WIDE)

    # The run

    def set_run(self, key: str, series: Series, *, steps: int = 0) -> None:
        """Show another run's points; the overlays stay."""
        self._series, self._steps = (key, series), steps
        self._offer()
        self._rebuild()
        self.chart.show_all()

    def sync(self, series: Series, since: int = 0) -> None:
        """Take over what came in the run's series: points from step ``since`` on."""
        if self._series is None:
            return
        self._series = (self._series[0], series)
        self._runs[self._series[0]].sync(series, since)
        self._offer(since)
        self._show_marks()
        self.chart.grow()
        self._show_values()

    def reserve(self, steps: int) -> None:
        """Make room for a run of so many steps."""
        self._steps = steps
        if self._series is not None:
            self._runs[self._series[0]].reserve(steps)

    def clear(self, empty: str) -> None:
        """Show no run, and say why."""
        self._series = None
        self._rebuild()
        self.chart.set_empty(empty)

    # Earlier runs

    @property
    def overlays(self) -> list[str]:
        """The keys of the earlier runs shown."""
        return list(self._earlier)

    def set_overlays(self, runs: Iterable[tuple[str, str, Series]]) -> None:
        """Show exactly these earlier runs: (key, label, points). At most five; a run keeps its colour while shown."""
        wanted = list(runs)[:_MOST_OVERLAYS]
        colours = {key: self._earlier[key][1] for key, _, _ in wanted if key in self._earlier}
        for key, _, _ in wanted:
            if key not in colours:
                colours[key] = next(n for n in range(HELDOUT_SERIES + 1, 100) if n not in colours.values())
        self._earlier = {key: (label, colours[key], series) for key, label, series in wanted}
        self._offer()
        self._rebuild(kept=self._runs)

    # What is shown of them

    def set_metric(self, key: str) -> None:
        """Show another metric over the same stretch of the run."""
        if key == self.shown.key:
            return
        self.shown = METRICS[key]
        self._show_metric()
        self._rebuild()
        self.metric_changed.emit(key)

    def set_over(self, over: Over) -> None:
        """Count something else on the bottom axis."""
        if over is self.over:
            return
        self.over = over
        self._show_metric()
        self._rebuild()

    def set_weight(self, weight: float) -> None:
        """Smooth all curves with another weight, from 0 (not at all) to under 1."""
        self._weight = weight
        self.tools.set_weight(weight)
        for curves in self._runs.values():
            curves.set_weight(weight)
        self.chart.touch()
        self._show_values()

    def mark_answers(self, step: int | None) -> None:
        """Mark the step whose answers the user reads; None for no mark."""
        if step != self._answers:
            self._answers = step
            self._show_marks()

    @property
    def weight(self) -> float:
        """How strongly the curves are smoothed."""
        return self._weight

    def image(self) -> QImage:
        """The chart with its title and its legend as a picture, at twice its size; without the cross-hair."""
        self.chart.point_at(None)
        plot, margin = self.chart.image(), SPACE.CARD
        title = f"{self.shown.title}, {self.choice.over_words}"
        head = 2 * margin
        across, top = self.chart.width() + 2 * margin, self.legend.height() + margin + head
        picture = QImage(QSize(across, top + self.chart.height() + margin) * _SCALE, QImage.Format.Format_RGB32)
        picture.setDevicePixelRatio(_SCALE)
        picture.fill(theme.colour("card"))
        painter = QPainter(picture)
        painter.setFont(theme.ui_font("heading", strong=True))
        painter.setPen(theme.colour("text"))
        painter.drawText(QPoint(margin, margin + theme.Theme.current.px("heading")), title)
        self.legend.render(painter, QPoint(margin, margin + head), renderFlags=QWidget.RenderFlag.DrawChildren)
        painter.drawImage(QPoint(margin, top), plot)
        painter.end()
        return picture

    def _show_metric(self) -> None:
        metric = self.shown
        self.choice.show_choice(metric.key, self.over)
        self.setAccessibleName(metric.title)
        self.chart.setAccessibleName(f"{metric.title} {self.choice.over_words}")
        self.tools.set_smooth(metric.smooth)
        self.chart.set_axes(self.over, metric.bounds, partial(tick_words, metric))

    def _offer(self, since: int = 0) -> None:
        """Offer the metrics that there are numbers of; show the loss where the shown one is not among them."""
        found = self.choice.offered if since else {LOSS.key}
        for series in self._all_series():
            first = series.since(since)
            for key in METRICS:
                if key not in found and np.isfinite(np.array(series.metrics[key][first:])).any():
                    found = found | {key}
        self.choice.offer(found)
        if self.shown.key not in found:
            self.set_metric(LOSS.key)

    def _all_series(self) -> list[Series]:
        own = [self._series[1]] if self._series else []
        return [*own, *(series for _, _, series in self._earlier.values())]

    def _rebuild(self, kept: Mapping[str, RunCurves] | None = None) -> None:
        """Have the curves of all runs, anew but for those kept that are up to date."""
        kept = kept or {}
        for curve in self.chart.curves():
            self.chart.remove_curve(curve.key)
        self._runs = {
            key: self._curves_of(key, label, series, colour=colour, overlay=True, kept=kept.get(key))
            for key, (label, colour, series) in self._earlier.items()
        }
        own: list[Curve] = []
        if self._series is not None:
            key, series = self._series
            mine = self._curves_of(key, "", series, colour=0, overlay=False, kept=kept.get(key))
            self._runs[mine.key] = mine
            own = mine.curves
        curves = [curve for run in self._runs.values() for curve in run.curves]
        for curve in curves:
            curve.shown = curve.key not in self._hidden
            self.chart.add_curve(curve)
        self.legend.set_curves([*own, *(curve for curve in curves if curve not in own)])
        self._show_marks()
        self._show_values()

    def _curves_of(
        self, key: str, label: str, series: Series, *, colour: int, overlay: bool, kept: RunCurves | None
    ) -> RunCurves:
        if kept is not None and kept.overlay is overlay and kept.shows(self.shown, self.over) and kept.has_all(series):
            return kept
        curves = RunCurves(
            key,
            label,
            series=colour,
            overlay=overlay,
            metric=self.shown,
            over=self.over,
            weight=self._weight,
            steps=0 if overlay else self._steps,
        )
        curves.sync(series)
        return curves

    def _show_marks(self) -> None:
        if self._series is None:
            self.chart.set_marks([])
            self.legend.set_marks([])
            return
        series = self._series[1]
        best = None
        if self.shown is LOSS and (found := min(series.heldout[1:], key=lambda pair: pair[1], default=None)):
            best = (place_of(series, self.over, found[0]), found[1])
        saved = [place_of(series, self.over, step) for step in series.checkpoints]
        events = [(place_of(series, self.over, mark.step), mark.kind) for mark in series.marks]
        if self._answers is not None:
            events.append((place_of(series, self.over, self._answers), ANSWERS))
        self.chart.set_marks(saved, best, events)
        kinds = {CHECKPOINT: bool(saved), BEST: best is not None}
        kinds |= {kind: any(kind == other for _, other in events) for kind in (BREAK, ADJUSTED, ANSWERS)}
        self.legend.set_marks([kind for kind, there in kinds.items() if there])

    def _on_toggled(self, curve: Curve) -> None:
        (self._hidden.discard if curve.shown else self._hidden.add)(curve.key)
        self.chart.touch()

    def _on_pointed(self, place: float | None) -> None:
        self._pointed = place
        self._show_values()
        self.chart.setAccessibleDescription("" if place is None else self.legend.spoken())
        self.chart.say("" if place is None else "\n".join(self._happened(place)))

    def _happened(self, place: float) -> Sequence[str]:
        """What the marks under the cross-hair mean."""
        if self._series is None:
            return []
        series = self._series[1]
        low, high = self.chart.x_range()
        reach = _NEAR * (high - low)
        near = [mark for mark in series.marks if abs(place_of(series, self.over, mark.step) - place) <= reach]
        saved = [step for step in series.checkpoints if place_of(series, self.over, step) == place]
        return [*(sentence(mark.event) for mark in near), *(f"Checkpoint of step {words.count(n)}" for n in saved)]

    def _show_values(self) -> None:
        """The values at the cross-hair, or the last ones."""
        values: dict[str, str] = {}
        for curve in self.chart.curves():
            if not len(curve.points):
                continue
            last = float(curve.points.x[-1])
            found = self.chart.value(curve, last if self._pointed is None else self._pointed)
            values[curve.key] = self.shown.write(found[1] * self.shown.unit) if found else words.NOTHING
        place = self._pointed if self._pointed is not None else self._last_place()
        self.legend.set_values("" if place is None else place_words(place, self.over), values)

    def _last_place(self) -> float | None:
        mine = self._runs.get(self._series[0]) if self._series else None
        return float(mine.raw.points.x[-1]) if mine is not None and len(mine.raw.points) else None
