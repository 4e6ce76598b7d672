"""Counting the tokens of many examples in a child process: only what was not counted before, and kept by content."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.child import Message
from core.dataset.rows import content_hash
from core.dataset.statistics import FIELDS, UNCOUNTED
from core.dataset.store import ExampleStore
from core.errors import UserError
from core.prompt.format import PromptFormat
from core.prompt.lengths import Lengths, fingerprint, lengths
from core.prompt.lengths_cache import LengthsCache
from core.prompt.proof import Flaw

Tell = Callable[[Message], None]
_AT_ONCE = 250
_TELL_SECONDS = 0.2
_SAVE_SECONDS = 20.0  # what is counted so far survives being stopped


class Counter:
    """Counts examples of a store with the tokens of one model."""

    def __init__(
        self, store: ExampleStore, prompt: PromptFormat, cache: LengthsCache, tell: Tell, *, of_some: bool = False
    ) -> None:
        """With ``of_some``, what is kept of other examples stays."""
        self._store, self._prompt, self._cache, self._tell = store, prompt, cache, tell
        self._of_some = of_some

    def count(self, ids: NDArray[np.int64], contents: NDArray[np.int64]) -> NDArray[np.int32]:
        """The lengths of these examples, a row each; those changed meanwhile are ``UNCOUNTED``."""
        counts, known = self._cache.find(contents)
        places = np.flatnonzero(~known)
        # What occurs twice is counted once.
        _, firsts, inverse = np.unique(contents[places], return_index=True, return_inverse=True)
        unique = np.zeros((len(firsts), counts.shape[1]), dtype=np.int32)
        missing = places[firsts]
        told = saved = time.monotonic()
        for start in range(0, len(missing), _AT_ONCE):
            part = missing[start : start + _AT_ONCE]
            unique[start : start + len(part)] = self._lengths(ids[part], contents[part])
            now = time.monotonic()
            if now - told > _TELL_SECONDS:
                self._tell({"progress": [len(ids) - len(missing) + start + len(part), len(ids)]})
                told = now
            if now - saved > _SAVE_SECONDS:
                self._save(contents, counts, known, missing[: start + len(part)], unique)
                saved = now
        counts[places] = unique[inverse]
        if len(missing):
            self._keep(contents, counts)
        return counts

    def _lengths(self, ids: NDArray[np.int64], contents: NDArray[np.int64]) -> NDArray[np.int32]:
        rows = np.zeros((len(ids), len(Lengths._fields)), dtype=np.int32)
        rows[:, 0] = UNCOUNTED
        examples = {example.id: example for example in self._store.rows(ids.tolist())}
        # Only what still is as it was when the hashes were read.
        same = [
            at
            for at, (id, content) in enumerate(zip(ids.tolist(), contents.tolist(), strict=True))
            if id in examples and content_hash(examples[id]) == content
        ]
        if same:
            rows[same] = lengths(self._prompt, [examples[int(ids[at])] for at in same])
        return rows

    def _save(
        self,
        contents: NDArray[np.int64],
        counts: NDArray[np.int32],
        known: NDArray[np.bool_],
        done: NDArray[np.int64],
        unique: NDArray[np.int32],
    ) -> None:
        self._keep(
            np.concatenate([contents[known], contents[done]]), np.concatenate([counts[known], unique[: len(done)]])
        )

    def _keep(self, contents: NDArray[np.int64], counts: NDArray[np.int32]) -> None:
        counted = (counts[:, 0] != UNCOUNTED) & (counts[:, FIELDS.index("flaw")] != Flaw.STOPPED)
        keep = self._cache.add if self._of_some else self._cache.save
        keep(contents[counted], counts[counted])


def format_of(folder: Path, template: str) -> tuple[PromptFormat, str]:
    """A base model's format, and the mark under which counts with it are kept.

    Raises:
        UserError: it cannot be read.
    """
    mark = mark_of(folder, template)
    return PromptFormat.load(folder, template=template), mark


def mark_of(folder: Path, template: str) -> str:
    """The mark under which counts with a base model's tokens and a chosen chat template are kept.

    Raises:
        UserError: its files cannot be read.
    """
    try:
        mark = fingerprint(folder)
        return hashlib.sha256(f"{mark}\0{template}".encode("utf-8", "surrogatepass")).hexdigest() if template else mark
    except OSError as error:
        raise UserError("The base model cannot be read.", reason=f"{error.strerror or error}.") from error
