"""A chart of many long curves that grow while one looks at them.

Data goes into append-only buffers at once; a timer paints at most 30 times a second, and only when something changed
and the chart can be seen. With the mouse: a drawn rectangle or the wheel zooms, Shift with either moves along, a double
click shows everything. With the keyboard: arrows, Home and End move the cross-hair, with Shift the view; + and - zoom,
0 shows everything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QImage, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.widgets.axes import round_bounds
from app.widgets.curve import Curve, CurveItem
from app.widgets.marks import Point
from app.widgets.metrics import Over
from app.widgets.plot import Plot

FRAME_MS = 34  # between two frames while the user moves something
GROW_MS = 100  # while only points arrive: that is as fast as one can read, and leaves the window free
_VALUE_PADDING = 0.05  # of the values, above and below
_ROOM = 10.0  # pixels around the points at least, so that no dot and no ring is cut
_SNAP = 4.0  # pixels from a dot within which the pointer means it
_FEWEST = {Over.STEPS: 10.0, Over.TOKENS: 100.0, Over.TIME: 1.0}  # what an axis spans at least
_NEAREST = {Over.STEPS: 2.0, Over.TOKENS: 10.0, Over.TIME: 0.05}  # how far one can zoom in
_MARGIN = 0.012
_PAN = 0.2


class Chart(QWidget):
    """Curves over steps, tokens or time. It knows no run: curves are added and fed by whoever owns it."""

    pointed = Signal(object)
    """The place under the cross-hair (float), or None."""
    followed = Signal(bool)
    """Whether the whole of the curves is shown and new points move the view along."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(280, 120)
        self._curves: dict[str, CurveItem] = {}
        self._bounds: tuple[float | None, float | None] = (None, None)
        self._held: tuple[float, float] | None = None  # the values of a drawn rectangle, as drawn
        self._plot = Plot(self)
        self._view = self._plot.box
        self._view.sigRangeChangedManually.connect(self._on_moved)
        self._view.box_drawn.connect(self._on_box)
        self._view.pan_wanted.connect(self.pan)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        self._following = True
        self._dirty = True
        self._frame = QTimer(self)
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

    def _shown(self) -> list[Curve]:
        return [curve for curve in self.curves() if curve.shown and len(curve.points)]

    def set_marks(
        self, checkpoints: Iterable[float], best: Point | None = None, events: Sequence[tuple[float, str]] = ()
    ) -> None:
        """Mark places on the bottom axis, one point as the best, and breaks and adjustments."""
        if self._plot.marks.set(list(checkpoints), best, events):
            self.touch()

    def set_empty(self, words: str) -> None:
        """What to say while there is no point."""
        self._plot.empty.setText(words)
        self._say_if_empty()

    def say(self, note: str) -> None:
        """A note in the corner; none with an empty text."""
        self._plot.say(note)

    def touch(self) -> None:
        """Points or looks changed: paint with the next frame."""
        self._paint_within(FRAME_MS)

    def grow(self) -> None:
        """Points arrived: paint them soon."""
        self._paint_within(GROW_MS)

    def _paint_within(self, milliseconds: int) -> None:
        self._dirty = True
        if self.isVisible() and (not self._frame.isActive() or self._frame.interval() > milliseconds):
            self._frame.start(milliseconds)

    # The view

    @property
    def log(self) -> bool:
        """Whether the value axis is logarithmic."""
        return bool(self._plot.value_axis.log)

    def set_log(self, log: bool) -> None:
        """Draw values on a logarithmic axis, or on a plain one."""
        self._plot.value_axis.log = self._plot.marks.log = log
        for item in self._curves.values():
            item.log = log
        self._plot.value_axis.picture = None
        self._held = None
        self.touch()

    def set_axes(
        self, over: Over, bounds: tuple[float | None, float | None], write: Callable[[float, float], str]
    ) -> None:
        """Say what the axes count. The places in view stay, unless something else is counted.

        Args:
            over: the bottom axis.
            bounds: the lowest and the highest value shown; None lets it follow from the points.
            write: puts a number of the left axis into words, given the distance to its neighbours.
        """
        other = over is not self._plot.progress_axis.over
        self._plot.progress_axis.over = over
        self._plot.value_axis.write = write
        self._plot.progress_axis.picture = self._plot.value_axis.picture = None
        self._bounds = bounds
        self._held = None
        if other:
            self.point_at(None)
            self.show_all()
        self.touch()

    def show_all(self) -> None:
        """Show everything, and follow new points again."""
        self._held = None
        self._set_following(True)
        self.touch()

    def pan(self, share: float) -> None:
        """Move along by a share of what is in view."""
        low, high = self.x_range()
        self._show_range(low + share * (high - low), high + share * (high - low))

    def image(self) -> QImage:
        """The chart as it is, at twice the size."""
        self._paint_if_dirty()
        return self._plot.image()

    def x_range(self) -> tuple[float, float]:
        """The places in view."""
        low, high = self._view.viewRange()[0]
        return float(low), float(high)

    def point_at(self, place: float | None) -> None:
        """Put the cross-hair on the nearest place that has a point; None takes it away."""
        nearest = self._nearest(place) if place is not None else None
        hair = self._plot.hair
        if nearest is None:
            hair.hide()
        else:
            hair.setPos(nearest)
            hair.show()
        dots = [] if nearest is None else [(self.value(curve, nearest), curve) for curve in self._shown()]
        self._plot.marks.set_dots([(found, curve.colour) for found, curve in dots if found is not None])
        self.pointed.emit(nearest)

    def value(self, curve: Curve, place: float) -> Point | None:
        """The point of a curve that is meant at a place; None where the curve has ended, or not begun.

        A curve with dots was measured now and then: its value holds at its own places only.
        """
        found = curve.points.value_at(place)
        if found is None or not math.isfinite(found[1]):
            return None
        if curve.dots:
            return found if found[0] == place else None
        low, high = self.x_range()
        beyond = place > curve.points.x[-1] or place < curve.points.x[0]
        return None if beyond and abs(found[0] - place) > 2 * _MARGIN * (high - low) else found

    def _nearest(self, place: float) -> float | None:
        found = [curve.points.value_at(place) for curve in self._shown()]
        places = [point[0] for point in found if point is not None]
        return min(places, key=lambda other: abs(other - place), default=None)

    # Painting

    def _paint_if_dirty(self) -> None:
        if not self._dirty:
            self._frame.stop()
            return
        self._dirty = False
        self._fit()
        self._say_if_empty()
        self._plot.scene().prepareForPaint()  # what follows the range moves now, and asks for no second painting
        self._plot.viewport().update()

    def _fit(self) -> None:
        shown = [curve.points for curve in self._shown()]
        if not shown:
            return
        over = self._plot.progress_axis.over
        low = min(float(points.x[0]) for points in shown)
        high = max(float(points.x[-1]) for points in shown)
        high = max(high, low + _FEWEST[over])
        margin = max(_MARGIN, _room(self._view.width())) * (high - low)
        self._view.setLimits(xMin=low - margin, xMax=high + margin, minXRange=_NEAREST[over])
        if self._following:
            self._view.setXRange(low - margin, high + margin, padding=0)
        if self._held is not None:
            self._view.setYRange(*self._held, padding=0)
            return
        bounds = [found for points in shown if (found := points.bounds(*self.x_range())) is not None]
        if bounds:
            self._fit_values(min(low for low, _ in bounds), max(high for _, high in bounds))

    def _fit_values(self, low: float, high: float) -> None:
        room = _room(self._view.height())
        if not self.log:
            least, most = self._bounds
            low, high = low if least is None else min(low, least), high if most is None else max(high, most)
            self._view.setYRange(*round_bounds(low, high), padding=max(_VALUE_PADDING, room))
        elif high > 0:
            low = low if low > 0 else high / 1000
            self._view.setYRange(math.log10(low) - 0.03, math.log10(high) + 0.03, padding=room)

    def _say_if_empty(self) -> None:
        self._plot.show_empty(not any(len(curve.points) for curve in self.curves()))

    def _dress(self) -> None:
        self._plot.dress()
        self.touch()

    # Mouse and keyboard

    def _on_moved(self, *_: object) -> None:
        self._set_following(False)
        self.touch()

    def _on_box(self, box: QRectF, height_too: bool) -> None:
        self._held = (box.top(), box.bottom()) if height_too else None
        self._show_range(box.left(), box.right())

    def _show_range(self, low: float, high: float) -> None:
        self._set_following(False)
        self._view.setXRange(low, high, padding=0)
        self.touch()

    def _set_following(self, following: bool) -> None:
        if following != self._following:
            self._following = following
            self.followed.emit(following)

    def _on_mouse(self, place: QPointF) -> None:
        inside = self._view.sceneBoundingRect().contains(place)
        self.point_at(self._snapped(self._view.mapSceneToView(place).x()) if inside else None)

    def _snapped(self, place: float) -> float:
        """The place of a dot close by, which a hand could hardly meet among thousands of steps; else the place."""
        low, high = self.x_range()
        reach = _SNAP * (high - low) / max(1.0, self._view.width())
        found = [curve.points.value_at(place) for curve in self._shown() if curve.dots]
        near = [point[0] for point in found if point is not None and abs(point[0] - place) <= reach]
        return min(near, key=lambda other: abs(other - place), default=place)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The pointer left, or clicked twice."""
        if event.type() == QEvent.Type.Leave:
            self.point_at(None)
        if event.type() == QEvent.Type.MouseButtonDblClick:
            self.show_all()
            return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cross-hair or the view, zoom, show everything."""
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        match Qt.Key(event.key()):
            case Qt.Key.Key_Left | Qt.Key.Key_Right as key:
                direction = 1 if key is Qt.Key.Key_Right else -1
                self.pan(direction * _PAN) if shift else self._move_hair(direction)
            case Qt.Key.Key_Home:
                self.point_at(self.x_range()[0])
            case Qt.Key.Key_End:
                self.point_at(self.x_range()[1])
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self._zoom(0.5)
            case Qt.Key.Key_Minus:
                self._zoom(2.0)
            case Qt.Key.Key_0:
                self.show_all()
            case Qt.Key.Key_Escape if self._plot.hair.isVisible():
                self.point_at(None)
            case _:
                super().keyPressEvent(event)

    def _move_hair(self, direction: int) -> None:
        low, high = self.x_range()
        if not self._plot.hair.isVisible():
            self.point_at(high if direction < 0 else low)
            return
        here = float(self._plot.hair.value())
        beyond = [_next_place(curve.points.x, here, direction) for curve in self._shown()]
        known = [place for place in beyond if place is not None]
        if known:
            self.point_at(min(known, key=lambda place: abs(place - here)))

    def _zoom(self, factor: float) -> None:
        low, high = self.x_range()
        centre = float(self._plot.hair.value()) if self._plot.hair.isVisible() else (low + high) / 2
        self._show_range(centre - (centre - low) * factor, centre + (high - centre) * factor)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what came while hidden."""
        super().showEvent(event)
        self.touch()

    def hideEvent(self, event: QHideEvent) -> None:
        """Paint nothing while hidden."""
        self._frame.stop()
        super().hideEvent(event)


def _room(size: float) -> float:
    """The share of what is shown that has to be added at both ends to have some pixels of air there."""
    return _ROOM / max(5 * _ROOM, size - 2 * _ROOM)


def _next_place(x: np.ndarray, here: float, direction: int) -> float | None:
    index = int(np.searchsorted(x, here, side="right" if direction > 0 else "left")) + (0 if direction > 0 else -1)
    return float(x[index]) if 0 <= index < len(x) else None
