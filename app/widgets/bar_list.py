"""Rows of a name, a bar and a number: how many examples have a tag, a status, a source. Each row is a button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app import format as words
from app import theme
from app.theme import SPACE
from app.widgets.plain_tip import plain_tip

_AT_FIRST = 8
_MOST = 200  # rows; more names are of no use to the eye
_ROW = 40
_BAR = 6


@dataclass(frozen=True, slots=True)
class Share:
    """``count`` of ``total`` examples have what ``name`` says."""

    name: str
    count: int
    total: int


class BarList(QWidget):
    """Shows the first rows, and all of them when asked."""

    chosen = Signal(int)
    """The row of a share, by its place."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._shares: tuple[Share, ...] = ()
        self._all = False
        self.rows: list[BarRow] = []
        self.more = QPushButton()
        self.more.setProperty("kind", "link")
        self.more.setCursor(Qt.CursorShape.PointingHandCursor)
        self.more.clicked.connect(self._toggle)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addStretch(1)
        self.more.hide()

    def show_shares(self, shares: Sequence[Share]) -> None:
        """Show these, in this order."""
        self._shares = tuple(shares[:_MOST])
        self._fill()

    def _fill(self) -> None:
        shown = self._shares if self._all else self._shares[:_AT_FIRST]
        while len(self.rows) > len(shown):
            row = self.rows.pop()
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        while len(self.rows) < len(shown):
            self._add_row(len(self.rows))
        largest = max((share.count for share in self._shares), default=0)
        for row, share in zip(self.rows, shown, strict=True):
            row.show_share(share, largest)
        hidden = len(self._shares) - _AT_FIRST
        self.more.setVisible(hidden > 0)
        self.more.setText("Show fewer" if self._all else f"Show {words.count(hidden)} more")

    def _add_row(self, index: int) -> None:
        row = BarRow(self)
        row.clicked.connect(lambda: self.chosen.emit(index))
        self._column.insertWidget(index, row)
        self.rows.append(row)

    def _toggle(self) -> None:
        self._all = not self._all
        self._fill()


class BarRow(QAbstractButton):
    """One share: its name and number over its bar."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._share = Share("", 0, 0)
        self._largest = 1
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme.on_change(self, self.update)

    @property
    def share(self) -> Share:
        """What it shows."""
        return self._share

    def show_share(self, share: Share, largest: int) -> None:
        """Show a share with a bar against the largest one."""
        self._share, self._largest = share, max(1, largest)
        self.setText(share.name)
        self.setEnabled(share.count > 0)
        said = f"{words.plural(share.count, 'example')}, {self._percent()}"
        self.setAccessibleName(f"{share.name}: {said}")
        self.setAccessibleDescription("Show them in the table" if share.count else "")
        self.setToolTip(plain_tip(f"{share.name}: {said}"))
        self.update()

    def sizeHint(self) -> QSize:
        """Two lines."""
        return QSize(160, max(_ROW, QFontMetrics(theme.ui_font()).height() + _BAR + 16))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw name, number and bar; pale under the pointer, framed with the focus."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse() and self.isEnabled():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("hover"))
            painter.drawRoundedRect(QRectF(self.rect()), 6, 6)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 6, 6)
        room = QRectF(self.rect()).adjusted(SPACE.UNIT, 5, -SPACE.UNIT, -6)
        self._paint_words(painter, room)
        bar = QRectF(room.left(), room.bottom() - _BAR, room.width(), _BAR)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("track"))
        painter.drawRoundedRect(bar, 3, 3)
        if self._share.count:
            bar.setWidth(max(_BAR, bar.width() * self._share.count / self._largest))
            painter.setBrush(QColor(theme.series_colours()[0]))
            painter.drawRoundedRect(bar, 3, 3)

    def _paint_words(self, painter: QPainter, room: QRectF) -> None:
        painter.setFont(theme.ui_font())
        number = words.count(self._share.count)
        percent = f"  {self._percent()}"
        metrics = painter.fontMetrics()
        side = metrics.horizontalAdvance(number + percent)
        line = QRectF(room.left(), room.top(), room.width(), metrics.height())
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(theme.colour("secondary"))
        painter.drawText(line, right, percent)
        painter.setPen(theme.colour("text" if self.isEnabled() else "secondary"))
        painter.drawText(line.adjusted(0, 0, -metrics.horizontalAdvance(percent), 0), right, number)
        left = line.adjusted(0, 0, -side - SPACE.UNIT, 0)
        name = metrics.elidedText(self._share.name, Qt.TextElideMode.ElideMiddle, int(left.width()))
        painter.drawText(left, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)

    def _percent(self) -> str:
        share = self._share.count / self._share.total if self._share.total else 0.0
        return "under 1 %" if 0 < share < 0.005 else words.percent(share)
