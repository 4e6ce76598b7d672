"""The plot of a histogram and its axes: whole examples upwards, where bars begin along the bottom."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QWidget

from app import format as words
from app import theme
from app.widgets.axes import ValueAxis


class CountAxis(ValueAxis):
    """Whole examples."""

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        """Whole numbers only."""
        levels = super().tickValues(low, high, size)
        return [(max(1.0, step), [value for value in values if value == int(value)]) for step, values in levels]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """With separators."""
        return [words.count(int(value)) for value in values]


class EdgeAxis(pg.AxisItem):  # type: ignore[misc]
    """Where bars begin, and what is counted."""

    def __init__(self, unit: str) -> None:
        super().__init__("bottom")
        self._unit = unit
        self.setStyle(tickLength=0, tickTextOffset=6)
        self.dress()

    def dress(self) -> None:
        """Take the colours and the type of the theme in force."""
        colour = theme.hex_colour("secondary")
        self.setTextPen(colour)
        self.setPen(theme.colour("line"))
        self.setTickPen(theme.colour("line"))
        self.setTickFont(theme.ui_font("small"))
        size = theme.Theme.current.px("small")
        self.setLabel(self._unit, **{"color": colour, "font-size": f"{size}px"})
        self.setHeight(size * 3 + 6)

    def boundingRect(self) -> QRectF:
        """With room for the first and the last edge, which reach over the ends of the axis."""
        return QRectF(super().boundingRect()).adjusted(-24, 0, 24, 0)


class StillPlot(pg.PlotWidget):  # type: ignore[misc]
    """Neither moved nor zoomed; the wheel scrolls the page that it is on."""

    def __init__(self, parent: QWidget, axes: dict[str, pg.AxisItem]) -> None:
        super().__init__(parent, axisItems=axes)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        self.setFrameShape(self.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plotItem.layout.setContentsMargins(0, 10, 24, 0)
        view = self.getViewBox()
        view.setDefaultPadding(0)
        view.disableAutoRange()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave it to the page."""
        event.ignore()
