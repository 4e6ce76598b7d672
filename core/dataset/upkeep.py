"""A thread that does what can wait: the daily backup, the search index, clearing away."""

from __future__ import annotations

import logging
import sqlite3
import threading

from core.dataset import backups, history, index
from core.dataset.database import Database
from core.errors import ProjectError

_REST_SECONDS = 0.005  # between two transactions, so that an edit can come in between
_log = logging.getLogger(__name__)


class Upkeep:
    """Works while there is something to do; each piece is a short transaction of its own.

    What fails (a full disk) is logged and tried again at the next occasion; no example depends on it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._wanted = False
        self._backed_up = False

    def wake(self) -> None:
        """There may be something to do."""
        with self._guard:
            if self._stop.is_set():
                return
            self._wanted = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="examples-upkeep", daemon=True)
                self._thread.start()

    def finish(self) -> None:
        """Do all there is to do, now and in this thread."""
        self._back_up_once()
        while self._do_some():
            pass

    def close(self) -> None:
        """Stop after the piece that is being worked on."""
        with self._guard:
            self._stop.set()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while True:
            with self._guard:
                if self._stop.is_set() or not self._wanted:
                    self._thread = None
                    return
                self._wanted = False
            try:
                self._back_up_once()
                while not self._stop.is_set() and self._do_some():
                    self._stop.wait(_REST_SECONDS)
            except ProjectError as error:
                _log.warning("upkeep of %s: %s %s", self._database.path, error, error.details)

    def _back_up_once(self) -> None:
        """The daily copy is made after opening: then it holds what the last day ended with."""
        if not self._backed_up:
            self._backed_up = True
            if backups.is_due(self._database.path, backups.revision(self._database)):
                _back_up(self._database)

    def _do_some(self) -> bool:
        with self._database.write() as connection:
            history.trim(connection)
            return index.index_some(connection) or index.purge_some(connection)


def is_needed(connection: sqlite3.Connection) -> bool:
    """Whether the search index is behind or something waits to be cleared away."""
    (found,) = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM garbage) OR EXISTS"
        " (SELECT 1 FROM examples WHERE id > (SELECT value FROM about WHERE key = 'searchable_to'))"
    ).fetchone()
    return bool(found)


def back_up_before(database: Database, count: int) -> None:
    """Make a copy before a change of very many examples, unless the newest one is as good; undo works either way."""
    if count >= backups.MANY and backups.newest_revision(database.path) != backups.revision(database):
        _back_up(database, why="before a large change")


def back_up_before_adding(database: Database) -> None:
    """Make a copy before an import, which overwrites nothing: one a day is enough."""
    if backups.is_due(database.path, backups.revision(database)):
        _back_up(database, why="before an import")


def _back_up(database: Database, *, why: str = "") -> None:
    try:
        backups.make(database, why=why)
    except ProjectError as error:
        _log.warning("backup of %s: %s %s", database.path, error, error.details)
