"""The form shows one example, tells of every edit, and never interrupts who is typing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel
from pytestqt.qtbot import QtBot

from app.example_words import SPLIT_WORDS
from app.widgets.example_form import ExampleForm
from core.dataset.example import Example, Split, Status

WHOLE = Example("Greet", "Anna", "Ahoy!", system="Be kind.", tags=("a", "b"), note="mine", split=Split.TRAIN, id=7)


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


def text(form: ExampleForm, name: str) -> str:
    return form.fields[name].editor.text()


def test_shows_every_field(form: ExampleForm) -> None:
    assert [text(form, name) for name in ("instruction", "input", "output", "system", "note")] == [
        "Greet", "Anna", "Ahoy!", "Be kind.", "mine",
    ]  # fmt: skip
    assert form.details.tags.tags() == ("a", "b")
    assert form.header.status() is Status.READY
    assert form.example() == WHOLE


def test_what_is_folded_away_is_named(form: ExampleForm) -> None:
    assert form.details._button.text() == f"More: 2 tags, note, {SPLIT_WORDS[Split.TRAIN].lower()}"
    form.details.set_open(True)
    assert form.details._button.text() == "More"
    form.show_example(Example())
    form.details.set_open(False)
    assert form.details._button.text() == "More"


def test_empty_fields_say_what_belongs_there(form: ExampleForm) -> None:
    for field in form.fields.values():
        assert field.editor.placeholderText()
        assert field.editor.accessibleName()


def test_edits_are_told_and_shown_at_once(qtbot: QtBot, form: ExampleForm) -> None:
    edits: list[tuple[str, object]] = []
    form.edited.connect(lambda name, value: edits.append((name, value)))
    QTest.keyClicks(form.fields["output"].editor, "O")
    form.header.status_chosen.emit(Status.DRAFT)
    assert edits == [("output", "OAhoy!"), ("status", Status.DRAFT)]
    assert form.example() == replace(WHOLE, output="OAhoy!", status=Status.DRAFT)
    assert form.fields["output"].counts() == "6 characters"


def test_showing_an_example_tells_of_no_edit(form: ExampleForm) -> None:
    edits: list[str] = []
    form.edited.connect(lambda name, _value: edits.append(name))
    form.show_example(Example("other"))
    form.renew(replace(WHOLE, output="newer"))
    assert edits == []


def test_the_split_explains_itself(form: ExampleForm) -> None:
    form.details.set_open(True)
    box = next(box for box in form.details.findChildren(QComboBox) if box.accessibleName() == "Split")
    splits: list[Split] = []
    form.details.split_changed.connect(splits.append)
    box.setCurrentIndex(2)
    box.activated.emit(2)
    assert splits == [Split.HELDOUT]
    assert form.example().split is Split.HELDOUT
    words = [label.text() for label in form.details.findChildren(QLabel)]
    assert "Never trained on; progress is measured on it." in words


def test_an_incomplete_example_is_a_draft_by_nature(form: ExampleForm) -> None:
    form.show_example(Example("Greet"))
    assert form.header.status() is Status.DRAFT
    assert "until it has an instruction and an output" in form.header._status.toolTip()
    QTest.keyClicks(form.fields["output"].editor, "A")
    assert form.header.status() is Status.READY


def test_a_newer_state_leaves_unsaved_words_alone(form: ExampleForm) -> None:
    QTest.keyClicks(form.fields["output"].editor, "Well, ")
    form.renew(replace(WHOLE, instruction="Hail", output="elsewhere"))
    assert text(form, "instruction") == "Hail"
    assert text(form, "output") == "Well, Ahoy!"
    assert form.example().output == "Well, Ahoy!"


def test_leaving_a_field_is_told(qtbot: QtBot, form: ExampleForm) -> None:
    form.fields["instruction"].editor.setFocus()
    with qtbot.waitSignal(form.left):
        QTest.keyClick(form.fields["instruction"].editor, Qt.Key.Key_Tab)
    assert form.fields["input"].editor.hasFocus()  # Tab goes on, it writes no tabulator


def test_what_is_chosen_is_a_status_and_not_its_text(form: ExampleForm) -> None:
    form.show_example(Example("Greet"))
    chosen: list[object] = []
    form.edited.connect(lambda _name, value: chosen.append(value))
    form.header._status.setCurrentIndex(1)
    form.header._status.activated.emit(1)
    assert chosen[0] is Status.READY
    assert form.header.status() is Status.DRAFT  # still: nothing is written for an answer


def test_reading_only(form: ExampleForm) -> None:
    form.set_read_only(True)
    QTest.keyClicks(form.fields["output"].editor, "x")
    assert text(form, "output") == "Ahoy!"
    assert not form.header._status.isEnabled()
    assert not form.details.tags.isEnabled()
    form.set_read_only(False)
    QTest.keyClicks(form.fields["output"].editor, "x")
    assert text(form, "output") == "xAhoy!"


def test_where_the_example_is(form: ExampleForm) -> None:
    header = form.header
    header.set_position(1234, 2, 5000)
    assert header.title() == "Example 1,234: 2 of 5,000"
    header.set_position(7, 0, 3)
    assert header.title() == "Example 7: Not in this list"
    header.set_position(-1, 0, 3)
    assert header.title() == "New example: Saved as you write"
    assert not header._next.isEnabled()
    assert header._previous.isEnabled()


def test_nothing_is_cut_off_in_a_narrow_window(qtbot: QtBot, form: ExampleForm) -> None:
    form.resize(400, 520)
    form.details.set_open(True)
    qtbot.wait(10)
    for field in form.fields.values():
        assert field.editor.height() >= field.editor.minimumSizeHint().height()
