"""The forms that an adapter can be exported in, one a row: its name, its size or that it cannot be had, its readers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app import theme
from app.theme import SPACE

_ROLE = Qt.ItemDataRole.UserRole
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class FormWords:
    """A form as a row; ``is_open`` says whether the adapter can have it."""

    id: str
    title: str
    readers: str
    size: str
    is_open: bool


class FormList(QListWidget):
    """One of the forms is chosen, also one that cannot be had: what it says is why."""

    chosen = Signal(str)
    """(id)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Form of the export")
        self.setProperty("kind", "boxed")
        self.setItemDelegate(_Delegate(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.currentItemChanged.connect(self._on_current)

    @property
    def value(self) -> str:
        """The id of the chosen form; empty when there is none."""
        item = self.currentItem()
        return item.data(_ROLE).id if item is not None else ""

    def show_forms(self, forms: Sequence[FormWords]) -> None:
        """Offer these; the first that can be had is chosen."""
        self.clear()
        for words in forms:
            item = QListWidgetItem(words.title)
            item.setData(_ROLE, words)
            state = words.size if words.is_open else "not for this adapter"
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{words.title}, {state}. For {words.readers}.")
            self.addItem(item)
        first = next((row for row, words in enumerate(forms) if words.is_open), 0)
        self.setCurrentRow(first)

    def _on_current(self, current: QListWidgetItem | None) -> None:
        if current is not None:
            self.chosen.emit(current.data(_ROLE).id)


class _Delegate(QStyledItemDelegate):
    """Two lines: title and size, and the readers under them."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        """Room for both lines."""
        line = QFontMetrics(theme.ui_font()).height()
        small = QFontMetrics(theme.ui_font("small")).height()
        return QSize(0, line + small + 2 + 2 * SPACE.UNIT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw the row."""
        self.initStyleOption(option, index)
        words: FormWords = index.data(_ROLE)
        option.text = ""
        style = option.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        room = option.rect.adjusted(SPACE.FIELD, SPACE.UNIT, -SPACE.FIELD, -SPACE.UNIT)
        painter.save()
        strong, small = theme.ui_font(strong=True), theme.ui_font("small")
        metrics = QFontMetrics(small)
        state = words.size if words.is_open else "not for this one"
        height = QFontMetrics(strong).height()
        first = QRect(room.left(), room.top(), room.width(), height)
        enabled = bool(option.state & QStyle.StateFlag.State_Enabled)
        painter.setFont(small)
        painter.setPen(theme.colour("secondary" if enabled else "disabled"))
        painter.drawText(first, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, state)
        first.setWidth(room.width() - metrics.horizontalAdvance(state) - SPACE.UNIT)
        second = QRect(room.left(), first.bottom() + 2, room.width(), metrics.height())
        readers = metrics.elidedText(words.readers, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(second, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, readers)
        painter.setFont(strong)
        painter.setPen(theme.colour("disabled" if not enabled else "text" if words.is_open else "secondary"))
        title = QFontMetrics(strong).elidedText(words.title, Qt.TextElideMode.ElideRight, first.width())
        painter.drawText(first, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
        painter.restore()
