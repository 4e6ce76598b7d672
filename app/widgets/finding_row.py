"""One finding in a line: which example, what is there with the place marked, and why. A click leads to the example."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from app import theme
from app.excerpts import Excerpt
from app.theme import SPACE
from app.widgets.plain_tip import plain_tip

_NUMBER_WIDTH = 128
_UNDERLINE = 2


@dataclass(frozen=True, slots=True)
class FindingWords:
    """What a row says.

    ``number`` names the examples ("12", "12 and 31"), ``place`` the field; the excerpt is empty until it was read.
    """

    number: str
    place: str
    message: str
    excerpt: Excerpt


class FindingRow(QWidget):
    """A line, and a button that ignores the finding."""

    clicked = Signal()
    ignored = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = _Line()
        self.line.clicked.connect(self.clicked)
        self.ignore = QToolButton()
        self.ignore.setText("Ignore")
        self.ignore.setToolTip("Do not report this again, as long as the example stays as it is")
        self.ignore.clicked.connect(self.ignored)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE.UNIT)
        row.addWidget(self.line, 1)
        row.addWidget(self.ignore)

    def show_words(self, words: FindingWords) -> None:
        """Say this."""
        self.line.show_words(words)
        self.ignore.setAccessibleName(f"Ignore: example {words.number}, {words.message}")


class _Line(QAbstractButton):
    def __init__(self) -> None:
        super().__init__()
        self._words = FindingWords("", "", "", Excerpt("", "", ""))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme.on_change(self, self.update)

    def show_words(self, words: FindingWords) -> None:
        self._words = words
        said = ". ".join(part for part in (words.message, words.place, str(words.excerpt)) if part)
        self.setAccessibleName(f"Example {words.number}. {said}")
        self.setAccessibleDescription("Show it in the table")
        self.setToolTip(plain_tip("\n".join(part for part in (words.message, str(words.excerpt)) if part)))
        self.update()

    def sizeHint(self) -> QSize:
        """Two lines: the text and why."""
        body, small = QFontMetrics(theme.ui_font()), QFontMetrics(theme.ui_font("small"))
        return QSize(240, body.height() + small.height() + 14)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("hover"))
            painter.drawRoundedRect(QRectF(self.rect()), 6, 6)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 6, 6)
        room = QRectF(self.rect()).adjusted(SPACE.UNIT, 6, -SPACE.UNIT, -6)
        body, small = theme.ui_font(), theme.ui_font("small")
        first = QRectF(room.left(), room.top(), room.width(), QFontMetrics(body).height())
        second = QRectF(room.left(), first.bottom() + 2, room.width(), QFontMetrics(small).height())
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(body)
        painter.setPen(theme.colour("secondary"))
        number = painter.fontMetrics().elidedText(self._words.number, Qt.TextElideMode.ElideRight, _NUMBER_WIDTH - 8)
        painter.drawText(first, left, number)
        self._paint_excerpt(painter, first.adjusted(_NUMBER_WIDTH, 0, 0, 0))
        painter.setFont(small)
        painter.setPen(theme.colour("secondary"))
        why = ": ".join(part for part in (self._words.place, self._words.message) if part)
        under = second.adjusted(_NUMBER_WIDTH, 0, 0, 0)
        why = painter.fontMetrics().elidedText(why, Qt.TextElideMode.ElideRight, int(under.width()))
        painter.drawText(under, left, why)

    def _paint_excerpt(self, painter: QPainter, line: QRectF) -> None:
        """The text; its marked part on another ground and underlined, so that colour does not say it alone."""
        x = line.left()
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        words = self._words.excerpt
        for part, marked in ((words.before, False), (words.marked, True), (words.after, False)):
            room = line.right() - x
            if not part or room <= 0:
                continue
            metrics = painter.fontMetrics()
            shown = metrics.elidedText(part, Qt.TextElideMode.ElideRight, int(room))
            width = metrics.horizontalAdvance(shown)
            place = QRectF(x, line.top(), width, line.height())
            if marked:
                painter.fillRect(place, theme.colour("warn_soft"))
                underline = QRectF(place.left(), place.bottom() - _UNDERLINE, place.width(), _UNDERLINE)
                painter.fillRect(underline, theme.colour("warn"))
            painter.setPen(theme.colour("text"))
            painter.drawText(place.adjusted(0, 0, 4, 0), align, shown)
            x += width
            if shown != part:
                break
