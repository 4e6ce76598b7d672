"""This project's training beside the plain way: the same examples in every step, the two taking turns.

    .venv/bin/python benchmarks/training.py [--sides plain ours …] [--shape small|1b|3b|8b] [--examples N] …

Each side is a process of its own; they take turns every few steps, so that whatever else the machine does falls on
both. Printed are supervised tokens a second and a CPU-second, the share of padding, memory, start-up, the largest
difference between the losses of any step, and the held-out loss in the end. On a GPU take a shape that fits it: the
weights are random, the sizes are those of Llama 3.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from core.runs.process import worker_environment  # noqa: E402

_MEGABYTE = 1e6


class Side:
    """A process that trains when told to."""

    def __init__(self, name: str, folder: Path, options: dict[str, Any]) -> None:
        self.name = name
        self.result: dict[str, Any] | None = None
        words = json.dumps(options | {"born": time.time()})
        script = str(Path(__file__).with_name("training_side.py"))
        self._log = open(folder / f"{name}.log", "wb")  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [sys.executable, script, name, str(folder), words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=worker_environment() | {"PYTHONPATH": str(ROOT)},
        )
        self._wait()

    def go_on(self, steps: int) -> None:
        """Train some more steps."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{steps}\n".encode())
        self._process.stdin.flush()
        self._wait()

    def _wait(self) -> None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._log.close()
            sys.exit(f"{self.name} ended early:\n{Path(self._log.name).read_text(errors='replace')[-3000:]}")
        message = json.loads(line)
        if "done" in message:
            self.result = message["done"]
            self._process.wait()
            self._log.close()


def compare(names: list[str], folder: Path, options: dict[str, Any], turn: int) -> dict[str, dict[str, Any]]:
    """Train all sides to their end, in turns."""
    sides = [Side(name, folder, options) for name in names]
    forwards = True
    while waiting := [side for side in sides if side.result is None]:
        for side in waiting if forwards else reversed(waiting):
            side.go_on(turn)
        forwards = not forwards
    return {side.name: side.result for side in sides if side.result is not None}


def report(results: dict[str, dict[str, Any]], multiplied: int) -> None:
    """Print what was measured; ratios against the first side."""
    first = next(iter(results.values()))
    print(f"{'':<22}" + "".join(f"{name:>20}" for name in results))

    def line(title: str, values: list[str]) -> None:
        print(f"{title:<22}" + "".join(f"{value:>20}" for value in values))

    sides = list(results.values())
    line("supervised tokens/s", [f"{side['targets'] / sum(side['seconds']):,.0f}" for side in sides])
    line("  ratio", [f"{sum(first['seconds']) / sum(side['seconds']):.2f}" for side in sides])
    line("  per CPU-second", [f"{side['targets'] / sum(side['cpu_seconds']):,.0f}" for side in sides])
    line("  ratio", [f"{sum(first['cpu_seconds']) / sum(side['cpu_seconds']):.2f}" for side in sides])
    line("  ratio of medians", [f"{_median(first) / _median(side):.2f}" for side in sides])
    line("all tokens/s", [f"{side['tokens'] / sum(side['seconds']):,.0f}" for side in sides])
    # Forward and backward to the activations are two operations a weight each; updates of the adapter hardly count.
    line("TFLOP/s", [f"{4e-12 * multiplied * side['tokens'] / sum(side['seconds']):.2f}" for side in sides])
    line("padding", [f"{side['padding']:.0%}" for side in sides])
    line("memory before, MB", [f"{side['idle_bytes'] / _MEGABYTE:,.0f}" for side in sides])
    line("  growth at the peak", [f"{(side['peak_bytes'] - side['idle_bytes']) / _MEGABYTE:,.0f}" for side in sides])
    for moment in first["start_up"]:
        line(f"{moment} after, s", [f"{side['start_up'][moment]:.1f}" for side in sides])
    line("loss, first step", [f"{side['losses'][0]:.5f}" for side in sides])
    line("loss, last step", [f"{side['losses'][-1]:.5f}" for side in sides])
    line("  largest difference", [f"{_difference(first, side):.1e}" for side in sides])
    line("held-out loss", [f"{side['heldout']:.5f}" for side in sides])
    line("steps", [f"{len(side['losses'])}" for side in sides])


def _median(side: dict[str, Any]) -> float:
    return statistics.median(side["cpu_seconds"])


def _difference(one: dict[str, Any], other: dict[str, Any]) -> float:
    return max(abs(a - b) for a, b in zip(one["losses"], other["losses"], strict=True))


def main() -> int:
    """Make the material unless it is there, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sides", nargs="+", default=["plain", "ours"], help="the first is what others are held to")
    parser.add_argument("--shape", default="small", help="small, 1b, 3b or 8b")
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=1, help="of each side, on a CPU")
    parser.add_argument("--turn", type=int, default=4, help="steps a side makes before the other's turn")
    parser.add_argument("--pretraining", type=int, default=150, help="steps, of the small shape")
    parser.add_argument("--folder", type=Path, help="where model and data are kept for the next time")
    parser.add_argument("--json", type=Path, help="a file for all figures")
    wanted = parser.parse_args()
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from training_material import SHAPES, make

    shape = SHAPES[wanted.shape]
    options = {"threads": wanted.threads, "epochs": wanted.epochs, "learning_rate": wanted.learning_rate}
    with tempfile.TemporaryDirectory(prefix="tunesmith-training-") as temporary:
        folder = wanted.folder or Path(temporary)
        if not (folder / "heldout.jsonl").exists():
            folder.mkdir(parents=True, exist_ok=True)
            pretraining = wanted.pretraining if wanted.shape == "small" else 0
            make(folder, shape, examples=wanted.examples, heldout=200, pretraining=pretraining)
        results = compare(wanted.sides, folder, options, wanted.turn)
    report(results, shape.multiplied)
    if wanted.json:
        wanted.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
