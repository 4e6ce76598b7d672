"""Command lines run in this process, and a project to run them on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from core.cli import output
from core.cli.main import main
from core.dataset.example import Example
from core.project import Project
from core.runs import watch
from core.runs.folder import RunFolder
from core.runs.process import worker_environment

FAKE_WORKER = Path(__file__).parents[2] / "app" / "fake_worker.py"


class Outcome(NamedTuple):
    """What a command line came to."""

    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Runs ``tunesmith ARGUMENTS``."""

    def run(*arguments: object) -> Outcome:
        code = main([str(argument) for argument in arguments])
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the program were on the search path, so that hints name it."""
    monkeypatch.setattr(output.shutil, "which", lambda name: f"/usr/bin/{name}")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The folder of a project with 60 ready examples and a draft."""
    with Project.create(tmp_path / "letters") as project:
        examples = [Example(instruction=f"Question {n}", input="ä 🐄", output=f"Answer {n}") for n in range(60)]
        project.store.add([*examples, Example(instruction="A draft")])
        return project.path


@pytest.fixture
def fake_worker(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets a process that only writes events train, and ends those that a test leaves behind."""
    started: list[subprocess.Popen[bytes]] = []

    def use(*arguments: object) -> None:
        def start(run: RunFolder) -> subprocess.Popen[bytes]:
            run.withdraw_wish()
            with open(run.log_file, "ab") as log:
                command = [sys.executable, str(FAKE_WORKER), str(run.path), *map(str, arguments)]
                process = subprocess.Popen(
                    command, env=worker_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
                )
            started.append(process)
            run.claim(process.pid)
            return process

        monkeypatch.setattr(watch, "start_worker", start)

    yield use
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
