"""What the examples of a project look like in numbers, worked out in a child process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.child import Child
from core.dataset.array_messages import Arrays
from core.dataset.example import Status
from core.dataset.facts import Facts
from core.dataset.rows import SHOWN
from core.errors import UserError

FIELDS = ("whole", "supervised", "instruction", "input", "output", "system", "history", "flaw")
"""The columns of ``Statistics.lengths``, in the order of ``core.prompt.lengths.Lengths``."""
REFUSED, UNCOUNTED = -1, -2
"""Instead of the length of a whole example: the template refuses it; it was changed while others were counted."""

_MEGABYTES = 6144  # a tokenizer of 250,000 words and a million examples
_CHILD = "core.prompt.statistics_child"


@dataclass(frozen=True, slots=True)
class Progress:
    """So many examples of ``total`` have been counted."""

    done: int
    total: int


@dataclass(frozen=True, eq=False)
class Statistics:
    """All examples in numbers.

    Attributes:
        facts: what is known without counting tokens.
        lengths: a row an example, the columns are ``FIELDS``; None while they are being counted, or cannot be.
        problem: why tokens cannot be counted.
    """

    facts: Facts
    lengths: NDArray[np.int32] | None = None
    problem: UserError | None = None

    def __len__(self) -> int:
        return len(self.facts.ids)

    def is_shown(self, status: Status) -> NDArray[np.bool_]:
        """Which examples have a status as shown."""
        return np.asarray(self.facts.shown == SHOWN[status])

    def column(self, field: str) -> NDArray[np.int64]:
        """One column of ``lengths``, which must be there."""
        assert self.lengths is not None
        return self.lengths[:, FIELDS.index(field)].astype(np.int64)

    def ids(self, where: NDArray[Any]) -> tuple[int, ...]:
        """The numbers of examples, by a mask or by their places."""
        return tuple(self.facts.ids[where].tolist())


class StatisticsJob:
    """One look at all examples; ``stop`` may be called from any thread."""

    def __init__(self, examples: Path, *, base: str, share: float, template: str = "") -> None:
        """Prepare.

        Args:
            examples: the project's ``examples.db``.
            base: the base model whose tokens are counted.
            template: the chosen chat template; empty for the model's own.
            share: of the ready examples that a run keeps out.
        """
        request = {"examples": str(examples), "base": base, "share": share, "template": template}
        self._child = Child(_CHILD, request, megabytes=_MEGABYTES)

    def messages(self) -> Iterator[Progress | Statistics]:
        """The statistics without lengths, how the counting goes, and the statistics with lengths.

        Blocks: for a thread.

        Raises:
            core.child.Stopped: :meth:`stop` was called.
            UserError: the examples cannot be read.
        """
        arrays, found = Arrays(), None
        for message in self._child.messages():
            arrays.take(message)
            if "facts" in message:
                found = Statistics(arrays.facts(message["facts"]))
                yield found
            elif "progress" in message:
                yield Progress(*message["progress"])
            elif found is not None and "counted" in message:
                yield replace(found, lengths=np.column_stack([arrays.of("lengths", field) for field in FIELDS]))
            elif found is not None and "uncounted" in message:
                yield replace(found, problem=UserError(**message["uncounted"]))

    def stop(self) -> None:
        """End the work; what was counted so far is kept for the next time."""
        self._child.stop()
