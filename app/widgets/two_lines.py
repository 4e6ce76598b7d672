"""Draws the entries of a list in two lines, a name and a smaller note, each shortened to the room there is."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QApplication, QListWidgetItem, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app import theme
from app.theme import SPACE
from app.widgets.plain_tip import plain_tip

_NOTE = Qt.ItemDataRole.UserRole + 1


def two_line_item(title: str, note: str) -> QListWidgetItem:
    """An entry for a list that :class:`TwoLines` draws."""
    item = QListWidgetItem(title)
    item.setData(_NOTE, note)
    item.setToolTip(plain_tip(f"{title}\n{note}"))
    item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{title}: {note}")
    return item


class TwoLines(QStyledItemDelegate):
    """All text is plain."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Room for both lines."""
        title, note = _fonts()
        return QSize(0, QFontMetrics(title).height() + QFontMetrics(note).height() + 2 * SPACE.HALF + 2)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The style draws what is behind, so that choice and hover look as in other lists."""
        style = option.widget.style() if option.widget is not None else QApplication.style()  # type: ignore[attr-defined]
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget)  # type: ignore[attr-defined]
        room: QRect = option.rect.adjusted(SPACE.FIELD, SPACE.HALF, -SPACE.UNIT, -SPACE.HALF)  # type: ignore[attr-defined]
        lines = (index.data(Qt.ItemDataRole.DisplayRole), "text"), (index.data(_NOTE), "secondary")
        painter.save()
        for (text, colour), font in zip(lines, _fonts(), strict=True):
            metrics = QFontMetrics(font)
            painter.setFont(font)
            painter.setPen(theme.colour(colour))
            line = QRect(room.left(), room.top(), room.width(), metrics.height())
            shown = metrics.elidedText(text or "", Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
            room.setTop(line.bottom() + 3)
        painter.restore()


def _fonts() -> tuple[QFont, QFont]:
    return theme.ui_font(), theme.ui_font("small")
