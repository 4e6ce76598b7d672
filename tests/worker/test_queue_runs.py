"""The queue with real training processes: worked off in the background, one at a time on the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.session import Session
from core import paths
from core.project import Project
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import queue_runner
from core.runs.events import Step
from core.runs.folder import RunFolder, State, all_runs
from core.runs.queue import Queue

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="processes are looked up as on Linux")]


def make(folder: Path, base: Path, examples: list) -> Path:
    settings = {
        "model.base": str(base),
        "training.batch_size": 5,
        "training.learning_rate": 1e-2,
        "training.epochs": 1,
        "lora.rank": 4,
        "lora.alpha": 8,
        "heldout.share": 0,
    }
    with Project.create(folder, recipe=with_settings(Recipe(), settings)) as project:
        project.store.add(examples)
        return project.path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESMITH_HOME", str(tmp_path / "home"))


def core(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "core", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(paths.package_root()), os.environ["PYTHONPATH"]))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def done(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


def until(condition: Callable[[], object], seconds: float = 90) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def span(run: RunFolder) -> tuple[float, float]:
    """When a run's process was there: from its first event to its last."""
    events = run.events()
    return events[0].at, events[-1].at


def test_a_sweep_is_worked_off_in_the_background(home, tmp_path, tiny_model, tiny_examples):
    project = make(tmp_path / "sounds", tiny_model, tiny_examples)
    added = json.loads(done(core("queue", project, "sweep", "--over", "lora.rank=2,4", "--json")))
    assert added["waiting"] == ["0001-rank-2", "0002-rank-4"]
    assert done(core("queue", project, "run", "--detach"))
    runs = all_runs(project / "runs")
    until(lambda: all(run.progress().state is State.FINISHED for run in runs))
    until(lambda: not queue_runner.is_worked_off(project / "runs"))
    assert not Queue(project / "runs").look().on
    assert span(runs[0])[1] < span(runs[1])[0]
    assert all((run.adapter / "adapter_model.safetensors").is_file() for run in runs)
    assert (project / "runs" / queue_runner.LOG_FILE).read_text() == ""


def test_two_projects_take_turns(home, tmp_path, tiny_model, tiny_examples):
    first, second = (make(tmp_path / name, tiny_model, tiny_examples) for name in ("sounds", "noises"))
    running = core("train", first, "--set", "training.epochs=20")
    until(lambda: all_runs(first / "runs") and all_runs(first / "runs")[0].progress().step > 0)
    refused = core("train", second, "--detach")
    _, err = refused.communicate(timeout=120)
    assert refused.returncode == 1
    assert "Run 1 · Sounds in sounds" in err
    done(core("queue", second, "add"))
    done(core("queue", second, "run"))
    done(running)
    ended, begun = span(all_runs(first / "runs")[0])[1], span(all_runs(second / "runs")[0])[0]
    assert ended < begun
    assert [event for event in all_runs(second / "runs")[0].events() if isinstance(event, Step)]


def test_the_queue_of_a_window_goes_on_when_it_is_closed(qtbot, home, tmp_path, tiny_model, tiny_examples):
    path = make(tmp_path / "sounds", tiny_model, tiny_examples)
    session = Session()
    session.use(Project.open(path))
    for amount in (1, 2):
        session.queue.add_current()
        qtbot.waitUntil(lambda amount=amount: session.queue.amount == amount, timeout=60_000)
    session.queue.switch(True)
    runs = all_runs(path / "runs")
    qtbot.waitUntil(lambda: session.training is not None and session.training.run_folder == runs[0], timeout=60_000)
    session.close()
    until(lambda: all(run.progress().state is State.FINISHED for run in runs))
    until(lambda: not queue_runner.is_worked_off(path / "runs"))
    assert not Queue(path / "runs").look().on
