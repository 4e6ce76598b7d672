"""A training thread follows a run to its end, passes wishes on, notices death, and harms nothing when it is closed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from run_factory import new_run, starter

from app.jobs import TrainingThread
from core.errors import RunError
from core.runs.events import Event, Step
from core.runs.folder import Progress, RunFolder, State
from core.runs.record import Record


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return new_run(tmp_path / "runs")


class Watched:
    """A thread and all that it said."""

    def __init__(self, thread: TrainingThread) -> None:
        self.thread = thread
        self.record: Record
        self.states: list[State] = []
        self.failures: list[RunError] = []
        self.batches: list[tuple[float, int]] = []
        thread.events.connect(self._events)
        thread.state_changed.connect(self._state)
        thread.failed.connect(self.failures.append)
        self.record = Record.load(thread.run_folder)

    def _events(self, events: list[Event], first: int) -> None:
        self.batches.append((time.monotonic(), len(events)))
        if first > self.record.count:  # written between the reading of the file and the start of the thread
            self.record = Record.load(self.thread.run_folder)
        self.record.add(events, first)

    def _state(self, progress: Progress) -> None:
        if not self.states or self.states[-1] is not progress.state:
            self.states.append(progress.state)


@pytest.fixture
def watch(qtbot: QtBot) -> Iterator[Callable[..., Watched]]:
    made: list[TrainingThread] = []

    def make(run: RunFolder, *, start: bool = True, **options: Any) -> Watched:
        thread = TrainingThread(run, start=start, **options)
        made.append(thread)
        watched = Watched(thread)
        thread.start()
        return watched

    yield make
    for thread in made:
        process = thread.run_folder.worker_process()
        thread.leave()
        if process is not None:
            process.kill()
            process.wait(5)


def until(qtbot: QtBot, condition: Callable[[], object], seconds: float = 10) -> None:
    def check() -> None:
        assert condition()

    qtbot.waitUntil(check, timeout=int(seconds * 1000))


def test_a_run_is_followed_from_its_start_to_its_end(
    qtbot: QtBot, run: RunFolder, watch: Callable[..., Watched]
) -> None:
    watched = watch(run, starter=starter("--steps", "30", "--seconds", "0.02"))
    until(qtbot, watched.thread.isFinished)
    until(qtbot, lambda: State.FINISHED in watched.states)
    assert watched.states == [State.STARTING, State.RUNNING, State.FINISHED]
    assert list(watched.record.series.steps) == list(range(1, 31))
    assert len(watched.record.series.samples) == 7
    assert watched.thread.exit_code == 0
    assert watched.thread.problem is None
    assert not run.worker_is_alive()


def test_events_come_in_batches_at_most_thirty_times_a_second(
    qtbot: QtBot, run: RunFolder, watch: Callable[..., Watched]
) -> None:
    watched = watch(run, starter=starter("--steps", "4000", "--seconds", "0"))
    until(qtbot, watched.thread.isFinished, 20)
    until(qtbot, lambda: len(watched.record.series.steps) == 4000)
    assert len(watched.batches) < 200
    span = watched.batches[-1][0] - watched.batches[0][0]
    assert len(watched.batches) - 1 <= span * 33 + 2


@pytest.mark.parametrize(("wish", "state"), [("pause", State.PAUSED), ("stop", State.STOPPED)])
def test_wishes_reach_the_process(
    qtbot: QtBot, run: RunFolder, watch: Callable[..., Watched], wish: str, state: State
) -> None:
    watched = watch(run, starter=starter("--steps", "100000", "--seconds", "0.01"))
    until(qtbot, lambda: watched.record.series.steps)
    getattr(watched.thread, wish)()
    assert watched.thread.wish == wish
    until(qtbot, watched.thread.isFinished)
    until(qtbot, lambda: watched.states[-1] is state)
    assert watched.thread.problem is None


def test_a_paused_run_goes_on_where_it_was(qtbot: QtBot, run: RunFolder, watch: Callable[..., Watched]) -> None:
    first = watch(run, starter=starter("--steps", "200", "--seconds", "0.01"))
    until(qtbot, lambda: first.record.series.steps)
    first.thread.pause()
    until(qtbot, first.thread.isFinished)
    paused_at = Record.load(run).progress.step
    second = TrainingThread(run, start=True, starter=starter("--steps", "200", "--seconds", "0.001"))
    record = Record.load(run)
    states: list[State] = []
    second.events.connect(record.add)
    second.state_changed.connect(lambda progress: states.append(progress.state))
    second.start()
    until(qtbot, second.isFinished)
    until(qtbot, lambda: State.FINISHED in states)
    assert list(record.series.steps) == list(range(1, 201))
    assert 0 < paused_at < 200
    assert State.PAUSED not in states


def test_a_killed_process_is_noticed_within_a_second(
    qtbot: QtBot, run: RunFolder, watch: Callable[..., Watched]
) -> None:
    watched = watch(run, starter=starter("--steps", "100000", "--seconds", "0.01"))
    until(qtbot, lambda: watched.record.series.steps)
    process = run.worker_process()
    assert process is not None
    process.kill()
    killed = time.monotonic()
    until(qtbot, lambda: watched.states[-1] is State.INTERRUPTED)
    assert time.monotonic() - killed < 1.0
    until(qtbot, watched.thread.isFinished)
    assert watched.thread.problem is not None
    assert "SIGKILL" in watched.thread.problem.reason


def test_a_failure_arrives_with_its_words(qtbot: QtBot, run: RunFolder, watch: Callable[..., Watched]) -> None:
    watched = watch(run, starter=starter("--steps", "10", "--seconds", "0", "--end", "fail"))
    until(qtbot, watched.thread.isFinished)
    until(qtbot, lambda: watched.states[-1] is State.FAILED)
    assert watched.thread.problem is not None
    assert watched.thread.problem.title == "The memory is full."
    assert watched.thread.problem.details


def test_closing_the_thread_leaves_the_run_alone_and_another_can_follow(
    qtbot: QtBot, run: RunFolder, watch: Callable[..., Watched]
) -> None:
    first = watch(run, starter=starter("--steps", "300", "--seconds", "0.01"))
    until(qtbot, lambda: first.record.series.steps)
    began = time.monotonic()
    first.thread.leave()
    assert time.monotonic() - began < 1
    assert run.worker_is_alive()
    second = watch(run, start=False)
    until(qtbot, lambda: second.states and second.states[-1] is State.RUNNING)
    seen = Record.load(run)
    assert seen.progress.state is State.RUNNING
    until(qtbot, lambda: len(second.batches) > 1)
    second.thread.stop()
    until(qtbot, lambda: second.states[-1] is State.STOPPED)


def test_following_a_run_that_is_over_tells_its_state_and_ends(
    qtbot: QtBot, run: RunFolder, watch: Callable[..., Watched]
) -> None:
    first = watch(run, starter=starter("--steps", "5", "--seconds", "0"))
    until(qtbot, first.thread.isFinished)
    second = watch(run, start=False)
    until(qtbot, second.thread.isFinished)
    until(qtbot, lambda: second.states == [State.FINISHED])
    assert second.batches == []


def test_a_stubborn_process_is_ended_only_on_a_second_request_and_after_the_stated_time(
    qtbot: QtBot, run: RunFolder, watch: Callable[..., Watched]
) -> None:
    watched = watch(
        run,
        starter=starter("--steps", "100000", "--seconds", "0.01", "--end", "stubborn"),
        grace=0.3,
        kill_after=0.3,
    )
    until(qtbot, lambda: watched.record.series.steps)
    watched.thread.stop()
    asked = time.monotonic()
    until(qtbot, lambda: watched.thread.force_delay() == 0)
    seen = len(watched.record.series.steps)
    until(qtbot, lambda: len(watched.record.series.steps) > seen)  # nobody asked twice: it goes on
    assert watched.thread.can_force
    watched.thread.force()
    until(qtbot, watched.thread.isFinished)
    assert time.monotonic() - asked > 0.6
    until(qtbot, lambda: watched.states[-1] is State.INTERRUPTED)
    assert watched.thread.problem is not None
    assert "before it could save" in watched.thread.problem.reason


def test_a_process_that_cannot_be_started_is_told(qtbot: QtBot, run: RunFolder, watch: Callable[..., Watched]) -> None:
    def refuse(run: RunFolder) -> Any:
        raise RunError("It is already running.")

    watched = watch(run, starter=refuse)
    until(qtbot, watched.thread.isFinished)
    until(qtbot, lambda: watched.failures)
    assert watched.failures[0].title == "It is already running."
    assert watched.states == [State.STARTING, State.FAILED]


def test_a_wish_that_cannot_be_written_is_told(
    qtbot: QtBot, run: RunFolder, watch: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: RunFolder, wish: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunFolder, "ask", full)
    watched = watch(run, starter=starter("--steps", "100000", "--seconds", "0.01"))
    until(qtbot, lambda: watched.record.series.steps)
    watched.thread.stop()
    until(qtbot, lambda: watched.failures)
    assert "No space left" in watched.failures[0].reason
    assert watched.thread.wish is None


def test_the_steps_are_typed_events(qtbot: QtBot, run: RunFolder, watch: Callable[..., Watched]) -> None:
    thread = TrainingThread(run, start=True, starter=starter("--steps", "3", "--seconds", "0"))
    seen: list[Event] = []
    thread.events.connect(lambda events, first: seen.extend(events))
    thread.start()
    until(qtbot, thread.isFinished)
    until(qtbot, lambda: sum(isinstance(event, Step) for event in seen) == 3)
