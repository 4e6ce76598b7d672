"""A reader that tells what a test wants, when the test wants it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from queue import Queue
from threading import Event
from typing import Any

from app.staging import Staging
from core.child import Stopped
from core.dataset.example import Example
from core.dataset.importing.reading import FirstRows, Shape, SourceColumn, Summary
from core.dataset.importing.source import Source
from core.dataset.records import Skipped

END = object()


class FakeReader:
    """Tells what is put into ``told`` until END; keeps a staging file from the first message to :meth:`close`."""

    def __init__(self, staged: Path) -> None:
        self.staged = staged
        self.told: Queue[Any] = Queue()
        self.stopped, self.closed = Event(), Event()

    def tell(self, *messages: Any) -> FakeReader:
        for message in messages:
            self.told.put(message)
        return self

    def messages(self) -> Iterator[Any]:
        self.staged.write_bytes(b"rows")
        while (message := self.told.get(timeout=20)) is not END:
            if self.stopped.is_set():
                raise Stopped
            if isinstance(message, Exception):
                raise message
            yield message

    def stop(self) -> None:
        self.stopped.set()
        self.told.put(None)

    def close(self) -> None:
        self.staged.unlink(missing_ok=True)
        self.closed.set()


class FakeReading:
    """Makes fake readers for a dialog, and remembers what was asked of each."""

    def __init__(self, folder: Path, script: Callable[[FakeReader, Mapping[str, str] | None], object]) -> None:
        self._folder, self._script = folder, script
        self.readers: list[FakeReader] = []
        self.asked: list[tuple[Source | str, Mapping[str, str] | None]] = []

    def __call__(self, source: Source | str, mapping: Mapping[str, str] | None) -> Staging:
        reader = FakeReader(self._folder / f"staged-{len(self.readers)}")
        self.readers.append(reader)
        self.asked.append((source, mapping))
        self._script(reader, mapping)
        return Staging(lambda: reader)


def shape(*columns: str, missing: tuple[str, ...] = (), mapping: Mapping[str, str] | None = None, **more: Any) -> Shape:
    """A shape whose columns hold "NAME 1" to "NAME 3"; mapped by their own names unless told otherwise."""
    more.setdefault("rows", tuple(tuple(f"{name} {n}" for name in columns) for n in (1, 2, 3)))
    found = tuple(SourceColumn(name, tuple(f"{name} {n}" for n in (1, 2, 3))) for name in columns)
    return Shape("JSON lines", found, dict(mapping or {name: name for name in columns}), missing, **more)


def first(*examples: Example) -> FirstRows:
    return FirstRows(examples)


def summary(examples: int, *skipped: Skipped, twice: int = 0, known: int = 0, **more: Any) -> Summary:
    """A summary; duplicates are those of both kinds unless told otherwise."""
    values = {"skipped": len(skipped), "duplicates": twice + known, "incomplete": 0, **more}
    return Summary(examples=examples, skipped_rows=skipped, twice=twice, known=known, **values)
