"""The small statements that the store's methods are made of; all take a connection of ``Database``."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from core.dataset.example import Example
from core.dataset.query import LARGEST_ID
from core.dataset.rows import FIELDS, LISTED, listing_of, normalised, stored


def about(connection: sqlite3.Connection, key: str) -> int:
    """A number of the table ``about``."""
    (value,) = connection.execute("SELECT value FROM about WHERE key = ?", (key,)).fetchone()
    return int(value)


def next_id(connection: sqlite3.Connection) -> int:
    """The id of the next example; ids are never used again."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'examples'").fetchone()
    return int(row[0]) + 1 if row else 1


def is_there(connection: sqlite3.Connection, id: int) -> bool:
    """Whether there is such an example, not removed."""
    found = connection.execute("SELECT 1 FROM listing WHERE id = ? AND NOT removed", (min(id, LARGEST_ID),))
    return found.fetchone() is not None


def present(connection: sqlite3.Connection, ids: Iterable[int]) -> list[int]:
    """Those of the ids that are there, ascending."""
    asked = json.dumps([min(id, LARGEST_ID) for id in ids])
    statement = "SELECT id FROM listing WHERE NOT removed AND id IN (SELECT value FROM json_each(?)) ORDER BY id"
    return [id for (id,) in connection.execute(statement, (asked,))]


def insert(connection: sqlite3.Connection, rows: list[tuple[Any, ...]], now: float) -> None:
    """Store rows of (id, *columns of an example)."""
    columns = ", ".join(FIELDS)
    marks = ", ".join("?" * (len(FIELDS) + 1))
    connection.executemany(f"INSERT INTO examples (id, {columns}, created) VALUES ({marks}, {now!r})", rows)
    connection.executemany(
        f"INSERT INTO listing ({', '.join(LISTED)}) VALUES ({', '.join('?' * len(LISTED))})",
        [listing_of(row, now) for row in rows],
    )


def chunks(examples: Iterable[Example], size: int) -> Iterator[list[Example]]:
    """Examples in lists of up to ``size``."""
    chunk: list[Example] = []
    for example in examples:
        chunk.append(example)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def encoded(fields: dict[str, Any]) -> dict[str, str]:
    """Field values as their columns hold them.

    Raises:
        TypeError, ValueError: an unknown field, or a value that it cannot have.
    """
    return {field: stored(field, normalised(field, value)) for field, value in fields.items()}
