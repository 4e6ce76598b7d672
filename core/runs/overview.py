"""All runs of a project at a glance; long event files are read once and then only where they grew."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.errors import RecipeError
from core.recipe.schema import Recipe
from core.runs import notes
from core.runs.event_file import EventFollower
from core.runs.folder import Progress, RunFolder
from core.runs.notes import Notes


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the table of runs. ``adapter_bytes`` is None without an adapter."""

    run: RunFolder
    progress: Progress
    created: float
    recipe: Recipe | None
    adapter_bytes: int | None
    notes: Notes

    @property
    def name(self) -> str:
        """What the run is called, without its number."""
        return notes.name(self.run, self.notes) or self.run.name

    @property
    def title(self) -> str:
        """The run's number and name."""
        return notes.title(self.run, self.notes)


class Overview:
    """Keeps what is known of each run between two looks. May be used from any thread, one look at a time."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[EventFollower, Progress]] = {}
        self._lock = threading.Lock()

    def look(self, runs: Iterable[RunFolder]) -> list[Summary]:
        """All runs as they are now; folders that vanished meanwhile are left out."""
        runs = list(runs)
        with self._lock:
            # What is not there any more is forgotten: a new run may have its name.
            self._known = {run.path: self._known[run.path] for run in runs if run.path in self._known}
            found = [self._summary(run) for run in runs]
        return [summary for summary in found if summary is not None]

    def _summary(self, run: RunFolder) -> Summary | None:
        follower, progress = self._known.setdefault(run.path, (EventFollower(run.events_file), Progress()))
        while events := follower.read():
            for event in events:
                progress.add(event)
        try:
            created = run.created
        except OSError:
            return None
        try:
            recipe = run.recipe()
        except (RecipeError, OSError):
            recipe = None
        size = _size(run.adapter)
        return Summary(run, run.judge(copy.copy(progress)), created, recipe, size, notes.read(run))


def _size(folder: Path) -> int | None:
    if not folder.is_dir():
        return None
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
