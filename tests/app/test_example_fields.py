"""The fields of an example in the order of the conversation, stacked or side by side."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.widgets.example_form import ExampleForm
from core.dataset.example import Example, Turn

PLAIN = Example("Greet Anna", "", "Ahoy!", id=1)


@pytest.fixture
def form(qtbot: QtBot) -> ExampleForm:
    form = ExampleForm()
    qtbot.addWidget(form)
    form.resize(440, 660)
    form.show()
    with qtbot.waitActive(form):
        form.activateWindow()
    form.show_example(PLAIN)
    return form


def place(form: ExampleForm, name: str) -> QPoint:
    return form.fields[name].mapTo(form, QPoint())


def beside(form: ExampleForm) -> bool:
    return place(form, "output").x() > place(form, "instruction").x()


def test_the_output_stands_beside_where_there_is_room(qtbot: QtBot, form: ExampleForm) -> None:
    assert not form._beside.isEnabled()
    assert "wider" in form._beside.toolTip()
    form.set_side_by_side(True)
    assert not beside(form)
    form.resize(800, 660)
    qtbot.waitUntil(lambda: beside(form))
    assert form._beside.isEnabled()
    form.resize(440, 660)
    qtbot.waitUntil(lambda: not beside(form))
    form.resize(800, 660)
    form.set_side_by_side(False)
    qtbot.waitUntil(lambda: not beside(form))


def test_typing_goes_on_when_the_layout_changes(qtbot: QtBot, form: ExampleForm) -> None:
    form.resize(800, 660)
    output = form.fields["output"].editor
    output.setFocus()
    form.set_side_by_side(True)
    assert output.hasFocus()
    QTest.keyClicks(output, "x")
    assert form.example().output == "xAhoy!"


def test_what_is_not_there_is_one_click_away(form: ExampleForm) -> None:
    fields = form._content
    assert not form.fields["system"].isVisible()
    assert form.turns.isHidden()
    fields.add_system.click()
    assert form.fields["system"].editor.hasFocus()
    fields.add_turns.click()
    assert [turn.role for turn in form.example().history] == ["user", "assistant"]
    assert form.turns.editor(0).hasFocus()
    assert not fields._adds.isVisible()
    form.show_example(PLAIN)
    assert not form.fields["system"].isVisible()
    assert fields._adds.isVisible()


def test_what_is_there_is_shown_above(form: ExampleForm) -> None:
    history = (Turn("user", "Hello"), Turn("assistant", "Ahoy"))
    form.show_example(Example("Greet", "", "Hail", system="Be kind.", history=history, id=2))
    assert form.fields["system"].isVisible()
    assert place(form, "system").y() < form.turns.mapTo(form, QPoint()).y() < place(form, "instruction").y()
    form.set_read_only(True)
    assert not form._content._adds.isVisible()


@pytest.mark.parametrize("wide", [False, True])
def test_tab_goes_through_the_conversation_in_its_order(form: ExampleForm, wide: bool) -> None:
    form.set_side_by_side(True)
    form.resize(900 if wide else 440, 660)
    history = (Turn("user", "Hello"), Turn("assistant", "Ahoy"))
    form.show_example(Example("Greet", "", "Hail", system="Be kind.", history=history, id=2))
    form.fields["system"].editor.setFocus()
    reached = []
    for _ in range(11):
        QTest.keyClick(form.focusWidget(), Qt.Key.Key_Tab)
        reached.append(form.focusWidget().accessibleName())
    order = [
        "Earlier turn 1, user",
        "Earlier turn 2, assistant",
        "Instruction",
        "Input",
        "Output",
        "Tags, note and split",
    ]
    assert [name for name in reached if name in order] == order


def test_writing_begins_in_sight(qtbot: QtBot, form: ExampleForm) -> None:
    history = (Turn("user", "Hello\n" * 9), Turn("assistant", "Ahoy\n" * 9)) * 4
    form.show_example(Example("Greet", "", "Hail", history=history, id=2))
    form.focus_first()
    editor = form.fields["instruction"].editor
    qtbot.waitUntil(lambda: not editor.visibleRegion().isEmpty())


def test_the_last_earlier_turn_can_go(form: ExampleForm) -> None:
    form.turns.add_exchange()
    form.turns.remove(range(0, 2))
    assert form.example().history == ()
    assert form.fields["instruction"].editor.hasFocus()
    assert form._content.add_turns.isVisible()


def test_values_from_elsewhere_are_edits_of_one_step(form: ExampleForm) -> None:
    told: list[str] = []
    form.left.connect(lambda: told.append("left"))
    form.edited.connect(lambda name, _value: told.append(name))
    form.put({"output": "Hail!", "input": "to Anna"})
    assert told == ["left", "output", "input", "left"]
    assert form.fields["output"].editor.text() == "Hail!"
    assert not form.fields["output"].editor.unsaved
