"""The marks of a chart: checkpoints as ticks on the bottom edge, the best point as a ring."""

from __future__ import annotations

import math
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QPainter, QPen

from app import theme

_TICK = 7
_RING = 7.0
_CLOSEST = 3


class MarksItem(pg.GraphicsObject):  # type: ignore[misc]
    """Painted in pixels over the view, so that marks keep their size at any zoom."""

    def __init__(self) -> None:
        super().__init__()
        self.log = False
        self._steps: list[float] = []
        self._best: tuple[float, float] | None = None
        self.setZValue(5)

    def set(self, steps: list[float], best: tuple[float, float] | None) -> None:
        """What to mark: checkpoints, and the best point as (step, value)."""
        self._steps, self._best = steps, best
        self.update()

    def boundingRect(self) -> QRectF:
        """The whole view."""
        view = self.getViewBox()
        return QRectF(view.viewRect()) if view is not None else QRectF()

    def viewRangeChanged(self) -> None:
        """Its bounds are the view's."""
        self.prepareGeometryChange()

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Draw the ticks and the ring."""
        view = self.getViewBox()
        if view is None:
            return
        rect = view.viewRect()
        to_device = painter.transform()
        floor = to_device.map(QPointF(rect.left(), rect.top())).y()
        painter.save()
        painter.resetTransform()
        self._paint_ticks(painter, [to_device.map(QPointF(step, 0)).x() for step in self._in_view(rect)], floor)
        if self._best is not None and (not self.log or self._best[1] > 0):
            value = math.log10(self._best[1]) if self.log else self._best[1]
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            painter.setPen(QPen(theme.colour("text"), 1.5))
            painter.drawEllipse(to_device.map(QPointF(self._best[0], value)), _RING, _RING)
        painter.restore()

    def _in_view(self, rect: QRectF) -> list[float]:
        return [step for step in self._steps if rect.left() <= step <= rect.right()]

    def _paint_ticks(self, painter: QPainter, places: list[float], floor: float) -> None:
        painter.setPen(QPen(theme.colour("secondary"), 1))
        last = -math.inf
        for place in places:
            if place - last >= _CLOSEST:
                painter.drawLine(QLineF(place, floor, place, floor - _TICK))
                last = place
