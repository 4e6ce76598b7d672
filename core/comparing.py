"""Comparing two states of a project's examples (today, a saved version, a run's frozen data) in a child process.

The child is this module, started as ``python -m core.comparing``.
"""

from __future__ import annotations

import heapq
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.child import Child, Message, serve
from core.dataset.compare import ALL, FROZEN, differences
from core.dataset.example import Example
from core.dataset.rows import columns_of, example_of
from core.dataset.store import ExampleStore
from core.dataset.versions import Versions
from core.errors import ProjectError
from core.runs.folder import RunFolder

SHOWN = 1000  # examples of each kind that are told with their texts
_MEGABYTES = 4096
_TELL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class State:
    """Which examples: those of today, of a version's file, or of a run's folder."""

    kind: Literal["today", "version", "run"] = "today"
    path: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """So many examples have been read."""

    done: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between an old state and a new one.

    Attributes:
        fields: what was compared.
        added, removed, changed: the first :data:`SHOWN` of each, ascending by id; changed as (before, after).
        added_ids, removed_ids, changed_ids: all of them.
        same: how many are the same in both.
    """

    fields: tuple[str, ...]
    added: tuple[Example, ...]
    removed: tuple[Example, ...]
    changed: tuple[tuple[Example, Example], ...]
    added_ids: tuple[int, ...]
    removed_ids: tuple[int, ...]
    changed_ids: tuple[int, ...]
    same: int

    @property
    def any(self) -> bool:
        """Whether anything differs."""
        return bool(self.added_ids or self.removed_ids or self.changed_ids)


class CompareJob:
    """One comparison; ``messages`` blocks, ``stop`` may be called from any thread."""

    def __init__(self, project: Path, old: State, new: State) -> None:
        """Prepare; ``project`` is the project's folder."""
        request = {"project": str(project), "old": [old.kind, old.path], "new": [new.kind, new.path]}
        self._child = Child("core.comparing", request, megabytes=_MEGABYTES)

    def messages(self) -> Iterator[Progress | Comparison]:
        """How far it is, and last what differs.

        Raises:
            core.child.Stopped: :meth:`stop` was called.
            UserError: a state cannot be read.
        """
        for message in self._child.messages():
            if "done" in message:
                yield Progress(message["done"])
            else:
                yield _unpacked(message)

    def stop(self) -> None:
        """End it."""
        self._child.stop()


def work(request: Message, tell: Callable[[Message], None]) -> None:
    """The child's part of :class:`CompareJob`."""
    project = Path(request["project"])
    old, new = State(*request["old"]), State(*request["new"])
    fields = FROZEN if "run" in (old.kind, new.kind) else ALL
    store = ExampleStore(project / "examples.db", read_only=True)
    try:
        read = _Teller(tell)
        found = differences(read(_examples(project, store, old)), read(_examples(project, store, new)), fields)
    finally:
        store.close()
    tell(
        {
            "fields": found.fields,
            "added": [_packed(example) for example in found.added[:SHOWN]],
            "removed": [_packed(example) for example in found.removed[:SHOWN]],
            "changed": [[_packed(before), _packed(after)] for before, after in found.changed[:SHOWN]],
            "added_ids": [example.id for example in found.added],
            "removed_ids": [example.id for example in found.removed],
            "changed_ids": [example.id for example, _ in found.changed],
            "same": found.same,
        }
    )


def _examples(project: Path, store: ExampleStore, state: State) -> Iterator[Example]:
    """The examples of a state, ascending by id."""
    if state.kind == "today":
        return store.iterate()
    if state.kind == "run":
        run = RunFolder(Path(state.path))
        sides = (run.train_examples(), run.heldout_examples())
        return heapq.merge(*(sorted(side, key=_id) for side in sides), key=_id)
    versions = Versions(project)
    for version in versions.all():
        if version.path == Path(state.path):
            return versions.examples(version)
    raise ProjectError("The version is not there any more.", details=state.path)


class _Teller:
    """Tells now and then how many examples were read, of both states together."""

    def __init__(self, tell: Callable[[Message], None]) -> None:
        self._tell, self._done, self._told = tell, 0, time.monotonic()

    def __call__(self, examples: Iterator[Example]) -> Iterator[Example]:
        for example in examples:
            self._done += 1
            now = time.monotonic()
            if now - self._told > _TELL_SECONDS:
                self._told = now
                self._tell({"done": self._done})
            yield example


def _id(example: Example) -> int:
    return example.id


def _packed(example: Example) -> list[Any]:
    return [example.id, *columns_of(example)]


def _unpacked(message: Message) -> Comparison:
    def examples(key: str) -> tuple[Example, ...]:
        return tuple(example_of(tuple(row)) for row in message[key])

    return Comparison(
        fields=tuple(message["fields"]),
        added=examples("added"),
        removed=examples("removed"),
        changed=tuple((example_of(tuple(old)), example_of(tuple(new))) for old, new in message["changed"]),
        added_ids=tuple(message["added_ids"]),
        removed_ids=tuple(message["removed_ids"]),
        changed_ids=tuple(message["changed_ids"]),
        same=message["same"],
    )


if __name__ == "__main__":
    sys.exit(serve(work))
