"""The command line with real training processes: signals, kills, resuming, settings."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core import paths
from core.project import Project
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs.folder import RunFolder, State

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="signals are not sent like this on Windows")]


@pytest.fixture
def project(tmp_path, tiny_model, tiny_examples):
    """A project of forty examples for the tiny model; ten are held out."""
    settings = {
        "model.base": str(tiny_model),
        "training.batch_size": 5,
        "training.learning_rate": 1e-2,
        "training.epochs": 2,
        "lora.rank": 4,
        "lora.alpha": 8,
        "heldout.share": 0.25,
        "heldout.early_stopping": False,
        "checkpoints.minutes": 0.001,
    }
    with Project.create(tmp_path / "sounds", recipe=with_settings(Recipe(), settings)) as project:
        project.store.add([*tiny_examples, *tiny_examples[:16]])
        return project.path


def start(project: Path, *arguments: str) -> subprocess.Popen[str]:
    """``python -m core ARGUMENTS`` in the folder that the project lies in."""
    return subprocess.Popen(
        [sys.executable, "-m", "core", *arguments],
        cwd=project.parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(paths.package_root()), os.environ["PYTHONPATH"]))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, list[dict], str]:
    """Exit code, the lines of JSON and what was said besides."""
    out, err = process.communicate(timeout=120)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


def wait_for_step(project: Path, step: int, process: subprocess.Popen[str]) -> RunFolder:
    """The first run, once it has made so many steps."""
    while process.poll() is None:
        runs = sorted((project / "runs").glob("0001-*"))
        if runs and RunFolder(runs[0]).progress().step >= step:
            return RunFolder(runs[0])
        time.sleep(0.02)
    raise AssertionError(process.communicate())


def test_ctrl_c_stops_with_a_checkpoint_from_which_resume_goes_on(project):
    process = start(project, "train", "sounds", "--set", "training.epochs=40", "--json")
    run = wait_for_step(project, 3, process)
    process.send_signal(signal.SIGINT)
    code, lines, said = finish(process)
    assert code == 0, said
    assert "checkpoint" in said
    assert {line["type"] for line in lines[:-1]} >= {"phase", "started", "step", "checkpoint", "stopped"}
    stopped = lines[-1]
    assert stopped["state"] == "stopped"
    assert stopped["run"] == run.name
    assert Path(stopped["adapter"], "adapter_model.safetensors").is_file()
    assert any(run.checkpoints.glob("step-*"))
    assert not run.worker_is_alive()
    done = stopped["steps"]

    code, lines, _ = finish(start(project, "resume", "sounds", "1", "--detach", "--json"))
    assert (code, lines[0]["state"]) == (0, "starting")
    while run.progress().step < done + 3:
        assert run.progress().state is not State.FAILED
        time.sleep(0.05)
    code, lines, said = finish(start(project, "stop", "sounds", "1", "--json"))
    assert (code, lines[-1]["state"]) == (0, "stopped"), said
    steps = [event.step for event in run.events() if event.type == "step"]
    assert steps == list(range(1, len(steps) + 1)), "none twice, none left out"


def test_a_killed_worker_is_noticed_and_told(project):
    process = start(project, "train", "sounds", "--set", "training.epochs=40", "--json")
    run = wait_for_step(project, 3, process)
    os.kill(run.worker_process().pid, signal.SIGKILL)
    code, lines, said = finish(process)
    assert code == 1
    assert lines[-1]["state"] == "interrupted"
    assert said.count("\n") == 1
    assert "SIGKILL" in said
    assert "resume sounds 1" in said
    code, listed, _ = finish(start(project, "runs", "sounds", "--json"))
    assert (code, listed[0][0]["state"]) == (0, "interrupted")


def test_a_second_ctrl_c_does_not_wait(project):
    process = start(project, "train", "sounds", "--set", "training.epochs=40")
    run = wait_for_step(project, 1, process)
    os.kill(run.worker_process().pid, signal.SIGSTOP)  # it cannot listen
    process.send_signal(signal.SIGINT)
    while run.wish() != "stop":
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Started on" in out
    assert "You had its process ended" in said
    assert not run.worker_is_alive()


def test_the_probe_of_doctor_is_real():
    done = subprocess.run(
        [sys.executable, "-m", "core", "doctor", "--json"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(paths.package_root()), os.environ["PYTHONPATH"]))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["4-bit training (NF4)"]["ok"], checks
    assert "graphics card" in checks
    assert done.returncode == 0, checks
