"""The loss chart: the run's losses, earlier runs over it, and what one can do with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QMenu, QSlider, QToolButton, QWidget

from app import format as words
from app import theme
from app.theme import CONTROL_HEIGHT, SPACE
from app.widgets.card import Card
from app.widgets.chart import Chart
from app.widgets.curve import Curve
from app.widgets.legend import Legend
from app.widgets.menu_button import add_menu
from app.widgets.run_curves import HELDOUT_SERIES, RunCurves
from core.runs.series import Series

DEFAULT_WEIGHT = 0.9
_MOST_OVERLAYS = 5
_WEIGHT_STEPS = 100
_SCALE = 2


class LossChart(Card):
    """A card with the chart, its legend and its tools."""

    save_image_wanted = Signal()
    """Asks the page for a file name; then :meth:`image` gives the picture."""
    save_table_wanted = Signal()
    """Asks the page for a file name; the page has the numbers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Loss", parent)
        self.chart = Chart("Loss over the steps of the run")
        self.legend = Legend()
        self._run: RunCurves | None = None
        self._overlays: dict[str, RunCurves] = {}
        self._weight = DEFAULT_WEIGHT
        self._pointed: float | None = None
        self.body.setSpacing(SPACE.HALF)
        self.body.addWidget(self.legend)
        self.body.addWidget(self.chart, 1)
        self._add_tools()
        self.legend.toggled.connect(lambda _curve: self.chart.touch())
        self.chart.pointed.connect(self._on_pointed)
        self.chart.followed.connect(lambda following: self._show_all.setEnabled(not following))
        theme.on_change(self, self.legend.update)

    # The run

    def set_run(self, key: str, series: Series, *, steps: int = 0) -> None:
        """Show another run's points; the overlays stay."""
        self._run = RunCurves(key, "")
        self._run.reserve(steps)
        self._run.set_weight(self._weight)
        self._rebuild()
        self.sync(series)
        self.chart.show_all()

    def sync(self, series: Series, since: int = 0) -> None:
        """Take over what came in the run's series: points from step ``since`` on."""
        if self._run is None:
            return
        self._run.sync(series, since)
        best = min(series.heldout[1:], key=lambda pair: pair[1], default=None)
        self.chart.set_marks(series.checkpoints, best)
        self._show_values()

    def reserve(self, steps: int) -> None:
        """Make room for a run of so many steps."""
        if self._run is not None:
            self._run.reserve(steps)

    def clear(self, empty: str) -> None:
        """Show no run, and say why."""
        self._run = None
        self._rebuild()
        self.chart.set_marks([])
        self.chart.set_empty(empty)

    # Earlier runs

    @property
    def overlays(self) -> list[str]:
        """The keys of the earlier runs shown."""
        return list(self._overlays)

    def set_overlays(self, runs: Iterable[tuple[str, str, Series]]) -> None:
        """Show exactly these earlier runs: (key, label, points). At most five; a run keeps its colour while shown."""
        kept: dict[str, RunCurves] = {}
        wanted = list(runs)[:_MOST_OVERLAYS]
        staying = [self._overlays[key] for key, _, _ in wanted if key in self._overlays]
        for key, label, series in wanted:
            curves = self._overlays.get(key)
            if curves is None:
                taken = {other.smooth.series for other in (*kept.values(), *staying)}
                colour = next(number for number in range(HELDOUT_SERIES + 1, 100) if number not in taken)
                curves = RunCurves(key, label, series=colour, overlay=True)
                curves.set_weight(self._weight)
            curves.sync(series)
            kept[key] = curves
        self._overlays = kept
        self._rebuild()

    def set_weight(self, weight: float) -> None:
        """Smooth all curves with another weight, from 0 (not at all) to under 1."""
        self._weight = weight
        self._smoothing.setValue(round(weight * _WEIGHT_STEPS))
        self._smoothing.setToolTip(f"Smoothing {words.fixed(weight, 2)}")
        for curves in self._all():
            curves.set_weight(weight)
        self.chart.touch()
        self._show_values()

    @property
    def weight(self) -> float:
        """How strongly the curves are smoothed."""
        return self._weight

    def image(self) -> QImage:
        """The chart with its legend as a picture, at twice its size; without the cross-hair."""
        self.chart.point_at(None)
        plot, margin = self.chart.image(), SPACE.CARD
        across, top = self.chart.width() + 2 * margin, self.legend.height() + margin
        picture = QImage(QSize(across, top + self.chart.height() + margin) * _SCALE, QImage.Format.Format_RGB32)
        picture.setDevicePixelRatio(_SCALE)
        picture.fill(theme.colour("card"))
        painter = QPainter(picture)
        self.legend.render(painter, QPoint(margin, margin), renderFlags=QWidget.RenderFlag.DrawChildren)
        painter.drawImage(QPoint(margin, top), plot)
        painter.end()
        return picture

    def _all(self) -> list[RunCurves]:
        return [*self._overlays.values(), *([self._run] if self._run else [])]

    def _rebuild(self) -> None:
        for curve in self.chart.curves():
            self.chart.remove_curve(curve.key)
        curves: list[Curve] = [curve for run in self._all() for curve in run.curves]
        for curve in curves:
            self.chart.add_curve(curve)
        own = self._run.curves if self._run else []
        self.legend.set_curves([*own, *(curve for curve in curves if curve not in own)])
        self._show_values()

    def _on_pointed(self, step: float | None) -> None:
        self._pointed = step
        self._show_values()

    def _show_values(self) -> None:
        """The values at the cross-hair, or the last ones."""
        step = self._pointed
        values: dict[str, str] = {}
        for run in self._all():
            for curve in run.curves:
                points = curve.points
                if len(points):
                    found = points.value_at(points.x[-1] if step is None else step)
                    values[curve.key] = words.loss(found[1] if found else None)
        at = step if step is not None else self._last_step()
        self.legend.set_values("" if at is None else f"Step {words.count(int(at))}", values)

    def _last_step(self) -> float | None:
        points = self._run.raw.points if self._run else None
        return float(points.x[-1]) if points is not None and len(points) else None

    # Tools

    def _add_tools(self) -> None:
        label = QLabel("Smoothing")
        label.setProperty("kind", "secondary")
        self._smoothing = QSlider(Qt.Orientation.Horizontal)
        self._smoothing.setRange(0, _WEIGHT_STEPS - 1)
        self._smoothing.setValue(round(DEFAULT_WEIGHT * _WEIGHT_STEPS))
        self._smoothing.setPageStep(10)
        self._smoothing.setFixedWidth(96)
        self._smoothing.setAccessibleName("Smoothing of the loss")
        self._smoothing.valueChanged.connect(lambda value: self.set_weight(value / _WEIGHT_STEPS))
        self._log = QCheckBox("Log scale")
        self._log.toggled.connect(self.chart.set_log)
        self._show_all = _tool("fit", "Show the whole run (double click)")
        self._show_all.clicked.connect(self.chart.show_all)
        self._show_all.setEnabled(False)
        save = _tool("export", "Save the chart")
        menu = QMenu(save)
        menu.addAction("Save as picture (PNG)…", self.save_image_wanted.emit)
        menu.addAction("Save the numbers (CSV)…", self.save_table_wanted.emit)
        add_menu(save, menu)
        save.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        row = QWidget()
        row.setFixedHeight(CONTROL_HEIGHT)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.UNIT)
        widgets: list[Any] = [label, self._smoothing, SPACE.UNIT, self._log, SPACE.HALF, self._show_all, save]
        for widget in widgets:
            layout.addSpacing(widget) if isinstance(widget, int) else layout.addWidget(widget)
        self.add_act(row)


def _tool(icon: str, words_: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(theme.icon(icon, "secondary"))
    button.setToolTip(words_)
    button.setAccessibleName(words_)
    return button
