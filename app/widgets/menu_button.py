"""Buttons with a menu: they look at rest again once it is closed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QToolButton


def add_menu(button: QToolButton | QPushButton, menu: QMenu) -> None:
    """Give a button a menu.

    While the menu is open it has the mouse, so the button never hears that the pointer has left. Where an entry opens a
    dialog or moves the button it would not hear of it later either, and stay highlighted: it is told here.
    """
    button.setMenu(menu)
    menu.aboutToHide.connect(lambda: QTimer.singleShot(0, button, lambda: _rest(button)))


def _rest(button: QToolButton | QPushButton) -> None:
    button.setDown(False)
    if button.underMouse() and not button.rect().contains(button.mapFromGlobal(QCursor.pos())):
        QApplication.sendEvent(button, QEvent(QEvent.Type.Leave))  # Qt takes its "under the mouse" away with it
    button.update()
