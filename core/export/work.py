"""The work of one export inside its process: what is asked, where it goes, and telling how far it is."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.export.source import Source

REFERENCE_FILE = "reference.safetensors"
_TICK = 0.2  # seconds between two signs of life


@dataclass(slots=True)
class Work:
    """What a form's writer and its check are given.

    Attributes:
        source: what is exported.
        chosen: what was chosen, by the names of the form's choices.
        folder: to write: empty, to be filled with plain files; to check: what was made, as its reader sees it.
        reference: a file beside it: what the trained model says, made by the writer for the check. safetensors with
            ``input_ids_0`` (tokens) and ``logits_0`` (last positions, vocabulary), and so on for each prompt.
        written: what the writer returned; for the check.
        hashes: the SHA-256 of files that were hashed as they were meant, by name.
    """

    source: Source
    chosen: dict[str, str]
    folder: Path
    reference: Path
    say: Callable[[str, float], object] = lambda _words, _share: None
    written: dict[str, Any] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _share: float = 0.0

    def tell(self, words: str, share: float) -> None:
        """Say what is being done, and how much of all the work (0 to 1) is behind; it never goes back."""
        with self._guard:
            self._share = max(self._share, min(1.0, share))
            self.say(words, self._share)

    def portion(self, words: str, start: float, end: float) -> Callable[[int, int], None]:
        """Takes (done, total) of a portion of the work that goes from one share to another."""

        def told(done: int, total: int) -> None:
            now = time.monotonic()
            if now - last[0] > _TICK or done >= total:
                last[0] = now
                self.tell(words, start + (end - start) * done / max(1, total))

        last = [0.0]
        self.tell(words, start)
        return told

    @contextmanager
    def meanwhile(self, words: str, start: float, end: float, *, usual: float = 5.0) -> Iterator[None]:
        """While this holds, work of unknown length is told of: it goes on towards ``end``, slower and slower.

        Args:
            words: what is being done.
            start: the share of all the work before it.
            end: the share after it.
            usual: seconds in which it gets two thirds of the way.
        """
        over = threading.Event()
        began = time.monotonic()

        def tick() -> None:
            while not over.wait(_TICK):
                way = 1 - math.exp((began - time.monotonic()) / usual)
                self.tell(words, start + (end - start) * way)

        self.tell(words, start)
        ticker = threading.Thread(target=tick, name="export progress", daemon=True)
        ticker.start()
        try:
            yield
        finally:
            over.set()
            ticker.join()
        self.tell(words, end)
