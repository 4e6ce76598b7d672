"""A run's past and present are joined: nothing missing, nothing twice, whatever comes first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_worker import evaluate
from page_fakes import Bench, bench
from PySide6.QtCore import QThreadPool
from pytestqt.qtbot import QtBot
from run_factory import new_run, starter

from app import run_watch
from app.jobs import TrainingThread
from app.run_watch import RunWatch
from core.errors import RunError
from core.runs import events
from core.runs.event_file import EventWriter
from core.runs.folder import RunFolder, State


@pytest.fixture
def place(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    with bench(qtbot, monkeypatch, tmp_path) as made:
        yield made


def step(number: int) -> events.Step:
    return events.Step(
        step=number,
        epoch=0,
        loss=1 / number,
        learning_rate=1e-4,
        grad_norm=1,
        tokens=number,
        tokens_per_second=1,
        memory_bytes=1,
    )


def write(run: RunFolder, *written: events.Event) -> None:
    with EventWriter(run.events_file) as writer:
        for event in written:
            writer.write(event)


def shown_steps(watch: RunWatch) -> list[int]:
    return list(watch.record.series.steps) if watch.record is not None else []


class Present:
    """A thread that tells what the test says (and follows nothing)."""

    def __init__(self, place: Bench, run: RunFolder) -> None:
        self.thread = TrainingThread(run, start=False, parent=place.session)
        place.session.training = self.thread

    def tell(self, *told: events.Event, first: int) -> None:
        self.thread.events.emit(list(told), first)


def test_a_whole_run_arrives_once_and_in_order(place: Bench) -> None:
    place.works("--steps", "200", "--seconds", "0.002")
    place.open()
    watch = RunWatch(place.session)
    heard: list[events.Event] = []
    watch.advanced.connect(heard.extend)
    place.session.start_run()
    place.until(lambda: watch.progress is not None and watch.progress.state is State.FINISHED)
    place.until(lambda: shown_steps(watch) == list(range(1, 201)))
    told = [event.step for event in heard if isinstance(event, events.Step)]
    assert told == sorted(set(told))
    assert watch.run is not None
    assert watch.record is not None
    assert watch.record.count == len(watch.run.events())


def test_a_run_that_is_already_under_way_is_found_with_its_past(place: Bench) -> None:
    project = place.open()
    run = project.create_run()
    starter("--steps", "5000", "--seconds", "0.005")(run)
    place.until(lambda: len(run.events()) > 40)
    watch = RunWatch(place.session)
    place.session.use(project)  # type: ignore[arg-type]  # as when a window opens it
    place.until(lambda: len(shown_steps(watch)) > 60)
    steps = shown_steps(watch)
    assert steps == list(range(1, len(steps) + 1))
    assert watch.thread is place.session.training


def test_events_that_come_while_the_past_is_read_are_kept(place: Bench) -> None:
    run = new_run(place.open().runs_folder)
    write(run, step(1), step(2))
    watch = RunWatch(place.session)
    present = Present(place, run)
    place.session.training_changed.emit()
    assert watch.record is None
    write(run, step(3))
    present.tell(step(3), first=2)
    place.until(lambda: watch.record is not None)
    place.until(lambda: shown_steps(watch) == [1, 2, 3])
    present.tell(step(3), first=2)
    present.tell(step(4), first=3)
    assert shown_steps(watch) == [1, 2, 3, 4]


def test_a_gap_between_past_and_present_is_filled_from_the_file(place: Bench) -> None:
    run = new_run(place.open().runs_folder)
    write(run, step(1))
    watch = RunWatch(place.session)
    present = Present(place, run)
    place.session.training_changed.emit()
    place.until(lambda: watch.record is not None)
    write(run, step(2), step(3), step(4))  # the thread read 2 and 3 quietly, after the past was read
    present.tell(step(4), first=3)
    place.until(lambda: shown_steps(watch) == [1, 2, 3, 4])
    write(run, step(5))
    present.tell(step(5), first=4)
    assert shown_steps(watch) == [1, 2, 3, 4, 5]


def test_another_runs_events_are_not_taken_for_this_ones(place: Bench) -> None:
    project = place.open()
    first, second = new_run(project.runs_folder), new_run(project.runs_folder)
    write(second, step(1))
    watch = RunWatch(place.session)
    present = Present(place, first)
    place.session.training_changed.emit()
    watch.show(second)
    place.until(lambda: shown_steps(watch) == [1])
    assert watch.thread is None
    present.tell(step(1), step(2), first=0)
    assert shown_steps(watch) == [1]
    watch.show(first)
    assert watch.thread is present.thread


def test_looking_at_another_run_and_back_hears_everything_once(place: Bench) -> None:
    project = place.open()
    first, second = new_run(project.runs_folder), new_run(project.runs_folder)
    watch = RunWatch(place.session)
    present = Present(place, first)
    place.session.training_changed.emit()
    watch.show(second)
    watch.show(first)
    place.until(lambda: watch.record is not None)
    heard: list[int] = []
    watch.progress_changed.connect(lambda: heard.append(1))
    present.thread.wish_changed.emit("pause")
    assert heard == [1]


def test_a_run_that_is_found_again_takes_nobody_away_from_another_one(place: Bench) -> None:
    project = place.open()
    first, second = new_run(project.runs_folder), new_run(project.runs_folder)
    watch = RunWatch(place.session)
    Present(place, first)
    place.session.training_changed.emit()
    watch.show(second)
    Present(place, first)
    place.session.training_changed.emit()
    assert watch.run == second
    place.session.training = TrainingThread(first, start=True, parent=place.session)
    place.session.training_changed.emit()
    assert watch.run == first  # the user has just resumed it


def test_only_the_newest_choice_is_shown(place: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    project = place.open()
    runs = [new_run(project.runs_folder) for _ in range(3)]
    for number, run in enumerate(runs, start=1):
        write(run, step(number))
    watch = RunWatch(place.session)
    for run in runs:
        watch.show(run)
    place.until(lambda: watch.record is not None)
    QThreadPool.globalInstance().waitForDone()
    assert watch.record is not None
    assert watch.record.run == runs[-1]
    assert shown_steps(watch) == [3]


def test_a_run_that_cannot_be_read_says_so(place: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_run: RunFolder) -> object:
        raise RunError("The run cannot be read.")

    monkeypatch.setattr(run_watch, "_load", broken)
    watch = RunWatch(place.session)
    with place.qtbot.waitSignal(watch.progress_changed):
        watch.show(new_run(place.open().runs_folder))
        place.until(lambda: watch.problem is not None)
    assert watch.problem is not None
    assert watch.problem.title == "The run cannot be read."


def test_a_wish_that_cannot_be_passed_on_is_told(place: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    place.works("--steps", "5000", "--seconds", "0.005")
    place.open()
    watch = RunWatch(place.session)
    place.session.start_run()
    place.until(lambda: shown_steps(watch))

    def full(_run: RunFolder, _wish: str) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(RunFolder, "ask", full)
    with place.qtbot.waitSignal(watch.failed) as heard:
        assert watch.thread is not None
        watch.thread.pause()
    assert heard.args is not None
    assert "No space left" in str(heard.args[0])


def test_closing_the_project_shows_no_run(place: Bench) -> None:
    run = new_run(place.open().runs_folder)
    watch = RunWatch(place.session)
    watch.show(run)
    place.session.close()
    assert watch.run is None
    QThreadPool.globalInstance().waitForDone()
    place.qtbot.wait(5)
    assert watch.record is None


def test_answers_come_with_their_evaluations(place: Bench) -> None:
    run = new_run(place.open().runs_folder)
    with EventWriter(run.events_file) as writer:
        evaluate(writer, 0, 10)
        evaluate(writer, 10, 10)
    watch = RunWatch(place.session)
    watch.show(run)
    place.until(lambda: watch.record is not None)
    assert watch.record is not None
    assert [len(watch.record.samples_at(at)) for at in (0, 10)] == [3, 3]
