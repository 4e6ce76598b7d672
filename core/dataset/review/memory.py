"""What the comparing rules may ask for while they work: texts, and what earlier reviews have found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.dataset.example import Example


class Memory(Protocol):
    """The store and the cache, as the rules see them."""

    def rows(self, ids: Sequence[int]) -> list[Example]:
        """The examples with these ids that are there."""

    def pairs(self, contents: NDArray[np.int64]) -> NDArray[np.int64]:
        """What is known of pairs of contents (a row each): 1 near-duplicates, 0 not, -1 not compared yet."""

    def keep_pairs(self, contents: NDArray[np.int64], verdicts: NDArray[np.int64]) -> None:
        """Keep what is known of these pairs, and of no others."""


class Rows(Protocol):
    """Where examples are read."""

    def rows(self, ids: Sequence[int]) -> list[Example]:
        """The examples with these ids that are there."""


class Forgetful:
    """Texts of a store, and no memory of earlier reviews."""

    def __init__(self, store: Rows) -> None:
        self._store = store

    def rows(self, ids: Sequence[int]) -> list[Example]:
        """The examples with these ids that are there."""
        return self._store.rows(ids)

    def pairs(self, contents: NDArray[np.int64]) -> NDArray[np.int64]:
        """Nothing is known."""
        return np.full(len(contents), -1, dtype=np.int64)

    def keep_pairs(self, contents: NDArray[np.int64], verdicts: NDArray[np.int64]) -> None:
        """Nothing is kept."""
