"""No run starts with examples that cannot be trained; which these are is shown, with what can be done."""

from __future__ import annotations

import functools
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from example_bench import until
from page_fakes import Bench, FakeGateJob, bench
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from run_factory import starter

from app.gate import Gate
from app.jobs import TrainingThread
from app.pages.start_check import StartCheck, causes
from app.pages.train import TrainPage
from app.session import Session
from core import paths
from core.child import Stopped
from core.dataset.example import Example, Status
from core.dataset.review import Progress
from core.errors import ModelError
from core.project import Project
from core.prompt.gate import Checked, Offender
from core.prompt.proof import Flaw
from core.recipe.recipe import with_settings

REASON, HINT = "The chat template refuses it.", "Take out the system prompt."


def refused(*ids: int, revision: int = 1) -> Checked:
    offenders = tuple(Offender(id, Flaw.REFUSED, f"Greet {id} <b>", REASON, HINT) for id in ids)
    return Checked(revision, 8, ids, offenders)


class WaitingJob(FakeGateJob):
    """Tells of the same example until it is stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped = threading.Event()

    def messages(self) -> Iterator[object]:
        yield Progress(3, 8)
        while not self.stopped.wait(0.02):
            yield Progress(3, 8)
        raise Stopped

    def stop(self) -> None:
        self.stopped.set()


@pytest.fixture
def place(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    with bench(qtbot, monkeypatch, tmp_path) as made:
        yield made


# --- The gate ---------------------------------------------------------------------------------------------------------


def test_offenders_keep_a_run_from_starting(place: Bench) -> None:
    project = place.open()
    place.gate_tells(Progress(1, 8), refused(2, 3))
    with place.qtbot.waitSignal(place.session.gate.refused) as caught:
        place.session.start_run()
        assert place.session.is_training
    assert caught.args[0].flawed == (2, 3)
    assert not place.session.is_training
    assert project.runs() == []


def test_what_was_looked_at_starts_at_once_and_is_not_looked_at_again(
    place: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = place.open()
    made: list[FakeGateJob] = []

    def make(_project: object, _recipe: object) -> FakeGateJob:
        made.append(FakeGateJob())
        return made[-1]

    monkeypatch.setattr("app.gate.make_job", make)
    gate, recipe = place.session.gate, place.session.recipe
    with place.qtbot.waitSignal(gate.checked):
        gate.look(project, recipe, 1)
    gate.look(project, recipe, 1)
    place.session.start_run()
    place.until(lambda: place.session.training is not None)
    assert len(made) == 1
    assert gate.result is not None
    gate.look(project, with_settings(recipe, {"training.max_length": 64}), 1)
    place.until(lambda: len(made) == 2)
    place.until(lambda: gate.result is not None)


def test_a_start_can_be_taken_back_while_it_is_checked(place: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    job = WaitingJob()
    monkeypatch.setattr("app.gate.make_job", lambda _project, _recipe: job)  # the page looks as soon as it is in sight
    page = TrainPage(place.session)
    place.qtbot.addWidget(page)
    page.show()
    project = place.open()
    place.session.start_run()
    place.until(lambda: page.checking.isVisible() and page.checking.words.startswith("Checking the examples: 3 of 8"))
    place.qtbot.mouseClick(page.checking.cancel, Qt.MouseButton.LeftButton)
    assert job.stopped.is_set()
    assert not place.session.is_training
    assert not page.checking.isVisible()
    assert page.first.start.text() == "Train"
    assert project.runs() == []


def test_a_check_that_fails_is_told_only_to_who_wants_to_train(place: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(FakeGateJob):
        def messages(self) -> Iterator[object]:
            raise ModelError("The base model is missing.")
            yield

    project = place.open()
    monkeypatch.setattr("app.gate.make_job", lambda _project, _recipe: Failing())
    problems: list[object] = []
    place.session.problem.connect(problems.append)
    with place.qtbot.waitSignal(place.session.gate.told):
        place.session.gate.look(project, place.session.recipe, 1)
    assert problems == []
    place.session.start_run()
    place.until(lambda: problems)
    assert str(problems[0]) == "The base model is missing."
    assert not place.session.is_training


def test_where_all_are_too_long_the_problem_is_told(place: Bench) -> None:
    place.open()
    place.gate_tells(Checked(1, 2, too_long=(1, 2)))
    with place.qtbot.waitSignal(place.session.problem) as caught:
        place.session.start_run()
    assert "longer than the maximum length" in str(caught.args[0])


def test_a_project_that_closes_is_not_checked(place: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    job = WaitingJob()
    place.open()
    monkeypatch.setattr("app.gate.make_job", lambda _project, _recipe: job)
    with place.qtbot.waitSignal(place.session.gate.told):  # the job is made, in another thread
        place.session.start_run()
    assert place.session.gate.is_asked
    place.session.close()
    assert job.stopped.wait(5)
    assert not place.session.gate.is_asked
    assert not place.session.is_training


class Held(FakeGateJob):
    """Tells its result once it may."""

    def __init__(self, *told: object) -> None:
        super().__init__(*told)
        self.go = threading.Event()

    def messages(self) -> Iterator[object]:
        assert self.go.wait(10)
        yield from super().messages()


def held(monkeypatch: pytest.MonkeyPatch, *told: object) -> list[Held]:
    made: list[Held] = []
    monkeypatch.setattr("app.gate.make_job", lambda _project, _recipe: made.append(Held(*told)) or made[-1])
    return made


def test_all_who_wait_for_a_check_go_on(place: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    project = place.open()
    made = held(monkeypatch)
    place.session.queue.add_current()
    place.session.start_run()
    place.session.wait()
    place.until(lambda: made)
    assert project.runs() == []
    made[0].go.set()
    place.until(lambda: place.session.training is not None and len(project.runs()) == 2)
    assert len(made) == 1


def test_each_is_checked_with_its_own_settings(place: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    project, gate = place.open(), place.session.gate
    made, done = held(monkeypatch), list[str]()
    other = with_settings(place.session.recipe, {"training.max_length": 64})
    gate.check(project, place.session.recipe, 1, lambda: done.append("usual"), owner=1)
    gate.check(project, other, 1, lambda: done.append("short"), owner=2)
    place.until(lambda: len(made) == 1)
    made[0].go.set()
    place.until(lambda: len(made) == 2)
    assert done == ["usual"]
    made[1].go.set()
    place.until(lambda: done == ["usual", "short"])


def test_one_who_waits_no_more_leaves_the_check_to_the_others(place: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    project, gate = place.open(), place.session.gate
    made, done = held(monkeypatch), list[str]()
    for owner in ("one", "two"):
        gate.check(project, place.session.recipe, 1, functools.partial(done.append, owner), owner=owner)
    gate.cancel("one")
    place.until(lambda: made)
    made[0].go.set()
    place.until(lambda: done == ["two"])


def test_what_is_added_during_another_check_is_proven_too(place: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    project, gate = place.open(), place.session.gate
    made, done = held(monkeypatch, refused(2)), list[str]()
    gate.check(project, place.session.recipe, 1, lambda: done.append("rehearsed"), owner=1)
    place.session.queue.add_current()
    place.session.wait()
    place.until(lambda: made)
    with place.qtbot.waitSignal(gate.refused):
        made[0].go.set()
    place.session.wait()
    assert (project.runs(), done) == ([], [])


def test_both_go_on_once_what_kept_them_is_mended(place: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    project = place.open()
    made = held(monkeypatch, refused(2))
    place.session.start_run()
    place.session.wait()
    place.session.queue.add_current()
    place.session.wait()
    place.until(lambda: made)
    with place.qtbot.waitSignal(place.session.gate.refused):
        made[0].go.set()
    place.gate_tells(Checked(2, 7))
    project.store.revision = 2
    place.session.once_mended()
    place.until(lambda: place.session.training is not None and len(project.runs()) == 2)


def test_a_check_asked_for_last_of_all_does_not_outlive_its_project(
    place: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.open()
    monkeypatch.setattr("app.gate.make_job", lambda _project, _recipe: WaitingJob())
    place.session.start_run()  # its revision is delivered while the project is let go
    place.open(name="another")
    assert not place.session.gate.is_asked
    assert not place.session.gate._job.busy


def test_the_revision_is_not_read_on_the_drawing_thread(place: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    store = place.open().store
    readers: list[threading.Thread] = []

    def revision(_store: object) -> int:
        readers.append(threading.current_thread())
        return 1

    monkeypatch.setattr(type(store), "revision", property(revision, lambda _store, _value: None), raising=False)
    with place.qtbot.waitSignal(place.session.gate.checked):
        place.session.look_at_examples()
    assert readers
    assert threading.main_thread() not in readers


def test_nobody_hears_of_a_gate_that_is_gone(qtbot: QtBot) -> None:
    gate = Gate()
    gate.stop()
    assert gate.result is None
    gate.show_refused()


# --- What is shown ----------------------------------------------------------------------------------------------------


@pytest.fixture
def session(qtbot: QtBot, tmp_path: Path) -> Iterator[Session]:
    session = Session()
    project = Project.create(tmp_path / "letters")
    project.store.add([Example(f"Greet {n}", "", "Ahoy", system="Be kind") for n in range(4)])
    session.use(project)
    yield session
    session.close()


@pytest.fixture
def shown(qtbot: QtBot, session: Session) -> Iterator[tuple[StartCheck, list[tuple[list[int], str]]]]:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(900, 700)
    window.show()
    asked: list[tuple[list[int], str]] = []
    check = StartCheck(session, lambda ids, words: asked.append((list(ids), words)), window)
    yield check, asked
    if check.dialog is not None:
        check.dialog.close()


def statuses(session: Session) -> list[Status]:
    assert session.project is not None
    return [example.status for example in session.project.store.iterate()]


def test_causes_are_told_once_with_their_examples() -> None:
    found = (*refused(1, 2).offenders, Offender(3, Flaw.CUT, "x", "Cut.", ""), *refused(9).offenders)
    assert [(cause.reason, [id for id, _ in cause.examples]) for cause in causes(found)] == [
        (REASON, [1, 2, 9]),
        ("Cut.", [3]),
    ]


def test_each_offender_can_be_opened_or_excluded(qtbot: QtBot, session: Session, shown) -> None:
    check, asked = shown
    session.gate.refused.emit(refused(2, 3))
    dialog = check.dialog
    assert dialog is not None
    assert list(dialog.rows) == [2, 3]
    with qtbot.waitSignal(session.examples_changed):
        dialog.rows[2].exclude.click()
    assert statuses(session)[1] is Status.EXCLUDED
    assert dialog.rows[2].exclude.text() == "Excluded"
    assert dialog.isVisible()
    with qtbot.waitSignal(session.examples_changed):
        session.undo()
    assert statuses(session)[1] is Status.READY
    dialog.rows[3].open.click()
    assert asked == [([3], "Example 3")]
    qtbot.waitUntil(lambda: check.dialog is None)


def test_all_can_be_shown_in_the_table(qtbot: QtBot, session: Session, shown) -> None:
    check, asked = shown
    session.gate.refused.emit(refused(1, 4))
    assert check.dialog is not None
    check.dialog.show_all.click()
    assert asked == [([1, 4], "Cannot be trained")]


def test_all_can_be_excluded_and_the_run_starts(qtbot: QtBot, session: Session, shown, monkeypatch) -> None:
    check, _ = shown
    started: list[bool] = []
    session.once_mended = lambda: started.append(True)
    session.gate.refused.emit(refused(1, 2, 3))
    assert check.dialog is not None
    assert check.dialog.exclude_all.text() == "Exclude all 3 and go on"
    check.dialog.exclude_all.click()
    qtbot.waitUntil(lambda: bool(started))
    assert statuses(session) == [Status.EXCLUDED] * 3 + [Status.READY]


def test_of_very_many_the_first_are_listed(qtbot: QtBot, session: Session, shown) -> None:
    check, _ = shown
    session.gate.refused.emit(refused(*range(1, 501)))
    assert check.dialog is not None
    assert list(check.dialog.rows) == list(range(1, 31))


def test_the_whole_way_with_a_real_check(
    qtbot: QtBot, session: Session, shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The starter model with a template that takes no system prompt; a fake process trains."""
    base = shutil.copytree(paths.starter_model(), tmp_path / "refusing")
    template = base / "chat_template.jinja"
    refusal = "{% if messages[0].role == 'system' %}{{ raise_exception('No system prompts here') }}{% endif %}"
    template.write_text(refusal + template.read_text(encoding="utf-8"), encoding="utf-8")
    starter_of = functools.partial(TrainingThread, starter=starter("--steps", "2", "--seconds", "0"))
    monkeypatch.setattr("app.jobs.TrainingThread", starter_of)
    check, _ = shown
    project = session.project
    assert project is not None
    project.store.add([Example(f"Ask {n}", "", "Ahoy") for n in range(3)])
    session.set_recipe(with_settings(session.recipe, {"model.base": str(base)}))
    session.start_run()
    until(qtbot, lambda: check.dialog is not None)
    assert list(check.dialog.rows) == [1, 2, 3, 4]
    assert project.runs() == []
    check.dialog.exclude_all.click()
    until(qtbot, lambda: session.training is not None)
    (run,) = project.runs()
    assert [example.id for example in run.train_examples()] == [5, 6, 7]
    until(qtbot, lambda: not session.is_training)
