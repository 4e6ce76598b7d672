"""How much of what the base model could is still there: the loss on neutral text before and after, as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import format, theme
from app.theme import SPACE

_BAR = 8
_ROW = 42


@dataclass(frozen=True, slots=True)
class Forgetting:
    """A system, its loss on neutral text, and what that means in words; ``much`` when it is bad."""

    title: str
    loss: float
    words: str = ""
    much: bool = False


class ForgettingMeter(QWidget):
    """Bars from zero on one scale; the words say what the colour says."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[Forgetting] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.on_change(self, self.update)

    @property
    def rows(self) -> Sequence[Forgetting]:
        """What is shown."""
        return self._rows

    def show_rows(self, rows: Sequence[Forgetting]) -> None:
        """Show these."""
        self._rows = tuple(rows)
        said = "; ".join(f"{row.title}: {format.loss(row.loss)} {row.words}".strip() for row in rows)
        self.setAccessibleName(f"Loss on neutral text: {said}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """A row for each system."""
        return QSize(320, max(1, len(self._rows)) * self._row())

    def minimumSizeHint(self) -> QSize:
        """The same height at any width."""
        return QSize(160, self.sizeHint().height())

    def _row(self) -> int:
        return max(_ROW, QFontMetrics(theme.ui_font()).height() + _BAR + 16)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw them."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.ui_font())
        largest = max((row.loss for row in self._rows), default=1.0) or 1.0
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        metrics = painter.fontMetrics()
        for number, row in enumerate(self._rows):
            room = QRectF(0, number * self._row(), self.width(), self._row()).adjusted(0, 4, 0, -6)
            line = QRectF(room.left(), room.top(), room.width(), metrics.height())
            figure = f"{format.loss(row.loss)}   {row.words}".rstrip()
            painter.setPen(theme.colour("bad" if row.much else "text"))
            painter.drawText(line, right, figure)
            painter.setPen(theme.colour("text"))
            free = int(line.width()) - metrics.horizontalAdvance(figure) - SPACE.GAP
            painter.drawText(line, left, metrics.elidedText(row.title, Qt.TextElideMode.ElideMiddle, max(0, free)))
            bar = QRectF(room.left(), room.bottom() - _BAR, room.width(), _BAR)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("track"))
            painter.drawRoundedRect(bar, 4, 4)
            bar.setWidth(max(_BAR, bar.width() * row.loss / largest))
            painter.setBrush(theme.colour("bad") if row.much else theme.series_colours()[0])
            painter.drawRoundedRect(bar, 4, 4)
