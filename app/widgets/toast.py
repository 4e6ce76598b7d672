"""A short message over the bottom of the window that goes by itself, with at most one act (Undo)."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakSet

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget
from shiboken6 import isValid

from app.theme import SPACE

SHOWN_MS = 6000
_CLEAR: WeakSet[QWidget] = WeakSet()


def keep_clear(bar: QWidget) -> None:
    """Let no message lie over a bar with buttons: messages stand above it."""
    _CLEAR.add(bar)


class Toast(QFrame):
    """One message; the next takes its place. It waits while the pointer is over it."""

    def __init__(self, window: QWidget, text: str, act: str = "", on_act: Callable[[], object] | None = None) -> None:
        super().__init__(window)
        self.setProperty("kind", "toast")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.text = text
        self.setAccessibleName(text)
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        room = max(window.width() - 320, 200)
        if label.sizeHint().width() > room:
            label.setWordWrap(True)
            label.setFixedWidth(room)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE.CARD, SPACE.UNIT, SPACE.FIELD, SPACE.UNIT)
        row.setSpacing(SPACE.CARD)
        row.addWidget(label)
        self.button = QPushButton(act)
        self.button.setVisible(bool(act))
        self.button.clicked.connect(self.close)
        if on_act is not None:
            self.button.clicked.connect(lambda: on_act())
        row.addWidget(self.button)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.close)
        self._timer.start(SHOWN_MS)
        window.installEventFilter(self)
        for bar in self._bars():
            bar.installEventFilter(self)
        self._place()
        self.show()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in the middle of the bottom while the window changes its size, and off a bar that comes or moves."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show):
            self._place()
            QTimer.singleShot(0, self, self._place)  # when all layouts have followed
        return super().eventFilter(watched, event)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Do not go while being read."""
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Go some time after the pointer left."""
        self._timer.start(SHOWN_MS)
        super().leaveEvent(event)

    def _place(self) -> None:
        window = self.parentWidget()
        self.adjustSize()
        place = QRect(QPoint(0, 0), self.size())
        place.moveTo((window.width() - self.width()) // 2, window.height() - self.height() - SPACE.PAGE)
        bars = [in_sight(bar, window) for bar in self._bars() if bar.isVisible()]
        for bar in sorted(bars, key=QRect.bottom, reverse=True):
            if place.intersects(bar):
                place.moveBottom(bar.top() - SPACE.UNIT)
        self.move(place.x(), max(place.y(), 0))

    def _bars(self) -> list[QWidget]:
        return [bar for bar in _CLEAR if isValid(bar) and bar.window() is self.parentWidget()]


def in_sight(part: QWidget, window: QWidget) -> QRect:
    """The part of a widget that is not scrolled out of sight, in its window; empty if it all is."""
    seen, inside = part.rect(), part
    while inside is not window:
        seen.translate(inside.pos())
        inside = inside.parentWidget()
        seen &= inside.rect()
    return seen


UNDO = "Undo"


def offered_undo(window: QWidget) -> QPushButton | None:
    """The button of a message in sight that takes something back, if there is one: Ctrl+Z means that first."""
    shown = (toast for toast in window.findChildren(Toast) if toast.isVisible() and toast.button.text() == UNDO)
    return next((toast.button for toast in shown), None)


def show_toast(near: QWidget, text: str, *, act: str = "", on_act: Callable[[], object] | None = None) -> Toast:
    """Say something in passing in the window of ``near``; ``act`` names a button, for example "Undo"."""
    window = near.window()
    for earlier in window.findChildren(Toast):
        earlier.close()
    return Toast(window, text, act, on_act)
