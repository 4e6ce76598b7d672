"""A small chart of one figure: its name, its value now, and its course. Clicked, it asks for the large chart."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from app import format as words
from app import theme
from app.theme import SPACE
from app.widgets.pyramid import Pyramid

_HEIGHT = 62
_FILL_ALPHA = 28


class Sparkline(QFrame):
    """Draws itself; under the pointer it shows the value there instead of the last one."""

    clicked = Signal()
    """The figure is wanted in the large chart."""

    def __init__(self, title: str, write: Callable[[float], str], tip: str = "", parent: QWidget | None = None) -> None:
        """``write`` puts a value into words; ``tip`` says what the figure means."""
        super().__init__(parent)
        self.setProperty("kind", "card")
        self.setMouseTracking(True)
        self.setToolTip(f"{tip}. Click to see it in the large chart." if tip else "")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.title = title
        self._write = write
        self._points = Pyramid()
        self._pointer: float | None = None
        self._chosen = False
        self.setAccessibleName(title)
        theme.on_change(self, self.update)

    def sizeHint(self) -> QSize:
        """Wide enough for title and value."""
        return QSize(200, _HEIGHT)

    def clear(self) -> None:
        """Forget the points."""
        self._points = Pyramid()
        self.refresh()

    @property
    def has_values(self) -> bool:
        """Whether there is any number to show."""
        return self._points.bounds() is not None

    @property
    def chosen(self) -> bool:
        """Whether the large chart shows this figure."""
        return self._chosen

    def set_chosen(self, chosen: bool) -> None:
        """Show that the large chart shows this figure, or no longer."""
        if chosen != self._chosen:
            self._chosen = chosen
            self.setAccessibleName(f"{self.title}, in the large chart" if chosen else self.title)
            self.update()

    def extend(self, steps: Sequence[float], values: Sequence[float]) -> None:
        """Append points; those from ``steps[0]`` on that are there already are replaced. Shown with a refresh."""
        self._points.extend(steps, values)

    def refresh(self) -> None:
        """Show the points that have come."""
        self.setAccessibleDescription(self.value)
        self.update()

    @property
    def value(self) -> str:
        """What it says now."""
        if not len(self._points):
            return words.NOTHING
        if self._pointer is None:
            found = float(self._points.y[-1])
            return words.NOTHING if np.isnan(found) else self._write(found)
        point = self._points.value_at(self._step_at(self._pointer))
        return words.NOTHING if point is None or np.isnan(point[1]) else self._write(point[1])

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the card, the words and the line."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.hasFocus() or self._chosen:
            painter.setPen(QPen(theme.colour("accent" if self.hasFocus() else "border"), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), theme.RADIUS_CARD, theme.RADIUS_CARD)
        head = QRectF(SPACE.FIELD, SPACE.HALF, self.width() - 2 * SPACE.FIELD, 20)
        painter.setFont(theme.ui_font("small"))
        painter.setPen(theme.colour("secondary"))
        painter.drawText(head, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.title)
        painter.setPen(theme.colour("text"))
        painter.setFont(theme.ui_font("small", strong=True))
        painter.drawText(head, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.value)
        if len(self._points) > 1:
            self._paint_line(painter)

    def _room(self) -> QRectF:
        return QRectF(self.rect()).adjusted(SPACE.FIELD, 27, -SPACE.FIELD, -8)

    def _paint_line(self, painter: QPainter) -> None:
        room = self._room()
        x0, x1 = float(self._points.x[0]), float(self._points.x[-1])
        x, low, high = self._points.envelope(x0, x1, max(2, int(room.width()) // 2))
        y = (low + high) / 2
        good = np.isfinite(y)
        if not good.any():
            return
        top = float(np.max(y[good])) or 1.0  # all of them begin at zero, so that noise looks as small as it is
        across = room.left() + (x[good] - x0) / max(1e-9, x1 - x0) * room.width()
        down = room.bottom() - y[good] / top * room.height()
        line = QPolygonF([QPointF(a, b) for a, b in zip(across.tolist(), down.tolist(), strict=True)])
        colour = theme.series_colours()[0]
        fill = QColor(colour)
        fill.setAlpha(_FILL_ALPHA)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        floor = self.rect().bottom() - 6.0
        painter.drawPolygon(QPolygonF([QPointF(line.first().x(), floor), *line, QPointF(line.last().x(), floor)]))
        painter.setPen(QPen(colour, 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(line)
        if self._pointer is not None:
            painter.setPen(QPen(theme.colour("border"), 1))
            painter.drawLine(QLineF(self._pointer, room.top(), self._pointer, floor))

    def _step_at(self, across: float) -> float:
        room = self._room()
        share = min(1.0, max(0.0, (across - room.left()) / max(1.0, room.width())))
        return float(self._points.x[0] + share * (self._points.x[-1] - self._points.x[0]))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show the value under the pointer."""
        self._pointer = event.position().x()
        self.update()
        super().mouseMoveEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Begin to show values under the pointer."""
        self._pointer = event.position().x()
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Show the last value again."""
        self._pointer = None
        self.update()
        super().leaveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click asks for the large chart."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and space are a click."""
        if Qt.Key(event.key()) in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
            return
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the ring away."""
        super().focusOutEvent(event)
        self.update()
