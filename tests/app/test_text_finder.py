"""Words are found in all fields of the form, counted, marked and walked through."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.widgets.example_form import ExampleForm
from app.widgets.plain_editor import PlainEditor
from core.dataset.example import Example, Turn

HISTORY = (Turn("user", "The ferry?"), Turn("assistant", "At nine."))
WHOLE = Example("Say 🚀 when the ferry goes.", "", "The ferry goes at ten.", history=HISTORY, note="the end", id=7)
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def form(qtbot: QtBot) -> ExampleForm:
    form = ExampleForm()
    qtbot.addWidget(form)
    form.resize(440, 660)
    form.show()
    with qtbot.waitActive(form):
        form.activateWindow()
    form.show_example(WHOLE)
    return form


def selected(form: ExampleForm) -> list[tuple[str, str, int]]:
    editors = form.findChildren(PlainEditor)
    return [
        (editor.accessibleName(), cursor.selectedText(), cursor.selectionStart())
        for editor in editors
        if (cursor := editor.textCursor()).hasSelection()
    ]


def test_finds_in_all_fields(form: ExampleForm) -> None:
    form.fields["instruction"].editor.setFocus()
    form.find()
    assert form.finder.bar.line.hasFocus()
    QTest.keyClicks(form.finder.bar.line, "the")
    assert form.finder.bar.words() == "2 of 4"
    assert selected(form)[-1] == ("Instruction", "the", len("Say 🚀 when ") + 1)  # a rocket is two of Qt's characters
    assert len(form.fields["output"].editor.extraSelections()) == 1
    QTest.keyClick(form.finder.bar.line, Qt.Key.Key_Return)
    QTest.keyClick(form.finder.bar.line, Qt.Key.Key_Return)
    assert form.finder.bar.words() == "4 of 4"
    assert form.details.is_open  # the note was folded away
    QTest.keyClick(form.finder.bar.line, Qt.Key.Key_Return)
    assert form.finder.bar.words() == "1 of 4"
    QTest.keyClick(form.finder.bar.line, Qt.Key.Key_Return, SHIFT)
    assert form.finder.bar.words() == "4 of 4"


def test_closing_leaves_the_cursor_at_the_place(form: ExampleForm) -> None:
    form.find()
    QTest.keyClicks(form.finder.bar.line, "goes at")
    QTest.keyClick(form.finder.bar.line, Qt.Key.Key_Escape)
    output = form.fields["output"].editor
    assert output.hasFocus()
    assert output.textCursor().selectedText() == "goes at"
    assert output.extraSelections() == []
    assert form.finder.bar.isHidden()


def test_looks_for_what_is_selected(form: ExampleForm) -> None:
    editor = form.fields["output"].editor
    editor.setFocus()
    assert editor.find("ferry")
    QTest.keyClick(editor, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier | SHIFT)
    assert form.finder.bar.line.text() == "ferry"
    assert form.finder.bar.words() == "3 of 3"


def test_what_is_typed_is_counted(qtbot: QtBot, form: ExampleForm) -> None:
    form.find()
    QTest.keyClicks(form.finder.bar.line, "nine")
    assert form.finder.bar.words() == "1 of 1"
    form.fields["output"].editor.moveCursor(QTextCursor.MoveOperation.End)
    QTest.keyClicks(form.fields["output"].editor, " Or nine.")
    qtbot.waitUntil(lambda: form.finder.bar.words() == "1 of 2")
    form.show_example(Example("other", id=8))
    qtbot.waitUntil(lambda: form.finder.bar.words() == "Not found")
    assert not form.finder.bar._next.isEnabled()


def test_signs_are_taken_as_they_are(form: ExampleForm) -> None:
    form.show_example(Example("a.b (c", "", "axb", id=9))
    form.find()
    for words, found in (("a.b", "1 of 1"), ("(c", "1 of 1"), ("\\", "Not found"), ("", "")):
        form.finder.bar.line.setText(words)
        assert form.finder.bar.words() == found


def test_counting_ends_early(form: ExampleForm) -> None:
    form.show_example(Example("e" * 5000, id=9))
    form.find()
    form.finder.bar.line.setText("e")
    assert form.finder.bar.words() == "1 of 1,000+"


def test_turns_that_have_no_field_yet_are_searched(form: ExampleForm) -> None:
    history = (Turn("user", "first"), *HISTORY * 15, Turn("assistant", "last"))
    form.show_example(Example("Say it", "", "first", history=history, id=9))
    form.find()
    form.finder.bar.line.setText("first")
    assert form.finder.bar.words() == "2 of 2"  # the one that is in sight
    form.finder.bar.next_wanted.emit()
    assert form.finder.bar.words() == "1 of 2"
    editor = form.turns.editor(0)
    assert editor.textCursor().selectedText() == "first"
    assert len(editor.extraSelections()) == 1


def test_a_place_can_be_shown_from_elsewhere(form: ExampleForm) -> None:
    form.tabs.setCurrentIndex(1)
    form.mark("instruction", 4, 5)
    editor = form.fields["instruction"].editor
    assert editor.textCursor().selectedText() == "🚀"
    assert editor.hasFocus()
