"""The marks of a chart: checkpoints as ticks on the bottom edge, the best point as a ring, breaks and adjustments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from app import theme

CHECKPOINT, BEST, BREAK, ADJUSTED, ANSWERS = "checkpoint", "best", "break", "adjusted", "answers"
MARK_WORDS = {CHECKPOINT: "Checkpoint", BEST: "Best", BREAK: "Break", ADJUSTED: "Adjusted", ANSWERS: "Answers shown"}
_COLOURS = {BREAK: "secondary", ADJUSTED: "warn", ANSWERS: "accent"}
_TICK = 7
_RING = 7.0
_CLOSEST = 3
_SIGN = 5.0
_DOT = 3.5

Point = tuple[float, float]


class MarksItem(pg.GraphicsObject):  # type: ignore[misc]
    """Painted in pixels over the view, so that marks keep their size at any zoom."""

    def __init__(self) -> None:
        super().__init__()
        self.log = False
        self._ticks: list[float] = []
        self._best: Point | None = None
        self._events: list[tuple[float, str]] = []
        self._dots: list[tuple[Point, QColor]] = []
        self.setZValue(5)

    def set(self, ticks: list[float], best: Point | None, events: Sequence[tuple[float, str]] = ()) -> bool:
        """What to mark; it is painted with the next frame of the chart.

        Args:
            ticks: where checkpoints are.
            best: the best point.
            events: where there was a break or an adjustment, and which of the two.

        Returns:
            whether it differs from before.
        """
        wanted = (ticks, best, list(events))
        if wanted == (self._ticks, self._best, self._events):
            return False
        self._ticks, self._best, self._events = wanted
        return True

    def set_dots(self, dots: list[tuple[Point, QColor]]) -> None:
        """The points under the cross-hair, in the colours of their curves."""
        if dots or self._dots:
            self._dots = dots
            self.update()

    def boundingRect(self) -> QRectF:
        """The whole view."""
        view = self.getViewBox()
        return QRectF(view.viewRect()) if view is not None else QRectF()

    def viewRangeChanged(self) -> None:
        """Its bounds are the view's."""
        self.prepareGeometryChange()

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Draw lines, ticks, the ring and the dots."""
        view = self.getViewBox()
        if view is None:
            return
        rect = view.viewRect()
        to_device = painter.transform()
        floor = to_device.map(QPointF(rect.left(), rect.top())).y()
        ceiling = to_device.map(QPointF(rect.left(), rect.bottom())).y()
        painter.save()
        painter.resetTransform()
        across = {place: to_device.map(QPointF(place, 0)).x() for place in self._in_view(rect)}
        paint_ticks(painter, [across[place] for place in self._ticks if place in across], floor)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        for place, kind in self._events:
            if place in across:
                paint_event(painter, kind, QPointF(across[place], ceiling + _SIGN + 1), floor)
        if self._best is not None and (best := self._seen(self._best)) is not None:
            paint_ring(painter, to_device.map(best))
        painter.setPen(QPen(theme.colour("card"), 1.5))
        for point, colour in self._dots:
            if (seen := self._seen(point)) is not None:
                painter.setBrush(colour)
                painter.drawEllipse(to_device.map(seen), _DOT, _DOT)
        painter.restore()

    def _in_view(self, rect: QRectF) -> list[float]:
        places = (*self._ticks, *(place for place, _ in self._events))
        return [place for place in places if rect.left() <= place <= rect.right()]

    def _seen(self, point: Point) -> QPointF | None:
        """Where a point is drawn; nowhere where its value has no logarithm."""
        if not self.log:
            return QPointF(*point)
        return QPointF(point[0], math.log10(point[1])) if point[1] > 0 else None


def paint_ticks(painter: QPainter, places: list[float], floor: float) -> None:
    """Checkpoints: short lines up from the floor; those too close to the last are left out."""
    painter.setPen(QPen(theme.colour("secondary"), 1))
    last = -math.inf
    for place in places:
        if place - last >= _CLOSEST:
            painter.drawLine(QLineF(place, floor, place, floor - _TICK))
            last = place


def paint_ring(painter: QPainter, centre: QPointF) -> None:
    """The best point."""
    painter.setPen(QPen(theme.colour("text"), 1.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(centre, _RING, _RING)


def paint_event(painter: QPainter, kind: str, sign: QPointF, floor: float) -> None:
    """A thin line down to the floor under a sign: two bars for a break, a triangle for an adjustment, else a disc."""
    colour = theme.colour(_COLOURS[kind])
    pen = QPen(colour, 1)
    pen.setDashPattern([3, 3])
    painter.setPen(pen)
    painter.drawLine(QLineF(sign.x(), sign.y() + _SIGN + 1, sign.x(), floor))
    painter.setPen(QPen(colour, 2))
    if kind == BREAK:
        for side in (-2.0, 2.0):
            painter.drawLine(QLineF(sign.x() + side, sign.y() - _SIGN + 1, sign.x() + side, sign.y() + _SIGN - 1))
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    if kind == ANSWERS:
        painter.drawEllipse(sign, _SIGN, _SIGN)
        return
    top, bottom = sign.y() - _SIGN, sign.y() + _SIGN
    painter.drawPolygon(
        QPolygonF([QPointF(sign.x(), top), QPointF(sign.x() - 5, bottom), QPointF(sign.x() + 5, bottom)])
    )
