"""Copies of ``examples.db`` in the folder ``backups``: made, verified, thinned out by age and size, put back."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import sqlite3
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from core.dataset.database import Database
from core.errors import ProjectError
from core.files import sync_file, sync_folder, write_atomically

MANY = 1000  # a change of so many examples is worth a copy first
_ASIDE = ".tmp-"
_SUMS = ".sha256"  # beside each copy: its hash, in the form of the program sha256sum
_NAME = re.compile(r"examples (\d{4}-\d{2}-\d{2}) (\d{6}) r(\d+)( .*)?\.db")
_DAYS, _WEEKS, _MONTHS = 3, 4, 6  # one copy for each of the last days, weeks and months
_ROOM = 2_000_000_000  # bytes for all copies; the two newest stay in any case


@dataclass(frozen=True, slots=True)
class Backup:
    """One copy: the day and time it was made, and the revision of the examples in it."""

    path: Path
    day: date
    time: str
    revision: int


def folder_of(database: Path) -> Path:
    """Where the copies of a database are."""
    return database.parent / "backups"


def all_backups(database: Path) -> list[Backup]:
    """The copies there are, newest first."""
    found = []
    for path in folder_of(database).glob("examples *.db"):
        if match := _NAME.fullmatch(path.name):
            found.append(Backup(path, date.fromisoformat(match[1]), match[2], int(match[3])))
    return sorted(found, key=lambda backup: (backup.day, backup.time, backup.revision), reverse=True)


def is_due(database: Path, revision: int) -> bool:
    """Whether the examples changed since the newest copy, and that is not of today."""
    newest = next(iter(all_backups(database)), None)
    if newest is None:
        return revision > 0
    return newest.revision != revision and newest.day < date.today()


def newest_revision(database: Path) -> int | None:
    """The revision of the examples in the newest copy; None when there is no copy."""
    return next((backup.revision for backup in all_backups(database)), None)


def revision(database: Database) -> int:
    """The revision of the examples now."""
    with database.read() as connection:
        return _revision(connection)


def make(database: Database, *, why: str = "") -> Backup:
    """Copy the database, compare the copy with the original, and thin out older ones.

    Args:
        database: open; others may go on reading and writing.
        why: a word or two for the file's name, for example ``before version 2``.

    Raises:
        ProjectError: the copy could not be made or differs; nothing is left of it.
    """
    folder = folder_of(database.path)
    aside = folder / f"{_ASIDE}{time.time_ns()}.db"
    try:
        folder.mkdir(exist_ok=True)
        with database.snapshot() as source:
            now = _revision(source)
            expected = digest(source)
            _copy(source, aside)
        if _digest_of_file(aside) != expected:
            raise _failed(aside, "The copy differs from the original.")
        sync_file(aside)
        name = f"examples {time.strftime('%Y-%m-%d %H%M%S')} r{now}{f' {why}' if why else ''}.db"
        write_atomically(folder / f"{name}{_SUMS}", f"{_sum(aside)}  {name}\n".encode())
        aside.replace(folder / name)
        sync_folder(folder)
    except (OSError, sqlite3.Error) as error:
        raise _failed(aside, str(error)) from error
    finally:
        aside.unlink(missing_ok=True)
    made = next(backup for backup in all_backups(database.path) if backup.path.name == name)
    thin(database.path, keep=made)
    return made


def thin(database: Path, *, keep: Backup | None = None) -> None:
    """Delete copies that newer ones stand for; one that cannot be deleted stays, and so does ``keep``."""
    backups = all_backups(database)
    kept = {keep, *_kept(backups, date.today())}
    room = _ROOM
    for number, backup in enumerate(backups):
        size = backup.path.stat().st_size
        room -= size
        if number >= 2 and backup != keep and (backup not in kept or room < 0):
            room += size
            with contextlib.suppress(OSError):
                backup.path.unlink()
    for sums in folder_of(database).glob(f"*{_SUMS}"):
        if not sums.with_suffix("").exists():
            with contextlib.suppress(OSError):
                sums.unlink()


def clear_stale(database: Path) -> None:
    """Delete what copying left when the process was killed; only for who has the project to themselves."""
    for path in folder_of(database).glob(f"{_ASIDE}*"):
        with contextlib.suppress(OSError):
            path.unlink()


def restore(backup: Path, database: Path) -> Path:
    """Put a copy in the place of a closed database; returns where the present one was moved to.

    Raises:
        ProjectError: the copy is damaged or cannot be put in place; the database is as it was.
    """
    aside = database.with_name(f".restoring-{time.time_ns()}.db")
    earlier = database.with_name(f"{database.name}.{time.strftime('%Y%m%d-%H%M%S')}.old")
    try:
        shutil.copyfile(backup, aside)
        sums = backup.with_name(f"{backup.name}{_SUMS}")
        if sums.exists() and sums.read_text("utf-8").split(" ")[0] != _sum(aside):
            raise sqlite3.DatabaseError("The copy was damaged after it was made: its hash is another one")
        _digest_of_file(aside)
        sync_file(aside)
        for ending in ("", "-wal", "-shm"):
            part = database.with_name(database.name + ending)
            if part.exists():
                part.replace(earlier.with_name(earlier.name + ending))
        aside.replace(database)
        sync_folder(database.parent)
    except (OSError, sqlite3.Error) as error:
        raise ProjectError(
            "The backup could not be put back.", reason=f"{error}.", details=f"{backup} -> {database}"
        ) from error
    finally:
        aside.unlink(missing_ok=True)
    return earlier


def digest(connection: sqlite3.Connection) -> str:
    """A hash of all examples, and of what says which of them are removed."""
    hashed = hashlib.blake2b(digest_size=16)
    cursor = connection.execute("SELECT e.*, l.removed FROM examples e JOIN listing l ON l.id = e.id ORDER BY e.id")
    while rows := cursor.fetchmany(500):
        hashed.update(repr(rows).encode("utf-8", "replace"))
    return hashed.hexdigest()


def _copy(source: sqlite3.Connection, path: Path) -> None:
    target = sqlite3.connect(path)
    try:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")  # one file, whole in itself
    finally:
        target.close()


def _sum(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_of_file(path: Path) -> str:
    connection = sqlite3.connect(path)
    try:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        return digest(connection)
    finally:
        connection.close()


def _revision(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT value FROM about WHERE key = 'revision'").fetchone()[0])


def _kept(backups: list[Backup], today: date) -> list[Backup]:
    """The newest copy of each of the last days, weeks and months."""
    kept = []
    seen: set[tuple[str, object]] = set()
    for backup in backups:
        age = today - backup.day
        year, week, _ = backup.day.isocalendar()
        slots = [
            ("day", backup.day, age < timedelta(days=_DAYS)),
            ("week", (year, week), age < timedelta(weeks=_WEEKS)),
            ("month", (backup.day.year, backup.day.month), age < timedelta(days=31 * _MONTHS)),
        ]
        fresh = [(kind, slot) for kind, slot, holds in slots if holds and (kind, slot) not in seen]
        seen.update(fresh)
        if fresh:
            kept.append(backup)
    return kept


def _failed(path: Path, reason: str) -> ProjectError:
    return ProjectError(
        "The examples could not be copied to the folder backups.",
        reason=f"{reason.rstrip('.')}.",
        hint="Check that there is space on the disk.",
        details=str(path),
    )
