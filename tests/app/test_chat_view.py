"""The Chat tab: columns answer, are set otherwise, corrected and taken back, and the model gives way to training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from adapter_factory import trained_run
from fake_model import ADAPTER_WORDS, BASE_WORDS, FakeModel, FakeModels
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app import answer_thread, machine_watch
from app.answers import State
from app.chat_words import ending_words
from app.pages.chat_view import ChatView
from app.pages.compare import ComparePage
from app.session import Session
from app.widgets.toast import Toast, in_sight
from core.chat import conversation as conversations
from core.chat.conversation import Column, Conversation, Part, Said
from core.dataset.example import Example, Split, Turn
from core.errors import ModelError
from core.project import Project
from core.prompt.best import BestPrompt
from core.runs import heavy
from core.runs.folder import RunFolder
from core.runs.heavy import Holder

HELD_OUT = Example(
    instruction="Answer the customer.",
    input="Where is it?",
    output="Dear customer, it is near.",
    system="Be brief.",
    history=(Turn("user", "Hi"), Turn("assistant", "Hello")),
    split=Split.HELDOUT,
)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "project", name="Harbour letters") as project:
        project.store.add([HELD_OUT])
        project.store.add([Example(instruction=f"Q{n}", output=f"A{n}", split=Split.TRAIN) for n in range(4)])
        yield project


@pytest.fixture
def runs(project: Project) -> list[RunFolder]:
    found = [trained_run(project.runs_folder, name=f"letters {n}") for n in range(2)]
    for run in found:
        (run.adapter / "adapter_config.json").write_text("{}", encoding="utf-8")
    return found


@pytest.fixture
def session(qtbot: QtBot, project: Project) -> Iterator[Session]:
    session = Session()
    session.use(project)
    yield session
    session.close()


@pytest.fixture
def models() -> FakeModels:
    return FakeModels()


@pytest.fixture
def page(qtbot: QtBot, runs: list[RunFolder], session: Session, models: FakeModels) -> Iterator[ComparePage]:
    page = ComparePage(session, make_model=models)
    qtbot.addWidget(page)
    page.resize(1040, 760)
    page.show_tab("chat")
    page.show_tab("chat")
    page.show()
    qtbot.waitUntil(lambda: page.chat.chat.loaded)
    yield page
    page.chat.chat.keeper.answers.release()
    qtbot.waitUntil(lambda: not answer_thread._living)


@pytest.fixture
def view(page: ComparePage) -> ChatView:
    return page.chat


def say(qtbot: QtBot, view: ChatView, text: str, until: Callable[[], bool] | None = None) -> None:
    view.composer.message.setPlainText(text)
    qtbot.keyClick(view.composer.message, Qt.Key.Key_Return)
    qtbot.waitUntil(until or (lambda: not view.chat.busy))


def texts(view: ChatView, number: int = -1) -> list[str]:
    return [answer.text for answer in view.list.items[number].answers.values()]


def only(models: FakeModels) -> FakeModel:
    assert len(models.made) == 1
    return models.made[0]


def toast(view: ChatView) -> Toast:
    (found,) = [one for one in view.window().findChildren(Toast) if one.isVisible()]
    return found


def overlaps(shown: Toast, part: QWidget) -> bool:
    return shown.geometry().intersects(in_sight(part, part.window()))


def test_a_new_conversation_has_the_base_model_and_the_newest_adapter(view: ChatView, runs: list[RunFolder]) -> None:
    assert [column.kind for column in view.chat.conversation.columns] == ["base", "adapter"]
    assert [head.who.currentText() for head in view.heads.values()] == ["Base model", "Run 2 · Letters 1"]
    assert view.empty.isVisible()
    assert not view.composer.send.isEnabled()
    assert view.composer.state.words == "Not loaded"
    assert view.composer.state.toolTip().startswith("The model is loaded with your first question")


def test_columns_that_nobody_chose_follow_the_newest_adapter(
    qtbot: QtBot, view: ChatView, project: Project, session: Session
) -> None:
    def train(name: str) -> RunFolder:
        run = trained_run(project.runs_folder, name=name, at=3_000_000.0)
        (run.adapter / "adapter_config.json").write_text("{}", encoding="utf-8")
        session.runs_changed.emit()
        return run

    newest = train("third")
    qtbot.waitUntil(lambda: view.chat.conversation.columns[-1].parts == (Part(key=newest.name),))
    assert len(view.heads) == 2
    view.chat.remove_column(2)
    train("fourth")
    qtbot.waitUntil(lambda: len(view.chat.facts.adapters) == 4)
    assert len(view.heads) == 1, "the user wants the base model alone"


def test_all_columns_answer_and_are_told_what_they_said_themselves(
    qtbot: QtBot, view: ChatView, models: FakeModels, runs: list[RunFolder]
) -> None:
    say(qtbot, view, "Where is my order 7?")
    assert texts(view) == [BASE_WORDS, ADAPTER_WORDS]
    assert view.list.items[0].answers[1].note == "4 tokens in 0.5 s, 8 a second"
    assert view.composer.message.text() == ""
    view.composer.show_system.click()
    view.composer.system.setPlainText("Be kind.")
    say(qtbot, view, "And order 8?")
    asked = [(example, adapter) for example, adapter, _ in only(models).asked]
    assert [adapter for _, adapter in asked] == [None, runs[1].adapter] * 2
    assert [turn.content for turn in asked[2][0].history] == ["Where is my order 7?", BASE_WORDS]
    assert [turn.content for turn in asked[3][0].history] == ["Where is my order 7?", ADAPTER_WORDS]
    assert asked[3][0].system == "Be kind."


def test_shift_enter_begins_a_new_line_and_nothing_is_sent_while_answers_come(
    qtbot: QtBot, view: ChatView, models: FakeModels
) -> None:
    models.hold_writing = True
    view.composer.message.setPlainText("one")
    qtbot.keyClick(view.composer.message, Qt.Key.Key_End)
    qtbot.keyClick(view.composer.message, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert view.composer.message.text() == "one\n"
    assert not view.chat.busy
    say(qtbot, view, "one", until=lambda: bool(view.list.items and texts(view)[0]))
    assert view.list.items[0].answers[1].note == "Writing…"
    assert view.list.items[0].answers[2].note == "Its turn comes"
    assert view.composer.stop.isVisible()
    view.composer.message.setPlainText("two")
    qtbot.keyClick(view.composer.message, Qt.Key.Key_Return)
    assert view.composer.message.text() == "two"
    assert len(view.list.items) == 1
    qtbot.keyClick(view.composer.message, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not view.chat.busy)
    assert [answer.note for answer in view.list.items[0].answers.values()] == ["Stopped", "Stopped"]
    assert texts(view)[0] == "Order"


def test_a_held_out_example_is_asked_as_it_stands_beside_what_is_expected(
    qtbot: QtBot, view: ChatView, models: FakeModels
) -> None:
    view.chat.remove_column(2)  # whose run held others out
    qtbot.waitUntil(lambda: [one.instruction for one in view.chat.facts.held_out] == [HELD_OUT.instruction])
    say(qtbot, view, "Something before")
    view.composer.heldout.next()
    assert "as a new conversation, with its system prompt and 2 earlier turns" in view.composer.note.text()
    qtbot.keyClick(view.composer.message, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not view.chat.busy)
    assert only(models).asked[-1][0].prompt_messages() == HELD_OUT.prompt_messages()
    item = view.list.items[1]
    assert item.expected.isVisible()
    assert item.expected.text == HELD_OUT.output
    assert not view.list.items[0].expected.isVisible()
    view.composer.heldout.next()
    view.composer.message.setPlainText("Another question")
    assert "goes on from here" in view.composer.note.text(), "what was changed is no example any more"


def test_columns_are_added_set_and_removed(
    qtbot: QtBot, view: ChatView, models: FakeModels, runs: list[RunFolder]
) -> None:
    say(qtbot, view, "One")
    view.add_column()
    assert view.chat.conversation.columns[-1].parts == (Part(key=runs[0].name),)
    assert view.list.items[0].answers[3].note == "Not asked"
    view.list.items[0].answers[3].again.click()
    qtbot.waitUntil(lambda: not view.chat.busy)
    assert texts(view) == [BASE_WORDS, ADAPTER_WORDS, ADAPTER_WORDS]
    assert only(models).asked[-1][1] == runs[0].adapter
    view.heads[1].who.setCurrentIndex(view.heads[1].who.findData("prompt"))
    view.heads[1].who.value_changed.emit("prompt")
    assert view.chat.conversation.column(1) == Column(id=1, kind="prompt")
    assert view.list.items[0].answers[1].by == "Base model", "who said it then"
    view.heads[2].remove.click()
    assert list(view.heads) == [1, 3]
    assert list(view.list.items[0].answers) == [1, 3]
    view.heads[3].remove.click()
    assert not view.heads[1].remove.isVisible(), "the last one stays"


def test_the_best_prompt_column_is_told_it_first(
    qtbot: QtBot, view: ChatView, models: FakeModels, project: Project
) -> None:
    project.set_best_prompt(BestPrompt(system="Write kindly.", examples=2))
    view.chat.set_column(Column(id=1, kind="prompt"))
    view.chat.remove_column(2)
    say(qtbot, view, "Hello")
    asked = only(models).asked[0][0]
    assert asked.system == "Write kindly."
    assert len(asked.history) == 4


def test_strength_and_mix(qtbot: QtBot, view: ChatView, models: FakeModels, runs: list[RunFolder]) -> None:
    head = view.heads[2]
    head.tune.click()
    assert head.rows[0].strength.text == "1.00"
    head.rows[0].strength.slider.setValue(12)
    assert view.chat.conversation.column(2).parts == (Part(key=runs[1].name, weight=0.6),)
    head.mix.click()
    head.rows[1].strength.slider.setValue(5)
    head.tune.click()
    assert head.note.text() == "× 0.60 + Run 1 · Letters 0 × 0.25"
    say(qtbot, view, "Hello")
    assert only(models).weights[-1] == ((runs[1].adapter, 0.6), (runs[0].adapter, 0.25))
    head.tune.click()
    head.rows[1].remove.click()
    assert view.chat.conversation.column(2).parts == (Part(key=runs[1].name, weight=0.6),)


def test_presets_and_every_setting(qtbot: QtBot, view: ChatView, models: FakeModels) -> None:
    composer = view.composer
    composer.presets.button("lively").click()
    composer.more.click()
    composer.fields.fields["max_new_tokens"].setValue(99)
    composer.fields.fields["top_k"].setValue(40)
    composer.fields.stop.setText("END, \\n\\n")
    assert composer.presets.value == "", "no preset draws like that"
    say(qtbot, view, "Hello")
    first = {"max_new_tokens": 99, "temperature": 1.0, "top_k": 40, "min_p": 0.05, "stop": ("END", "\n\n")}
    assert only(models).asked[0][2] == first
    view.again()
    qtbot.waitUntil(lambda: not view.chat.busy)
    assert only(models).asked[2][2] == {**first, "seed": 1}, "another take is drawn otherwise"
    assert len(view.list.items) == 1
    composer.presets.button("exact").click()
    assert view.chat.conversation.sampling.max_new_tokens == 99, "a preset leaves the length alone"


def test_a_message_is_edited_and_what_came_after_it_can_be_brought_back(
    qtbot: QtBot, view: ChatView, models: FakeModels
) -> None:
    for text in ("One", "Two", "Three"):
        say(qtbot, view, text)
    item = view.list.items[0]
    item.edit.click()
    assert item.rewriting.editor.text() == "One"
    item.rewriting.editor.setPlainText("Uno")
    qtbot.keyClick(item.rewriting.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not view.chat.busy)
    assert [one.text for one in view.chat.conversation.exchanges] == ["Uno"]
    assert len(view.list.items) == 1
    shown = toast(view)
    assert shown.text == "2 later messages went."
    shown.button.click()
    assert [one.text for one in view.chat.conversation.exchanges] == ["One", "Two", "Three"]
    assert texts(view) == [BASE_WORDS, ADAPTER_WORDS]


def test_it_is_said_that_a_question_goes_on_with_the_conversation(qtbot: QtBot, view: ChatView) -> None:
    composer = view.composer
    assert not composer.note.isVisible()
    assert not composer.clear.isVisible()
    say(qtbot, view, "One")
    assert composer.note.text() == "Your next message goes on from here: the earlier message goes along."
    say(qtbot, view, "Two")
    assert composer.note.text() == "Your next message goes on from here: 2 earlier messages go along."
    qtbot.waitUntil(lambda: bool(view.chat.facts.held_out))
    composer.heldout.next()
    assert "as a new conversation" in composer.note.text()
    assert not composer.clear.isVisible(), "it is one already"
    composer.message.setPlainText("Three")
    assert composer.clear.isVisible()
    assert composer.clear.text() == "New conversation"


def test_a_new_conversation_can_be_taken_back(qtbot: QtBot, view: ChatView) -> None:
    say(qtbot, view, "One")
    view.composer.clear.click()
    assert view.empty.isVisible()
    assert not view.composer.clear.isVisible()
    toast(view).button.click()
    assert texts(view) == [BASE_WORDS, ADAPTER_WORDS]


def test_a_corrected_answer_becomes_a_ready_example(
    qtbot: QtBot, page: ComparePage, view: ChatView, session: Session, project: Project
) -> None:
    say(qtbot, view, "Where is my order?")
    answer = view.list.items[0].answers[1]
    answer.correct.click()
    assert answer.rewriting.editor.text() == BASE_WORDS
    assert not answer.rewriting.act.isEnabled(), "nothing is better yet"
    answer.rewriting.editor.setPlainText("  Dear customer, here.\n")
    answer.rewriting.act.click()
    qtbot.waitUntil(lambda: len(project.store.ids()) == 6)
    example = project.store.get(6)
    assert example == Example(instruction="Where is my order?", output="Dear customer, here.", rejected=BASE_WORDS)
    assert example.is_ready
    qtbot.waitUntil(lambda: bool(view.window().findChildren(Toast)))
    with qtbot.waitSignal(page.examples_wanted) as asked:
        toast(view).button.click()
    assert asked.args == [[6], "The better answer"]
    assert texts(view)[0] == BASE_WORDS, "what was said stays as it was said"
    session.undo()
    qtbot.waitUntil(lambda: len(project.store.ids()) == 5)


def test_a_corrected_answer_is_marked_as_long_as_its_example_is_there(
    qtbot: QtBot, page: ComparePage, view: ChatView, session: Session, project: Project
) -> None:
    say(qtbot, view, "Where is my order?")
    answer, other = view.list.items[0].answers.values()
    answer.correct.click()
    answer.rewriting.editor.setPlainText("Dear customer, here.")
    answer.rewriting.act.click()
    qtbot.waitUntil(answer.better.isVisible)
    assert answer.better.text() == "You wrote a better one: example 6"
    assert not other.better.isVisible()
    with qtbot.waitSignal(page.examples_wanted) as asked:
        answer.better.click()
    assert asked.args[0] == [6]
    session.undo()
    qtbot.waitUntil(lambda: not answer.better.isVisible())
    session.redo()
    qtbot.waitUntil(answer.better.isVisible)
    answer.again.click()
    qtbot.waitUntil(lambda: not view.chat.busy)
    assert not answer.better.isVisible(), "this is another answer"


def test_what_is_said_of_a_kept_answer_lies_over_no_buttons_of_answers(qtbot: QtBot, view: ChatView) -> None:
    for number in range(5):  # more than there is room for
        say(qtbot, view, f"Where is my order {number}?")
    bar = view.list.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.value() == bar.maximum() > 0)
    answer = view.list.items[-1].answers[1]
    answer.correct.click()
    answer.rewriting.editor.setPlainText("Dear customer, here.")
    answer.rewriting.act.click()
    qtbot.waitUntil(answer.better.isVisible)
    feet = [one._foot for item in view.list.items for one in item.answers.values()]
    qtbot.waitUntil(lambda: not any(overlaps(toast(view), foot) for foot in feet))
    assert toast(view).y() > 0


def test_escape_leaves_a_correction(qtbot: QtBot, view: ChatView) -> None:
    say(qtbot, view, "Hello")
    answer = view.list.items[0].answers[1]
    answer.correct.click()
    qtbot.keyClick(answer.rewriting.editor, Qt.Key.Key_Escape)
    assert not answer.is_corrected
    assert answer.text == BASE_WORDS


def test_an_answer_is_copied(qtbot: QtBot, view: ChatView) -> None:
    say(qtbot, view, "Hello")
    view.list.items[0].answers[2].copy.click()
    assert QGuiApplication.clipboard().text() == ADAPTER_WORDS


def test_one_that_cannot_answer_says_why_and_the_others_go_on(
    qtbot: QtBot, view: ChatView, models: FakeModels, runs: list[RunFolder]
) -> None:
    view.chat.add_column("adapter", Part(key="0099-gone"))
    say(qtbot, view, "Hello")
    assert texts(view) == [BASE_WORDS, ADAPTER_WORDS, ""]
    assert "no adapter 0099-gone" in view.list.items[0].answers[3].problem
    only(models).refusals[runs[1].adapter] = ModelError("The adapter is damaged.", hint="Take it again.")
    say(qtbot, view, "Again")
    assert view.list.items[1].answers[2].problem == "The adapter is damaged. Take it again."
    only(models).refusals.clear()
    view.list.items[1].answers[2].again.click()
    qtbot.waitUntil(lambda: not view.chat.busy)
    assert view.list.items[1].answers[2].text == ADAPTER_WORDS
    assert view.list.items[1].answers[2].problem == ""


def test_a_model_that_cannot_be_loaded_is_told_once(qtbot: QtBot, view: ChatView, models: FakeModels) -> None:
    def make(settings: object) -> FakeModel:
        model = FakeModel(settings)
        model.load_problem = ModelError("The base model is not on this machine.", hint="Download it.")
        return model

    view.chat.keeper.answers._make = make
    say(qtbot, view, "Hello", until=lambda: view.banner.isVisible())
    assert view.banner.title == "The base model is not on this machine."
    assert not view.chat.busy
    assert view.composer.state.words == "Not loaded"


def test_what_was_said_is_there_again(qtbot: QtBot, view: ChatView, session: Session, project: Project) -> None:
    view.composer.presets.button("balanced").click()
    say(qtbot, view, "Hello")
    session.wait()
    kept = conversations.load(project.path)
    assert kept is not None
    assert kept == view.chat.conversation
    path = project.path
    session.close()
    assert view.list.items == []
    session.open(path)
    qtbot.waitUntil(lambda: view.chat.loaded)
    assert texts(view) == [BASE_WORDS, ADAPTER_WORDS]
    assert view.composer.presets.value == "balanced"


def test_what_is_being_written_is_kept_when_the_project_closes(
    qtbot: QtBot, view: ChatView, models: FakeModels, session: Session, project: Project
) -> None:
    models.hold_writing = True
    say(qtbot, view, "Hello", until=lambda: bool(view.list.items and texts(view)[0]))
    path = project.path
    session.close()
    kept = conversations.load(path)
    assert kept is not None
    assert kept.exchanges[0].answers[1].text == "Order"
    session.open(path)
    qtbot.waitUntil(lambda: view.chat.loaded)
    assert view.list.items[0].answers[1].note == "Stopped"


def test_a_project_for_looking_only_takes_nothing(qtbot: QtBot, view: ChatView, session: Session) -> None:
    assert session.project is not None
    path = session.project.path
    session.close()
    session.use(Project.open(path, read_only=True))
    qtbot.waitUntil(lambda: view.chat.loaded)
    say(qtbot, view, "Hello")
    session.wait()
    assert not (path / conversations.FILE).exists()
    assert not view.list.items[0].answers[1].correct.isEnabled()


def test_the_model_gives_way_to_training_and_says_so(
    qtbot: QtBot, view: ChatView, models: FakeModels, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.hold_writing = True
    say(qtbot, view, "Hello", until=lambda: bool(view.list.items and texts(view)[0]))
    monkeypatch.setattr(Session, "is_training", property(lambda _self: True))
    session.runs_changed.emit()
    assert not view.chat.busy
    assert view.chat.keeper.answers.state is State.AWAY
    qtbot.waitUntil(only(models).closed.is_set)
    assert view.banner.title == "A run is being trained."
    assert view.list.items[0].answers[1].text == "Order", "what was written stays"
    view.composer.message.setPlainText("More")
    assert not view.composer.send.isEnabled()
    monkeypatch.undo()
    session.runs_changed.emit()
    assert not view.banner.isVisible()
    assert view.composer.send.isEnabled()


def test_a_run_of_another_project_has_the_machine(
    qtbot: QtBot, view: ChatView, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    holder = Holder(str(tmp_path / "other" / "runs" / "0001-x"), 1, 0.0, "here", ("all",))
    monkeypatch.setattr(machine_watch, "LOOK_MS", 10)
    monkeypatch.setattr(heavy, "holder", lambda: holder)
    view.chat.keeper.machine._look()
    qtbot.waitUntil(lambda: view.banner.isVisible())
    assert view.banner.title == "This machine is at work on Run 1 · X in other."
    assert not view.chat.may_ask


def test_whoever_else_wants_a_model_gets_it(qtbot: QtBot, view: ChatView, models: FakeModels, session: Session) -> None:
    say(qtbot, view, "Hello")
    session.model_wanted.emit(object())
    assert view.chat.keeper.answers.state is State.AWAY


def test_a_model_that_nobody_sees_is_let_go(qtbot: QtBot, page: ComparePage, view: ChatView) -> None:
    say(qtbot, view, "Hello")
    view.chat.keeper._idle.setInterval(1)
    page.hide()
    qtbot.waitUntil(lambda: view.chat.keeper.answers.state is State.AWAY)


def test_an_adapter_is_talked_to_from_elsewhere(
    qtbot: QtBot, page: ComparePage, view: ChatView, runs: list[RunFolder]
) -> None:
    page.chat_with(runs[1].name)
    assert len(view.heads) == 2, "it is there already"
    page.chat_with(runs[0].name)
    assert view.chat.conversation.columns[-1].parts == (Part(key=runs[0].name),)
    assert len(view.heads) == 2, "in the place of the other one"
    view.chat.remove_column(2)
    page.chat_with(runs[1].name)
    assert [head.who.value for head in view.heads.values()] == ["base", runs[1].name]


def test_what_models_and_people_write_is_text(qtbot: QtBot, view: ChatView) -> None:
    said = Said(text="<b>bold</b>", by="<i>x</i>", end="end", tokens=2, seconds=1)
    talk = Conversation().sent("<h1>Hello</h1>").answered(0, 1, said)
    view.chat.restore(talk)
    answer = view.list.items[0].answers[1]
    assert answer._label.toPlainText() == "<b>bold</b>"
    assert view.list.items[0]._message._text.toPlainText() == "<h1>Hello</h1>"


def test_of_a_long_conversation_the_end_is_shown_and_the_rest_when_it_is_asked_for(
    qtbot: QtBot, view: ChatView
) -> None:
    talk = Conversation()
    for number in range(30):
        talk = talk.sent(f"Message {number}").answered(number, 1, Said(text=f"Answer {number}", end="end", tokens=1))
    view.chat.restore(talk)
    qtbot.waitUntil(lambda: [item.number for item in view.list.items] == list(range(22, 30)))
    bar = view.list.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.value() == bar.maximum() > 0)
    assert texts(view, 0) == ["Answer 22"]
    assert view.list.earlier.text() == "Show 8 earlier messages"
    bar.setValue(0)
    place = view.list.items[0].mapTo(view.list, QPoint(0, 0)).y()
    view.list.earlier.click()
    qtbot.waitUntil(lambda: [item.number for item in view.list.items] == list(range(14, 30)))
    qtbot.waitUntil(lambda: abs(view.list.items[8].mapTo(view.list, QPoint(0, 0)).y() - place) < 40)
    assert texts(view, 0) == ["Answer 14"]
    say(qtbot, view, "Another one")
    assert view.list.items[-1].number == 30
    for left in (6, 0):
        view.list.earlier.click()
        assert view.list.first == left
    assert [item.number for item in view.list.items] == list(range(31))
    assert not view.list.earlier.isVisible()
    view.list.items[3].edit.click()
    view.list.items[3].rewriting.done.emit("Otherwise")
    qtbot.waitUntil(lambda: not view.chat.busy)
    assert [one.text for one in view.chat.conversation.exchanges][2:] == ["Message 2", "Otherwise"]
    assert texts(view) == [BASE_WORDS]


def test_how_an_answer_ended_is_said_in_words() -> None:
    said = Said(tokens=1200, seconds=60.0, end="end")
    assert ending_words(said) == ("1,200 tokens in 60.0 s, 20 a second", "20 tokens/s")
    assert ending_words(said.model_copy(update={"end": "length"}))[1] == "Cut, 20 tokens/s"
    assert ending_words(said.model_copy(update={"end": "stop"}))[0].startswith("Ended at a stop word; 1,200 tokens")
    assert ending_words(said.model_copy(update={"end": None})) == ("Stopped", "Stopped")
