"""A histogram whose bars can be pointed at, walked through with the arrow keys, and chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from app import format as words
from app import theme
from app.theme import SPACE
from app.widgets.axes import round_bounds
from app.widgets.elided_label import ElidedLabel
from app.widgets.histogram_axes import CountAxis, EdgeAxis, StillPlot

_BAR, _BEYOND = 0, 4  # places in the palette
_LEAST = 0.012  # of the height, so that a bar of few is seen beside one of many
_GAP = 0.08  # of a bar's width on either side
_BREAK = 0.6  # of a bar's width before the one that gathers the long tail
_MOST_TICKS = 6
_FEWEST_WIDTHS = 8  # of bars in the width of the chart
_HEIGHT = 168


@dataclass(frozen=True, slots=True)
class Column:
    """One bar: from ``low`` to before ``end`` on the axis, how many, and both in words.

    ``edge`` is what the axis writes where it begins; ``beyond`` marks it as over the limit.
    """

    low: float
    end: float
    count: int
    words: str
    edge: str
    beyond: bool = False


class Histogram(QWidget):
    """It is told its columns; it knows no examples."""

    chosen = Signal(int)
    """A column, by its place, was clicked, or Enter or Space was pressed on it."""

    def __init__(self, name: str, unit: str, parent: QWidget | None = None) -> None:
        """An empty one.

        Args:
            name: for screen readers.
            unit: what the bottom axis counts ("Tokens").
            parent: Qt's.
        """
        super().__init__(parent)
        self._name = name
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._columns: tuple[Column, ...] = ()
        self._ends: list[tuple[float, float]] = []
        self._at: int | None = None
        self._summary = ""
        self._value_axis = CountAxis()
        self._edge_axis = EdgeAxis(unit)
        self._plot = StillPlot(self, {"left": self._value_axis, "bottom": self._edge_axis})
        self._plot.setFixedHeight(_HEIGHT)
        self._value_axis.setZValue(-1)  # its lines behind the bars
        self._view: pg.ViewBox = self._plot.getViewBox()
        self._bars: pg.BarGraphItem | None = None
        self._line = pg.InfiniteLine(angle=90, movable=False)
        self._limit: tuple[float, str] | None = None
        self._line_words = QLabel(self._plot)
        self._line_words.setTextFormat(Qt.TextFormat.PlainText)
        self._readout = ElidedLabel()
        for label in (self._line_words, self._readout):
            label.setProperty("kind", "secondary")
        self._line_words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        counted = QLabel("Examples")
        counted.setProperty("kind", "secondary")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)  # the focus ring
        layout.setSpacing(SPACE.LABEL)
        for widget in (counted, self._plot, self._readout):
            layout.addWidget(widget)
        self._plot.viewport().setMouseTracking(True)
        self._plot.viewport().installEventFilter(self)
        self._view.sigResized.connect(self._place_line_words)
        theme.on_change(self, self._dress)

    # --- What it shows ----------------------------------------------------------------------------------------------

    def show_columns(self, columns: Sequence[Column], *, summary: str, limit: tuple[float, str] | None = None) -> None:
        """Show columns in ascending order, none of them empty of width.

        Args:
            columns: the bars.
            summary: what the line under the chart says while no bar is pointed at.
            limit: a place on the axis to mark, and its name.
        """
        self._columns, self._summary, self._limit = tuple(columns), summary, limit
        self._ends = _placed(self._columns)
        self._at = None
        self._edge_axis.setTicks([_ticks(self._columns, self._ends)])
        self._draw()
        self._say()

    @property
    def columns(self) -> tuple[Column, ...]:
        """What it shows."""
        return self._columns

    @property
    def readout(self) -> str:
        """The line under the chart."""
        return self._readout.text()

    def place_of(self, index: int) -> QPointF:
        """The middle of a column's foot, in the plot's viewport (for tests and tips)."""
        low, end = self._ends[index]
        scene = self._view.mapViewToScene(QPointF((low + end) / 2, 0))
        place: QPointF = self._plot.mapFromScene(scene).toPointF() - QPointF(0, 2)
        return place

    @property
    def viewport(self) -> QWidget:
        """Where the mouse is heard."""
        viewport: QWidget = self._plot.viewport()
        return viewport

    def point_at(self, index: int | None) -> None:
        """Highlight a column and say what it is; None for none."""
        if index != self._at:
            self._at = index
            self._paint_bars()
            self._say()

    def _say(self) -> None:
        if self._at is None:
            self._readout.setText(self._summary)
            self.setAccessibleDescription(self._summary)
            return
        column = self._columns[self._at]
        said = f"{column.words}: {words.plural(column.count, 'example')}"
        self._readout.setText(said)
        self.setAccessibleDescription(said)

    # --- Drawing ----------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        self._plot.clear()
        self._bars = None
        self._line_words.hide()
        self._plot.plotItem.setVisible(bool(self._columns))
        if not self._columns:
            return
        top = max(column.count for column in self._columns)
        high = max(round_bounds(0, top)[1], 1)
        width = self._ends[0][1] - self._ends[0][0]
        heights = [max(column.count, _LEAST * high) if column.count else 0 for column in self._columns]
        self._bars = pg.BarGraphItem(
            x0=[low + _GAP * width for low, _ in self._ends],
            x1=[end - _GAP * width for _, end in self._ends],
            y0=[0] * len(heights),
            height=heights,
        )
        self._plot.addItem(self._bars, ignoreBounds=True)
        low, high_end = self._ends[0][0], self._ends[-1][1]
        room = max(0.0, _FEWEST_WIDTHS * width - (high_end - low)) / 2  # a single bar is no wall
        self._view.setXRange(low - room, high_end + room, padding=0.01)
        self._view.setYRange(0, high, padding=0)
        self._paint_bars()
        self._draw_limit()

    def _draw_limit(self) -> None:
        if self._limit is None:
            return
        place, name = self._limit
        straight = [end for (low, end), column in zip(self._ends, self._columns, strict=True) if low == column.low]
        if not straight or not self._ends[0][0] < place <= straight[-1]:
            return
        self._line.setPos(place)
        self._line.setPen(pg.mkPen(theme.colour("text"), width=1, style=Qt.PenStyle.DashLine))
        self._plot.addItem(self._line, ignoreBounds=True)
        self._line_words.setText(name)
        self._line_words.adjustSize()
        self._line_words.show()
        self._place_line_words()

    def _place_line_words(self, *_: object) -> None:
        if self._limit is None or self._line_words.isHidden():
            return
        x = self._plot.mapFromScene(self._view.mapViewToScene(QPointF(self._limit[0], 0))).x()
        width = self._line_words.width()
        left = x + 6 if x + 6 + width < self._plot.width() else x - 6 - width
        self._line_words.move(int(left), 4)

    def _paint_bars(self) -> None:
        if self._bars is None:
            return
        colours = theme.series_colours()
        brushes = []
        for index, column in enumerate(self._columns):
            colour = QColor(colours[_BEYOND if column.beyond else _BAR])
            if self._at is not None and index != self._at:
                colour.setAlphaF(0.45)
            brushes.append(colour)
        self._bars.setOpts(brushes=brushes, pens=[pg.mkPen(None)] * len(brushes))

    def _dress(self) -> None:
        self._plot.setBackground(theme.colour("card"))
        self._value_axis.dress()
        self._edge_axis.dress()
        self._draw()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The focus ring."""
        super().paintEvent(event)
        if self.hasFocus() and self.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange):
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 6, 6)

    # --- Mouse and keyboard -----------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The pointer moved, left, or clicked."""
        if event.type() == QEvent.Type.Leave:
            self.point_at(None)
        elif isinstance(event, QMouseEvent):
            self._point_under(event.position().toPoint())
            released = event.type() == QEvent.Type.MouseButtonRelease
            if released and event.button() == Qt.MouseButton.LeftButton:
                self._choose()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk through the columns that are not empty, and choose one."""
        filled = [index for index, column in enumerate(self._columns) if column.count]
        match Qt.Key(event.key()):
            case Qt.Key.Key_Right if filled:
                self.point_at(next((i for i in filled if self._at is None or i > self._at), filled[-1]))
            case Qt.Key.Key_Left if filled:
                self.point_at(next((i for i in reversed(filled) if self._at is None or i < self._at), filled[0]))
            case Qt.Key.Key_Home if filled:
                self.point_at(filled[0])
            case Qt.Key.Key_End if filled:
                self.point_at(filled[-1])
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space if self._at is not None:
                self._choose()
            case Qt.Key.Key_Escape if self._at is not None:
                self.point_at(None)
            case _:
                super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Say where the keys are."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Point at nothing any more."""
        super().focusOutEvent(event)
        self.point_at(None)
        self.update()

    def _choose(self) -> None:
        if self._at is not None and self._columns[self._at].count:
            self.chosen.emit(self._at)

    def _point_under(self, place: QPoint) -> None:
        scene = self._plot.mapToScene(place)
        x = self._view.mapSceneToView(scene).x()
        inside = self._view.sceneBoundingRect().contains(scene)
        found = next((i for i, (low, end) in enumerate(self._ends) if low <= x < end), None) if inside else None
        self.point_at(found)
        hand = found is not None and self._columns[found].count
        self._plot.viewport().setCursor(Qt.CursorShape.PointingHandCursor if hand else Qt.CursorShape.ArrowCursor)


def _placed(columns: Sequence[Column]) -> list[tuple[float, float]]:
    """Where bars begin and end; one of another width is the gathered tail and stands apart, as wide as the others."""
    found = [(column.low, column.end) for column in columns]
    if len(found) > 1 and columns[-1].end == float("inf"):
        width = found[0][1] - found[0][0]
        low = found[-1][0] + _BREAK * width
        found[-1] = (low, low + width)
    return found


def _ticks(columns: Sequence[Column], ends: Sequence[tuple[float, float]]) -> list[tuple[float, str]]:
    """Names of some edges, evenly; that of the gathered tail always."""
    apart = [index for index, column in enumerate(columns) if ends[index][0] != column.low]
    straight = len(columns) - len(apart)
    every = max(1, -(-straight // _MOST_TICKS))
    single = ends[0][1] - ends[0][0] <= 1 if columns else False  # a bar a number: its name in the middle
    ticks = [(ends[index][0] + (0.5 if single else 0), columns[index].edge) for index in range(0, straight, every)]
    for index in apart:
        ticks = [tick for tick in ticks if tick[0] < ends[index][0] - every * (ends[0][1] - ends[0][0]) / 2]
        ticks.append((sum(ends[index]) / 2, columns[index].edge))
    return ticks
