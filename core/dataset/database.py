"""The connections to ``examples.db``: one that writes, some that read, and plain words for what SQLite complains of."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.dataset.rows import content_of, prompt_of, searchable
from core.dataset.schema import damaged
from core.errors import ProjectError

_IDLE_READERS = 4
_WAIT_SECONDS = 10.0  # for another process that writes
_UNWRITABLE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)


class Database:
    """Connections for any number of threads.

    Readers see the last committed state and never wait for the writer (WAL). Writing is durable when :meth:`write`
    ends (``synchronous=FULL``).
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Connect.

        Raises:
            ProjectError: the file is damaged or cannot be opened.
        """
        self.path = path
        self.read_only = read_only
        self._readers: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._closed = False
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        self._file = path
        try:
            self._writer = self._connect(writes=not read_only)
        except sqlite3.Error as error:
            if not read_only or kind_of(error) not in _UNWRITABLE:
                raise explained(error, path) from error
            self._writer = self._connect_to_copy()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection that reads, for this thread until the block ends.

        Raises:
            ProjectError: the database is closed, damaged or unreachable.
        """
        connection: sqlite3.Connection | None = None
        try:
            connection = self._take_reader()
            yield connection
        except sqlite3.Error as error:
            raise explained(error, self.path) from error
        finally:
            if connection is not None:
                self._give_back(connection)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Like :meth:`read`, with one state of the data for the whole block.

        Raises:
            ProjectError: as :meth:`read`.
        """
        with self.read() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def write(self, *, beside: Path | None = None) -> Iterator[sqlite3.Connection]:
        """One transaction, durable when the block ends; any exception in it leaves everything as it was.

        Args:
            beside: another database, to be read under the name ``beside`` in the transaction.

        Raises:
            ProjectError: read-only, closed, disk full, damaged, or another process writes for too long.
        """
        with self.alone() as connection:
            if beside is not None:
                connection.execute("ATTACH ? AS beside", (str(beside),))
            try:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:  # Ctrl-C, too: all of a change is kept, or nothing
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
            finally:
                if beside is not None:
                    connection.execute("DETACH beside")

    @contextmanager
    def alone(self) -> Iterator[sqlite3.Connection]:
        """The writing connection without a transaction, while nobody else in this process writes.

        Raises:
            ProjectError: as :meth:`write`.
        """
        if self.read_only:
            raise _read_only()
        with self._writing:
            if self._closed:
                raise _closed()
            try:
                yield self._writer
            except sqlite3.Error as error:
                raise explained(error, self.path) from error

    def close(self) -> None:
        """Close all connections; those in use close when they are given back."""
        with self._writing, self._guard:
            self._closed = True
            for connection in (*self._readers, self._writer):
                connection.close()
            self._readers.clear()
            if self._copy is not None:
                self._copy.cleanup()
                self._copy = None

    def _connect_to_copy(self) -> sqlite3.Connection:
        """Read a copy: in a folder that cannot be written, SQLite cannot even read a database in WAL mode."""
        self._copy = tempfile.TemporaryDirectory(prefix="tunesmith-")
        self._file = Path(self._copy.name) / self.path.name
        try:
            for ending in ("", "-wal"):
                part = self.path.with_name(self.path.name + ending)
                if part.exists():
                    shutil.copyfile(part, self._file.with_name(part.name))
            return self._connect(writes=False)
        except (OSError, sqlite3.Error) as error:
            self._copy.cleanup()
            raise ProjectError(
                "The examples of this project cannot be read.", reason=f"{error}.", details=str(self.path)
            ) from error

    def _take_reader(self) -> sqlite3.Connection:
        with self._guard:
            if self._closed:
                raise _closed()
            if self._readers:
                return self._readers.pop()
        return self._connect(writes=False)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._guard:
            if not self._closed and len(self._readers) < _IDLE_READERS:
                self._readers.append(connection)
                return
        connection.close()

    def _connect(self, *, writes: bool) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._file, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        try:
            connection.execute("PRAGMA cache_size = -16000")
            connection.execute("PRAGMA temp_store = MEMORY")
            if writes:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA journal_size_limit = 16000000")
            else:
                connection.execute("PRAGMA query_only = 1")
                connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
            connection.create_function("searchable", 7, searchable, deterministic=True)
            connection.create_function("content_of", 5, content_of, deterministic=True)
            connection.create_function("prompt_of", 3, prompt_of, deterministic=True)
        except BaseException:  # whatever stopped it: nobody else has the connection to close it
            connection.close()
            raise
        return connection


def kind_of(error: sqlite3.Error) -> int | None:
    """SQLite's main error number, if it gave one."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if code is not None else None


def explained(error: sqlite3.Error, path: Path) -> ProjectError:
    """What SQLite complains of, in words for the user."""
    details = f"{path}: {getattr(error, 'sqlite_errorname', type(error).__name__)}: {error}"
    match kind_of(error):
        case sqlite3.SQLITE_FULL:
            return ProjectError(
                "The change could not be written.",
                reason="The disk is full.",
                hint="Free some space; what you typed stays in the window and is written then.",
                details=details,
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            found = damaged(path, "The file examples.db is damaged.")
            found.details = details
            return found
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_AUTH:
            return ProjectError(
                "The project's folder cannot be written.",
                reason="It is read-only, or examples.db is.",
                hint="Copy the project to a folder of yours, or change the permissions.",
                details=details,
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return ProjectError(
                "Another program is writing to this project.", hint="Wait until it is done.", details=details
            )
    return ProjectError(
        "The project's examples could not be reached.",
        reason="Reading or writing examples.db failed.",
        hint="Check that the disk is connected and healthy.",
        details=details,
    )


def _closed() -> ProjectError:
    return ProjectError("The project is closed.", hint="Open it again.")


def _read_only() -> ProjectError:
    return ProjectError(
        "This project is open for reading only.", hint="Close the other window or command and open it again."
    )
