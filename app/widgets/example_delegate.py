"""Paints the rows of the examples table: two lines of text, a status with its sign, quiet numbers."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QFontMetricsF,
    QPainter,
    QPen,
    QStaticText,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app import theme
from app.example_words import shown_status
from app.models.example_cells import Column
from app.models.example_table import ExampleTable
from core.dataset.example import Split, Status

ROW_HEIGHT = 40
_PADDING = 8
_SIGN = 8
_COLUMNS = tuple(Column)
_TEXTS = (Column.INSTRUCTION, Column.OUTPUT)
_SELECTED, _ENABLED = QStyle.StateFlag.State_Selected, QStyle.StateFlag.State_Enabled
_LEFT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
_RIGHT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)

Index = QModelIndex | QPersistentModelIndex


class ExampleDelegate(QStyledItemDelegate):
    """Dataset text is drawn as plain text, never through a document that would read HTML.

    A frame has some seventy cells, and each is painted here: what is made of font, text and theme is kept.
    """

    def __init__(self, table: ExampleTable, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._table = table  # asked directly: the way through Qt's variants takes longer than the painting
        self._font, self._font_key = QFont(), ""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """All rows are alike."""
        return QSize(option.rect.width(), ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one cell."""
        rect, state = option.rect, option.state
        chosen = bool(state & _SELECTED)
        if chosen:
            painter.fillRect(rect, _ink("selection"))
        painter.fillRect(rect.left(), rect.bottom(), rect.width(), 1, _ink("line"))
        column = index.column()
        example = self._table.example(index.row())
        text = "" if example is None else self._table.words(example, _COLUMNS[column])
        if example is None or not text:
            return
        strong = _ink("text" if state & _ENABLED else "disabled")
        quiet = strong if chosen else _ink("secondary")
        inner = rect.adjusted(_PADDING, 0, -_PADDING, 0)
        if column in _TEXTS:
            painter.setPen(strong)
            _draw_lines(painter, inner, text, self._key(option.font))
        elif column == Column.STATUS:
            _draw_status(painter, inner, shown_status(example), text, strong)
        elif column == Column.SPLIT:
            by_hand = example.split is not Split.AUTO
            painter.setPen(strong if by_hand else quiet)
            painter.drawText(inner, _LEFT, text)
        else:
            font = painter.font()
            painter.setFont(monospace(self._key(option.font)))
            painter.setPen(quiet)
            painter.drawText(inner, _RIGHT, text)
            painter.setFont(font)

    def _key(self, font: QFont) -> str:
        """What tells fonts apart; asked of Qt for another font only."""
        if font != self._font or not self._font_key:
            self._font, self._font_key = QFont(font), font.key()
        return self._font_key


def _ink(name: str) -> QColor:
    return _colour(name, theme.Theme.current.dark)


@lru_cache(maxsize=32)
def _colour(name: str, dark: bool) -> QColor:
    return theme.colour(name)


@lru_cache(maxsize=8)
def monospace(key: str) -> QFont:
    """The system's monospace at the size of a font: figures stand under each other."""
    like = QFont()
    like.fromString(key)
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    if like.pixelSize() > 0:
        font.setPixelSize(like.pixelSize())
    else:
        font.setPointSizeF(like.pointSizeF())
    return font


def _draw_lines(painter: QPainter, rect: QRect, text: str, font_key: str) -> None:
    lines, height = _laid_out(text, rect.width(), font_key)
    top = rect.top() + (rect.height() - len(lines) * height) / 2
    for number, line in enumerate(lines):
        painter.drawStaticText(QPointF(rect.left(), top + number * height), line)


@lru_cache(maxsize=2048)
def _laid_out(text: str, width: int, font_key: str) -> tuple[tuple[QStaticText, ...], float]:
    """The lines of a cell, shaped once, and the height of each."""
    font = QFont()
    font.fromString(font_key)
    lines, right_to_left = two_lines(text, width, font_key)
    side = Qt.AlignmentFlag.AlignRight if right_to_left else Qt.AlignmentFlag.AlignLeft
    option = QTextOption(side | Qt.AlignmentFlag.AlignAbsolute)
    option.setWrapMode(QTextOption.WrapMode.NoWrap)
    if right_to_left:
        option.setTextDirection(Qt.LayoutDirection.RightToLeft)
    shaped = []
    for line in lines:
        static = QStaticText(line)
        static.setTextFormat(Qt.TextFormat.PlainText)
        static.setTextOption(option)
        static.setTextWidth(width)
        static.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
        static.prepare(font=font)
        shaped.append(static)
    return tuple(shaped), min(QFontMetricsF(font).lineSpacing(), (ROW_HEIGHT - 6) / 2)


def _draw_status(painter: QPainter, rect: QRect, status: Status, word: str, colour: QColor) -> None:
    """A filled dot is ready, a ring is a draft, a dash is excluded; the word stands beside it."""
    ink = _ink("good" if status is Status.READY else "secondary")
    mirrored = painter.layoutDirection() == Qt.LayoutDirection.RightToLeft
    x = rect.right() - _SIGN if mirrored else rect.left()
    sign = QRectF(x, rect.center().y() - _SIGN / 2 + 1, _SIGN, _SIGN)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(QPen(ink, 1.5))
    if status is Status.EXCLUDED:
        painter.drawLine(QPointF(sign.left(), sign.center().y()), QPointF(sign.right(), sign.center().y()))
    elif status is Status.DRAFT:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(sign.adjusted(0.75, 0.75, -0.75, -0.75))
    else:
        painter.setBrush(ink)
        painter.drawEllipse(sign)
        painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    if rect.width() < 3 * _SIGN:
        return
    painter.setPen(colour)
    beside = rect.adjusted(0, 0, -_SIGN - 6, 0) if mirrored else rect.adjusted(_SIGN + 6, 0, 0, 0)
    painter.drawText(beside, _LEFT, word)


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
