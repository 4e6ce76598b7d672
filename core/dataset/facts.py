"""What lists of all examples are made of, read from the database in one go: status, side, tags, where each came from.

Read in a child process (``core.prompt.statistics_child``); a million examples take seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.dataset.example import Status
from core.dataset.rows import SHOWN
from core.dataset.statements import about
from core.dataset.store import ExampleStore

_MOST_GROUPS = 500  # tags, and sources; the rarest of more are of no use in a list
_BY_HAND = "Written here"
_COPIED = "Copied here"
_FORGOTTEN = "From before the steps that can be undone"


@dataclass(frozen=True, eq=False)
class Facts:
    """All examples that there are; the arrays have one entry an example, ascending by id.

    Attributes:
        revision: the store's, at the moment of reading.
        ids: their numbers.
        shown: status as shown, as ``core.dataset.rows.SHOWN`` has it.
        heldout: whether a run would keep it out now.
        tags: where each tag stands, as places in the arrays.
        sources: the same of where examples came from.
    """

    revision: int
    ids: NDArray[np.int64]
    shown: NDArray[np.int8]
    heldout: NDArray[np.bool_]
    tags: dict[str, NDArray[np.int32]] = field(default_factory=dict)
    sources: dict[str, NDArray[np.int32]] = field(default_factory=dict)


def read(store: ExampleStore, share: float) -> tuple[Facts, NDArray[np.int64]]:
    """Read all examples of a store: the facts, and for each example the hash of what training sees.

    Args:
        store: where they are.
        share: of the ready examples that a run keeps out.
    """
    with store.reading() as connection:
        revision = about(connection, "revision")
        rows = connection.execute("SELECT id, shown, content FROM listing WHERE NOT removed ORDER BY id").fetchall()
        tagged = connection.execute("SELECT id, tags FROM examples WHERE tags <> '' ORDER BY id").fetchall()
        added = connection.execute(
            "SELECT s.first, s.last, t.label FROM spans s JOIN steps t ON t.id = s.step WHERE s.added ORDER BY s.first"
        ).fetchall()
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    ids = np.ascontiguousarray(table[:, 0])
    heldout = np.array(sorted(store.heldout(share)), dtype=np.int64)
    facts = Facts(
        revision,
        ids,
        table[:, 1].astype(np.int8),
        np.isin(ids, heldout, assume_unique=True),
        _tags(ids, tagged),
        _sources(ids, added),
    )
    return facts, np.ascontiguousarray(table[:, 2])


def ready(store: ExampleStore) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    """The store's revision, the numbers of the ready examples, and the hash of what training sees of each."""
    with store.reading() as connection:
        revision = about(connection, "revision")
        rows = connection.execute(
            "SELECT id, content FROM listing WHERE NOT removed AND shown = ? ORDER BY id", (SHOWN[Status.READY],)
        ).fetchall()
    table = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return revision, np.ascontiguousarray(table[:, 0]), np.ascontiguousarray(table[:, 1])


def source_of(label: str) -> str:
    """Where the examples of a step came from, from the step's name."""
    if label.startswith("Add example") or (label.startswith("Add ") and label.endswith(" examples")):
        return _BY_HAND
    if label.startswith("Duplicate "):
        return _COPIED
    for verb in ("Import ", "Add the "):
        if label.startswith(verb):
            words = label.removeprefix(verb)
            return words[:1].upper() + words[1:] if verb != "Import " else words
    return label


def _tags(ids: NDArray[np.int64], tagged: Iterable[tuple[int, str]]) -> dict[str, NDArray[np.int32]]:
    having: dict[str, list[int]] = {}
    for id, tags in tagged:
        for tag in tags.split("\n"):
            having.setdefault(tag, []).append(id)
    places = {
        tag: np.flatnonzero(np.isin(ids, np.array(found, dtype=np.int64), assume_unique=True))
        for tag, found in having.items()
    }
    return _most_first({tag: found for tag, found in places.items() if len(found)})


def _sources(ids: NDArray[np.int64], added: Iterable[tuple[int, int, str]]) -> dict[str, NDArray[np.int32]]:
    unknown = np.ones(len(ids), dtype=np.bool_)
    found: dict[str, list[NDArray[np.int64]]] = {}
    for first, last, label in added:
        begin, end = np.searchsorted(ids, first, "left"), np.searchsorted(ids, last, "right")
        if begin < end:
            found.setdefault(source_of(label), []).append(np.arange(begin, end))
            unknown[begin:end] = False
    sources = {source: np.concatenate(places) for source, places in found.items()}
    if unknown.any():
        sources[_FORGOTTEN] = np.flatnonzero(unknown)
    return _most_first(sources)


def _most_first(groups: dict[str, NDArray[np.int64]]) -> dict[str, NDArray[np.int32]]:
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0].casefold()))
    return {name: places.astype(np.int32) for name, places in ordered[:_MOST_GROUPS]}
