"""How long the window stands still while a run trains beside it: the longest time, and the 99th percentile.

    .venv/bin/python benchmarks/stalls.py [--seconds 20] [--runs 30] [--where]

A timer beats every 5 ms on the drawing thread; what a beat comes late is a stall. A stall on the clock can have its
cause outside (another program has the core), so the processor time that the drawing thread spent between two beats is
printed beside it: that is the window's own. The parts: the Train page at rest, the curve of a run under way, the table
of all runs, the settings, the examples, each for so many seconds; then a bare timer in the same process with the run
still going, which shows what the machine alone does. ``--where`` prints what the longest stalls were busy with.

Takes about two minutes on two cores; close everything else.
"""

from __future__ import annotations

import argparse
import faulthandler
import math
import re
import statistics
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import real_window
from PySide6.QtCore import QObject, Qt, QTimer

from app.pages.train import TrainPage
from core.project import Project

BEAT_MS = 5
LONG_MS = 20.0


@dataclass
class Beats:
    """Milliseconds between beats, beyond the beat itself: on the clock, and of the drawing thread's processor time."""

    late: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)

    def line(self, name: str) -> str:
        """The figures of a part."""
        late = sorted(self.late)
        middle, most = statistics.median(late), late[min(len(late) - 1, math.ceil(0.99 * len(late)) - 1)]
        return (
            f"{name:<34} {len(late):6d} beats   median {middle:5.1f}   p99 {most:5.1f}   longest {late[-1]:6.1f} ms"
            f"   own work: longest {max(self.busy):6.1f} ms"
        )


class Heart(QObject):
    """Beats on the drawing thread; ``part`` says for which part of the program."""

    def __init__(self) -> None:
        super().__init__()
        self.part = ""
        self.parts: dict[str, Beats] = {}
        self.beaten = time.perf_counter()
        self._busy = time.thread_time()
        self._timer = QTimer(self, interval=BEAT_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now, busy = time.perf_counter(), time.thread_time()
        if self.part:
            beats = self.parts.setdefault(self.part, Beats())
            beats.late.append(max(0.0, 1000 * (now - self.beaten) - BEAT_MS))
            beats.busy.append(1000 * (busy - self._busy))
        self.beaten, self._busy = time.perf_counter(), time.thread_time()


class Onlooker(threading.Thread):
    """Notes what the drawing thread is busy with whenever a beat is overdue."""

    def __init__(self, heart: Heart) -> None:
        super().__init__(name="onlooker", daemon=True)
        self._heart = heart
        self._main = threading.main_thread().ident or 0
        self.seen: Counter[str] = Counter()
        self.over = threading.Event()

    def run(self) -> None:
        """Look every few milliseconds; Python's own dump holds on to no frame, and so to no painter in one."""
        with tempfile.TemporaryFile() as file:
            while not self.over.wait(0.004):
                overdue = 1000 * (time.perf_counter() - self._heart.beaten) - BEAT_MS
                if overdue > LONG_MS and self._heart.part:
                    file.seek(0)
                    file.truncate()
                    faulthandler.dump_traceback(file, all_threads=True)
                    file.seek(0)
                    self.seen[f"{self._heart.part}: {self._ours(file.read().decode())}"] += 1

    def _ours(self, dump: str) -> str:
        main = next((part for part in dump.split("\n\n") if f"{self._main:#018x}" in part), "")
        places = re.findall(r'File "(.+?)", line (\d+) in (\S+)', main)
        ours = [
            f"{Path(file).stem}.{name}:{line}"
            for file, line, name in places
            if file.startswith(str(real_window.ROOT / "app")) or file.startswith(str(real_window.ROOT / "core"))
        ]
        return " < ".join(ours[:5]) or "Qt"


def measure(project: Project, seconds: float, *, where: bool) -> Heart:
    """All parts, in one window with one run."""
    with real_window.open_window(project) as window:
        real_window.pause(3)  # pages are made, the project is read
        heart = Heart()
        onlooker = Onlooker(heart)
        if where:
            onlooker.start()
        window.go("train")
        real_window.pause(2)
        heart.part = "at rest, no run"
        real_window.pause(seconds / 2)
        heart.part = "a run starts"
        window.start_training()
        session = window.session
        real_window.wait(
            lambda: session.training is not None and session.training.progress.step > 0, seconds=120, what="a step"
        )
        heart.part = "curve and answers"
        real_window.pause(seconds)
        train = window.page()
        assert isinstance(train, TrainPage)
        heart.part = "all runs"
        train.tabs.button("all").click()
        real_window.pause(seconds / 2)
        for part in ("settings", "examples"):
            heart.part = part
            window.go(part)
            real_window.pause(seconds / 2)
        assert session.training is not None
        heart.part = ""
        active = session.training.progress.state.is_active
        window.hide()
        heart.part = "bare timer, hidden window" + (", run" if active else "")
        real_window.pause(seconds / 2)
        heart.part = ""
        onlooker.over.set()
        session.training.stop()
        real_window.wait(lambda: not session.is_training, seconds=120, what="the end of the run")
        for name, times in onlooker.seen.most_common(25):
            print(f"{4 * times:5d} ms  {name}")
    return heart


def earlier_runs(project: Project, amount: int) -> None:
    """Runs of the past, each with 400 steps, so that tables and overviews have something to do."""
    from core.runs.event_file import EventWriter
    from core.runs.events import Evaluation, Finished, Started, Step

    for _ in range(amount):
        run = project.create_run()
        with EventWriter(run.events_file) as events:
            sizes = {"trainable_parameters": 1, "total_parameters": 2, "examples": 216, "heldout_examples": 24}
            events.write(
                Started(device="CPU", versions={}, steps=400, epochs=6, tokens=1, supervised_tokens=1, **sizes)
            )
            for step in range(1, 401):
                figures = {"learning_rate": 1e-3, "grad_norm": 1.0, "tokens": step * 900, "tokens_per_second": 900.0}
                events.write(Step(step=step, epoch=step / 70, loss=4 / step, memory_bytes=1 << 30, **figures))
            events.write(Evaluation(step=400, epoch=6, loss=1.0, perplexity=2.7, best=True))
            events.write(Finished(step=400, loss=0.01, heldout_loss=1.0, adapter="adapter", seconds=60))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20.0, help="of watching the curve; other parts take half")
    parser.add_argument("--runs", type=int, default=30, help="earlier runs in the project")
    parser.add_argument("--where", action="store_true", help="say what the longest stalls were busy with")
    arguments = parser.parse_args()
    real_window.prepare_environment()
    with real_window.folder() as folder:
        from core.recipe.recipe import with_settings
        from core.samples import create_sample_project

        project = create_sample_project(folder / "project")
        project.set_recipe(with_settings(project.recipe, {"training.epochs": 50, "heldout.early_stopping": False}))
        earlier_runs(project, arguments.runs)
        heart = measure(project, arguments.seconds, where=arguments.where)
    for part, beats in heart.parts.items():
        print(beats.line(part))
    trained = [
        beats for part, beats in heart.parts.items() if "run" in part or part in ("curve and answers", "settings")
    ]
    print(Beats([x for b in trained for x in b.late], [x for b in trained for x in b.busy]).line("while a run trains"))


if __name__ == "__main__":
    main()
