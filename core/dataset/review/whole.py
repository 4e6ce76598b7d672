"""All examples side by side, as the rules that compare them need them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.dataset.example import Status
from core.dataset.review.marks import Look, Mark
from core.dataset.review.memory import Memory
from core.dataset.rows import SHOWN
from core.dataset.store import ExampleStore

_EXCLUDED = SHOWN[Status.EXCLUDED]
_READY = SHOWN[Status.READY]


class Listed(NamedTuple):
    """All examples but excluded ones, by id; the arrays have an entry each.

    Attributes:
        revision: of the store.
        ids: their numbers.
        contents: the hash of what training sees of them.
        ready: whether they are trained.
        drafts: whether the user marked them as drafts (those without an output are none by that).
        heldout: whether a run would keep them out.
    """

    revision: int
    ids: NDArray[np.int64]
    contents: NDArray[np.int64]
    ready: NDArray[np.bool_]
    drafts: NDArray[np.bool_]
    heldout: NDArray[np.bool_]

    def only(self, where: NDArray[np.bool_]) -> Listed:
        """Some of them."""
        return Listed(
            self.revision,
            self.ids[where],
            self.contents[where],
            self.ready[where],
            self.drafts[where],
            self.heldout[where],
        )


def listed(store: ExampleStore, share: float) -> Listed:
    """Read what the store knows of all examples without their texts.

    Args:
        store: where they are.
        share: of the ready ones that a run keeps out.
    """
    revision = store.revision
    with store.reading() as connection:
        rows = connection.execute(
            "SELECT id, content, shown FROM listing WHERE NOT removed AND shown <> ? ORDER BY id", (_EXCLUDED,)
        )
        table = np.array(rows.fetchall(), dtype=np.int64).reshape(-1, 3)
        marked = connection.execute(
            "SELECT e.id FROM listing l JOIN examples e ON e.id = l.id"
            " WHERE NOT l.removed AND l.shown = ? AND e.status = ? ORDER BY e.id",
            (SHOWN[Status.DRAFT], Status.DRAFT.value),
        )
        drafts = np.array([id for (id,) in marked], dtype=np.int64)
    heldout = np.fromiter(store.heldout(share), dtype=np.int64)
    ids = np.ascontiguousarray(table[:, 0])
    return Listed(
        revision,
        ids,
        np.ascontiguousarray(table[:, 1]),
        table[:, 2] == _READY,
        np.isin(ids, drafts, assume_unique=True),
        np.isin(ids, heldout, assume_unique=True),
    )


@dataclass(frozen=True, eq=False)
class Whole:
    """Examples and what they look like, by content; a ``place`` is an index into the arrays of ``listed``."""

    listed: Listed
    looks: Mapping[int, Look]
    memory: Memory

    def __len__(self) -> int:
        return len(self.listed.ids)

    @cached_property
    def of(self) -> Sequence[Look]:
        """The look of each place."""
        return [self.looks[content] for content in self.listed.contents.tolist()]

    def marks(self, rule: str) -> Iterator[tuple[int, Mark]]:
        """The places that a rule marked, with what it said."""
        yield from self._marked.get(rule, ())

    def id(self, place: int) -> int:
        """The number of an example."""
        return int(self.listed.ids[place])

    def groups(self, keys: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """The places that share a key with another, together; ready ones first, then by number.

        Args:
            keys: one for each place.
        """
        order = np.lexsort((self.listed.ids, ~self.listed.ready, keys))
        ordered = keys[order]
        borders = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
        starts = np.concatenate([[0], borders])
        ends = np.concatenate([borders, [len(keys)]])
        for at in np.flatnonzero(ends - starts > 1):
            yield order[starts[at] : ends[at]]

    @cached_property
    def _marked(self) -> dict[str, list[tuple[int, Mark]]]:
        found: dict[str, list[tuple[int, Mark]]] = {}
        for place, look in enumerate(self.of):
            for mark in look.marks:
                found.setdefault(mark.rule, []).append((place, mark))
        return found
