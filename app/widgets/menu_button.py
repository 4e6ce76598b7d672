"""Buttons with a menu: they look at rest again once it is closed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QAbstractButton, QApplication, QMenu, QPushButton, QToolButton


def add_menu(button: QToolButton | QPushButton, menu: QMenu) -> None:
    """Give a button a menu.

    While the menu is open it has the mouse, so the button never hears that the pointer has left. Where an entry opens a
    dialog or moves the button it would not hear of it later either, and stay highlighted: it is told here.
    """
    button.setMenu(menu)
    menu.aboutToHide.connect(_Rest(button).soon)


class _Rest(QObject):
    """Belongs to a button, and keeps no hold of it that would outlive its window."""

    def soon(self) -> None:
        QTimer.singleShot(0, self._rest)

    def _rest(self) -> None:
        button = self.parent()
        if not isinstance(button, QAbstractButton):
            return
        button.setDown(False)
        if button.underMouse() and not button.rect().contains(button.mapFromGlobal(QCursor.pos())):
            QApplication.sendEvent(button, QEvent(QEvent.Type.Leave))  # Qt takes its "under the mouse" away with it
        button.update()
