"""Following a run without Qt, with processes that only write events."""

import os
import signal
import subprocess
import sys

import pytest

from core.dataset.example import Example
from core.recipe.schema import Recipe
from core.runs import watch as watching
from core.runs.event_file import EventWriter
from core.runs.events import Finished, Phase, Step
from core.runs.folder import State, create
from core.runs.watch import Watch, active_run

LAST = Finished(step=2, loss=1.0, heldout_loss=None, adapter="adapter", seconds=1)


def step(number):
    return Step(
        step=number,
        epoch=0.5,
        loss=2.0,
        learning_rate=1e-3,
        grad_norm=1.0,
        tokens=10,
        tokens_per_second=5.0,
        memory_bytes=1,
    )


@pytest.fixture
def run(tmp_path):
    examples = [Example(id=n, instruction=f"Q{n}", output="A") for n in range(1, 4)]
    return create(tmp_path / "runs", name="a run", recipe=Recipe(), train=examples, heldout=[])


@pytest.fixture
def process(run, monkeypatch):
    """What is started for the run: it waits until it is killed."""
    made = []

    def start(run):
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        run.claim(process.pid)
        made.append(process)
        return process

    monkeypatch.setattr(watching, "start_worker", start)
    yield made
    for one in made:
        one.kill()
        one.wait()


def look_until_ended(watch):
    events = []
    while not watch.ended:
        events += watch.look()
    return events


def test_a_run_that_told_all_before(run):
    with EventWriter(run.events_file) as events:
        for event in (Phase(name="starting"), step(1), step(2), LAST):
            events.write(event)
    watch = Watch(run)
    assert watch.progress.state is State.FINISHED
    assert look_until_ended(watch) == []
    assert watch.problem is None


def test_events_come_once_and_in_order(run, process):
    watch = Watch(run)
    watch.start()
    assert watch.progress.state is State.STARTING
    assert not watch.look()
    with EventWriter(run.events_file) as events:
        events.write(step(1))
        assert [event.step for event in watch.look()] == [1]
        events.write(step(2))
        events.write(LAST)
        process[0].kill()
        process[0].wait()
        rest = look_until_ended(watch)
    assert [event.type for event in rest] == ["step", "finished"], "what was written before the death is not lost"
    assert watch.progress.state is State.FINISHED
    assert watch.problem is None


@pytest.mark.skipif(os.name == "nt", reason="no signals on Windows")
def test_a_death_without_a_last_word(run, process):
    watch = Watch(run)
    watch.start()
    with EventWriter(run.events_file) as events:
        events.write(step(1))
    process[0].send_signal(signal.SIGKILL)
    process[0].wait()
    look_until_ended(watch)
    assert watch.progress.state is State.INTERRUPTED
    assert "SIGKILL" in watch.problem.reason
    assert "from the beginning" in watch.problem.hint


def test_forced(run, process):
    watch = Watch(run)
    watch.start()
    watch.force()
    look_until_ended(watch)
    assert watch.is_forced
    assert watch.progress.state is State.INTERRUPTED
    assert "You had its process ended" in watch.problem.reason
    watch.force()  # once more does no harm


def test_a_process_that_somebody_else_started_is_followed_too(run, process):
    assert active_run([run]) is None
    Watch(run).start()
    assert active_run([run]) == run
    other = Watch(run)
    assert not other.look()
    assert not other.ended
    process[0].kill()
    process[0].wait()
    look_until_ended(other)
    assert other.progress.state is State.INTERRUPTED
