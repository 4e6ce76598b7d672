"""Training runs in processes forked from one that has torch loaded already, with a fault let in on the way.

The processes are real and die real deaths; only the seconds of importing are saved. A fault is the name of a function
of the module ``training_faults``, called in the new process before its work begins.
"""

from __future__ import annotations

import importlib
import itertools
import multiprocessing
import os
import sys
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from tiny_model import words

from core.dataset.example import Example
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import folder
from core.runs.events import Evaluation, Event, Step
from core.runs.folder import RunFolder

SETTINGS = {
    "training.batch_size": 8,
    "training.learning_rate": 1e-2,
    "training.epochs": 3,
    "lora.rank": 4,
    "lora.alpha": 8,
    "lora.dropout": 0.1,
    "heldout.early_stopping": False,
}
EXAMPLES = [words(number) for number in range(40)]
_names = itertools.count(1)


def new_run(runs: Path, model: Path, examples: Sequence[Example] = EXAMPLES, **settings: object) -> RunFolder:
    """A run of twelve steps, unless told otherwise, with eight examples held out."""
    changes = {
        "model.base": str(model),
        **SETTINGS,
        **{name.replace("__", "."): value for name, value in settings.items()},
    }
    recipe = with_settings(Recipe(), changes)
    return folder.create(runs, name=f"run {next(_names)}", recipe=recipe, train=examples[:32], heldout=examples[32:40])


def start(run: RunFolder, fault: str = "", *arguments: Any) -> BaseProcess:
    """Work on a run in a new process.

    Args:
        run: its folder.
        fault: the name of a function of ``training_faults``, called there first.
        arguments: what it takes.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["core.worker.train", "core.worker.loading", "bitsandbytes"])
    process = context.Process(target=_work, args=(str(run.path), fault, arguments), daemon=True)
    process.start()
    return process


def finish(run: RunFolder, fault: str = "", *arguments: Any, seconds: float = 120) -> tuple[int, list[Event]]:
    """Work on a run to the end of its process; its exit code (negative: by that signal) and all events."""
    process = start(run, fault, *arguments)
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise TimeoutError(f"{run.name} did not end in {seconds} s: {log(run)[-2000:]}")
    return process.exitcode, run.events()


def log(run: RunFolder) -> str:
    """What its processes printed."""
    return run.log_file.read_text(encoding="utf-8", errors="replace") if run.log_file.exists() else ""


def losses(run: RunFolder) -> dict[int, float | None]:
    """The loss of each step; a repeated step counts with its last value."""
    return {event.step: event.loss for event in run.events() if isinstance(event, Step)}


def evaluations(run: RunFolder) -> dict[int, float | None]:
    """The held-out loss by step."""
    return {event.step: event.loss for event in run.events() if isinstance(event, Evaluation)}


def adapter_bytes(run: RunFolder) -> bytes:
    """The trained matrices, as they are on the disk."""
    return (run.adapter / "adapter_model.safetensors").read_bytes()


def _work(path: str, fault: str, arguments: tuple[Any, ...]) -> None:
    run = RunFolder(Path(path))
    with open(os.devnull, "rb") as nothing, open(run.log_file, "ab", buffering=0) as output:
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    if fault:
        sys.path.insert(0, str(Path(__file__).parent))
        getattr(importlib.import_module("training_faults"), fault)(*arguments)
    from core.worker.__main__ import main

    sys.exit(main(["train", path]))
