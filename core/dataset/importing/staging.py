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
    twice INTEGER NOT NULL DEFAULT 0,
    known INTEGER NOT NULL DEFAULT 0
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
"""The columns from ``row`` to ``prompt``."""
_WRITTEN = (
    "row",
    *FIELDS,
    "shown",
    "side",
    "length",
    "key_instruction",
    "key_input",
    "key_output",
    "content",
    "prompt",
)
_STATUS, _SHOWN, _CONTENT = (_WRITTEN.index(name) for name in ("status", "shown", "content"))
_PAGE = 1 << 15
_SAID_DRAFT = Status.DRAFT.value
_DRAFT = SHOWN[Status.DRAFT]


def staged(number: int, columns: tuple[str, ...]) -> Row:
    """The row for an example, given as the columns ``FIELDS``."""
    _, shown, side, length, _, first, second, third, content, prompt = listing_of((0, *columns), 0.0)
    return (number, *columns, shown, side, length, first, second, third, content, prompt)


def columns_in(row: Row) -> tuple[str, ...]:
    """The columns ``FIELDS`` of a row."""
    return row[1 : 1 + len(FIELDS)]


class Staging:
    """Writes a staging file."""

    def __init__(self, path: Path) -> None:
        """Make the file, which does not exist yet."""
        self.known_contents: set[int] = set()  # of the project
        self.count = self.incomplete = 0
        self._seen: set[int] = set()
        self._twice: list[int] = []
        self._known: list[int] = []
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.executescript(
            f"PRAGMA page_size = {_PAGE}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -4000; PRAGMA temp_store = MEMORY;"
            f"{TABLE}; BEGIN"
        )
        marks = ", ".join("?" * len(_WRITTEN))
        self._insert = f"INSERT INTO examples ({', '.join(_WRITTEN)}) VALUES ({marks})"

    @property
    def twice(self) -> int:
        """How many have the content of an earlier one."""
        return len(self._twice)

    @property
    def known(self) -> int:
        """How many have a content that the project has."""
        return len(self._known)

    @property
    def duplicates(self) -> int:
        """How many are either."""
        return len({*self._twice, *self._known})

    def add(self, number: int, example: Example) -> None:
        """Write the example of a row of the file."""
        self.add_rows([staged(number, columns_of(example))])

    def add_rows(self, rows: Sequence[Row]) -> None:
        """Write rows of :func:`staged`; they get the next ids."""
        seen, known = self._seen, self.known_contents
        for id, row in enumerate(rows, start=self.count + 1):
            content = row[_CONTENT]
            if content in seen:
                self._twice.append(id)
            else:
                seen.add(content)
            if known and content in known:
                self._known.append(id)
            if row[_SHOWN] == _DRAFT and row[_STATUS] != _SAID_DRAFT:
                self.incomplete += 1
        self._connection.executemany(self._insert, rows)
        self.count += len(rows)

    def finish(self) -> None:
        """Mark the duplicates and let go of the file, which is whole now."""
        for column, ids in (("twice", self._twice), ("known", self._known)):
            self._connection.executemany(f"UPDATE examples SET {column} = 1 WHERE id = ?", ((id,) for id in ids))
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
