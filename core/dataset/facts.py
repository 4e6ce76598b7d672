"""What lists of all examples are made of, read from the database in one go: status, side, tags, where each came from.

Read in a child process (``core.prompt.statistics_child``); a million examples take seconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.dataset.example import Example, Status
from core.dataset.rows import SHOWN
from core.dataset.split import split
from core.dataset.store import ExampleStore

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
        contents: a hash of what training sees.
        heldout: whether a run would keep it out now.
        tags: where each tag stands, as places in the arrays.
        sources: the same of where examples came from.
    """

    revision: int
    ids: NDArray[np.int64]
    shown: NDArray[np.int8]
    contents: NDArray[np.int64]
    heldout: NDArray[np.bool_]
    tags: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    sources: dict[str, NDArray[np.int64]] = field(default_factory=dict)


def read(store: ExampleStore, share: float) -> Facts:
    """Read all examples of a store.

    Args:
        store: where they are.
        share: of the ready examples that a run keeps out.
    """
    ids, shown, contents, ready = [], [], [], []
    revision = store.revision
    tagged: dict[str, list[int]] = {}
    for place, example in enumerate(store.iterate()):
        ids.append(example.id)
        shown.append(SHOWN[_shown(example)])
        contents.append(content_hash(example))
        for tag in example.tags:
            tagged.setdefault(tag, []).append(place)
        if example.is_ready:
            ready.append(example)
    heldout = [example.id for example in split(ready, share)[1]]
    numbers = np.array(ids, dtype=np.int64)
    return Facts(
        revision,
        numbers,
        np.array(shown, dtype=np.int8),
        np.array(contents, dtype=np.int64),
        np.isin(numbers, np.array(heldout, dtype=np.int64), assume_unique=True),
        _most_first({tag: np.array(places, dtype=np.int64) for tag, places in tagged.items()}),
        _sources(numbers, store.additions()),
    )


def content_hash(example: Example) -> int:
    """A hash of what training sees of an example."""
    turns = [text for turn in example.history for text in (turn.role, turn.content)]
    parts = (example.instruction, example.input, example.output, example.system, *turns)
    framed = "".join(f"{len(part)}:{part}" for part in parts).encode()
    return int.from_bytes(hashlib.blake2b(framed, digest_size=8).digest(), "big", signed=True)


def _shown(example: Example) -> Status:
    return Status.DRAFT if example.status is Status.READY and not example.is_complete else example.status


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


def _sources(ids: NDArray[np.int64], added: Iterable[tuple[int, int, str]]) -> dict[str, NDArray[np.int64]]:
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


def _most_first(groups: dict[str, NDArray[np.int64]]) -> dict[str, NDArray[np.int64]]:
    return dict(sorted(groups.items(), key=lambda group: (-len(group[1]), group[0].casefold())))
