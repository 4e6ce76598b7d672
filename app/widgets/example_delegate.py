"""Paints the rows of the examples table: two lines of text, a status with its sign, quiet numbers."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontDatabase, QFontMetricsF, QPainter, QPalette, QPen, QTextLayout, QTextOption
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app import theme
from app.example_words import shown_status
from app.models.example_cells import Column
from app.models.example_table import ExampleTable
from core.dataset.example import Split, Status

ROW_HEIGHT = 40
_PADDING = 8
_SIGN = 8

Index = QModelIndex | QPersistentModelIndex


class ExampleDelegate(QStyledItemDelegate):
    """Dataset text is drawn as plain text, never through a document that would read HTML."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """All rows are alike."""
        return QSize(option.rect.width(), ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one cell."""
        style = option.widget.style()
        option.state &= ~QStyle.StateFlag.State_HasFocus  # the whole row is what is chosen, not a cell
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget)
        painter.fillRect(option.rect.left(), option.rect.bottom(), option.rect.width(), 1, theme.colour("line"))
        text = index.data(Qt.ItemDataRole.DisplayRole)
        if not text:
            return
        painter.save()
        inner = option.rect.adjusted(_PADDING, 0, -_PADDING, 0)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        strong = option.palette.color(QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text)
        quiet = strong if chosen else theme.colour("secondary")
        match index.column():
            case Column.INSTRUCTION:
                _draw_lines(painter, inner, text, option.font, strong)
            case Column.OUTPUT:
                _draw_lines(painter, inner, text, option.font, strong)
            case Column.STATUS:
                status = shown_status(index.data(ExampleTable.EXAMPLE))
                _draw_status(painter, inner, status, text, strong)
            case Column.SPLIT:
                by_hand = index.data(ExampleTable.EXAMPLE).split is not Split.AUTO
                painter.setPen(strong if by_hand else quiet)
                painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
            case _:
                painter.setFont(_numbers(option.font))
                painter.setPen(quiet)
                painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)
        painter.restore()


def _numbers(font: QFont) -> QFont:
    """The system's monospace at the size of ``font``: figures stand under each other."""
    return _monospace(font.key())


@lru_cache(maxsize=8)
def _monospace(key: str) -> QFont:
    like = QFont()
    like.fromString(key)
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    if like.pixelSize() > 0:
        font.setPixelSize(like.pixelSize())
    else:
        font.setPointSizeF(like.pointSizeF())
    return font


def _draw_lines(painter: QPainter, rect: QRect, text: str, font: QFont, colour: object) -> None:
    metrics = QFontMetricsF(font)
    lines, right_to_left = two_lines(text, rect.width(), font.key())
    height = min(metrics.lineSpacing(), (ROW_HEIGHT - 6) / 2)
    top = rect.top() + (rect.height() - len(lines) * height) / 2
    side = Qt.AlignmentFlag.AlignRight if right_to_left else Qt.AlignmentFlag.AlignLeft
    painter.setFont(font)
    painter.setPen(colour)
    if right_to_left:
        painter.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    flags = side | Qt.AlignmentFlag.AlignAbsolute | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
    for number, line in enumerate(lines):
        painter.drawText(QRectF(rect.left(), top + number * height, rect.width(), height), flags, line)


def _draw_status(painter: QPainter, rect: QRect, status: Status, word: str, colour: object) -> None:
    """A filled dot is ready, a ring is a draft, a dash is excluded; the word stands beside it."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    names = {Status.READY: "good", Status.DRAFT: "secondary", Status.EXCLUDED: "secondary"}
    ink = theme.colour(names[status])
    mirrored = painter.layoutDirection() == Qt.LayoutDirection.RightToLeft
    x = rect.right() - _SIGN if mirrored else rect.left()
    sign = QRectF(x, rect.center().y() - _SIGN / 2 + 1, _SIGN, _SIGN)
    painter.setPen(QPen(ink, 1.5))
    if status is Status.EXCLUDED:
        painter.drawLine(QPointF(sign.left(), sign.center().y()), QPointF(sign.right(), sign.center().y()))
    elif status is Status.DRAFT:
        painter.drawEllipse(sign.adjusted(0.75, 0.75, -0.75, -0.75))
    else:
        painter.setBrush(ink)
        painter.drawEllipse(sign)
    if rect.width() < 3 * _SIGN:
        return
    painter.setPen(colour)
    beside = rect.adjusted(0, 0, -_SIGN - 6, 0) if mirrored else rect.adjusted(_SIGN + 6, 0, 0, 0)
    painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, word)


@lru_cache(maxsize=2048)
def two_lines(text: str, width: int, font_key: str) -> tuple[tuple[str, ...], bool]:
    """``text`` broken into at most two lines of ``width`` pixels, the second cut with "…"; and whether it runs left."""
    font = QFont()
    font.fromString(font_key)
    leftwards = runs_right_to_left(text)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout = QTextLayout(text, font)
    layout.setTextOption(option)
    layout.beginLayout()
    line = layout.createLine()
    line.setLineWidth(width)
    layout.endLayout()
    units = text.encode("utf-16-le", "surrogatepass")
    cut = 2 * line.textLength()
    first, rest = units[:cut].decode("utf-16-le", "replace"), units[cut:].decode("utf-16-le", "replace")
    if not rest.strip():
        return (first.rstrip(),), leftwards
    second = QFontMetricsF(font).elidedText(rest, Qt.TextElideMode.ElideRight, width)
    return (first.rstrip(), second), leftwards


def runs_right_to_left(text: str) -> bool:
    """Whether the first letter that has a direction runs from right to left (Unicode bidi rule P2)."""
    for letter in text[:200]:
        direction = unicodedata.bidirectional(letter)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False
