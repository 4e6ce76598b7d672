"""The staging file: examples as read from a file, made ready for the store, waiting to be taken in.

It is a SQLite file of its own with one table. Whoever reads a source writes it (:class:`Staging`), in a child process;
``ExampleStore.add_staged`` attaches it and copies its rows with statements alone, because everything that the store's
``examples`` and ``listing`` need is in it. It is worth nothing after a crash: neither synced nor journalled.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from core.dataset.example import Example, Status
from core.dataset.rows import FIELDS, SHOWN, columns_of, example_of, listing_of

PREFIX = ".staging-"
TABLE = f"""
CREATE TABLE examples (
    id INTEGER PRIMARY KEY,
    row INTEGER NOT NULL,
    {", ".join(f"{field} TEXT NOT NULL" for field in FIELDS)},
    shown INTEGER NOT NULL,
    side INTEGER NOT NULL,
    length INTEGER NOT NULL,
    key_instruction TEXT NOT NULL,
    key_input TEXT NOT NULL,
    key_output TEXT NOT NULL,
    content INTEGER NOT NULL,
    prompt INTEGER NOT NULL,
    twice INTEGER NOT NULL,
    known INTEGER NOT NULL
)
"""
"""One row an example, in the file's order.

``id`` counts from 1 without gaps; ``row`` is the number of the line or row in the file. The fields are as the store's
``examples`` has them (``core.dataset.rows.FIELDS``). ``shown``, ``side`` (its ``split``), ``length`` and the three keys
(its ``instruction``, ``input``, ``output``) are what ``listing`` holds; ``content`` and ``prompt`` are its
hashes. ``twice``: an earlier row has the same content. ``known``: the project had that content when
the file was read.
"""
Row = tuple[Any, ...]
_COLUMNS = 2 + len(FIELDS) + 6 + 4
_PAGE = 1 << 15
_AT_ONCE = 500
_STATUS = FIELDS.index("status")
_SAID_DRAFT = Status.DRAFT.value
_DRAFT = SHOWN[Status.DRAFT]


class Staging:
    """Writes a staging file, row by row in memory and in lots to disk."""

    def __init__(self, path: Path, known: frozenset[int] | set[int] = frozenset()) -> None:
        """Make the file.

        Args:
            path: does not exist yet.
            known: contents that the project has.
        """
        self.count = self.twice = self.known = self.duplicates = self.incomplete = 0
        self._known = known
        self._seen: set[int] = set()
        self._rows: list[Row] = []
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.executescript(
            f"PRAGMA page_size = {_PAGE}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;"
            f"{TABLE}; BEGIN"
        )
        self._insert = f"INSERT INTO examples VALUES ({', '.join('?' * _COLUMNS)})"

    def add(self, row: int, example: Example) -> None:
        """Take the example of a row of the file."""
        self.add_columns(row, columns_of(example))

    def add_columns(self, row: int, columns: tuple[str, ...]) -> None:
        """Take an example as the columns ``FIELDS``, storable as they are."""
        self.count += 1
        _, shown, side, length, _, first, second, third, content, prompt = listing_of((self.count, *columns), 0.0)
        twice = content in self._seen
        if twice:
            self.twice += 1
        else:
            self._seen.add(content)
        known = content in self._known
        self.known += known
        self.duplicates += twice or known
        if shown == _DRAFT and columns[_STATUS] != _SAID_DRAFT:
            self.incomplete += 1
        listed = (shown, side, length, first, second, third, content, prompt, twice, known)
        self._rows.append((self.count, row, *columns, *listed))
        if len(self._rows) == _AT_ONCE:
            self._flush()

    def finish(self) -> None:
        """Write the rest and let go of the file."""
        self._flush()
        self._connection.execute("COMMIT")
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
        else:
            self._connection.close()

    def _flush(self) -> None:
        self._connection.executemany(self._insert, self._rows)
        self._rows.clear()


def staged_examples(path: Path, first: int = 1, last: int | None = None) -> Iterator[Example]:
    """The examples of a staging file in order, or those with these ids; their ``id`` is the one there."""
    fields = ", ".join(FIELDS)
    with contextlib.closing(_open(path)) as connection:
        statement = f"SELECT id, {fields} FROM examples WHERE id BETWEEN ? AND ? ORDER BY id"
        for row in connection.execute(statement, (first, (1 << 62) if last is None else last)):
            yield example_of(row)


def staged_ids(path: Path, *, leave_out: Sequence[str] = ()) -> list[int]:
    """The ids of a staging file's examples, without those that are ``twice`` or ``known``, as asked."""
    wanted = " AND ".join(f"NOT {column}" for column in ("twice", "known") if column in leave_out) or "1"
    with contextlib.closing(_open(path)) as connection:
        return [id for (id,) in connection.execute(f"SELECT id FROM examples WHERE {wanted} ORDER BY id")]


def known_contents(project: Path) -> set[int]:
    """The contents that a project's examples have now; none where it was made by an older version."""
    database = project / "examples.db"
    if not database.is_file():
        return set()
    with contextlib.closing(_open(database)) as connection:
        try:
            return {content for (content,) in connection.execute("SELECT content FROM listing WHERE NOT removed")}
        except sqlite3.OperationalError:
            return set()


def clear_stale(folder: Path) -> None:
    """Remove staging files that a process which ended left behind; nothing is being read into ``folder``."""
    for path in folder.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            path.unlink()


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
