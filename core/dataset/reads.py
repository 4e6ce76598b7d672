"""What the store is asked: lists, rows, counts, tags; all take a connection that reads one state of the data."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Sequence

from core.dataset.example import Example, Status
from core.dataset.query import LARGEST_ID, Counts, Part, Query, select
from core.dataset.rows import SELECTED, SHOWN, example_of
from core.dataset.statements import about

_ROWS_AT_ONCE = 500


def ids(connection: sqlite3.Connection, query: Query) -> array[int]:
    """The ids of all examples that match, in order."""
    statement, parameters = select("l.id", query, about(connection, "searchable_to"))
    return array("q", [id for (id,) in connection.execute(statement, parameters)])


def first_ids(connection: sqlite3.Connection, query: Query, limit: int) -> array[int]:
    """The first of :func:`ids`, without finding all."""
    parts: tuple[Part, ...] = ("all",)
    if query.sort == "id":  # what is not in the index of words yet came last
        parts = ("rest", "indexed") if query.descending else ("indexed", "rest")
    found = array("q")
    for part in parts:
        statement, parameters = select("l.id", query, about(connection, "searchable_to"), part)
        found.extend(id for (id,) in connection.execute(f"{statement} LIMIT {limit - len(found)}", parameters))
    return found


def rows(connection: sqlite3.Connection, ids: Sequence[int]) -> list[Example]:
    """The examples with these ids, in that order; those that are not there are left out."""
    found: dict[int, Example] = {}
    for start in range(0, len(ids), _ROWS_AT_ONCE):
        part = [id for id in ids[start : start + _ROWS_AT_ONCE] if id <= LARGEST_ID]
        marks = ",".join("?" * len(part))
        statement = (
            f"SELECT {SELECTED} FROM examples e JOIN listing l ON l.id = e.id WHERE e.id IN ({marks}) AND NOT l.removed"
        )
        for row in connection.execute(statement, part):
            found[row[0]] = example_of(row)
    return [found[id] for id in ids if id in found]


def iterate(connection: sqlite3.Connection, query: Query) -> Iterator[Example]:
    """The examples that match, in order."""
    statement, parameters = select(SELECTED, query, about(connection, "searchable_to"))
    for row in connection.execute(statement, parameters):
        yield example_of(row)


def counts(connection: sqlite3.Connection) -> Counts:
    """How many there are of each status as shown."""
    statement = "SELECT shown, count(*) FROM listing WHERE NOT removed GROUP BY shown"
    found = dict(connection.execute(statement).fetchall())
    draft, ready, excluded = (found.get(SHOWN[s], 0) for s in (Status.DRAFT, Status.READY, Status.EXCLUDED))
    return Counts(draft + ready + excluded, ready, draft, excluded)


def tags(connection: sqlite3.Connection) -> list[str]:
    """All tags in use, in alphabetical order."""
    statement = (
        "SELECT DISTINCT e.tags FROM examples e JOIN listing l ON l.id = e.id WHERE e.tags <> '' AND NOT l.removed"
    )
    found = {tag for (text,) in connection.execute(statement) for tag in text.split("\n")}
    return sorted(found, key=lambda tag: (tag.casefold(), tag))
