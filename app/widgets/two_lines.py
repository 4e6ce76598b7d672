"""Draws the entries of a list in two lines, a name and a smaller note, each shortened to the room there is."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QListWidgetItem, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app import theme
from app.theme import SPACE

_NOTE, _STATE, _MUTED = (Qt.ItemDataRole.UserRole + number for number in (1, 2, 3))
_Index = QModelIndex | QPersistentModelIndex
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def two_line_item(title: str, note: str, *, state: str = "", muted: bool = False) -> QListWidgetItem:
    """An entry for a list that :class:`TwoLines` draws.

    Args:
        title: the first line.
        note: the second.
        state: small, at the right end of the first line.
        muted: whether it is drawn as something that cannot be had.
    """
    item = QListWidgetItem(title)
    item.setData(_NOTE, note)
    item.setData(_STATE, state)
    item.setData(_MUTED, muted)
    item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{title}: {note}")
    return item


class TwoLines(QStyledItemDelegate):
    """All text is plain."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """Room for both lines."""
        strong, small = _fonts()
        return QSize(0, QFontMetrics(strong).height() + QFontMetrics(small).height() + 2 + 2 * SPACE.UNIT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """The style draws what is behind, so that choice and hover look as in other lists."""
        self.initStyleOption(option, index)
        option.text = ""
        option.widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        room = option.rect.adjusted(SPACE.FIELD, SPACE.UNIT, -SPACE.FIELD, -SPACE.UNIT)
        title, note = index.data(Qt.ItemDataRole.DisplayRole) or "", index.data(_NOTE) or ""
        state, muted = index.data(_STATE) or "", bool(index.data(_MUTED))
        enabled = bool(option.state & QStyle.StateFlag.State_Enabled)
        strong, small = _fonts()
        first = QRect(room.left(), room.top(), room.width(), QFontMetrics(strong).height())
        second = QRect(room.left(), first.bottom() + 2, room.width(), QFontMetrics(small).height())
        painter.save()
        painter.setFont(small)
        painter.setPen(theme.colour("secondary" if enabled else "disabled"))
        if state:
            painter.drawText(first, _RIGHT, state)
            first.setWidth(room.width() - QFontMetrics(small).horizontalAdvance(state) - SPACE.UNIT)
        painter.drawText(second, _LEFT, _shortened(note, small, second))
        painter.setFont(strong)
        painter.setPen(theme.colour("disabled" if not enabled else "secondary" if muted else "text"))
        painter.drawText(first, _LEFT, _shortened(title, strong, first))
        painter.restore()


def _shortened(text: str, font: QFont, room: QRect) -> str:
    return QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, room.width())


def _fonts() -> tuple[QFont, QFont]:
    return theme.ui_font(strong=True), theme.ui_font("small")
