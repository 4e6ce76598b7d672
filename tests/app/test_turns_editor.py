"""Earlier turns are written, added, moved and removed in the form, and hundreds of them cost little."""

from __future__ import annotations

import pytest
from form_bench import shown
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from app.widgets.turns_editor import TurnsEditor
from core.dataset.example import Turn

FOUR = (Turn("user", "Hello"), Turn("assistant", "Ahoy"), Turn("user", "Where?"), Turn("assistant", "There"))


@pytest.fixture
def editor(qtbot: QtBot) -> TurnsEditor:
    editor = TurnsEditor()
    shown(qtbot, editor).resize(440, 600)
    editor.load(FOUR)
    return editor


def texts(editor: TurnsEditor) -> list[str]:
    return [editor.editor(place).text() for place in range(len(editor.turns()))]


def menu_of(editor: TurnsEditor, place: int) -> dict[str, object]:
    menu: QMenu = editor._rows[place].menu
    menu.aboutToShow.emit()
    return {action.text(): action for action in menu.actions() if action.text()}


def choose(editor: TurnsEditor, place: int, words: str) -> None:
    menu_of(editor, place)[words].trigger()  # type: ignore[attr-defined]


def test_shows_all_turns_with_whose_they_are(editor: TurnsEditor) -> None:
    assert texts(editor) == ["Hello", "Ahoy", "Where?", "There"]
    assert editor.editor(1).accessibleName() == "Earlier turn 2, assistant"
    assert editor._fold.text() == "Earlier turns: 4"
    editor.load(())
    assert editor.isHidden()


def test_typing_in_a_turn(editor: TurnsEditor) -> None:
    edits: list[tuple[Turn, ...]] = []
    editor.edited.connect(edits.append)
    QTest.keyClicks(editor.editor(2), "x")
    assert edits == [(*FOUR[:2], Turn("user", "xWhere?"), FOUR[3])]
    assert editor.unsaved
    editor.mark_stored()
    assert not editor.unsaved


def test_what_else_is_done_to_turns(editor: TurnsEditor) -> None:
    told: list[tuple[Turn, ...]] = []
    editor.rearranged.connect(told.append)
    choose(editor, 2, "Move exchange up")
    assert texts(editor) == ["Where?", "There", "Hello", "Ahoy"]
    assert editor.editor(0).hasFocus()
    choose(editor, 1, "Remove exchange")
    assert texts(editor) == ["Hello", "Ahoy"]
    choose(editor, 0, "Add an exchange above")
    assert texts(editor) == ["", "", "Hello", "Ahoy"]
    assert editor.editor(0).hasFocus()
    choose(editor, 3, "Remove turn")
    assert texts(editor) == ["", "", "Hello"]
    assert "expect an answer in between" in editor._remark.text()
    choose(editor, 2, "Make it the assistant's turn")
    assert [turn.role for turn in editor.turns()] == ["user", "assistant", "assistant"]
    assert told[-1] == editor.turns()
    assert len(told) == 5


def test_what_cannot_be_done_is_not_offered(editor: TurnsEditor) -> None:
    first, last = menu_of(editor, 0), menu_of(editor, 3)
    assert not first["Move exchange up"].isEnabled()  # type: ignore[attr-defined]
    assert not last["Move exchange down"].isEnabled()  # type: ignore[attr-defined]
    editor.load(FOUR[:3])
    assert "Remove exchange" not in menu_of(editor, 0)
    assert "Move turn down" in menu_of(editor, 0)


def test_what_was_typed_before_is_handed_over_first(editor: TurnsEditor) -> None:
    order: list[str] = []
    editor.left.connect(lambda: order.append("left"))
    editor.rearranged.connect(lambda _turns: order.append("rearranged"))
    choose(editor, 0, "Move exchange down")
    assert order[:2] == ["left", "rearranged"]


def test_a_newer_state_keeps_the_cursor(editor: TurnsEditor) -> None:
    field = editor.editor(3)
    cursor = field.textCursor()
    cursor.setPosition(5)
    field.setTextCursor(cursor)
    editor.replace((*FOUR[:3], Turn("assistant", "Over There")))
    assert field.text() == "Over There"
    assert field.textCursor().position() == 10


def test_many_turns_are_shown_bit_by_bit(editor: TurnsEditor) -> None:
    editor.load(FOUR * 20)
    assert len(editor._rows) == 20
    assert editor._earlier.text() == "Show 20 earlier turns"
    assert editor.editor(79).text() == "There"
    editor._earlier.click()
    assert len(editor._rows) == 40
    assert editor.editor(0).text() == "Hello"
    assert not editor._earlier.isVisible()
    QTest.keyClicks(editor.editor(1), "x")
    assert editor.turns()[1] == Turn("assistant", "xAhoy")


def test_an_empty_turn_is_named_when_it_is_left(editor: TurnsEditor) -> None:
    editor.add_exchange()
    assert editor.editor(4).hasFocus()
    assert not editor._remark.isVisible()
    editor.parentWidget().findChild(QLineEdit).setFocus()
    assert "empty" in editor._remark.text()
    assert editor._remark.isVisible()


def test_folding(editor: TurnsEditor) -> None:
    editor.set_open(False)
    assert not editor._body.isVisible()
    editor.load(FOUR[:2])
    assert not editor._body.isVisible()
    assert editor._fold.text() == "Earlier turns: 2"
    editor.add_exchange()
    assert editor.editor(2).isVisible()


def test_reading_only(editor: TurnsEditor) -> None:
    editor.set_read_only(True)
    QTest.keyClicks(editor.editor(0), "x")
    assert editor.turns() == FOUR
    assert not editor._add.isVisible()
    assert not editor._rows[0]._more.isVisible()
