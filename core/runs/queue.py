"""Runs that wait for their turn: a file with their order beside the run folders, changed by one hand at a time.

An entry is a run folder that has not begun: its settings and examples are frozen when it is added. The file
``runs/queue.json`` keeps the order, whether the queue goes on by itself, and what follows a failure; it is replaced in
one step, so the queue survives a restart. :mod:`core.runs.queue_runner` works it off.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import filelock

from core.errors import RunError
from core.files import write_atomically
from core.runs.folder import RunFolder, all_runs, new_folder

QUEUE_FILE = "queue.json"
REMOVED = ".removed"  # runs taken out of the queue lie here until the next one is
_LOCK_FILE = ".queue.lock"
_LOCK_SECONDS = 20.0


class AfterFailure(StrEnum):
    """What the queue does when a run has failed or was interrupted."""

    GO_ON = "go_on"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Standing:
    """The queue at a moment.

    Attributes:
        waiting: the runs in the order of their turns.
        on: whether the next one starts by itself as soon as the machine is free.
        after_failure: what follows a failure.
        held_by: why the queue was switched off by itself, in a sentence; empty otherwise.
        held_for: the folder of the run that is the reason, while it can be taken up again; empty otherwise.
    """

    waiting: tuple[RunFolder, ...] = ()
    on: bool = False
    after_failure: AfterFailure = AfterFailure.GO_ON
    held_by: str = ""
    held_for: str = ""


@dataclass(frozen=True, slots=True)
class Removed:
    """Runs taken out of the queue, with what it takes to put them back."""

    runs: tuple[RunFolder, ...]
    order: tuple[str, ...]
    place: Path


class Queue:
    """The queue of the runs in one folder. May be used from any thread and any process."""

    def __init__(self, runs: Path) -> None:
        self.runs = runs

    def look(self) -> Standing:
        """How it stands; runs that have begun, or are gone, are in it no more."""
        return self._read()

    def add(self, runs: Sequence[RunFolder], *, first: bool = False) -> Standing:
        """Put runs that have not begun at the end, or at the head, in the order given.

        Raises:
            RunError: one has begun.
        """
        for run in runs:
            if not is_waiting(run):
                raise RunError(f"{run.name} has begun already.", hint="Duplicate it to train its settings again.")
        with self._changing() as now:
            others = tuple(run for run in now.waiting if run not in runs)
            return self._write(replace(now, waiting=(*runs, *others) if first else (*others, *runs)))

    def move(self, run: RunFolder, place: int) -> Standing:
        """Give a waiting run another place, 0 for the next turn; places beyond the ends are the ends.

        Raises:
            RunError: it does not wait.
        """
        with self._changing() as now:
            self._check_waiting(run, now)
            others = [other for other in now.waiting if other != run]
            others.insert(max(0, place), run)
            return self._write(replace(now, waiting=tuple(others)))

    def remove(self, runs: Sequence[RunFolder]) -> Removed:
        """Take runs out and put their folders aside; those put aside earlier are deleted.

        Raises:
            RunError: one does not wait (it may just have been started), or cannot be moved.
        """
        with self._changing() as now:
            for run in runs:
                self._check_waiting(run, now)
            removed = Removed(
                tuple(runs), tuple(run.name for run in now.waiting), self.runs / REMOVED / secrets.token_hex(6)
            )
            self._write(replace(now, waiting=tuple(run for run in now.waiting if run not in runs)))
            try:
                shutil.rmtree(self.runs / REMOVED, ignore_errors=True)
                removed.place.mkdir(parents=True)
                for run in runs:
                    os.replace(run.path, removed.place / run.name)
            except OSError as error:
                raise RunError(
                    "The runs are out of the queue, but their folders could not be put aside.",
                    reason=f"{error.strerror or error}.",
                    details=str(error),
                ) from error
        return removed

    def put_back(self, removed: Removed) -> Standing:
        """Undo :meth:`remove`: the runs stand where they stood among those that still wait.

        Raises:
            RunError: their folders are gone.
        """
        with self._changing() as now:
            waiting = list(now.waiting)
            try:
                for run in removed.runs:
                    place = _place_of(run.name, removed.order, [other.name for other in waiting])
                    waiting.insert(place, self._back(removed.place / run.name, run))
            except OSError as error:
                raise RunError(
                    "The runs cannot be put back.", reason="Their folders are gone.", details=str(error)
                ) from error
            return self._write(replace(now, waiting=tuple(waiting)))

    def forget_removed(self) -> None:
        """Delete what was taken out and not put back."""
        shutil.rmtree(self.runs / REMOVED, ignore_errors=True)

    def switch(self, on: bool, *, held_by: str = "", held_for: RunFolder | None = None) -> Standing:
        """Let the next run start by itself, or hold the queue; the run under way goes on either way."""
        name = held_for.name if held_for is not None else ""
        with self._changing() as now:
            return self._write(replace(now, on=on, held_by="" if on else held_by, held_for="" if on else name))

    def taken_up(self, run: RunFolder) -> bool:
        """Take the hold back if it was for this run, which is trained again; whether it was, and others wait."""
        if self._read().held_for != run.name:
            return False
        with self._changing() as now:
            if now.on or now.held_for != run.name:
                return False
            self._write(replace(now, on=bool(now.waiting), held_by="", held_for=""))
            return bool(now.waiting)

    def ends(self) -> bool:
        """Whether nothing more is to be started: it is held, or nothing waits (it is switched off then)."""
        now = self._read()
        if not now.on or now.waiting:
            return not now.on
        with self._changing() as now:
            if now.waiting:
                return not now.on
            self._write(replace(now, on=False))
            return True

    def set_after_failure(self, value: AfterFailure) -> Standing:
        """Choose what follows a failure."""
        with self._changing() as now:
            return self._write(replace(now, after_failure=value))

    @contextmanager
    def next(self) -> Iterator[RunFolder | None]:
        """The run whose turn it is, while nobody changes the queue; None when none waits or the queue is held."""
        with self._changing() as now:
            yield now.waiting[0] if now.on and now.waiting else None

    def _back(self, aside: Path, run: RunFolder) -> RunFolder:
        """Bring a run's folder back; under another number when its own was given to a new run meanwhile."""
        if run.path.exists():
            run = new_folder(self.runs, run.name.partition("-")[2])
            run.path.rmdir()
        os.replace(aside, run.path)
        return run

    def _check_waiting(self, run: RunFolder, now: Standing) -> None:
        if run not in now.waiting:
            raise RunError(f"{run.name} does not wait in the queue.", reason="It has begun, or was taken out.")

    @contextmanager
    def _changing(self) -> Iterator[Standing]:
        try:
            self.runs.mkdir(exist_ok=True)  # never a project that was deleted meanwhile
            lock = filelock.FileLock(self.runs / _LOCK_FILE, timeout=_LOCK_SECONDS)
            lock.acquire()
        except filelock.Timeout as error:
            raise RunError("The queue is being changed elsewhere.", hint="Try again in a moment.") from error
        except (OSError, NotImplementedError) as error:
            raise RunError(
                "The queue cannot be changed.",
                reason="The project's folder runs cannot be written.",
                hint="Copy the project to a folder of yours, or change the permissions.",
                details=str(error),
            ) from error
        try:
            yield self._read()
        finally:
            lock.release()

    def _read(self) -> Standing:
        try:
            data = json.loads((self.runs / QUEUE_FILE).read_text(encoding="utf-8"))
            runs = [RunFolder(self.runs / Path(str(name)).name) for name in data["waiting"]]
            return Standing(
                waiting=tuple(run for run in dict.fromkeys(runs) if is_waiting(run)),
                on=data["on"] is True,
                after_failure=AfterFailure(data["after_failure"]),
                held_by=str(data.get("held_by", "")),
                held_for=str(data.get("held_for", "")),
            )
        except FileNotFoundError:
            return Standing()
        except (OSError, ValueError, KeyError, TypeError):
            # Damaged: what has not begun still waits, but nothing starts by itself.
            return Standing(waiting=tuple(run for run in all_runs(self.runs) if is_waiting(run)))

    def _write(self, standing: Standing) -> Standing:
        data = {
            "waiting": [run.name for run in standing.waiting],
            "on": standing.on,
            "after_failure": standing.after_failure,
            "held_by": standing.held_by,
            "held_for": standing.held_for,
        }
        try:
            write_atomically(self.runs / QUEUE_FILE, (json.dumps(data, indent=1) + "\n").encode())
        except OSError as error:
            raise RunError(
                "The queue cannot be changed.", reason=f"{error.strerror or error}.", details=str(error)
            ) from error
        return standing


def is_waiting(run: RunFolder) -> bool:
    """Whether a run has not begun: no process has worked on it, and it has told nothing."""
    return run.recipe_file.is_file() and not run.worker_file.exists() and not _has_events(run)


def discard(runs: Iterable[RunFolder]) -> None:
    """Delete runs that have not begun, as when making several of them broke off in the middle."""
    for run in runs:
        if is_waiting(run):
            with suppress(OSError):
                shutil.rmtree(run.path)


def _has_events(run: RunFolder) -> bool:
    try:
        return run.events_file.stat().st_size > 0
    except OSError:
        return False


def _place_of(name: str, order: Sequence[str], now: Sequence[str]) -> int:
    """Where a name belongs in ``now``: behind the last of those that stood before it in ``order``."""
    before = set(order[: order.index(name)])
    return max((place + 1 for place, other in enumerate(now) if other in before), default=0)
