"""A chart of many long curves that grow while one looks at them.

Data goes into append-only buffers at once; a timer paints at most 30 times a second, and only when something changed
and the chart can be seen. Points are moved with the mouse (drag and wheel move along the steps, a double click shows
everything) or the keyboard (arrows move the cross-hair, + and - zoom, 0 shows everything).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QHideEvent, QImage, QKeyEvent, QPainter, QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app import theme
from app.widgets.axes import StepAxis, ValueAxis, round_bounds
from app.widgets.curve import Curve, CurveItem
from app.widgets.marks import MarksItem

FRAME_MS = 34
_VALUE_PADDING = 0.05  # room for the dots at the ends
_FEWEST_STEPS = 10
_MARGIN = 0.012


class Chart(QWidget):
    """Curves over steps. It knows no run: curves are added and fed by whoever owns it."""

    pointed = Signal(object)
    """The step under the cross-hair (float), or None."""
    followed = Signal(bool)
    """Whether the whole of the curves is shown and new points move the view along."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(280, 120)
        self._curves: dict[str, CurveItem] = {}
        self._value_axis, self._step_axis = ValueAxis(), StepAxis()
        self._plot = pg.PlotWidget(self, axisItems={"left": self._value_axis, "bottom": self._step_axis})
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.setFrameShape(self._plot.Shape.NoFrame)
        self._plot.setFocusProxy(self)
        self._plot.plotItem.layout.setContentsMargins(0, 8, 16, 0)
        self._view: pg.ViewBox = self._plot.getViewBox()
        self._view.setMouseEnabled(x=True, y=False)
        self._view.setDefaultPadding(0)
        self._view.disableAutoRange()
        self._view.sigRangeChangedManually.connect(self._on_moved)
        self._marks = MarksItem()
        self._plot.addItem(self._marks, ignoreBounds=True)
        self._hair = pg.InfiniteLine(angle=90, movable=False)
        self._hair.setZValue(10)
        self._hair.hide()
        self._plot.addItem(self._hair, ignoreBounds=True)
        self._empty = QLabel(self._plot)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setProperty("kind", "secondary")
        self._empty.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        self._following = True
        self._dirty = True
        self._frame = QTimer(self)
        self._frame.setInterval(FRAME_MS)
        self._frame.timeout.connect(self._paint_if_dirty)
        self._plot.scene().sigMouseMoved.connect(self._on_mouse)
        self._plot.viewport().installEventFilter(self)
        theme.on_change(self, self._dress)

    # Curves

    def add_curve(self, curve: Curve) -> Curve:
        """Show a curve; one with the same key is replaced."""
        self.remove_curve(curve.key)
        item = CurveItem(curve)
        item.log = self.log
        self._curves[curve.key] = item
        self._plot.addItem(item, ignoreBounds=True)
        self.touch()
        return curve

    def remove_curve(self, key: str) -> None:
        """Forget a curve; one that is not there is no mistake."""
        item = self._curves.pop(key, None)
        if item is not None:
            self._plot.removeItem(item)
            self.touch()

    def curves(self) -> list[Curve]:
        """The curves in the order in which they came."""
        return [item.curve for item in self._curves.values()]

    def set_marks(self, checkpoints: Iterable[float], best: tuple[float, float] | None = None) -> None:
        """Mark steps on the bottom axis, and one point as the best."""
        self._marks.set(list(checkpoints), best)
        self.touch()

    def set_empty(self, words: str) -> None:
        """What to say while there is no point."""
        self._empty.setText(words)
        self._say_if_empty()

    def touch(self) -> None:
        """Points or looks changed: paint with the next frame."""
        self._dirty = True
        if self.isVisible() and not self._frame.isActive():
            self._frame.start()

    # The view

    @property
    def log(self) -> bool:
        """Whether the value axis is logarithmic."""
        return bool(self._value_axis.log)

    def set_log(self, log: bool) -> None:
        """Draw values on a logarithmic axis, or on a plain one."""
        self._value_axis.log = self._marks.log = log
        for item in self._curves.values():
            item.log = log
        self._value_axis.picture = None
        self.touch()

    def show_all(self) -> None:
        """Show everything, and follow new points again."""
        self._set_following(True)
        self.touch()

    def image(self) -> QImage:
        """The chart as it is, at twice the size."""
        self._paint_if_dirty()
        image = QImage(self.size() * 2, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(2)
        image.fill(theme.colour("card"))
        painter = QPainter(image)
        self._plot.render(painter, self._plot.rect().toRectF(), self._plot.rect())
        painter.end()
        return image

    def x_range(self) -> tuple[float, float]:
        """The steps in view."""
        low, high = self._view.viewRange()[0]
        return float(low), float(high)

    def point_at(self, step: float | None) -> None:
        """Put the cross-hair on the nearest step that has a point; None takes it away."""
        nearest = self._nearest(step) if step is not None else None
        if nearest is None:
            self._hair.hide()
        else:
            self._hair.setPos(nearest)
            self._hair.show()
        self.pointed.emit(nearest)

    def _nearest(self, step: float) -> float | None:
        found = [item.curve.points.value_at(step) for item in self._curves.values() if item.curve.shown]
        steps = [point[0] for point in found if point is not None]
        return min(steps, key=lambda place: abs(place - step), default=None)

    # Painting

    def _paint_if_dirty(self) -> None:
        if not self._dirty:
            self._frame.stop()
            return
        self._dirty = False
        self._fit()
        self._say_if_empty()
        self._plot.viewport().update()

    def _fit(self) -> None:
        shown = [item.curve.points for item in self._curves.values() if item.curve.shown and len(item.curve.points)]
        if not shown:
            return
        if self._following:
            low = min(float(points.x[0]) for points in shown)
            high = max(float(points.x[-1]) for points in shown)
            high = max(high, low + _FEWEST_STEPS)
            margin = _MARGIN * (high - low)
            self._view.setLimits(xMin=low - margin, xMax=high + margin, minXRange=2)
            self._view.setXRange(low - margin, high + margin, padding=0)
        bounds = [found for points in shown if (found := points.bounds(*self.x_range())) is not None]
        if bounds:
            self._fit_values(min(low for low, _ in bounds), max(high for _, high in bounds))

    def _fit_values(self, low: float, high: float) -> None:
        if not self.log:
            self._view.setYRange(*round_bounds(low, high), padding=_VALUE_PADDING)
        elif high > 0:
            low = low if low > 0 else high / 1000
            self._view.setYRange(math.log10(low) - 0.03, math.log10(high) + 0.03, padding=0)

    def _say_if_empty(self) -> None:
        empty = not any(len(item.curve.points) for item in self._curves.values())
        self._plot.plotItem.setVisible(not empty)  # axes without a curve would tell of numbers that there are not
        self._empty.setVisible(empty and bool(self._empty.text()))
        self._empty.resize(self._plot.size())

    def _dress(self) -> None:
        self._plot.setBackground(theme.colour("card"))
        self._value_axis.dress()
        self._step_axis.dress()
        self._hair.setPen(pg.mkPen(QColor(theme.colour("border")), width=1))
        self.touch()

    # Mouse and keyboard

    def _on_moved(self, *_: object) -> None:
        self._set_following(False)
        self.touch()

    def _set_following(self, following: bool) -> None:
        if following != self._following:
            self._following = following
            self.followed.emit(following)

    def _on_mouse(self, place: QPointF) -> None:
        inside = self._view.sceneBoundingRect().contains(place)
        self.point_at(self._view.mapSceneToView(place).x() if inside else None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The pointer left, or clicked twice."""
        if event.type() == QEvent.Type.Leave:
            self.point_at(None)
        if event.type() == QEvent.Type.MouseButtonDblClick:
            self.show_all()
            return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cross-hair, zoom, show everything."""
        match Qt.Key(event.key()):
            case Qt.Key.Key_Left:
                self._move_hair(-1)
            case Qt.Key.Key_Right:
                self._move_hair(1)
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self._zoom(0.5)
            case Qt.Key.Key_Minus:
                self._zoom(2.0)
            case Qt.Key.Key_0:
                self.show_all()
            case Qt.Key.Key_Escape if self._hair.isVisible():
                self.point_at(None)
            case _:
                super().keyPressEvent(event)

    def _move_hair(self, direction: int) -> None:
        low, high = self.x_range()
        if not self._hair.isVisible():
            self.point_at(high if direction < 0 else low)
            return
        steps = [item.curve.points.x for item in self._curves.values() if item.curve.shown and len(item.curve.points)]
        here = float(self._hair.value())
        beyond = [_next_step(x, here, direction) for x in steps]
        known = [step for step in beyond if step is not None]
        if known:
            self.point_at(min(known, key=lambda step: abs(step - here)))

    def _zoom(self, factor: float) -> None:
        self._set_following(False)
        low, high = self.x_range()
        centre = float(self._hair.value()) if self._hair.isVisible() else (low + high) / 2
        self._view.setXRange(centre - (centre - low) * factor, centre + (high - centre) * factor, padding=0)
        self.touch()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what came while hidden."""
        super().showEvent(event)
        self.touch()

    def hideEvent(self, event: QHideEvent) -> None:
        """Paint nothing while hidden."""
        self._frame.stop()
        super().hideEvent(event)


def _next_step(x: np.ndarray, here: float, direction: int) -> float | None:
    index = int(np.searchsorted(x, here, side="right" if direction > 0 else "left")) + (0 if direction > 0 else -1)
    return float(x[index]) if 0 <= index < len(x) else None
