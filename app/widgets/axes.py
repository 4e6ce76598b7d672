"""The axes of a chart: calm colours, the window's number format, borders that do not jump while points arrive."""

from __future__ import annotations

import math

import pyqtgraph as pg
from PySide6.QtCore import QRectF

from app import format as words
from app import theme


class ValueAxis(pg.AxisItem):  # type: ignore[misc]
    """The left axis: values, or with ``log`` powers of ten; carries the grid."""

    def __init__(self) -> None:
        super().__init__("left")
        self.log = False
        self.setStyle(tickLength=0, tickTextOffset=8)
        self.dress()

    def dress(self) -> None:
        """Take the colours and the type of the theme in force."""
        _dress(self)
        self.setGrid(110)
        self.setWidth(theme.Theme.current.px("small") * 4 + 8)

    def boundingRect(self) -> QRectF:
        """With room for the first and the last number, which reach over the ends of the axis."""
        return QRectF(super().boundingRect()).adjusted(0, -10, 0, 10)

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        """Positions at round values; in a logarithmic view these are unevenly spaced."""
        if not self.log:
            return [level for level in super().tickValues(low, high, size)[:1] if level[1]]
        return [(1.0, [math.log10(value) for value in log_ticks(10**low, 10**high)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Values as the window writes them."""
        if self.log:
            return [words.number(10**value, 2) for value in values]
        digits = max(0, math.ceil(-math.log10(spacing * 0.999))) if spacing > 0 else 3
        return [words.fixed(value, digits) for value in values]


class StepAxis(pg.AxisItem):  # type: ignore[misc]
    """The bottom axis: whole steps."""

    def __init__(self) -> None:
        super().__init__("bottom")
        self.setStyle(tickLength=0, tickTextOffset=8)
        self.dress()

    def dress(self) -> None:
        """Take the colours and the type of the theme in force."""
        _dress(self)
        self.setHeight(theme.Theme.current.px("small") * 2 + 6)

    def boundingRect(self) -> QRectF:
        """With room for the first and the last number, which reach over the ends of the axis."""
        return QRectF(super().boundingRect()).adjusted(-24, 0, 24, 0)

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        """Whole steps only."""
        levels = super().tickValues(low, high, size)[:1]
        return [(max(1.0, spacing), [value for value in values if value == int(value)]) for spacing, values in levels]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Steps with separators."""
        return [words.count(int(value)) for value in values]


def round_bounds(low: float, high: float) -> tuple[float, float]:
    """Bounds at round values around ``low`` and ``high``, so that an axis does not move with every point."""
    positive = low >= 0
    if not low < high:
        margin = abs(low) * 0.1 or 1.0
        low, high = low - margin, high + margin
    exponent = math.floor(math.log10((high - low) / 5))
    step = next(factor for factor in (1, 2, 5, 10) if 10**exponent * factor * 6 >= high - low) * 10.0**exponent
    bottom = math.floor(low / step) * step
    return (max(0.0, bottom) if positive else bottom), math.ceil(high / step) * step


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten between two positive values; 2 and 5 times them too where there are few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1, 2, 5) if last - first <= 4 else (1,)
    found = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
    return [value for value in found if low <= value <= high]


def _dress(axis: pg.AxisItem) -> None:
    axis.setTextPen(theme.colour("secondary"))
    axis.setPen(theme.colour("line"))
    axis.setTickPen(theme.colour("line"))
    axis.setTickFont(theme.ui_font("small"))
