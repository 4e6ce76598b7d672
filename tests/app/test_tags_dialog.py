"""The dialog that adds tags to several examples and takes tags from them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from app.widgets.tags_dialog import TagsDialog


def test_enter_adds_the_tag_and_enter_again_presses_the_button(qtbot: QtBot) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    host.show()
    dialog = TagsDialog(3, ["polite"], host)
    dialog.open()
    wanted: list[tuple[object, ...]] = []
    dialog.wanted.connect(lambda *both: wanted.append(both))
    line = dialog.add.findChild(QLineEdit)
    QTest.keyClick(line, Qt.Key.Key_Return)  # nothing to do yet
    QTest.keyClicks(line, "new")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert (dialog.isVisible(), wanted) == (True, [])
    assert dialog.button.text() == "Add 1 tag"
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert (dialog.isVisible(), wanted) == (False, [(("new",), ())])
