"""Widgets in an active window of their own, and what hands do to them."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot


def shown(qtbot: QtBot, *widgets: QWidget) -> QWidget:
    """The widgets in an active window, which lives as long as they do; below them a field for the focus to go to."""
    window = QWidget()
    layout = QVBoxLayout(window)
    rest = QLineEdit()
    for widget in (*widgets, rest):
        layout.addWidget(widget)
        widget.kept_window = window  # type: ignore[attr-defined]
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    rest.setFocus()
    return window


def roll(widget: QWidget) -> None:
    """Turn the wheel over a widget."""
    place = QPointF(widget.rect().center())
    rest = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False
    event = QWheelEvent(place, QPointF(widget.mapToGlobal(place)), QPoint(), QPoint(0, 120), *rest)
    QApplication.sendEvent(widget, event)


def retype(qtbot: QtBot, field: QWidget, text: str) -> None:
    """Select what a field holds and type something else."""
    field.setFocus()
    field.selectAll()  # type: ignore[attr-defined]
    qtbot.keyClicks(field, text)
