"""What happened to one example, and which steps there are, read from the history that undo and redo work on."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

from core.dataset.example import Example
from core.dataset.rows import FIELDS, SELECTED, example_of


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the user; ``undone`` when it was taken back and can be done again."""

    id: int
    label: str
    at: float
    undone: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """What a step did to one example; ``before`` is None when the step added it, ``after`` when it removed it."""

    step: int
    at: float
    label: str
    before: Example | None
    after: Example | None
    undone: bool


def steps(connection: sqlite3.Connection, limit: int) -> list[Step]:
    """The newest steps, newest first; those that were taken back stand before the others."""
    rows = connection.execute("SELECT id, label, at, undone FROM steps ORDER BY id DESC LIMIT ?", (limit,))
    return [Step(id, label, at, bool(undone)) for id, label, at, undone in rows]


def story(connection: sqlite3.Connection, id: int) -> list[Moment]:
    """What the kept steps did to an example, newest first; empty for an unknown one."""
    row = connection.execute(f"SELECT {SELECTED} FROM examples e WHERE e.id = ?", (id,)).fetchone()
    if row is None:
        return []
    now: dict[str, str] = dict(zip(FIELDS, row[1:], strict=True))
    moments: list[Moment] = []
    state = now
    events = _events(connection, id)
    for step, label, at, undone, kind, _, after in events:  # what could be done again, oldest first
        if undone:
            later = state | json.loads(after) if kind == "edit" else state
            moments.insert(0, _moment(id, step, at, label, kind, state, later, undone=True))
            state = later
    state = now
    for step, label, at, undone, kind, before, _ in reversed(events):
        if not undone:
            earlier = state | json.loads(before) if kind == "edit" else state
            moments.append(_moment(id, step, at, label, kind, earlier, state, undone=False))
            state = earlier
    return moments


def _events(connection: sqlite3.Connection, id: int) -> list[tuple[int, str, float, bool, str, str, str]]:
    """(step, label, at, undone, "edit" | "add" | "remove", before, after) of the steps with the example, in order."""
    edits = connection.execute(
        "SELECT s.id, s.label, s.at, s.undone, 'edit', e.before, e.after"
        " FROM edits e JOIN steps s ON s.id = e.step WHERE e.example = ?",
        (id,),
    )
    spans = connection.execute(
        "SELECT s.id, s.label, s.at, s.undone, CASE p.added WHEN 1 THEN 'add' ELSE 'remove' END, '', ''"
        " FROM spans p JOIN steps s ON s.id = p.step WHERE ? BETWEEN p.first AND p.last",
        (id,),
    )
    return sorted([*edits.fetchall(), *spans.fetchall()])


def _moment(
    id: int, step: int, at: float, label: str, kind: str, before: dict[str, str], after: dict[str, str], *, undone: bool
) -> Moment:
    def example(columns: dict[str, str]) -> Example:
        return example_of((id, *(columns[field] for field in FIELDS)))

    return Moment(
        step,
        at,
        label,
        None if kind == "add" else example(before),
        None if kind == "remove" else example(after),
        undone,
    )
