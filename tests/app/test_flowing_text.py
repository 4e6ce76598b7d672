"""A text that grows: as high as its lines, and what the reader has marked stays marked."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.widgets.flowing_text import FlowingText


@pytest.fixture
def place(qtbot: QtBot) -> QWidget:
    place = QWidget()
    qtbot.addWidget(place)
    return place


@pytest.fixture
def text(place: QWidget) -> FlowingText:
    column = QVBoxLayout(place)
    text = FlowingText()
    column.addWidget(text)
    column.addStretch(1)
    place.resize(300, 400)
    place.show()
    return text


def test_it_is_as_high_as_its_lines(qtbot: QtBot, place: QWidget, text: FlowingText) -> None:
    text.set_text("One line")
    one = text.height()
    text.add("\nand another")
    qtbot.waitUntil(lambda: text.height() > one * 1.5)
    assert text.text() == "One line\nand another"
    high = text.height()
    place.resize(90, 400)
    qtbot.waitUntil(lambda: text.height() > high)
    text.set_text("")
    qtbot.waitUntil(lambda: text.height() == one)


def test_text_is_text_and_what_is_marked_stays_marked(text: FlowingText) -> None:
    text.set_text("<b>bold</b> &amp; more")
    assert text.toPlainText() == "<b>bold</b> &amp; more"
    cursor = text.textCursor()
    cursor.setPosition(0)
    cursor.setPosition(3, QTextCursor.MoveMode.KeepAnchor)
    text.setTextCursor(cursor)
    text.add(" comes")
    text.set_text("<b>bold</b> &amp; more comes, and more")
    assert text.textCursor().selectedText() == "<b>"
    assert text.toPlainText() == "<b>bold</b> &amp; more comes, and more"
