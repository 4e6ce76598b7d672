"""Which ready examples a run would keep out, asked of the database: a million rows are never brought into Python.

The result is that of :func:`core.dataset.split.sides`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

from core.dataset.example import Split, Status
from core.dataset.rows import SHOWN, SPLIT_ORDER
from core.dataset.split import FEWEST_EXAMPLES, MOST_HELDOUT, chosen_prompts

_READY = f"NOT removed AND shown = {SHOWN[Status.READY]}"
_AUTO = f"split = {SPLIT_ORDER[Split.AUTO]}"
_BY_HAND = f"split <> {SPLIT_ORDER[Split.AUTO]}"
_OUT = f"split = {SPLIT_ORDER[Split.HELDOUT]}"
_ROWS = 5 * MOST_HELDOUT  # of the smallest hashes looked at first


def heldout(connection: sqlite3.Connection, share: float) -> frozenset[int]:
    """The ids of the ready examples that :func:`core.dataset.split.split` would hold out of the ready ones."""
    by_hand: dict[int, bool] = {}  # whether what has this prompt is held out
    assigned = f"SELECT prompt, max({_OUT}) FROM listing WHERE {_READY} AND {_BY_HAND} GROUP BY prompt"
    for prompt, is_out in connection.execute(assigned):
        by_hand[prompt] = bool(is_out)
    out = [id for (id,) in connection.execute(f"SELECT id FROM listing WHERE {_READY} AND {_OUT}")]
    out += _of(connection, [prompt for prompt, is_out in by_hand.items() if is_out])
    if share > 0 and _enough(connection):
        out += _of(connection, list(_chosen(connection, by_hand, len(out), share)))
    return frozenset(out)


def _of(connection: sqlite3.Connection, prompts: list[int]) -> list[int]:
    """The automatic examples with these prompts."""
    if not prompts:
        return []
    statement = f"SELECT id FROM listing WHERE {_READY} AND {_AUTO} AND prompt IN (SELECT value FROM json_each(?))"
    return [id for (id,) in connection.execute(statement, (json.dumps(prompts),))]


def _enough(connection: sqlite3.Connection) -> bool:
    statement = f"SELECT count(*) FROM (SELECT 1 FROM listing WHERE {_READY} LIMIT {FEWEST_EXAMPLES})"
    (count,) = connection.execute(statement).fetchone()
    return bool(count == FEWEST_EXAMPLES)


def _chosen(connection: sqlite3.Connection, by_hand: dict[int, bool], heldout: int, share: float) -> Iterator[int]:
    """The prompts to hold out of those that nobody assigned, seen from the smallest hash on."""
    rows = _ROWS
    while True:
        groups, whole = _smallest(connection, by_hand, rows)
        chosen, sure = chosen_prompts(groups, heldout, share, whole=whole)
        if sure:
            yield from chosen
            return
        rows *= 8


def _smallest(connection: sqlite3.Connection, by_hand: dict[int, bool], rows: int) -> tuple[dict[int, int], bool]:
    """How many examples have each of the prompts with the smallest hashes, and whether these are all prompts."""
    statement = (
        f"SELECT prompt FROM listing WHERE {_READY} AND {_AUTO} AND prompt NOT IN (SELECT value FROM json_each(?))"
        " ORDER BY prompt < 0, prompt LIMIT ?"
    )
    found = [prompt for (prompt,) in connection.execute(statement, (json.dumps(list(by_hand)), rows))]
    groups: dict[int, int] = {}
    for prompt in found:
        groups[prompt] = groups.get(prompt, 0) + 1
    whole = len(found) < rows
    if not whole:
        groups.popitem()  # there may be more with the last prompt
    return groups, whole
