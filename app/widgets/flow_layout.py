"""A layout that puts widgets side by side and goes on in the next line where there is no room."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class FlowLayout(QLayout):
    """Lines of widgets in reading order; mirrored where the language runs from right to left."""

    def __init__(self, parent: QWidget | None = None, *, spacing: int = 4, lines: int | None = None) -> None:
        """``spacing`` is the air between neighbours, ``lines`` that between lines (the same unless given)."""
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._lines = spacing if lines is None else lines
        self.setSpacing(spacing)
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        """Append (Qt calls this from ``addWidget``)."""
        self._items.append(item)

    def insert_widget(self, index: int, widget: QWidget) -> None:
        """Put ``widget`` before the one at ``index``."""
        self.addWidget(widget)
        self._items.insert(index, self._items.pop())
        self.invalidate()

    def count(self) -> int:
        """How many items there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """The item there, if any."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Remove and return an item."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """Takes no more than it needs."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """A narrower place needs more lines."""
        return True

    def heightForWidth(self, width: int) -> int:
        """The height of all lines at that width."""
        return self._arrange(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        """Put every item in its place."""
        super().setGeometry(rect)
        self._arrange(rect, move=True)

    def sizeHint(self) -> QSize:
        """All items in one line."""
        hints = [item.sizeHint() for item in self._items]
        width = sum(hint.width() + self.spacing() for hint in hints)
        return QSize(width, max((hint.height() for hint in hints), default=0))

    def minimumSize(self) -> QSize:
        """The largest single item."""
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _arrange(self, rect: QRect, *, move: bool) -> int:
        x, y, line = rect.x(), rect.y(), 0
        mirrored = move and self.parentWidget().isRightToLeft()
        placed: list[tuple[QLayoutItem, QRect]] = []
        for item in self._items:
            hint = item.sizeHint()
            last = item is self._items[-1]
            if line and x + (item.minimumSize() if last else hint).width() > rect.right() + 1:
                _place(placed, y, line)
                placed = []
                x, y, line = rect.x(), y + line + self._lines, 0
            if last and item.expandingDirections() & Qt.Orientation.Horizontal:
                hint.setWidth(max(rect.right() + 1 - x, item.minimumSize().width()))
            if move:
                left = rect.right() + 1 - (x - rect.x()) - hint.width() if mirrored else x
                placed.append((item, QRect(QPoint(left, y), hint)))
            x += hint.width() + self.spacing()
            line = max(line, hint.height())
        _place(placed, y, line)
        return y + line - rect.y()


def _place(items: list[tuple[QLayoutItem, QRect]], top: int, height: int) -> None:
    """Put the items of one line on its middle."""
    for item, place in items:
        place.moveTop(top + (height - place.height()) // 2)
        item.setGeometry(place)
