"""Work on the tables that can wait: bringing the search index up to date, clearing away what nobody can bring back.

All functions take a connection in a transaction and do a few milliseconds of work at a time.
"""

from __future__ import annotations

import sqlite3

CHUNK = 400  # rows a transaction; an edit waits at most for one of these (about 10 ms)
_CALL = "searchable(e.instruction, e.input, e.output, e.system, e.history, e.tags, e.note)"


def index_some(connection: sqlite3.Connection, rows: int = CHUNK) -> bool:
    """Take the next examples into the search index; False when all are in it."""
    (done,) = connection.execute("SELECT value FROM about WHERE key = 'searchable_to'").fetchone()
    (last,) = connection.execute(
        "SELECT max(id) FROM (SELECT id FROM examples WHERE id > ? ORDER BY id LIMIT ?)", (done, rows)
    ).fetchone()
    if last is None:
        return False
    connection.execute(
        f"INSERT INTO search (rowid, text) SELECT e.id, {_CALL} FROM examples e WHERE e.id > ? AND e.id <= ?",
        (done, last),
    )
    connection.execute("UPDATE about SET value = ? WHERE key = 'searchable_to'", (last,))
    return True


def index_if_few(connection: sqlite3.Connection, added: int) -> None:
    """Index new examples at once when they are few and all others are in the index already."""
    if added > CHUNK:
        return
    (waiting,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM examples WHERE id > (SELECT value FROM about WHERE key = 'searchable_to')"
        " LIMIT ?)",
        (added + 1,),
    ).fetchone()
    if waiting <= added:
        index_some(connection)


def purge_some(connection: sqlite3.Connection, rows: int = CHUNK) -> bool:
    """Delete some examples that no step can bring back; False when there are none left."""
    row = connection.execute("SELECT rowid, first, last FROM garbage LIMIT 1").fetchone()
    if row is None:
        return False
    rowid, first, last = row
    end = min(last, first + rows - 1)
    connection.execute(
        f"INSERT INTO search (search, rowid, text) SELECT 'delete', e.id, {_CALL} FROM examples e"
        " WHERE e.id BETWEEN ? AND ? AND e.id <= (SELECT value FROM about WHERE key = 'searchable_to')",
        (first, end),
    )
    connection.execute("DELETE FROM examples WHERE id BETWEEN ? AND ?", (first, end))
    connection.execute("DELETE FROM listing WHERE id BETWEEN ? AND ?", (first, end))
    if end == last:
        connection.execute("DELETE FROM garbage WHERE rowid = ?", (rowid,))
    else:
        connection.execute("UPDATE garbage SET first = ? WHERE rowid = ?", (end + 1, rowid))
    return True
