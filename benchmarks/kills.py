"""The window is killed while somebody types and imports: what is lost of what it had said to be durable.

    .venv/bin/python benchmarks/kills.py [--kills 500] [--seed 1]

The goal is 0 lost and 0 corrupt in 500 kills (Linux and macOS: the windows are forked).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "faults")]

from killing import Figures, kill_many  # noqa: E402 - found by the line above

_EVERY = 25  # kills between two lines


def main(arguments: list[str]) -> int:
    """Kill, and print the figures."""
    parser = argparse.ArgumentParser(description="Kill the window again and again.")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    began = time.monotonic()

    def each(figures: Figures) -> None:
        if figures.kills % _EVERY == 0:
            print(said(figures, time.monotonic() - began), flush=True)

    with tempfile.TemporaryDirectory() as folder:
        figures = kill_many(Path(folder), chosen.kills, seed=chosen.seed, each=each)
    print(said(figures, time.monotonic() - began))
    moments = ", ".join(f"{moment} {count}" for moment, count in figures.moments.most_common())
    print(f"killed while: {moments}")
    for problem in (*figures.lost, *figures.corrupt):
        print(problem)
    return 1 if figures.lost or figures.corrupt else 0


def said(figures: Figures, seconds: float) -> str:
    """One line."""
    return (
        f"{figures.kills} kills, {figures.edits:,} acknowledged changes: {len(figures.lost)} lost (goal 0),"
        f" {len(figures.corrupt)} corrupt (goal 0); {seconds:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
