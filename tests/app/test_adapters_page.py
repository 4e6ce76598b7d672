"""The Adapters page: what it shows, how an adapter is tried, and when the model that answers gives way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from adapter_factory import add_adapter, trained_run
from fake_model import ADAPTER_WORDS, BASE_WORDS, FakeModels
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from run_factory import new_run

from app import answer_thread, machine_watch
from app.answers import State
from app.models.adapters_table import Column
from app.pages.adapters import AdaptersPage
from app.pages.try_it import ending_words
from app.session import Session
from core.errors import ModelError
from core.generation.client import Token
from core.project import Project
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import heavy
from core.runs.folder import RunFolder
from core.runs.heavy import Holder


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "project", name="Harbour letters") as project:
        yield project


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
def page(qtbot: QtBot, session: Session, models: FakeModels) -> Iterator[AdaptersPage]:
    page = AdaptersPage(session, make_model=models)
    qtbot.addWidget(page)
    page.resize(1000, 700)
    page.show()
    yield page
    page.try_it.answers.release()
    qtbot.waitUntil(lambda: not answer_thread._living)


@pytest.fixture
def runs(project: Project) -> list[RunFolder]:
    """Two adapters, the second one newer, smaller and worse."""
    small = with_settings(Recipe(), {"lora.rank": 4})
    return [
        trained_run(project.runs_folder, loss=0.25, heldout=0.5, at=1_000_000.0),
        trained_run(project.runs_folder, recipe=small, loss=0.75, heldout=1.5, at=2_000_000.0),
    ]


def cells(page: AdaptersPage, column: Column) -> list[str]:
    """A column as it is sorted now."""
    model = page.list.model()
    return [model.index(row, column).data() for row in range(model.rowCount())]


def shown(qtbot: QtBot, page: AdaptersPage, run: RunFolder) -> None:
    """Wait until an adapter is chosen and read."""
    qtbot.waitUntil(lambda: page._details is not None and page._details.run == run and not page._reader.busy)


def ask(qtbot: QtBot, page: AdaptersPage, until: Callable[[], bool]) -> None:
    page.panel.instruction.setPlainText("Answer the customer.")
    page.panel.answer.click()
    qtbot.waitUntil(until)


def test_without_an_adapter_the_page_says_what_it_is_for(qtbot: QtBot, page: AdaptersPage) -> None:
    qtbot.waitUntil(page.empty.isVisible)
    assert page.empty.button.text() == "Train the first one"
    with qtbot.waitSignal(page.go) as asked:
        page.empty.button.click()
    assert asked.args == ["train"]


def test_a_run_without_an_adapter_is_not_listed(qtbot: QtBot, project: Project, page: AdaptersPage) -> None:
    new_run(project.runs_folder)
    page.refresh()
    qtbot.waitUntil(page.empty.isVisible)
    assert page.table.rowCount() == 0


def test_the_table_has_the_newest_first(qtbot: QtBot, runs: list[RunFolder], page: AdaptersPage) -> None:
    shown(qtbot, page, runs[1])
    assert cells(page, Column.NAME) == ["Run 2 · Harbour letters", "Run 1 · Harbour letters"]
    assert cells(page, Column.BASE) == ["Starter (practice model)"] * 2
    assert cells(page, Column.RANK) == ["4", "16"]
    assert cells(page, Column.LOSS) == ["0.750", "0.250"]
    assert cells(page, Column.HELDOUT) == ["1.500", "0.500"]
    assert cells(page, Column.SIZE) == ["2.9 MB", "2.9 MB"]
    assert page._summary.text() == "2 adapters, 5.7 MB."


def test_a_click_on_a_head_sorts(qtbot: QtBot, runs: list[RunFolder], page: AdaptersPage) -> None:
    shown(qtbot, page, runs[1])
    page.list.sortByColumn(Column.HELDOUT, Qt.SortOrder.AscendingOrder)
    assert cells(page, Column.HELDOUT) == ["0.500", "1.500"]
    assert page.list.run == runs[1]


def test_the_chosen_one_is_described(qtbot: QtBot, runs: list[RunFolder], page: AdaptersPage) -> None:
    shown(qtbot, page, runs[1])
    page.list.choose(runs[0])
    shown(qtbot, page, runs[0])
    facts = dict(page.card.facts)
    assert facts["Base model"] == "Starter (practice model), 4-bit (NF4)"
    assert facts["Learnt from"] == "6 examples, 2 held out, 1 left out as too long"
    assert facts["Training loss"] == "0.250 after 60 steps"
    assert facts["Held-out loss"] == "0.500 (3.000 before)"
    assert facts["Settings"].startswith("Rank 16, alpha 32, all linear layers")
    assert "adapter_config.json" in facts["Files"]
    assert page.panel.adapter.title == "With Run 1 · Harbour letters"


def test_the_selection_stays_over_changes(
    qtbot: QtBot, session: Session, project: Project, runs: list[RunFolder], page: AdaptersPage
) -> None:
    shown(qtbot, page, runs[1])
    page.list.choose(runs[0])
    shown(qtbot, page, runs[0])
    trained_run(project.runs_folder, at=3_000_000.0)
    session.runs_changed.emit()
    qtbot.waitUntil(lambda: page.table.rowCount() == 3)
    assert page.list.run == runs[0]


def test_what_was_trained_while_the_page_was_away_is_chosen_on_coming_back(
    qtbot: QtBot, session: Session, project: Project, runs: list[RunFolder], page: AdaptersPage
) -> None:
    shown(qtbot, page, runs[1])
    page.list.choose(runs[0])
    page.hide()
    third = trained_run(project.runs_folder, at=3_000_000.0)
    session.runs_changed.emit()
    qtbot.waitUntil(lambda: page.table.rowCount() == 3)
    assert page.list.run == runs[0]
    page.show()
    page.enter()
    shown(qtbot, page, third)


def test_a_run_whose_settings_cannot_be_read_is_shown_and_cannot_be_tried(
    qtbot: QtBot, project: Project, page: AdaptersPage
) -> None:
    run = trained_run(project.runs_folder)
    run.recipe_file.write_text("rank = [", encoding="utf-8")
    page.refresh()
    shown(qtbot, page, run)
    assert cells(page, Column.RANK) == ["–"]
    page.panel.instruction.setPlainText("Hello")
    assert not page.panel.answer.isEnabled()
    assert page.panel.banner.title == "This adapter cannot be tried."


def test_both_answer_side_by_side(qtbot: QtBot, runs: list[RunFolder], page: AdaptersPage, models: FakeModels) -> None:
    shown(qtbot, page, runs[1])
    panel = page.panel
    assert not panel.answer.isEnabled()
    assert models.made == []
    assert panel.state.words == "Not loaded"
    ask(qtbot, page, lambda: not page.try_it.answers.busy and panel.adapter.text == ADAPTER_WORDS)
    assert panel.base.text == BASE_WORDS
    assert panel.adapter.note == "8 tokens in 0.5 s, 16 a second"
    assert panel.state.words == "Ready on a test"
    assert panel.answer.isEnabled()
    assert models.made[0].settings == Recipe().model
    asked = models.made[0].asked
    assert [adapter for _, adapter, _ in asked] == [None, runs[1].adapter]
    assert asked[1][0].prompt == "Answer the customer."


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (Token(tokens=1, seconds=0.0, end="end"), "1 token"),
        (Token(tokens=256, seconds=2.0, end="length"), "Cut at 256; 256 tokens in 2.0 s, 128 a second"),
        (Token(tokens=40, seconds=2.0, end="length"), "Cut: no more fits; 40 tokens in 2.0 s, 20 a second"),
        (Token(end="cancelled"), "Stopped"),
    ],
)
def test_how_an_answer_ended_in_words(token: Token, words: str) -> None:
    assert ending_words(token, 256) == words


def test_the_small_fields_are_taken_as_they_stand(
    qtbot: QtBot, runs: list[RunFolder], page: AdaptersPage, models: FakeModels
) -> None:
    shown(qtbot, page, runs[1])
    page.panel.max_tokens.setValue(32)
    page.panel.temperature.setText("0.7")
    ask(qtbot, page, lambda: not page.try_it.answers.busy)
    assert models.made[0].asked[0][2] == {"max_new_tokens": 32, "temperature": 0.7, "seed": 1}


def test_stop_keeps_what_was_written(
    qtbot: QtBot, runs: list[RunFolder], page: AdaptersPage, models: FakeModels
) -> None:
    shown(qtbot, page, runs[1])
    models.hold_writing = True
    ask(qtbot, page, lambda: page.panel.base.text == "Order")
    assert page.panel.stop.isVisible()
    assert not page.panel.answer.isEnabled()
    page.panel.stop.click()
    assert page.panel.base.text == "Order"
    assert page.panel.base.note == "Stopped"
    assert not page.panel.stop.isVisible()
    assert page.panel.answer.isEnabled()


def test_an_error_is_told_in_the_panel(
    qtbot: QtBot, runs: list[RunFolder], page: AdaptersPage, models: FakeModels
) -> None:
    shown(qtbot, page, runs[1])
    models.hold_loading = True
    ask(qtbot, page, lambda: bool(models.made) and models.made[0].starts == 1)
    assert page.panel.base.note == "Loading the model…"
    models.made[0].load_problem = ModelError("The base model is not on this machine.", hint="Download it.")
    qtbot.waitUntil(lambda: page.panel.banner.title == "The base model is not on this machine.")
    assert page.panel.state.words == "Not loaded"
    assert page.panel.answer.isEnabled()
    assert page.banner.title == ""


def test_a_held_out_example_fills_the_fields_with_one_click(
    qtbot: QtBot, runs: list[RunFolder], page: AdaptersPage, models: FakeModels
) -> None:
    shown(qtbot, page, runs[1])
    panel = page.panel
    assert panel.heldout.words == "Use a held-out example"
    panel.heldout.button.click()
    assert panel.instruction.text() == "Question 7"
    assert panel.heldout.words == "Held-out 1 of 2"
    assert panel.shows_expected
    assert panel.expected.text == "Answer 7"
    panel.instruction.insertPlainText("Please: ")
    assert not panel.shows_expected
    panel.heldout.next()
    panel.heldout.next()
    assert panel.heldout.words == "Held-out 1 of 2"
    panel.heldout.previous()
    assert panel.instruction.text() == "Question 8"


def test_another_example_ends_the_answers_to_the_one_before(
    qtbot: QtBot, runs: list[RunFolder], page: AdaptersPage, models: FakeModels
) -> None:
    shown(qtbot, page, runs[1])
    models.hold_writing = True
    ask(qtbot, page, lambda: page.panel.base.text == "Order")
    page.panel.heldout.next()
    assert not page.try_it.answers.busy
    assert page.panel.base.text == page.panel.base.note == ""
    assert page.panel.answer.isEnabled()


def test_an_examples_system_prompt_is_asked_too(
    qtbot: QtBot, runs: list[RunFolder], page: AdaptersPage, models: FakeModels
) -> None:
    shown(qtbot, page, runs[1])
    example = replace(page._details.heldout[0], system="Be brief.")  # type: ignore[union-attr]
    page.panel.fill(example)
    assert page.panel.with_system.text() == "With the example's system prompt"
    page.panel.answer.click()
    qtbot.waitUntil(lambda: not page.try_it.answers.busy)
    assert models.made[0].asked[0][0].system == "Be brief."


def test_another_adapter_takes_the_answers_away_and_keeps_the_question_and_the_model(
    qtbot: QtBot, runs: list[RunFolder], page: AdaptersPage, models: FakeModels
) -> None:
    shown(qtbot, page, runs[1])
    ask(qtbot, page, lambda: not page.try_it.answers.busy)
    page.list.choose(runs[0])
    shown(qtbot, page, runs[0])
    assert page.panel.base.text == page.panel.adapter.text == ""
    assert page.panel.instruction.text() == "Answer the customer."
    ask(qtbot, page, lambda: not page.try_it.answers.busy)
    assert len(models.made) == 1
    assert models.made[0].asked[-1][1] == runs[0].adapter


def test_the_model_gives_way_to_a_run(
    qtbot: QtBot,
    session: Session,
    runs: list[RunFolder],
    page: AdaptersPage,
    models: FakeModels,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown(qtbot, page, runs[1])
    models.hold_writing = True
    ask(qtbot, page, lambda: page.panel.base.text == "Order")
    monkeypatch.setattr(session, "_starting", True)
    session.runs_changed.emit()
    assert page.try_it.answers.state is State.AWAY
    assert page.panel.banner.title == "A run is being trained."
    assert not page.panel.answer.isEnabled()
    assert models.made[0].closed.wait(5)
    monkeypatch.setattr(session, "_starting", False)
    session.runs_changed.emit()
    assert page.panel.banner.title == ""
    assert page.panel.answer.isEnabled()


def test_the_model_is_let_go_when_the_project_closes(
    qtbot: QtBot, session: Session, runs: list[RunFolder], page: AdaptersPage, models: FakeModels
) -> None:
    shown(qtbot, page, runs[1])
    ask(qtbot, page, lambda: not page.try_it.answers.busy)
    session.close()
    assert models.made[0].closed.wait(5)
    qtbot.waitUntil(lambda: not answer_thread._living)
    assert page.table.rowCount() == 0


def test_the_model_is_let_go_some_time_after_the_page_was_left(
    qtbot: QtBot, runs: list[RunFolder], page: AdaptersPage, models: FakeModels
) -> None:
    shown(qtbot, page, runs[1])
    page.try_it._idle.setInterval(1)
    ask(qtbot, page, lambda: not page.try_it.answers.busy)
    page.hide()
    qtbot.waitUntil(lambda: page.try_it.answers.state is State.AWAY)
    assert models.made[0].closed.wait(5)


def test_coming_back_in_time_keeps_the_model(
    qtbot: QtBot, runs: list[RunFolder], page: AdaptersPage, models: FakeModels
) -> None:
    shown(qtbot, page, runs[1])
    ask(qtbot, page, lambda: not page.try_it.answers.busy)
    page.hide()
    assert page.try_it._idle.isActive()
    page.show()
    assert not page.try_it._idle.isActive()
    assert models.made[0].alive


def test_a_page_that_is_gone_leaves_no_thread(
    qtbot: QtBot, session: Session, runs: list[RunFolder], models: FakeModels
) -> None:
    page = AdaptersPage(session, make_model=models)
    shown(qtbot, page, runs[1])
    models.hold_writing = True
    ask(qtbot, page, lambda: page.panel.base.text == "Order")
    page.deleteLater()
    qtbot.waitUntil(lambda: not answer_thread._living)
    assert models.made[0].closed.is_set()


def test_the_palette_and_the_help_find_the_verbs_of_the_page(page: AdaptersPage) -> None:
    words = {action.text(): [key.toString() for key in action.shortcuts()] for action in page.actions()}
    assert words["Answer the question"] == ["Ctrl+Return", "Ctrl+Enter"]
    assert words["Export this adapter…"] == ["Ctrl+E"]
    assert "Next held-out example" in words


def test_the_chosen_adapter_is_exported(qtbot: QtBot, session: Session, project: Project, models: FakeModels) -> None:
    run = trained_run(project.runs_folder)
    exported = []

    def export(run: RunFolder, target: Path, **_: object) -> object:
        exported.append((run, target))
        raise ModelError("Enough for a test.")

    page = AdaptersPage(session, make_model=models, export=export)
    qtbot.addWidget(page)
    shown(qtbot, page, run)
    page.card.export.click()
    dialog = page.dialog
    assert dialog is not None
    qtbot.waitUntil(dialog.button.isEnabled)
    dialog.button.click()
    qtbot.waitUntil(lambda: dialog.banner.title == "Enough for a test.")
    assert exported == [(run, project.exports_folder / "harbour-letters-run-1")]
    session.close()
    assert page.dialog is None


def test_an_adapter_that_appears_takes_the_place_of_the_empty_state(
    qtbot: QtBot, session: Session, project: Project, page: AdaptersPage
) -> None:
    qtbot.waitUntil(page.empty.isVisible)
    run = new_run(project.runs_folder)
    add_adapter(run)
    session.runs_changed.emit()
    shown(qtbot, page, run)
    assert page.list.isVisible()


def test_the_window_holds_one_model(
    qtbot: QtBot, session: Session, runs: list[RunFolder], page: AdaptersPage, models: FakeModels
) -> None:
    shown(qtbot, page, runs[1])
    wanted: list[object] = []
    session.model_wanted.connect(wanted.append)
    ask(qtbot, page, lambda: page.panel.adapter.text == ADAPTER_WORDS)
    assert wanted == [page.try_it]  # others let theirs go
    session.model_wanted.emit(session)
    qtbot.waitUntil(models.made[0].closed.is_set)
    assert page.try_it.answers.state is State.AWAY


def test_a_run_of_another_project_takes_the_model_away(
    qtbot: QtBot, runs: list[RunFolder], models: FakeModels, page: AdaptersPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    holders: list[Holder] = []
    monkeypatch.setattr(heavy, "holder", lambda: holders[0] if holders else None)
    page.try_it.machine._clock.setInterval(20)
    shown(qtbot, page, runs[1])
    ask(qtbot, page, lambda: page.try_it.answers.state is State.READY)
    holders.append(Holder(str(runs[1].path), 1, 0.0, "here", ("all",)))
    assert machine_watch._busy(runs[1].path.parents[1]) == "", "a run of this project is known otherwise"
    holders[0] = Holder("/poems/runs/0007-ode", 1, 0.0, "here", ("all",))
    qtbot.waitUntil(lambda: page.try_it.answers.state is State.AWAY)
    assert not page.panel.answer.isEnabled()
    assert "Run 7 · Ode in poems" in page.panel.banner._text.text()
    holders.clear()
    qtbot.waitUntil(page.panel.answer.isEnabled)
    assert page.panel.banner.isHidden()
