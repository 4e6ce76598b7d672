"""The Compare tab: past comparisons, the verdict, work under way, the blind test, hard rows, the style rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
from comparison_factory import ADAPTER, GOOD, add_rows, comparison
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.pages.compare import ComparePage
from app.pages.compare_view import CompareView
from app.session import Session
from app.widgets.comparison_dialog import ComparisonWish
from app.widgets.toast import Toast
from core.child import Stopped
from core.dataset.example import Example, Split
from core.errors import RunError
from core.evaluation import votes
from core.evaluation.comparison import ComparisonFolder, comparisons
from core.evaluation.job import Doing
from core.guidance.purpose import Purpose
from core.project import Project


class FakeJob:
    """Finds all rows at once when it is let; can be made to fail."""

    made: list[ComparisonFolder]
    error: RunError | None
    may_end: Event

    def __init__(self, folder: ComparisonFolder) -> None:
        self.folder = folder
        self.made.append(folder)
        self._stopped = False

    def messages(self) -> Iterator[Doing]:
        yield Doing("Writing the answers: 3 of 12", 0.25, 90.0, ())
        self.may_end.wait(10)
        if self._stopped:
            raise Stopped
        if self.error is not None:
            raise self.error
        add_rows(self.folder)

    def stop(self) -> None:
        self._stopped = True
        self.may_end.set()


@pytest.fixture
def jobs() -> type[FakeJob]:
    FakeJob.made, FakeJob.error, FakeJob.may_end = [], None, Event()
    return FakeJob


@pytest.fixture
def bench(qtbot: QtBot, tmp_path: Path, jobs: type[FakeJob]) -> Iterator[tuple[CompareView, Session, Path]]:
    path = tmp_path / "project"
    with Project.create(path, name="Voice") as project:
        project.store.add(
            [Example(f"Where is {n}?", output="Ahoy", split=Split.HELDOUT if n < 4 else Split.TRAIN) for n in range(9)]
        )
    session = Session()
    view = CompareView(session, make_job=jobs)  # type: ignore[arg-type]
    qtbot.addWidget(view)
    view.resize(1000, 700)
    view.show()
    yield view, session, path
    session.close()


def _open(qtbot: QtBot, bench: tuple[CompareView, Session, Path], *, shown: bool = True) -> CompareView:
    view, session, path = bench
    session.use(Project.open(path))
    view.enter()
    qtbot.waitUntil(lambda: view.shown is not None if shown else view.faces.currentIndex() == 1)
    return view


def test_without_adapters_the_next_step_is_training(qtbot: QtBot, bench: tuple[CompareView, Session, Path]) -> None:
    view = _open(qtbot, bench, shown=False)
    assert view.empty.button.text() == "Train the first adapter"
    with qtbot.waitSignal(view.go) as told:
        view.empty.button.click()
    assert told.args == ["train"]
    assert view.empty.second_button.text() == "Try the prompt first"
    with qtbot.waitSignal(view.tab_wanted) as told:
        view.empty.second_button.click()
    assert told.args == ["prompt"]


def test_the_newest_comparison_is_shown_with_its_verdict(
    qtbot: QtBot, bench: tuple[CompareView, Session, Path]
) -> None:
    view, _, path = bench
    comparison(path, prompt=False)
    comparison(path)
    _open(qtbot, bench)
    assert view.head.past.count() == 2
    assert view.parts.evidence.verdict.sentence == "Fine-tuning beat your best prompt, on 12 held-out examples."
    assert [row[0] for row in view.parts.evidence.scores.cells] == ["Base model", "Best prompt", "Run 1 · voice"]
    assert len(view.parts.evidence.meter.rows) == 2
    assert view.banner.isHidden()
    with qtbot.waitSignal(view.go) as told:
        view.parts.evidence.verdict.buttons["use_adapter"].click()
    assert told.args == ["adapters"]
    view.head.past_chosen.emit("0001")
    qtbot.waitUntil(lambda: view.shown is not None and view.shown.folder.name == "0001")
    assert view.parts.evidence.verdict.sentence.startswith("Fine-tuning beat the base model alone")


def test_another_order_of_the_answers(qtbot: QtBot, bench: tuple[CompareView, Session, Path]) -> None:
    comparison(bench[2])
    view = _open(qtbot, bench)
    view.show_part("answers")
    qtbot.waitUntil(lambda: len(view.parts.answers.blocks) == 10)
    first = view.parts.answers.blocks[0].words.id
    view.parts.answers.order.setCurrentIndex(view.parts.answers.order.findData("low"))
    qtbot.waitUntil(lambda: view.parts.answers.blocks[0].words.id != first or len(view.parts.answers.blocks) == 10)
    view.parts.answers.order.setCurrentIndex(0)
    qtbot.waitUntil(lambda: view.parts.answers.blocks[0].words.id == first)
    with qtbot.waitSignal(view.examples_wanted) as told:
        view.parts.answers.blocks[0].open.click()
    assert told.args[0] == [first]


def test_a_comparison_that_was_not_finished_can_be_gone_on_with(
    qtbot: QtBot, bench: tuple[CompareView, Session, Path], jobs: type[FakeJob]
) -> None:
    comparison(bench[2], rows=False)
    view = _open(qtbot, bench)
    assert view.banner.title == "This comparison is not finished."
    assert view.parts.evidence.verdict.sentence == "No verdict yet: the comparison was stopped."
    assert view.head.past.itemText(0).endswith("stopped before the first answer")
    view.banner.acted.emit()
    qtbot.waitUntil(lambda: view.bar.words == "Writing the answers: 3 of 12, 1 min 30 s left")
    assert view.banner.isHidden()
    jobs.may_end.set()
    qtbot.waitUntil(lambda: view.shown is not None and view.shown.complete)
    assert view.bar.isHidden()
    assert view.parts.evidence.verdict.sentence.startswith("Fine-tuning beat")


def test_stopping_keeps_what_was_found(
    qtbot: QtBot, bench: tuple[CompareView, Session, Path], jobs: type[FakeJob]
) -> None:
    folder = comparison(bench[2], rows=False)
    view = _open(qtbot, bench)
    view.go_on()
    qtbot.waitUntil(lambda: "3 of 12" in view.bar.words)
    add_rows(folder, answers=3)
    view.bar.stop.click()
    qtbot.waitUntil(lambda: view.banner.title == "This comparison is not finished.")
    assert view.bar.isHidden()
    assert not view.work.busy


def test_why_it_ended_is_said(qtbot: QtBot, bench: tuple[CompareView, Session, Path], jobs: type[FakeJob]) -> None:
    comparison(bench[2], rows=False)
    view = _open(qtbot, bench)
    jobs.error = RunError("The memory is full.", hint="Close other programs.")
    jobs.may_end.set()
    view.go_on()
    qtbot.waitUntil(lambda: view.banner.title == "The memory is full.")
    assert view.bar.isHidden()
    qtbot.waitUntil(view.banner._act.isVisible)
    assert (view.banner.title, view.banner._act.text()) == ("The memory is full.", "Go on")


def test_a_new_comparison_is_frozen_and_worked_on(
    qtbot: QtBot, bench: tuple[CompareView, Session, Path], jobs: type[FakeJob]
) -> None:
    view = _open(qtbot, bench, shown=False)
    _, session, path = bench
    assert session.project is not None
    jobs.may_end.set()
    view.start.begin(session.project, ComparisonWish((), "Be a pirate.", 2, True, 2, True))
    qtbot.waitUntil(lambda: view.shown is not None and view.shown.complete)
    assert session.project.best_prompt.system == "Be a pirate."
    (made,) = comparisons(path)
    found = made.read()
    assert [system.key for system in found.systems] == ["base", "prompt"]
    assert len(found.answered()) == 2
    assert view.parts.evidence.verdict.sentence == "This is what your best prompt does, without any training."
    view.show_part("hard")
    qtbot.waitUntil(view.parts.no_hard.isVisible)


def test_the_dialog_opens_with_what_there_is(qtbot: QtBot, bench: tuple[CompareView, Session, Path]) -> None:
    view = _open(qtbot, bench, shown=False)
    view.compare()
    qtbot.waitUntil(lambda: view.start.dialog is not None)
    dialog = view.start.dialog
    assert dialog is not None
    assert dialog.list.count() == 0
    dialog.reject()
    assert view.start.dialog is None


def test_nothing_held_out_is_told(qtbot: QtBot, bench: tuple[CompareView, Session, Path]) -> None:
    view, session, path = bench
    comparison(path)
    with Project.open(path) as project:
        project.store.delete([example.id for example in project.store.iterate() if example.split is Split.HELDOUT])
    _open(qtbot, bench)
    assert session.project is not None
    view.start.begin(session.project, ComparisonWish((), "Be kind.", 0, True, 2, True))
    qtbot.waitUntil(lambda: view.banner.title == "There is nothing to compare on.")
    assert view.bar.isHidden()
    before = view.shown
    view._read()
    qtbot.waitUntil(lambda: view.shown is not before)
    assert view.banner.title == "There is nothing to compare on."


def _vote(qtbot: QtBot, view: CompareView, session: Session, choose: Callable[[bool], Qt.Key], amount: int) -> None:
    for _ in range(amount):
        good_is_left = view.parts.blind.test.left_text.text().startswith("Ahoy")
        qtbot.keyClick(view.parts.blind.test, choose(good_is_left))
    session.wait()


def test_voting_blind_on_ten(qtbot: QtBot, bench: tuple[CompareView, Session, Path], tmp_path: Path) -> None:
    folder = comparison(bench[2], heldout=16)
    view = _open(qtbot, bench)
    session = bench[1]
    view.show_part("blind")
    assert "without names" in view.parts.blind.test.words
    view.parts.blind.test.start.click()
    assert view.parts.blind.test.face == "ballot"
    worse = {True: Qt.Key.Key_2, False: Qt.Key.Key_1}
    _vote(qtbot, view, session, lambda left: worse[left], 9)
    assert view.parts.blind.test.face == "ballot"
    assert len(votes.read(folder.votes_file)) == 9
    qtbot.keyClick(view.parts.blind.test, Qt.Key.Key_0)
    assert view.parts.blind.test.face == "result"
    assert "Run 1 · voice: better in 0" in view.parts.blind.test.words
    assert "Best prompt: better in 9" in view.parts.blind.test.words
    assert view.parts.blind.test.more.text() == "Vote on 6 more"
    qtbot.waitUntil(lambda: view.parts.evidence.verdict.sentence.startswith("You preferred those of your best prompt"))
    view.parts.blind.export_to(tmp_path / "pairs.jsonl")
    session.wait()
    pairs = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(pairs) == 9
    assert all(pair["rejected"][0]["content"].startswith("Ahoy") for pair in pairs)
    view.parts.blind.test.more.click()
    assert view.parts.blind.test.face == "ballot"


def test_a_vote_can_be_changed_and_the_test_left_and_taken_up(
    qtbot: QtBot, bench: tuple[CompareView, Session, Path]
) -> None:
    folder = comparison(bench[2])
    view = _open(qtbot, bench)
    session = bench[1]
    view.show_part("blind")
    view.parts.blind.start()
    first = view.parts.blind.test.left_text.text()
    qtbot.keyClick(view.parts.blind.test, Qt.Key.Key_1)
    qtbot.keyClick(view.parts.blind.test, Qt.Key.Key_Backspace)
    assert view.parts.blind.test.left_text.text() == first
    assert not view.parts.blind.test.first.icon().isNull()
    qtbot.keyClick(view.parts.blind.test, Qt.Key.Key_0)
    session.wait()
    (vote,) = votes.read(folder.votes_file)
    assert vote.winner is None
    view.parts.blind.test.leave.click()
    assert "You have voted on 1 pair." in view.parts.blind.test.words
    session.close()
    _open(qtbot, bench)
    qtbot.waitUntil(lambda: "You have voted on 1 pair." in view.parts.blind.test.words)
    view.parts.blind.start()
    assert view.parts.blind.test.left_text.text() != first or view.parts.blind.test.prompt.text() != ""


def test_equal_answers_leave_nothing_to_vote_on(qtbot: QtBot, bench: tuple[CompareView, Session, Path]) -> None:
    add_rows(comparison(bench[2], rows=False), prompt=GOOD)
    view = _open(qtbot, bench)
    assert view.parts.blind.test.start.isHidden()
    assert "Nothing to vote on" in view.parts.blind.test.words


def test_the_blind_test_waits_for_all_answers(qtbot: QtBot, bench: tuple[CompareView, Session, Path]) -> None:
    folder = comparison(bench[2], rows=False)
    add_rows(folder, answers=11)
    view = _open(qtbot, bench)
    assert "when all answers are there" in view.parts.blind.test.words
    add_rows(folder)
    view.enter()
    view._read()
    qtbot.waitUntil(lambda: "without names" in view.parts.blind.test.words)


def test_the_style_rule_changes_the_scores(qtbot: QtBot, bench: tuple[CompareView, Session, Path]) -> None:
    comparison(bench[2])
    view = _open(qtbot, bench)
    view.parts.evidence.rule.text.setText("Ahoy, matey")
    view.parts.evidence.rule.text.editingFinished.emit()
    qtbot.waitUntil(lambda: any("100 %" in cell for cell in view.parts.evidence.scores.cells[2][4:5]))
    assert bench[1].project is not None
    assert bench[1].project.style_rule.text == "Ahoy, matey"
    view.parts.evidence.rule.kind.setCurrentIndex(1)
    view.parts.evidence.rule.text.setText("((")
    view.parts.evidence.rule.text.editingFinished.emit()
    qtbot.waitUntil(lambda: "not a regular expression" in view.parts.evidence.rule.problem)


def test_contradictions_lead_into_the_editor(qtbot: QtBot, bench: tuple[CompareView, Session, Path]) -> None:
    view = bench[0]
    comparison(bench[2])
    _open(qtbot, bench)
    view.parts.evidence.verdict.next_wanted.emit("clean_examples")
    assert view.head.parts.value == "hard"


def test_what_the_project_is_for_stands_beside_the_verdict(
    qtbot: QtBot, bench: tuple[CompareView, Session, Path]
) -> None:
    comparison(bench[2])
    with Project.open(bench[2]) as project:
        project.set_purpose(Purpose(goal="Answer like a pirate", answers={"lacks": ("tone",)}))
    view = _open(qtbot, bench)
    said = [label.text() for label in (view.parts.evidence._goal, view.parts.evidence._advice)]
    assert said[0] == "Answer like a pirate"
    assert said[1].startswith("Advised before: ")


def test_another_project_shows_nothing_of_the_one_before(
    qtbot: QtBot, bench: tuple[CompareView, Session, Path], tmp_path: Path
) -> None:
    comparison(bench[2])
    view = _open(qtbot, bench)
    bench[1].use(Project.create(tmp_path / "other"))
    qtbot.waitUntil(lambda: view.faces.currentIndex() == 1)
    assert view.shown is None


def test_an_adapter_leads_to_its_newest_comparison_or_to_the_dialog(
    qtbot: QtBot, bench: tuple[CompareView, Session, Path]
) -> None:
    first = comparison(bench[2])
    comparison(bench[2], adapter=False, train=0)
    view = _open(qtbot, bench)
    view.head.past_chosen.emit("0002")
    qtbot.waitUntil(lambda: view.shown is not None and view.shown.folder != first)
    view.compare_with(ADAPTER)
    qtbot.waitUntil(lambda: view.shown is not None and view.shown.folder == first)
    assert view.start.dialog is None
    view.compare_with("0009-other")
    qtbot.waitUntil(lambda: view.start.dialog is not None)
    view.start.dialog.reject()


def test_a_trial_of_the_prompt_does_not_hide_the_verdict(
    qtbot: QtBot, bench: tuple[CompareView, Session, Path]
) -> None:
    first = comparison(bench[2])
    comparison(bench[2], adapter=False, train=0)
    view = _open(qtbot, bench)
    assert view.shown is not None
    assert view.shown.folder == first
    assert view.head.past.count() == 2


def test_the_page_has_a_tab_for_each_way_to_compare(qtbot: QtBot, tmp_path: Path) -> None:
    session = Session()
    page = ComparePage(session)
    qtbot.addWidget(page)
    page.show()
    assert (page.tabs.value, page.chat.add.isHidden()) == ("verdict", True)
    page.tabs.button("chat").click()
    assert page.chat.isVisible()
    assert not page.chat.add.isHidden()
    page.compare_with("")
    assert page.verdict.isVisible()
    page.verdict.parts.next_wanted.emit("better_prompt")
    assert page.prompt.isVisible()


def test_read_only_projects_are_compared_elsewhere(qtbot: QtBot, bench: tuple[CompareView, Session, Path]) -> None:
    view, session, path = bench
    add_rows(comparison(path, rows=False), answers=11)
    session.use(Project.open(path, read_only=True))
    view.enter()
    qtbot.waitUntil(lambda: view.shown is not None)
    assert not view.head.new.isEnabled()
    assert not view.head.remove.isEnabled()
    assert view.banner.title == "This comparison is not finished."
    assert view.banner._act.isHidden()
    assert "read-only" in view.parts.blind.test.words


def test_a_comparison_is_removed_and_comes_back(qtbot: QtBot, bench: tuple[CompareView, Session, Path]) -> None:
    first = comparison(bench[2])
    second = comparison(bench[2], prompt=False)
    view = _open(qtbot, bench)
    qtbot.waitUntil(view.head.remove.isEnabled)
    view.head.remove.click()
    qtbot.waitUntil(lambda: view.shown is not None and view.shown.folder == first)
    assert view.head.past.count() == 1
    (toast,) = view.window().findChildren(Toast)
    assert toast.text == "The comparison is removed."
    qtbot.mouseClick(toast.findChild(QPushButton), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.shown is not None and view.shown.folder == second)
    qtbot.waitUntil(lambda: view.head.past.count() == 2)


def test_a_trial_of_the_prompt_that_was_stopped_says_so(
    qtbot: QtBot, bench: tuple[CompareView, Session, Path], jobs: type[FakeJob]
) -> None:
    folder = comparison(bench[2], adapter=False, rows=False)
    comparison(bench[2])
    view = _open(qtbot, bench)
    assert [view.head.past.itemText(row).count("stopped") for row in range(2)] == [0, 1]
    view.head.past_chosen.emit("0001")
    qtbot.waitUntil(lambda: view.shown is not None and view.shown.folder == folder)
    assert view.parts.evidence.verdict.sentence == "It was stopped before the first answer."
    view.show_part("answers")
    qtbot.waitUntil(lambda: bool(view.parts.answers.blocks))
    assert view.parts.answers.blocks[0].texts[1].text == "Stopped before this answer."
    view.go_on()
    qtbot.waitUntil(lambda: view.parts.answers.blocks[0].texts[1].text == "No answer yet.")
    add_rows(folder, answers=3)
    view.bar.stop.click()
    qtbot.waitUntil(lambda: view.head.past.itemText(1).endswith("stopped"))
