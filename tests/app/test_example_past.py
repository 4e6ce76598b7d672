"""Earlier turns, layout and history on the Examples page: stored, undone, remembered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from example_bench import make_project, stored, until
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.pages.examples import ExamplesPage
from app.session import Session
from core.dataset.example import Example, Turn

CONTROL = Qt.KeyboardModifier.ControlModifier
HISTORY = (Turn("user", "Hello"), Turn("assistant", "Ahoy"))
ONE = Example("Greet Anna", "", "Ahoy, Anna!", history=HISTORY, id=1)


@pytest.fixture
def page(qtbot: QtBot, tmp_path: Path) -> Iterator[ExamplesPage]:
    session = Session()
    page = ExamplesPage(session)
    qtbot.addWidget(page)
    page.resize(1064, 800)
    page.show()
    with qtbot.waitActive(page):
        page.activateWindow()
    session.open(make_project(tmp_path / "project", [ONE]))
    until(qtbot, lambda: page.form.example() == ONE)
    yield page
    page.hide()
    session.close()


def test_turns_are_stored_and_undone(qtbot: QtBot, page: ExamplesPage) -> None:
    turns = page.form.turns
    turns.add_exchange()
    assert len(stored(page.session)[0].history) == 4
    QTest.keyClicks(turns.editor(2), "Who?")
    assert stored(page.session)[0].history[2] == Turn("user", "Who?")
    QTest.keyClick(turns.editor(2), Qt.Key.Key_Z, CONTROL)
    until(qtbot, lambda: page.form.example().history[2].content == "", "typing was not taken back")
    QTest.keyClick(turns.editor(2), Qt.Key.Key_Z, CONTROL)
    until(qtbot, lambda: page.form.example() == ONE, "the added exchange was not taken back")
    assert stored(page.session) == [ONE]
    assert len(turns.turns()) == 2


def test_going_on_with_the_conversation(qtbot: QtBot, page: ExamplesPage) -> None:
    page.form.continue_conversation()
    after = stored(page.session)[0]
    assert after.history == (*HISTORY, Turn("user", "Greet Anna"), Turn("assistant", "Ahoy, Anna!"))
    assert (after.instruction, after.output) == ("", "")
    assert page.form.fields["instruction"].editor.hasFocus()
    QTest.keyClick(page.form.fields["instruction"].editor, Qt.Key.Key_Z, CONTROL)
    until(qtbot, lambda: page.form.example() == ONE)
    assert page.form.fields["output"].editor.text() == "Ahoy, Anna!"


def test_an_old_version_is_put_back_in_one_step(qtbot: QtBot, page: ExamplesPage) -> None:
    form = page.form
    form.fields["output"].editor.selectAll()
    QTest.keyClicks(form.fields["output"].editor, "Hail!")
    form.tabs.setCurrentWidget(form.story)
    until(qtbot, lambda: form.story.list.count() == 2)
    until(qtbot, lambda: form.story.button.isEnabled())
    form.story.button.click()
    until(qtbot, lambda: form.fields["output"].editor.text() == "Ahoy, Anna!")
    until(qtbot, lambda: form.story.list.count() == 3, "the history does not show the newest change")
    assert stored(page.session) == [ONE]
    page.session.undo()
    until(qtbot, lambda: form.fields["output"].editor.text() == "Hail!")
    assert stored(page.session) == [replace(ONE, output="Hail!")]


def test_a_new_example_has_no_history(qtbot: QtBot, page: ExamplesPage) -> None:
    page.desk.new()
    page.form.tabs.setCurrentWidget(page.form.story)
    assert page.form.story._words.text() == "Nothing is stored of this example yet."


def test_the_layout_is_remembered(qtbot: QtBot, page: ExamplesPage) -> None:
    page.form.set_side_by_side(True)
    other = ExamplesPage(page.session)
    qtbot.addWidget(other)
    assert other.form._beside.isChecked()
    page.form.set_side_by_side(False)
