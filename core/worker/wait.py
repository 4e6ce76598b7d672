"""The waiting process: imports what training needs, then waits for a run; ends when nobody is there to hand it one.

The request is one line of JSON on stdin. Before anything is imported, stdin is moved aside and nothing is left to read
there: Transformers asks questions on it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from core.runs.folder import RunFolder
from core.worker.imports import import_lean, uncollected


def wait(train: Callable[[RunFolder], int]) -> int:
    """Prepare, and train the run that comes.

    Args:
        train: the training job.

    Returns:
        Its exit code; 0 when no run came.

    Raises:
        ImportError: a library is missing; a run that is started without this process says so.
    """
    requests = _take_stdin()
    with uncollected():
        import_lean()
        import core.worker.train  # noqa: F401 - so that the job finds it imported
        from core.worker.warm import warm_up

        warm_up()

    with open(requests, encoding="utf-8") as lines:
        line = lines.readline()
    if not line.endswith("\n"):
        return 0
    run = RunFolder(Path(json.loads(line)["run"]))
    _log_to(run.log_file)
    return train(run)


def _take_stdin() -> int:
    """Another number for what stdin was; stdin itself is empty from now on."""
    requests = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return requests


def _log_to(path: Path) -> None:
    """Append what is printed, also by libraries and by a crash, to the run's log."""
    sys.stdout.flush()
    sys.stderr.flush()
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
