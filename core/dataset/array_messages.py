"""Facts and counts of a million examples on their way out of a child process: an array a message."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.child import Message
from core.dataset.facts import Facts

_ARRAYS = ("ids", "shown", "heldout")


def message_of(*key: str, values: NDArray[Any]) -> Message:
    """An array and what it is."""
    values = np.ascontiguousarray(values)
    data = base64.b64encode(values.tobytes()).decode("ascii")
    return {"array": key, "type": values.dtype.str, "data": data}


def facts_messages(facts: Facts) -> Iterator[Message]:
    """The arrays of facts, and the message that ends them."""
    for name in _ARRAYS:
        yield message_of(name, values=getattr(facts, name))
    for kind, groups in (("tags", facts.tags), ("sources", facts.sources)):
        for name, places in groups.items():
            yield message_of(kind, name, values=places)
    yield {"facts": facts.revision}


class Arrays:
    """The arrays that came so far."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, ...], NDArray[Any]] = {}

    def take(self, message: Message) -> None:
        """Keep the array of a message, if it is one."""
        if "array" in message:
            data = base64.b64decode(message["data"])
            self._found[tuple(message["array"])] = np.frombuffer(data, dtype=np.dtype(message["type"]))

    def of(self, *key: str) -> NDArray[Any]:
        """One array."""
        return self._found[key]

    def facts(self, revision: int) -> Facts:
        """The facts of :func:`facts_messages`."""
        ids, shown, heldout = (self.of(name) for name in _ARRAYS)
        return Facts(revision, ids, shown, heldout, self._groups("tags"), self._groups("sources"))

    def _groups(self, kind: str) -> dict[str, NDArray[np.int32]]:
        return {key[1]: places for key, places in self._found.items() if key[0] == kind}
