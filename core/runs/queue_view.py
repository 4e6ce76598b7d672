"""What there is to see of a project's queue: its entries, how long they would take, and what is under way.

Folders are read once; a look at a queue that stays as it is costs a few file times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError
from core.files import count_lines
from core.recipe.schema import Recipe
from core.runs import heavy, notes, queue_runner
from core.runs.folder import RunFolder, all_runs
from core.runs.pace import seconds_per_example
from core.runs.queue import Queue, Standing
from core.runs.watch import active_run


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry. ``recipe`` is None where its settings cannot be read; ``seconds`` while nobody knows the pace."""

    run: RunFolder
    title: str
    recipe: Recipe | None
    examples: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class QueueView:
    """The queue at a moment.

    Attributes:
        standing: order and switches.
        waiting: the entries, in their order.
        seconds: all of them together; None when that is not known.
        worked_off: whether a process starts the next one in time.
        active: a run of this project that a process works on, where that was asked for.
        elsewhere: the run of another project that has the machine, in words; empty when it is free.
    """

    standing: Standing
    waiting: tuple[Waiting, ...]
    seconds: float | None
    worked_off: bool
    active: RunFolder | None
    elsewhere: str


class QueueReader:
    """Keeps what it has read between two looks. May be used from any thread, one look at a time."""

    def __init__(self, runs: Path) -> None:
        self.queue = Queue(runs)
        self._entries: dict[tuple[str, int], tuple[Recipe | None, int]] = {}  # by name and time of the settings
        self._pace: dict[tuple[str, str], float | None] = {}
        self._begun: list[str] = []

    def look(self, *, active: bool = False) -> QueueView:
        """The queue now; with ``active`` also the run under way, for which event files are read."""
        runs = self.queue.runs
        standing = self.queue.look()
        waiting = self._waiting(standing.waiting)
        total = None if any(one.seconds is None for one in waiting) else sum(one.seconds or 0.0 for one in waiting)
        holder = heavy.holder() if standing.on else None
        return QueueView(
            standing,
            waiting,
            total,
            worked_off=standing.on and queue_runner.is_worked_off(runs),
            active=active_run(all_runs(runs)) if active else None,
            elsewhere=holder.words if holder is not None and holder.folder.path.parent != runs.resolve() else "",
        )

    def _waiting(self, entries: Sequence[RunFolder]) -> tuple[Waiting, ...]:
        keys = {(run.name, _written(run)): run for run in entries}  # a removed run's name is given again
        self._entries = {key: entry for key, entry in self._entries.items() if key in keys}
        if not entries:
            return ()
        begun = [run for run in all_runs(self.queue.runs) if run.events_file.exists()]
        if self._begun != [run.name for run in begun]:
            self._begun = [run.name for run in begun]
            self._pace.clear()
        self._pace = {model: pace for model, pace in self._pace.items() if pace is not None}  # a run may tell it soon
        return tuple(self._entry(key, run, begun) for key, run in keys.items())

    def _entry(self, key: tuple[str, int], run: RunFolder, begun: Sequence[RunFolder]) -> Waiting:
        if key not in self._entries:
            try:
                self._entries[key] = run.recipe(), count_lines(run.train_file)
            except (UserError, OSError):
                self._entries[key] = None, 0
        recipe, examples = self._entries[key]
        seconds = None
        if recipe is not None:
            pace = self._pace_of(recipe, begun)
            seconds = None if pace is None else pace * examples * recipe.training.epochs
        return Waiting(run, notes.title(run, notes.read(run)), recipe, examples, seconds)

    def _pace_of(self, recipe: Recipe, begun: Sequence[RunFolder]) -> float | None:
        model = (recipe.model.base, recipe.model.quantization)
        if model not in self._pace:
            self._pace[model] = seconds_per_example(recipe, begun)
        return self._pace[model]


def _written(run: RunFolder) -> int:
    try:
        return run.recipe_file.stat().st_mtime_ns
    except OSError:
        return 0
