"""A field over a list of everything that can be done now: type some letters, press Enter."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.theme import SPACE

ROW_HEIGHT = 36
ROWS_SHOWN = 9
_ACTION = Qt.ItemDataRole.UserRole


class CommandPalette(QDialog):
    """Opens over the upper middle of its parent and triggers one action at most."""

    def __init__(self, actions: Sequence[QAction], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.FramelessWindowHint | Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("kind", "popup")
        self.setAccessibleName("Commands")
        self._actions = [action for action in actions if action.text() and not action.isSeparator()]
        self.field = QLineEdit()
        self.field.setPlaceholderText("What would you like to do?")
        self.field.setAccessibleName("Find a command")
        self.field.textChanged.connect(self._filter)
        self.field.installEventFilter(self)
        self.list = QListWidget()
        self.list.setAccessibleName("Commands")
        self.list.setItemDelegate(_ActionDelegate(self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.itemClicked.connect(lambda _item: self._run())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.UNIT, SPACE.UNIT, SPACE.UNIT, SPACE.UNIT)
        layout.setSpacing(SPACE.UNIT)
        layout.addWidget(self.field)
        layout.addWidget(self.list)
        self._nothing = QLabel("No command fits these letters.", self.list)
        self._nothing.setProperty("kind", "secondary")
        self._nothing.setContentsMargins(SPACE.FIELD, SPACE.FIELD, 0, 0)
        self._filter("")
        self._place(parent)
        self.field.setFocus()

    def shown(self) -> list[str]:
        """The words of the commands that fit what was typed, best first."""
        return [self.list.item(row).text() for row in range(self.list.count())]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the arrow keys and Enter reach the list while the field has the focus."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
            key = Qt.Key(event.key())
            if key in step and self.list.count():
                row = self.list.currentRow() + step[key]
                self.list.setCurrentRow(min(max(row, 0), self.list.count() - 1))
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run()
                return True
        return super().eventFilter(watched, event)

    def _filter(self, typed: str) -> None:
        scored = [(score(typed, action.text()), action) for action in self._actions if action.isEnabled()]
        fitting = sorted((pair for pair in scored if pair[0] is not None), key=lambda pair: pair[0] or 0.0)
        self.list.clear()
        for _score, action in fitting:
            item = QListWidgetItem(action.icon(), action.text().rstrip("…"))
            item.setData(_ACTION, action)
            item.setSizeHint(QSize(0, ROW_HEIGHT))
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self._nothing.setVisible(not fitting)

    def _run(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            action = item.data(_ACTION)
            self.close()
            action.trigger()

    def _place(self, parent: QWidget) -> None:
        width = min(560, parent.width() - 2 * SPACE.PAGE)
        self.resize(width, 2 * SPACE.UNIT + 48 + ROWS_SHOWN * ROW_HEIGHT)
        corner = parent.mapToGlobal(parent.rect().topLeft())
        self.move(corner.x() + (parent.width() - width) // 2, corner.y() + 96)


def score(typed: str, words: str) -> float | None:
    """How well words fit what was typed, lower is better; None when they do not.

    All typed letters must occur in order; starts of words and unbroken stretches count more.
    """
    place, total, low = -1, 0.0, words.lower()
    for letter in typed.lower().replace(" ", ""):
        found = low.find(letter, place + 1)
        if found < 0:
            return None
        starts_word = found == 0 or not low[found - 1].isalnum()
        total += 0 if found == place + 1 else (1 if starts_word else 3 + found / 50)
        place = found
    return total


class _ActionDelegate(QStyledItemDelegate):
    """Icon, words, and the shortcut at the right end."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: object) -> None:
        action: QAction = index.data(_ACTION)  # type: ignore[attr-defined]
        area: QRect = option.rect
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("selection"))
            painter.drawRoundedRect(area, theme.RADIUS_CONTROL, theme.RADIUS_CONTROL)
        action.icon().paint(painter, QRect(area.x() + 10, area.y() + (area.height() - 18) // 2, 18, 18))
        text = area.adjusted(38, 0, -12, 0)
        painter.setPen(theme.colour("text"))
        words = action.text().rstrip("…")
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
        painter.setPen(theme.colour("secondary"))
        keys = action.shortcut().toString(action.shortcut().SequenceFormat.NativeText)
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, keys)
        painter.restore()
