"""What single examples of a comparison were too much for the memory, and whether that is believed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from core.evaluation.comparison import LeftOut, Row
from core.worker.out_of_memory import NothingLeftToLower

REASON = "There was not enough memory for it, even alone."


class TooMuch:
    """Leaves out what alone is too much.

    Where nothing at all can be done, the machine is too small, or busy with something else: then nothing is written
    down as left out, so that it can be done later, and the work ends with an error.
    """

    def __init__(self, keep: Callable[[Iterable[Row]], None]) -> None:
        self._keep = keep
        self._waiting: list[LeftOut] = []
        self._is_believed = False

    def add(self, row: LeftOut) -> None:
        """One was too much."""
        self._waiting.append(row)
        self._write()

    def other_fits(self) -> None:
        """Another one was done: it lies with the examples."""
        self._is_believed = True
        self._write()

    def settle(self) -> None:
        """There are no more.

        Raises:
            NothingLeftToLower: all were too much.
        """
        if self._waiting:
            raise NothingLeftToLower

    def _write(self) -> None:
        if self._is_believed and self._waiting:
            self._keep(self._waiting)
            self._waiting = []
