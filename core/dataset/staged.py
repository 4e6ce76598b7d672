"""Taking a staging file (``core.dataset.importing.staging``) into the tables of a project, with statements alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator

from core.dataset.rows import FIELDS

_CHUNK = 20_000
# Columns of ``listing``, and where the staging file holds them.
_LISTED = {
    "shown": "shown",
    "split": "side",
    "length": "length",
    "instruction": "key_instruction",
    "input": "key_input",
    "output": "key_output",
    "content": "content",
    "prompt": "prompt",
}
_LEFT_OUT = {
    "twice": "twice",
    # Asked again: the project may have changed since the file was read.
    "known": "EXISTS (SELECT 1 FROM main.listing l WHERE l.content = s.content AND NOT l.removed)",
}


def take(
    connection: sqlite3.Connection, now: float, *, first: int, leave_out: Collection[str]
) -> Iterator[tuple[int, int]]:
    """Insert the examples of a staging file that is attached as ``beside``; yields (done, in all) as it goes.

    Args:
        connection: in a transaction (``Database.write(beside=…)``).
        now: when they came.
        first: the id of the first.
        leave_out: ``twice`` and ``known``, see ``ExampleStore.add_staged``.
    """
    unwanted = " OR ".join(_LEFT_OUT[name] for name in sorted(leave_out)) or "0"
    connection.execute("DROP TABLE IF EXISTS temp.taken")
    connection.execute("CREATE TEMP TABLE taken (place INTEGER PRIMARY KEY, staged INTEGER NOT NULL)")
    connection.execute(
        f"INSERT INTO taken (staged) SELECT id FROM beside.examples s WHERE NOT ({unwanted}) ORDER BY id"
    )
    (total,) = connection.execute("SELECT count(*) FROM taken").fetchone()
    id = f"t.place + {first - 1}"
    source = "FROM taken t JOIN beside.examples s ON s.id = t.staged WHERE t.place BETWEEN ? AND ? ORDER BY t.place"
    fields = ", ".join(FIELDS)
    own = ", ".join(f"s.{field}" for field in FIELDS)
    listed = ", ".join(f"s.{column}" for column in _LISTED.values())
    for start in range(1, total + 1, _CHUNK):
        part = (start, start + _CHUNK - 1)
        connection.execute(
            f"INSERT INTO main.examples (id, {fields}, created) SELECT {id}, {own}, {now!r} {source}", part
        )
        connection.execute(
            f"INSERT INTO main.listing (id, updated, {', '.join(_LISTED)}) SELECT {id}, {now!r}, {listed} {source}",
            part,
        )
        yield min(part[1], total), total
    connection.execute("DROP TABLE temp.taken")
