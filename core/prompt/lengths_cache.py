"""Counts of tokens kept between looks at a project, by the hash of what was counted; safe to delete at any time."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.files import write_atomically
from core.prompt.lengths import Lengths

FOLDER = ".lengths-cache"  # in a project
_COLUMNS = len(Lengths._fields)
_KEPT = 3  # models whose counts are kept
_LARGEST = 2 << 30  # bytes of a file


class LengthsCache:
    """What was counted with the tokens of one model."""

    def __init__(self, project: Path, fingerprint: str) -> None:
        self._folder = project / FOLDER
        self._file = self._folder / f"{fingerprint}.npy"
        self._contents, self._counts = self._load()

    def find(self, contents: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """The counts of these contents, a row each, and which of them are known; rows of unknown ones are 0."""
        counts = np.zeros((len(contents), _COLUMNS), dtype=np.int32)
        known = np.zeros(len(contents), dtype=np.bool_)
        if len(self._contents):
            places = np.minimum(np.searchsorted(self._contents, contents), len(self._contents) - 1)
            known = self._contents[places] == contents
            counts[known] = self._counts[places[known]]
        return counts, known

    def add(self, contents: NDArray[np.int64], counts: NDArray[np.int32]) -> None:
        """Keep these counts beside those that are kept already."""
        self.save(np.concatenate([contents, self._contents]), np.concatenate([counts, self._counts]))

    def save(self, contents: NDArray[np.int64], counts: NDArray[np.int32]) -> None:
        """Keep these counts and no others; where nothing can be written, they are counted again next time."""
        self._contents, places = np.unique(contents, return_index=True)
        self._counts = counts[places]
        table = np.column_stack([self._contents, self._counts.astype(np.int64)])
        file = io.BytesIO()
        np.save(file, table, allow_pickle=False)
        with contextlib.suppress(OSError):
            self._folder.mkdir(exist_ok=True)
            write_atomically(self._file, file.getvalue())
            self._forget_old()

    def _load(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        try:
            if self._file.stat().st_size > _LARGEST:
                raise ValueError("too large")
            table = np.load(self._file, allow_pickle=False)
            if table.dtype != np.int64 or table.ndim != 2 or table.shape[1] != 1 + _COLUMNS:
                raise ValueError("not a table of counts")
            if np.any(np.diff(table[:, 0]) <= 0):
                raise ValueError("not in order")
        except (OSError, ValueError, EOFError):  # none yet, or damaged: counted again
            table = np.empty((0, 1 + _COLUMNS), dtype=np.int64)
        return np.ascontiguousarray(table[:, 0]), table[:, 1:].astype(np.int32)

    def _forget_old(self) -> None:
        files = sorted(self._folder.glob("*.npy"), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in files[_KEPT:]:
            file.unlink(missing_ok=True)
