"""A training process is killed at any moment, also inside a save: the run goes on and ends bit for bit the same.

``TUNESMITH_KILLS`` says how many times; ``benchmarks/training_kills.py`` does it 200 times.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest
from forked_runs import adapter_bytes, finish, log, new_run, start
from killing_training import kill_many

from core.runs.events import Step
from core.runs.folder import State
from core.runs.heartbeat import Listener

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes are forked"),
]


def test_a_killed_run_ends_as_one_that_nobody_disturbed(tmp_path: Path, model: Path) -> None:
    figures = kill_many(tmp_path, model, int(os.environ.get("TUNESMITH_KILLS", "6")), seed=5)
    assert figures.wrong == []
    assert figures.in_saves >= 1


def test_a_suspended_process_is_neither_dead_nor_silent_and_goes_on(tmp_path: Path, model: Path) -> None:
    """As after a sleep of the machine: an hour passes on the listener's clock while nothing moves."""
    whole, run = new_run(tmp_path, model), new_run(tmp_path, model)
    finish(whole)
    process = start(run)
    while not any(isinstance(event, Step) and event.step >= 2 for event in run.events()):
        assert process.is_alive(), log(run)
        time.sleep(0.01)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)
    now = [0.0]
    listener = Listener(run, lambda: now[0])
    worker = psutil.Process(process.pid)
    for _ in range(70):
        now[0] += 1
        assert listener.look(worker) == 0
        assert run.progress().state is State.RUNNING
    os.kill(process.pid, signal.SIGCONT)
    process.join(120)
    assert process.exitcode == 0
    assert adapter_bytes(run) == adapter_bytes(whole)
