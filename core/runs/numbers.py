"""The numbers of a project's runs: none is given twice, also when the run that had it is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

from core.files import write_atomically

FILE = ".highest-number"
_LOCK_FILE = ".numbers.lock"
_LOCK_SECONDS = 10


def number_of(name: str) -> int:
    """The number that a run folder's name begins with; 0 when there is none."""
    match = re.match(r"\d+", name)
    return int(match.group()) if match else 0


def highest(runs: Path) -> int:
    """The highest number that a run under ``runs`` has, or is known to have had; 0 when there was none."""
    return max(_remembered(runs), max((number_of(path.name) for path in runs.iterdir()), default=0))


def remember(runs: Path) -> None:
    """Keep in mind the highest number of the runs there now; they may be gone when the next is made.

    Raises:
        OSError: the folder cannot be written.
    """
    number = highest(runs)
    if number > _remembered(runs):
        write_atomically(runs / FILE, str(number).encode())


@contextmanager
def giving(runs: Path) -> Iterator[None]:
    """While a number is given, no other process gives one.

    Raises:
        OSError: the folder cannot be written.
    """
    lock = filelock.FileLock(runs / _LOCK_FILE, timeout=_LOCK_SECONDS)
    with suppress(NotImplementedError):  # a network drive without locks: two at the same moment are unlikely there
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _remembered(runs: Path) -> int:
    try:
        return int((runs / FILE).read_text(encoding="ascii"))
    except (OSError, ValueError):  # a project from before there was this file, or a damaged one
        return 0
