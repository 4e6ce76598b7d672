"""The child process behind ``core.dataset.exporting``: reads examples and writes the file.

Started as ``python -m core.dataset.exporting_child``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from core.child import Message, serve
from core.dataset import files
from core.dataset.example import Example, Split, Status
from core.dataset.query import Query
from core.dataset.store import ExampleStore

_TELL_SECONDS = 0.1
_ROWS_AT_ONCE = 500


def work(request: Message, tell: Callable[[Message], None]) -> None:
    """See :class:`core.dataset.exporting.Writing`."""
    store = ExampleStore(Path(request["examples"]), read_only=True)
    try:
        ids, query = request["ids"], request["query"]
        examples = _some(store, ids) if ids else store.iterate(Query() if query is None else _query(query))
        path = Path(request["path"])
        written = files.write(path, _told(examples, tell), form=request["form"], defuse=request["defuse"])
    finally:
        store.close()
    tell({"written": written})


def _told(examples: Iterator[Example], tell: Callable[[Message], None]) -> Iterator[Example]:
    """The same examples, telling now and then how many were taken."""
    last = time.monotonic()
    for done, example in enumerate(examples):
        now = time.monotonic()
        if now - last > _TELL_SECONDS:
            tell({"done": done})
            last = now
        yield example


def _some(store: ExampleStore, ids: Sequence[int]) -> Iterator[Example]:
    """The examples with these ids, read in pages."""
    for start in range(0, len(ids), _ROWS_AT_ONCE):
        yield from store.rows(ids[start : start + _ROWS_AT_ONCE])


def _query(values: dict[str, Any]) -> Query:
    """A query as it was before it became JSON."""
    status, split, among = values["status"], values["split"], values["among"]
    return Query(
        **{
            **values,
            "status": None if status is None else Status(status),
            "split": None if split is None else Split(split),
            "among": None if among is None else tuple(among),
        }
    )


if __name__ == "__main__":
    sys.exit(serve(work))
