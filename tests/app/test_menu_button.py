"""A button with a menu does not stay highlighted."""

from __future__ import annotations

from example_bench import until
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QMenu, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from app.widgets.menu_button import add_menu


def test_a_button_is_at_rest_again_when_its_menu_is_closed(qtbot: QtBot) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    host.resize(800, 600)
    host.show()
    button, menu = QToolButton(host), QMenu(host)
    menu.addAction("Held-out")
    add_menu(button, menu)
    button.show()
    QCursor.setPos(button.mapToGlobal(QPoint(300, 300)))  # on the menu's entry
    button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse)  # as the press left it; the menu has had the mouse since
    button.setDown(True)
    menu.popup(button.mapToGlobal(QPoint(0, 30)))
    menu.close()
    until(qtbot, lambda: not button.underMouse() and not button.isDown())
