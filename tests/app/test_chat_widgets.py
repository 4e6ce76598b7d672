"""The parts of the chat: the head of a column, the sampling fields, a slider with texts, a text written anew."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.widgets.chat_head import ChatHead
from app.widgets.chat_list import ChatList
from app.widgets.named_slider import NamedSlider
from app.widgets.plain_editor import PlainEditor
from app.widgets.rewriting import MessageEditor, Rewriting
from app.widgets.sampling_fields import SamplingFields, parse_stops, written_stops
from core.chat.conversation import Column, Exchange, Part
from core.generation.sampling import Sampling


@dataclass
class Offered:
    adapters: dict[str, str] = field(default_factory=lambda: {"0001-a": "Run 1 · A", "0002-b": "Run 2 · B"})
    steps: dict[str, tuple[int, ...]] = field(default_factory=lambda: {"0001-a": (100, 1200)})
    base: str = "Starter"
    prompt: str = ""


@pytest.fixture
def head(qtbot: QtBot) -> ChatHead:
    head = ChatHead(Column(id=3))
    qtbot.addWidget(head)
    head.set_choices(Offered())
    head.show()
    return head


def test_the_base_model_and_the_prompt_say_what_they_are(head: ChatHead) -> None:
    assert head.note.text() == "Starter"
    assert not head.tune.isVisible()
    head.set_column(Column(id=3, kind="prompt"))
    assert "None is written yet" in head.note.text()
    head.set_choices(Offered(prompt="your system prompt and 3 examples"))
    assert head.note.text() == "Told first: your system prompt and 3 examples"


def test_the_checkpoint_slider_ends_at_the_adapter_itself(qtbot: QtBot, head: ChatHead) -> None:
    head.set_column(Column(id=3, kind="adapter", parts=(Part(key="0001-a"),)))
    head.tune.click()
    (row,) = head.rows
    assert row.step.text == "the end"
    with qtbot.waitSignal(head.changed) as wanted:
        row.step.slider.setValue(1)
    assert wanted.args == [Column(id=3, kind="adapter", parts=(Part(key="0001-a@1200"),))]
    assert row.step.text == "1,200"
    head.tune.click()
    assert head.note.text() == "step 1,200"
    head.tune.click()
    head.set_column(Column(id=3, kind="adapter", parts=(Part(key="0002-b"),)))
    assert not row.step.isVisible(), "no checkpoint of that one is there"


def test_an_adapter_and_a_checkpoint_that_are_gone_stay_in_sight(head: ChatHead) -> None:
    head.set_column(Column(id=3, kind="adapter", parts=(Part(key="0009-x"),)))
    assert head.who.currentText() == "0009-x (gone)"
    head.set_column(Column(id=3, kind="adapter", parts=(Part(key="0001-a@700"),)))
    head.tune.click()
    assert head.rows[0].step.text == "700"


def test_another_adapter_in_its_place_leaves_the_mix(qtbot: QtBot, head: ChatHead) -> None:
    mix = (Part(key="0001-a", weight=0.5), Part(key="0002-b", weight=0.25))
    head.set_column(Column(id=3, kind="adapter", parts=mix))
    with qtbot.waitSignal(head.changed) as wanted:
        head.who.value_changed.emit("0002-b")
    assert wanted.args[0].parts == (Part(key="0002-b"),), "not twice the same"
    with qtbot.waitSignal(head.changed) as wanted:
        head.who.value_changed.emit("base")
    assert wanted.args[0] == Column(id=3)


def test_a_mix_begins_with_half_of_each(qtbot: QtBot, head: ChatHead) -> None:
    head.set_column(Column(id=3, kind="adapter", parts=(Part(key="0001-a"),)))
    head.tune.click()
    with qtbot.waitSignal(head.changed) as wanted:
        head.mix.click()
    assert wanted.args[0].parts == (Part(key="0001-a", weight=0.5), Part(key="0002-b", weight=0.5))
    assert not head.mix.isVisible(), "there is no third one"


def test_a_slider_says_what_it_stands_at(qtbot: QtBot) -> None:
    slider = NamedSlider("Strength", ["low", "high"])
    qtbot.addWidget(slider)
    moves: list[int] = []
    slider.moved.connect(moves.append)
    slider.set_place(1)
    assert (slider.text, moves) == ("high", []), "only the user's moves are told"
    QTest.keyClick(slider.slider, Qt.Key.Key_Left)
    assert (slider.text, moves) == ("low", [0])
    assert slider.slider.accessibleName() == "Strength: low"


@pytest.fixture
def fields(qtbot: QtBot) -> SamplingFields:
    fields = SamplingFields()
    qtbot.addWidget(fields)
    fields.show()
    return fields


def test_every_setting_has_a_field_with_its_words(fields: SamplingFields) -> None:
    assert {*fields.fields, "stop"} == set(Sampling.model_fields)
    assert all(field.toolTip() for field in fields.fields.values())


def test_what_is_set_is_told_once(qtbot: QtBot, fields: SamplingFields) -> None:
    told: list[Sampling] = []
    fields.changed.connect(told.append)
    fields.show_sampling(Sampling(temperature=0.5))
    assert told == []
    fields.fields["temperature"].setText("0.8")
    fields.confirm()
    assert told == [Sampling(temperature=0.8)]
    fields.use_preset("balanced")
    assert told[-1] == Sampling(temperature=0.7, top_p=0.9)
    assert fields.preset == "balanced"


def test_stop_words_that_cannot_be_used_are_told(fields: SamplingFields) -> None:
    fields.stop.setText("x" * 201)
    fields.stop.editingFinished.emit()
    assert fields._problem.isVisible()
    assert fields.sampling.stop == ()
    fields.stop.setText("END")
    fields.stop.editingFinished.emit()
    assert not fields._problem.isVisible()
    assert fields.sampling.stop == ("END",)


@pytest.mark.parametrize(
    ("text", "stop"), [("", ()), (" , ", ()), ("END", ("END",)), ("a b, \\n\\n ,###", ("a b", "\n\n", "###"))]
)
def test_stop_words_as_they_are_typed(text: str, stop: tuple[str, ...]) -> None:
    assert parse_stops(text) == stop
    assert parse_stops(written_stops(stop)) == stop


def test_a_better_answer_must_differ_and_a_message_may_be_sent_again(qtbot: QtBot) -> None:
    better, message = (
        Rewriting(PlainEditor(), "Save", "hint"),
        Rewriting(MessageEditor(), "Send again", "hint"),
    )
    done: list[str] = []
    for rewriting in (better, message):
        qtbot.addWidget(rewriting)
        rewriting.done.connect(done.append)
        rewriting.show()
        rewriting.begin("text")
    assert not better.act.isEnabled()
    assert message.act.isEnabled()
    QTest.keyClick(message.editor, Qt.Key.Key_Return)
    QTest.keyClick(better.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert done == ["text"]
    better.activateWindow()
    better.editor.setFocus()
    qtbot.waitUntil(better.editor.hasFocus)
    better.editor.setPlainText(" better ")
    QTest.keyClick(better.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert done == ["text", "better"]
    message.set_may(False)
    QTest.keyClick(message.editor, Qt.Key.Key_Return)
    assert done == ["text", "better"]
    with qtbot.waitSignal(message.left):
        QTest.keyClick(message.editor, Qt.Key.Key_Escape)


def test_the_handle_of_the_scroll_bar_shows_where_there_is_something_to_scroll(qtbot: QtBot) -> None:
    view = ChatList()
    qtbot.addWidget(view)
    view.resize(600, 400)
    view.show()
    bar = view.verticalScrollBar()
    view.show_exchanges([Exchange(instruction="Where is it?")], [1])
    qtbot.waitUntil(lambda: bool(view.items))
    assert not bar.isEnabled()
    view.show_exchanges([Exchange(instruction="Where is it?")] * 9, [1])
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    assert bar.isEnabled()
