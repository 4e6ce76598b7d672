"""The axes of a chart: calm colours, the window's number format, borders that do not jump while points arrive."""

from __future__ import annotations

import math
from collections.abc import Callable

import pyqtgraph as pg
from PySide6.QtCore import QRectF

from app import format as words
from app import theme
from app.widgets.metrics import Over

_DAY = 86_400.0
_TIME_SPACINGS = (
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    14_400,
    21_600,
    43_200,
    _DAY,
)
_TIME_WIDTH = 90  # pixels for a time and the air around it


class ValueAxis(pg.AxisItem):  # type: ignore[misc]
    """The left axis: values, or with ``log`` powers of ten; carries the grid."""

    def __init__(self) -> None:
        super().__init__("left")
        self.log = False
        self.write: Callable[[float, float], str] = lambda value, _spacing: words.number(value)
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
        return [self.write(value, spacing) for value in values]


class ProgressAxis(pg.AxisItem):  # type: ignore[misc]
    """The bottom axis: whole steps, tokens, or the time of training in seconds."""

    def __init__(self) -> None:
        super().__init__("bottom")
        self.over = Over.STEPS
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
        """Whole steps and tokens; round times."""
        if self.over is not Over.TIME:
            levels = super().tickValues(low, high, size)[:1]
            return [(max(1.0, space), [value for value in found if value == int(value)]) for space, found in levels]
        spacing = time_spacing(high - low, ticks=max(2.0, size / _TIME_WIDTH))
        first, last = math.ceil(low / spacing), math.floor(high / spacing)
        return [(spacing, [number * spacing for number in range(first, last + 1)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """As the window writes them; large counts of tokens in thousands or millions."""
        if self.over is Over.TIME:
            return [words.duration(value) if spacing >= 1 else f"{words.fixed(value, 1)} s" for value in values]
        if self.over is Over.TOKENS:
            return [words.short_count(value) for value in values]
        return [words.count(int(value)) for value in values]


def time_spacing(span: float, *, ticks: float) -> float:
    """Seconds between two ticks, a round length of time, so that there are at most so many in ``span``."""
    wanted = span / ticks
    if wanted > _DAY:
        return math.ceil(wanted / _DAY) * _DAY
    return next(spacing for spacing in _TIME_SPACINGS if spacing >= wanted)


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
