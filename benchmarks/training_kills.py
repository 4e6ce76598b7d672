"""Training processes are killed at random moments, a third of them inside a save, and resumed to the end.

    .venv/bin/python benchmarks/training_kills.py [--kills 200] [--flips 1000] [--full 100] [--seed 1]

The goal is that every run ends bit for bit as one that nobody disturbed (Linux and macOS: the processes are forked).
Then single bits of a checkpoint are flipped: each must be noticed. Then (as root on Linux) runs lie on a small disk
that gets full at a random moment: each must pause, and go on when there is room. 200 kills take about ten minutes on
two cores, 100 full disks eight.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "faults")]
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from damage import missed_flips  # noqa: E402 - found by the lines above
from full_disk import Fillings, fill_often  # noqa: E402
from killing_training import Figures, kill_many  # noqa: E402
from tiny_model import make_tiny_model  # noqa: E402 - found by the lines above

_EVERY = 20  # kills between two lines


def main(arguments: list[str]) -> int:
    """Kill, and print the figures."""
    parser = argparse.ArgumentParser(description="Kill training processes again and again.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--flips", type=int, default=1000)
    parser.add_argument("--full", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    began = time.monotonic()

    def each(figures: Figures) -> None:
        if figures.kills % _EVERY == 0:
            print(said(figures, time.monotonic() - began), flush=True)

    with tempfile.TemporaryDirectory() as folder:
        os.environ["TUNESMITH_HOME"] = f"{folder}/home"
        model = Path(folder) / "model"
        model.mkdir()
        make_tiny_model(model)
        runs = Path(folder) / "runs"
        figures = kill_many(runs, model, chosen.kills, seed=chosen.seed, each=each)
        print(said(figures, time.monotonic() - began))
        print("killed after: " + ", ".join(f"{moment} {count}" for moment, count in figures.moments.most_common()))
        missed: list[str] = []
        if chosen.flips:
            checkpoints = next(
                path for path in sorted(runs.glob("*/checkpoints")) if len(list(path.glob("step-*"))) > 1
            )
            missed = missed_flips(checkpoints, chosen.flips, seed=chosen.seed)
            print(f"{chosen.flips:,} flipped bits of a checkpoint: {len(missed)} unnoticed (goal 0)")
        full = fill_often(Path(folder), model, chosen.full, seed=chosen.seed) if chosen.full else Fillings()
        if chosen.full:
            print(said_of_full(full))
    for problem in (*figures.wrong, *missed, *full.wrong):
        print(problem)
    return 1 if figures.wrong or missed or full.wrong else 0


def said(figures: Figures, seconds: float) -> str:
    """One line."""
    return (
        f"{figures.kills} kills ({figures.in_saves} inside a save) in {figures.runs} runs: {len(figures.wrong)} runs "
        f"ended otherwise than undisturbed (goal 0); {seconds:.0f} s"
    )


def said_of_full(full: Fillings) -> str:
    """One line."""
    when = ", ".join(f"{moment} {count}" for moment, count in full.moments.most_common())
    return f"{full.times} full disks: {full.paused} runs paused (after: {when}), {len(full.wrong)} wrong (goal 0)"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
