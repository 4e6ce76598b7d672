"""Undo and redo as tables: each step of the user is written in the transaction that makes it.

All functions take a connection in a transaction (``Database.write``).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from core.dataset.change import Change
from core.dataset.rows import FIELDS, LISTED, SELECTED, listing_of, marks_of, spans_of
from core.dataset.statements import insert

KEPT_STEPS = 10_000
_MERGE_SECONDS = 4.0  # since the last edit of the same text
_MERGE_LONGEST = 30.0  # since the first: ten minutes of typing are more than one step
_UPDATE_LISTING = (
    f"UPDATE listing SET {', '.join(f'{name} = ?{place}' for place, name in enumerate(LISTED, start=1))} WHERE id = ?1"
)
_UPDATE_MARKS = "UPDATE listing SET shown = ?2, split = ?3, updated = ?4 WHERE id = ?1"
_SEARCHED = slice(1, FIELDS.index("note") + 2)  # of a row of ``SELECTED``
_TRAINED = frozenset(("instruction", "input", "output", "system", "history"))


def begin_step(connection: sqlite3.Connection, label: str, now: float, *, merge: str = "") -> int:
    """A new step; what had been taken back before can no longer be done again."""
    _forget(connection, "undone")
    statement = "INSERT INTO steps (label, began, at, merge) VALUES (?, ?, ?, ?)"
    return int(connection.execute(statement, (label, now, now, merge)).lastrowid or 0)


def record_spans(connection: sqlite3.Connection, step: int, ids: Iterable[int], *, added: bool) -> None:
    """The step added or removed these examples (ascending ids)."""
    rows = ((step, int(added), first, last) for first, last in spans_of(ids))
    connection.executemany("INSERT INTO spans VALUES (?, ?, ?, ?)", rows)


def record_edits(
    connection: sqlite3.Connection, step: int, edits: Iterable[tuple[int, dict[str, str], dict[str, str]]]
) -> None:
    """The step changed columns of these examples: (id, before, after)."""
    rows = ((step, id, _dumps(before), _dumps(after)) for id, before, after in edits)
    connection.executemany("INSERT INTO edits VALUES (?, ?, ?, ?)", rows)


def merge_into_last(connection: sqlite3.Connection, merge: str, after: dict[str, str], now: float) -> str | None:
    """Continue the last step with a newer text of the same field, if it is that fresh; its label if so."""
    last = connection.execute("SELECT id, label, began, at, merge, undone FROM steps ORDER BY id DESC LIMIT 1")
    row = last.fetchone()
    if row is None:
        return None
    step, label, began, at, name, undone = row
    if undone or name != merge or not (0 <= now - at <= _MERGE_SECONDS and now - began <= _MERGE_LONGEST):
        return None
    (before,) = connection.execute("SELECT before FROM edits WHERE step = ?", (step,)).fetchone()
    if before == _dumps(after):  # typed and deleted again: nothing is left to take back
        _forget(connection, "id = ?", step)
    else:
        connection.execute("UPDATE edits SET after = ? WHERE step = ?", (_dumps(after), step))
        connection.execute("UPDATE steps SET at = ? WHERE id = ?", (now, step))
    return str(label)


def replace_all(connection: sqlite3.Connection, wanted: dict[int, dict[str, str]], label: str, now: float) -> Change:
    """One step after which there are these examples (columns by id) and no others."""
    here = {id for (id,) in connection.execute("SELECT id FROM listing WHERE NOT removed")}
    kept = {id for (id,) in connection.execute("SELECT id FROM examples")}
    removed, added = sorted(here - set(wanted)), sorted(set(wanted) - here)
    new = [(id, *(wanted[id][field] for field in FIELDS)) for id in added if id not in kept]
    insert(connection, new, now)
    connection.executemany("UPDATE listing SET removed = 1 WHERE id = ?", ((id,) for id in removed))
    connection.executemany("UPDATE listing SET removed = 0 WHERE id = ?", ((id,) for id in added))
    done = list(rewrite(connection, wanted.items(), now))
    if not (removed or added or done):
        return Change("")
    step = begin_step(connection, label, now)
    record_spans(connection, step, removed, added=False)
    record_spans(connection, step, added, added=True)
    record_edits(connection, step, ((id, before, wanted[id]) for id, before in done))
    changed = tuple(id for id, _ in done if id in here)
    return Change(label, added=tuple(added), changed=changed, removed=tuple(removed))


def merge_of_turn(id: int, before: dict[str, str], after: dict[str, str]) -> str:
    """The name under which typing in one earlier turn of a conversation goes on in the same step; empty for others."""
    if set(after) != {"history"} or not (before["history"] and after["history"]):
        return ""
    old, new = json.loads(before["history"]), json.loads(after["history"])
    if [role for role, _ in old] != [role for role, _ in new]:
        return ""
    places = [place for place, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
    return f"{id}:history:{places[0]}" if len(places) == 1 else ""


def undo(connection: sqlite3.Connection, now: float) -> Change | None:
    """Take the last step back."""
    return _travel(connection, now, back=True)


def redo(connection: sqlite3.Connection, now: float) -> Change | None:
    """Do the step again that was taken back last."""
    return _travel(connection, now, back=False)


def label(connection: sqlite3.Connection, *, back: bool) -> str | None:
    """The name of the step that undo (``back``) or redo would act on."""
    row = _next(connection, back=back)
    return str(row[1]) if row else None


def trim(connection: sqlite3.Connection) -> None:
    """Forget the oldest steps beyond ``KEPT_STEPS``; what they removed is gone for good."""
    row = connection.execute("SELECT id FROM steps ORDER BY id DESC LIMIT 1 OFFSET ?", (KEPT_STEPS,)).fetchone()
    if row is not None:
        _forget(connection, "NOT undone AND id <= ?", row[0])


def rewrite(
    connection: sqlite3.Connection, changes: Iterable[tuple[int, dict[str, str]]], now: float
) -> Iterator[tuple[int, dict[str, str]]]:
    """Give columns of examples new values; yields (id, the values before) of each one that differs.

    The list's row and the search index follow. Removed examples are changed too, unknown ids passed over.
    """
    (searchable_to,) = connection.execute("SELECT value FROM about WHERE key = 'searchable_to'").fetchone()
    for id, values in changes:
        row = connection.execute(f"SELECT {SELECTED} FROM examples e WHERE id = ?", (id,)).fetchone()
        if row is None:
            continue
        before = {field: row[FIELDS.index(field) + 1] for field in values}
        if before == values:
            continue
        new = (id, *(values.get(field, old) for field, old in zip(FIELDS, row[1:], strict=True)))
        names = ", ".join(f"{field} = ?" for field in values)
        connection.execute(f"UPDATE examples SET {names} WHERE id = ?", (*values.values(), id))
        if _TRAINED.isdisjoint(values):
            connection.execute(_UPDATE_MARKS, (id, *marks_of(new), now))
        else:
            connection.execute(_UPDATE_LISTING, listing_of(new, now))
        if id <= searchable_to:
            _index_again(connection, row, new)
        yield id, before


def _index_again(connection: sqlite3.Connection, old: tuple[Any, ...], new: tuple[Any, ...]) -> None:
    if old[_SEARCHED] == new[_SEARCHED]:
        return
    call = "searchable(?, ?, ?, ?, ?, ?, ?)"
    connection.execute(
        f"INSERT INTO search (search, rowid, text) VALUES ('delete', ?, {call})", (old[0], *old[_SEARCHED])
    )
    connection.execute(f"INSERT INTO search (rowid, text) VALUES (?, {call})", (new[0], *new[_SEARCHED]))


def _next(connection: sqlite3.Connection, *, back: bool) -> tuple[int, str] | None:
    order = "NOT undone ORDER BY id DESC" if back else "undone ORDER BY id"
    row: tuple[int, str] | None = connection.execute(f"SELECT id, label FROM steps WHERE {order} LIMIT 1").fetchone()
    return row


def _travel(connection: sqlite3.Connection, now: float, *, back: bool) -> Change | None:
    found = _next(connection, back=back)
    if found is None:
        return None
    step, name = found
    added: list[int] = []
    removed: list[int] = []
    spans = connection.execute("SELECT added, first, last FROM spans WHERE step = ?", (step,)).fetchall()
    for was_added, first, last in spans:
        removes = bool(was_added) == back
        connection.execute("UPDATE listing SET removed = ? WHERE id BETWEEN ? AND ?", (int(removes), first, last))
        (removed if removes else added).extend(range(first, last + 1))
    column = "before" if back else "after"
    edits = connection.execute(f"SELECT example, {column} FROM edits WHERE step = ?", (step,)).fetchall()
    changed = tuple(id for id, _ in rewrite(connection, ((id, json.loads(text)) for id, text in edits), now))
    # A step that was travelled over is never continued by typing.
    connection.execute("UPDATE steps SET undone = ?, merge = '' WHERE id = ?", (int(back), step))
    return Change(name, added=tuple(added), changed=changed, removed=tuple(removed))


def _forget(connection: sqlite3.Connection, condition: str, *parameters: Any) -> None:
    """Delete steps; examples that only they could bring back become garbage."""
    steps = f"SELECT id FROM steps WHERE {condition}"
    if connection.execute(f"{steps} LIMIT 1", parameters).fetchone() is None:
        return
    # An undone step's additions, and a done step's removals, are what no other step holds.
    connection.execute(
        "INSERT INTO garbage SELECT first, last FROM spans JOIN steps ON steps.id = spans.step"
        f" WHERE added = undone AND step IN ({steps})"
        # A version that was put back brings examples of older steps: what a kept step still holds is no garbage.
        " AND NOT EXISTS (SELECT 1 FROM spans kept WHERE kept.first <= spans.last AND kept.last >= spans.first"
        f" AND kept.step NOT IN ({steps}))",
        (*parameters, *parameters),
    )
    connection.execute(f"DELETE FROM spans WHERE step IN ({steps})", parameters)
    connection.execute(f"DELETE FROM edits WHERE step IN ({steps})", parameters)
    connection.execute(f"DELETE FROM steps WHERE {condition}", parameters)


def _dumps(values: dict[str, str]) -> str:
    return json.dumps(values, ensure_ascii=False)
