"""One process waits for a run at most; it is let go in time, and nothing depends on it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from core.dataset.example import Example
from core.recipe.schema import Recipe
from core.runs import folder, process, standby
from core.runs.folder import RunFolder, State
from core.runs.standby import Standby

WAITING = """
import sys, time
line = sys.stdin.readline()
open({mark!r}, "w").write(line)
time.sleep(60 if line else 0)
"""
COLD = "import time; time.sleep(60)"


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    examples = [Example(id=1, instruction="Question", output="Answer")]
    return folder.create(tmp_path / "runs", name="run", recipe=Recipe(), train=examples, heldout=[])


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """What is started instead of workers: a list of (arguments, process); all are gone afterwards."""
    found: list[tuple[list[str], subprocess.Popen[bytes]]] = []
    mark = str(tmp_path / "request")

    def launch(arguments, *, output, input=subprocess.DEVNULL, environment=None, processes=1):
        program = WAITING.format(mark=mark) if arguments == ["wait"] else COLD
        child = subprocess.Popen([sys.executable, "-c", program], stdin=input, stdout=output, stderr=output)
        found.append((list(arguments), child))
        return child

    monkeypatch.setattr(standby, "launch", launch)
    monkeypatch.setattr(process, "launch", launch)
    yield found
    for _, child in found:
        if child.stdin is not None:
            child.stdin.close()
        child.kill()
        child.wait(10)


def until(condition) -> None:
    tick = threading.Event()
    for _ in range(1000):
        if condition():
            return
        tick.wait(0.01)
    raise AssertionError("it never came to that")


def test_a_run_is_handed_to_the_process_that_waits(run: RunFolder, started, tmp_path: Path) -> None:
    waiting = Standby()
    waiting.prepare()
    pid = waiting.pid
    waiting.prepare()
    assert waiting.pid == pid is not None
    child = waiting.start(run)
    assert child.pid == pid
    assert waiting.pid is None
    assert run.worker_process() == psutil.Process(pid)
    until(lambda: (tmp_path / "request").exists() and (tmp_path / "request").read_text().endswith("\n"))
    assert str(run.path.resolve()) in (tmp_path / "request").read_text()
    assert len(started) == 1


def test_without_one_a_run_starts_as_ever(run: RunFolder, started) -> None:
    child = Standby().start(run)
    assert started == [(["train", str(run.path.resolve())], child)]


def test_one_that_was_killed_harms_nothing(run: RunFolder, started) -> None:
    waiting = Standby()
    waiting.prepare()
    started[0][1].kill()
    started[0][1].wait(10)
    assert waiting.pid is None
    child = waiting.start(run)
    assert started[1] == (["train", str(run.path.resolve())], child)


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
def test_one_that_does_not_move_is_not_used(run: RunFolder, started) -> None:
    waiting = Standby()
    waiting.prepare()
    frozen = started[0][1]
    frozen.send_signal(signal.SIGSTOP)
    until(lambda: psutil.Process(frozen.pid).status() == psutil.STATUS_STOPPED)
    child = waiting.start(run)
    assert child is not frozen
    assert frozen.wait(10) == -signal.SIGKILL


def test_one_from_other_surroundings_is_not_used(run: RunFolder, started, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Standby()
    waiting.prepare()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert waiting.start(run) is not started[0][1]
    assert started[0][1].wait(10) is not None


def test_it_is_let_go_when_asked_when_idle_and_when_memory_is_short(started, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Standby(idle_seconds=1000)
    waiting.prepare()
    waiting.look()
    assert waiting.pid is not None
    waiting.dismiss()
    assert started[0][1].poll() is not None
    waiting.prepare()
    monkeypatch.setattr(standby, "_SHORT_MEMORY", 1 << 62)
    waiting.look()
    assert started[1][1].poll() is not None
    monkeypatch.setattr(standby, "_SHORT_MEMORY", 0)
    idle = Standby(idle_seconds=0)
    idle.prepare()
    idle.look()
    assert started[2][1].poll() is not None
    monkeypatch.setattr(standby, "_LEAST_MEMORY", 1 << 62)
    idle.prepare()
    assert idle.pid is None
    assert len(started) == 3


def test_it_ends_with_the_process_that_started_it(started) -> None:
    waiting = Standby()
    waiting.prepare()
    stdin = started[0][1].stdin
    stdin.close()  # what the system does when that process dies
    assert started[0][1].wait(10) == 0


def test_an_older_process_does_not_make_a_paused_run_look_paused(run: RunFolder, started) -> None:
    from core.runs.event_file import EventWriter
    from core.runs.events import Paused, Started

    waiting = Standby()
    waiting.prepare()
    until(lambda: psutil.Process(waiting.pid).create_time() > 0)
    with EventWriter(run.events_file) as events:
        counts = {"examples": 1, "heldout_examples": 0, "tokens": 1, "supervised_tokens": 1}
        sizes = {"trainable_parameters": 1, "total_parameters": 1}
        events.write(Started(device="CPU", versions={}, steps=2, epochs=1, **sizes, **counts))
        events.write(Paused(step=1))
    assert run.progress().state is State.PAUSED
    waiting.start(run)
    assert run.progress().state is State.STARTING
