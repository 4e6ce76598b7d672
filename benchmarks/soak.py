"""Many short runs in a row from one window, and what that leaves behind: memory, threads, handles, processes, objects.

    .venv/bin/python benchmarks/soak.py [RUNS] [--every 25]

Each run is started as the button Train starts it and trained by a real process (a base model of two small layers,
four steps, an evaluation, an answer, a checkpoint, an adapter); between runs the pages are visited. Old run folders are
deleted, so that the project does not grow. Every so many runs a line is printed; at the end the growth from the second
quarter of the runs to the last, which is what a leak would show in (the first quarter fills caches). The exit code is 1
when threads, handles, processes or objects grew with the runs, or memory by more than a twentieth.

300 runs take about 25 minutes on two cores. The one process that is there between runs waits for the next run.
"""

from __future__ import annotations

import argparse
import gc
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import psutil
import real_window

from app.window import Window
from core import paths
from core.project import Project
from core.runs.folder import State, all_runs

KEPT = 10
TINY = """
import sys
from transformers import AutoConfig, LlamaForCausalLM
config = AutoConfig.from_pretrained(sys.argv[1])
config.hidden_size, config.intermediate_size, config.num_hidden_layers = 64, 128, 2
config.num_attention_heads, config.num_key_value_heads, config.head_dim = 4, 2, 16
LlamaForCausalLM(config).save_pretrained(sys.argv[2])
"""


@dataclass(frozen=True)
class Leftovers:
    """What the window's process holds: megabytes, counts."""

    megabytes: float
    threads: int
    handles: int
    processes: int
    objects: int

    @classmethod
    def now(cls) -> Leftovers:
        """After garbage has been collected."""
        gc.collect()
        me = psutil.Process()
        handles = me.num_handles() if sys.platform == "win32" else me.num_fds()
        return cls(
            me.memory_info().rss / 2**20, me.num_threads(), handles, len(me.children(True)), len(gc.get_objects())
        )

    def line(self, run: int, seconds: float) -> str:
        """As it is printed."""
        return (
            f"{run:5d} runs {seconds:7.0f} s   {self.megabytes:7.1f} MB   {self.threads:3d} threads   "
            f"{self.handles:4d} handles   {self.processes:2d} processes   {self.objects:8d} objects"
        )


def tiny_model(folder: Path) -> Path:
    """A base model that trains in a blink, with the starter's tokenizer; made in a process of its own."""
    subprocess.run([sys.executable, "-c", TINY, str(paths.starter_model()), str(folder)], check=True)
    for file in paths.starter_model().iterdir():
        if "token" in file.name or file.suffix == ".jinja":
            shutil.copy(file, folder)
    return folder


def make_project(folder: Path) -> Project:
    """The first sample, trained in four steps."""
    from core.recipe.recipe import with_settings
    from core.samples import create_sample_project

    project = create_sample_project(folder / "project")
    changes = {"model.base": str(tiny_model(folder / "tiny")), "training.batch_size": 64, "training.epochs": 1}
    project.set_recipe(with_settings(project.recipe, {**changes, "lora.rank": 4, "heldout.sample_answers": 1}))
    return project


def one_run(window: Window, number: int) -> None:
    """Train, look around, and take away what is old."""
    session = window.session
    window.start_training()
    real_window.wait(lambda: not session.is_training, seconds=300, what=f"the end of run {number}")
    assert session.training is not None
    progress = session.training.progress
    if progress.state is not State.FINISHED:
        raise RuntimeError(f"run {number}: {progress.state}, {session.training.problem}")
    real_window.wait(session.training.isFinished, seconds=60, what="the end of the run's process")
    for page in ("settings", "examples", "adapters", "train"):
        window.go(page)
        real_window.pause(0.05)
    assert session.project is not None
    for run in all_runs(session.project.runs_folder)[:-KEPT]:
        shutil.rmtree(run.path, ignore_errors=True)


def soak(project: Project, runs: int, every: int) -> list[Leftovers]:
    """All runs; what is left after each."""
    left: list[Leftovers] = []
    began = time.monotonic()
    with real_window.open_window(project) as window:
        real_window.pause(3)
        for number in range(1, runs + 1):
            one_run(window, number)
            left.append(Leftovers.now())
            if number % every == 0 or number in (1, runs):
                print(left[-1].line(number, time.monotonic() - began), flush=True)
    return left


def growth(left: list[Leftovers]) -> list[str]:
    """Print medians of the second and the last quarter of the runs; what grew."""
    quarter = max(1, len(left) // 4)
    early, late = left[quarter : 2 * quarter] or left, left[-quarter:]
    grew = []
    for index, name in enumerate(field.name for field in fields(Leftovers)):
        before, after = (statistics.median(astuple(one)[index] for one in part) for part in (early, late))
        print(f"{name:>10}: {before:12.1f} -> {after:12.1f}   {(after - before) / (2 * quarter):+9.3f} a run")
        if after > before * (1.05 if name in ("megabytes", "objects") else 1.0) + (0 if name == "megabytes" else 1):
            grew.append(name)
    return grew


def main() -> int:
    """Soak, print, judge."""
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", type=int, nargs="?", default=300)
    parser.add_argument("--every", type=int, default=25, help="runs between two lines")
    arguments = parser.parse_args()
    real_window.prepare_environment()
    with real_window.folder() as folder:
        left = soak(make_project(folder), arguments.runs, arguments.every)
    grew = growth(left)
    print(f"grew: {', '.join(grew)}" if grew else "nothing grew")
    return 1 if grew else 0


if __name__ == "__main__":
    sys.exit(main())
