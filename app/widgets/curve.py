"""One curve of a chart: its points, its looks, and how it is painted.

Painting folds the points to the columns of the screen (see :mod:`app.widgets.pyramid`), so its cost does not grow with
the run. Antialiasing and width cost by the length of the line: quiet lines are drawn smooth, and those that go up and
down all the way (a raw loss over many steps) one pixel wide without antialiasing.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from app import theme
from app.widgets.pyramid import Floats, Pyramid

_SMOOTH_LENGTH = 6000  # pixels; some three milliseconds
_DOT = 4.0
_MOST_DOTS = 60
FAINT_ALPHA = 80
FAINT_ALPHA_DARK = 160  # on a dark ground a thin pale line is lost sooner


@dataclass(eq=False)
class Curve:
    """A named line of a chart.

    Attributes:
        key: its name inside the program.
        label: its name in the legend.
        series: its place in the theme's series colours.
        faint: drawn pale, as the background of a stronger line.
        dashed: drawn with dashes.
        dots: each point has a dot (as long as there are not too many).
        shown: whether it is drawn at all.
    """

    key: str
    label: str
    series: int
    faint: bool = False
    dashed: bool = False
    dots: bool = False
    shown: bool = True
    points: Pyramid = field(default_factory=Pyramid)

    @property
    def colour(self) -> QColor:
        """Its colour in the theme in force."""
        colours = theme.series_colours()
        colour = QColor(colours[self.series % len(colours)])
        if self.faint:
            colour.setAlpha(FAINT_ALPHA_DARK if theme.Theme.current.dark else FAINT_ALPHA)
        return colour


class CurveItem(pg.GraphicsObject):  # type: ignore[misc]
    """Paints a curve into a pyqtgraph view. In a logarithmic view values are drawn at their log10."""

    def __init__(self, curve: Curve) -> None:
        super().__init__()
        self.curve = curve
        self.log = False
        self.setZValue(1 if curve.faint else 3 if curve.dots else 2)

    def boundingRect(self) -> QRectF:
        """The whole view: the curve is clipped to it anyway, and its own bounds change all the time."""
        view = self.getViewBox()
        return QRectF(view.viewRect()) if view is not None else QRectF()

    def viewRangeChanged(self) -> None:
        """Its bounds are the view's."""
        self.prepareGeometryChange()

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Draw what of the curve is in view."""
        view = self.getViewBox()
        if view is None or not self.curve.shown or not len(self.curve.points):
            return
        rect = view.viewRect()
        columns = max(2, int(view.width() * painter.device().devicePixelRatioF()))
        x, low, high = self.curve.points.envelope(rect.left(), rect.right(), columns)
        single = low is high
        if self.log:
            low = _log10(low)
            high = low if single else _log10(high)
        fine = self._length(low, high, view) <= _SMOOTH_LENGTH
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, fine)
        painter.setPen(self._pen(fine, painter.device().devicePixelRatioF()))
        for part in _unbroken(low):
            painter.drawPolyline(_polyline(x[part], low[part], None if single else high[part]))
        if self.curve.dots and single and len(x) <= _MOST_DOTS:
            self._paint_dots(painter, x, low)

    def _length(self, low: Floats, high: Floats, view: pg.ViewBox) -> float:
        """How many pixels the line goes up and down."""
        travel = np.nansum(np.abs(np.diff(low))) + (0.0 if low is high else np.nansum(high - low))
        return float(travel) / max(1e-300, view.viewRect().height()) * float(view.height())

    def _pen(self, fine: bool, scale: float) -> QPen:
        """Cosmetic pens count in pixels of the device, of which a dense screen has more."""
        pen = QPen(self.curve.colour, (1.0 if self.curve.faint or not fine else 1.75) * scale)
        pen.setCosmetic(True)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin if fine else Qt.PenJoinStyle.BevelJoin)
        if self.curve.dashed:
            pen.setDashPattern([4, 3])
        return pen

    def _paint_dots(self, painter: QPainter, x: Floats, y: Floats) -> None:
        """Dots are drawn in pixels, so that they are round whatever the axes are."""
        to_device = painter.transform()
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QPen(theme.colour("card"), 1.5))
        painter.setBrush(self.curve.colour)
        for place, value in zip(x.tolist(), y.tolist(), strict=True):
            if np.isfinite(value):
                painter.drawEllipse(to_device.map(QPointF(place, value)), _DOT, _DOT)
        painter.restore()


def _log10(values: Floats) -> Floats:
    return np.log10(values, out=np.full(len(values), np.nan), where=values > 0)


def _unbroken(values: Floats) -> list[slice]:
    """The stretches without nan."""
    bad = np.flatnonzero(np.isnan(values))
    if not len(bad):
        return [slice(0, len(values))]
    edges = [-1, *bad.tolist(), len(values)]
    return [slice(a + 1, b) for a, b in itertools.pairwise(edges) if b - a > 1]


def _polyline(x: Floats, low: Floats, high: Floats | None) -> QPolygonF:
    """Single points as a line; bins as a zigzag that goes up one and down the next, which is the shortest."""
    polygon = QPolygonF()
    polygon.resize(len(x) if high is None else 2 * len(x))
    buffer = pg.functions.ndarray_from_qpolygonf(polygon)
    if high is None:
        buffer[:, 0], buffer[:, 1] = x, low
        return polygon
    buffer[0::2, 0] = buffer[1::2, 0] = x
    buffer[0::4, 1], buffer[1::4, 1] = low[0::2], high[0::2]
    buffer[2::4, 1], buffer[3::4, 1] = high[1::2], low[1::2]
    return polygon
