"""What the keyboard writes into a plain editor is what stands in it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.widgets.plain_editor import PlainEditor


@pytest.mark.parametrize("modifier", [Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier])
def test_empty_lines_are_written(qtbot: QtBot, modifier: Qt.KeyboardModifier) -> None:
    editor = PlainEditor()
    qtbot.addWidget(editor)
    for letter in "Dear Anna,\n\nthank you.\n\n\nYours":
        if letter == "\n":
            QTest.keyClick(editor, Qt.Key.Key_Return, modifier)
        else:
            QTest.keyClick(editor, letter)
    assert editor.text() == "Dear Anna,\n\nthank you.\n\n\nYours"


def test_return_changes_nothing_that_can_only_be_read(qtbot: QtBot) -> None:
    editor = PlainEditor()
    qtbot.addWidget(editor)
    editor.load("as it is")
    editor.setReadOnly(True)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert editor.text() == "as it is"
