"""The plain editor keeps text exactly, and leaves undo of stored text to its owner."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.widgets.plain_editor import PlainEditor

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def editor(qtbot: QtBot) -> PlainEditor:
    editor = PlainEditor(placeholder="Write", lines=(2, 8))
    qtbot.addWidget(editor)
    editor.resize(300, 200)
    editor.show()
    return editor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "one",
        "a\nb\n\nc\n",
        "<b>bold</b> &amp;",
        "a\u00a0b\u200bc",
        "\ttab  two",
        "مرحبا\nشكرا",
        "日本語",
        "👩‍🚀🏳️‍🌈",
        "\u2028line",
    ],
)
def test_text_comes_back_as_it_was(editor: PlainEditor, text: str) -> None:
    editor.load(text)
    assert editor.text() == text.replace("\u2028", "\n") or editor.text() == text
    assert not editor.unsaved


def test_pasting_takes_the_words_only(editor: PlainEditor) -> None:
    data = QMimeData()
    data.setHtml("<h1>Big</h1>")
    data.setText("Big")
    editor.insertFromMimeData(data)
    assert editor.text() == "Big"
    assert "font-size:xx-large" not in editor.toHtml()
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile("/a.json")])
    assert not editor.canInsertFromMimeData(files)  # the page imports it


def test_only_the_user_edits(qtbot: QtBot, editor: PlainEditor) -> None:
    edits: list[str] = []
    editor.edited.connect(lambda: edits.append(editor.text()))
    editor.load("stored")
    editor.replace("stored elsewhere")
    assert edits == []
    QTest.keyClicks(editor, "x")
    assert len(edits) == 1
    assert editor.unsaved
    editor.mark_stored()
    assert not editor.unsaved


def test_undo_of_what_is_not_stored_is_the_editors(qtbot: QtBot, editor: PlainEditor) -> None:
    asked: list[str] = []
    editor.undo_wanted.connect(lambda: asked.append("undo"))
    editor.redo_wanted.connect(lambda: asked.append("redo"))
    editor.load("")
    QTest.keyClicks(editor, "abc")
    QTest.keyClick(editor, Qt.Key.Key_Z, CONTROL)
    assert editor.text() == ""
    QTest.keyClick(editor, Qt.Key.Key_Z, CONTROL | SHIFT)
    assert editor.text() == "abc"
    assert asked == []
    editor.mark_stored()
    QTest.keyClick(editor, Qt.Key.Key_Z, CONTROL)
    QTest.keyClick(editor, Qt.Key.Key_Y, CONTROL)
    QTest.keyClick(editor, Qt.Key.Key_Z, CONTROL | SHIFT)
    assert asked == ["undo", "redo", "redo"]
    assert editor.text() == "abc"


@pytest.mark.parametrize(
    ("newer", "place"),
    [("🚀 one two three", 3 + 7), ("one two three four", 7), ("one 2 three", 5), ("ONE two three", 7)],
)
def test_a_newer_state_leaves_the_cursor_where_it_is(editor: PlainEditor, newer: str, place: int) -> None:
    editor.load("one two three")
    cursor = editor.textCursor()
    cursor.setPosition(len("one two"))
    editor.setTextCursor(cursor)
    editor.replace(newer)
    assert editor.text() == newer
    assert editor.textCursor().position() == place


def test_taking_typing_back_leaves_the_cursor_at_its_end(editor: PlainEditor) -> None:
    editor.load("one two")
    editor.moveCursor(QTextCursor.MoveOperation.End)
    editor.replace("one")
    assert editor.textCursor().position() == 3
    editor.replace("one two")
    assert editor.textCursor().position() == 7


def test_grows_with_the_text_up_to_a_limit(qtbot: QtBot, editor: PlainEditor) -> None:
    heights = []
    for lines in (1, 4, 8, 100):
        editor.load("\n".join("x" * lines))
        heights.append(editor.sizeHint().height())
    assert heights[0] < heights[1] < heights[2] == heights[3]


def test_a_hundred_thousand_characters(editor: PlainEditor) -> None:
    text = "The harbour is quiet this morning. " * 2858
    editor.load(text)
    assert editor.text() == text
    editor.moveCursor(QTextCursor.MoveOperation.End)
    QTest.keyClicks(editor, "x")
    assert editor.text() == text + "x"
