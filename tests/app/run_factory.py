"""Runs for the window's tests: folders, and a starter for the fake worker."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from core.dataset.example import Example
from core.recipe.schema import Recipe
from core.runs.folder import RunFolder, create
from core.runs.process import worker_environment

FAKE_WORKER = Path(__file__).with_name("fake_worker.py")


def new_run(runs: Path, name: str = "Harbour letters", recipe: Recipe | None = None) -> RunFolder:
    """A run that has not begun."""
    examples = [Example(id=i, instruction=f"Question {i}", output=f"Answer {i}") for i in range(1, 9)]
    return create(runs, name=name, recipe=recipe or Recipe(), train=examples[:6], heldout=examples[6:])


def starter(*arguments: str) -> Callable[[RunFolder], subprocess.Popen[bytes]]:
    """A replacement for ``start_worker`` that starts the fake worker with these arguments."""

    def start(run: RunFolder) -> subprocess.Popen[bytes]:
        run.withdraw_wish()
        with open(run.log_file, "ab") as log:
            process = subprocess.Popen(
                [sys.executable, str(FAKE_WORKER), str(run.path), *arguments],
                env=worker_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        run.claim(process.pid)
        return process

    return start
