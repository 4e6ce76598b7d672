"""One reading of a source into a staging file, which is cleared away at whatever moment it is no longer wanted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from app import tasks
from core.child import Stopped
from core.dataset.importing.reading import Reading
from core.dataset.importing.source import Source


class Reader(Protocol):
    """What ``core.dataset.importing.reading.Reading`` is to the window."""

    staged: Path

    def messages(self) -> Iterator[Any]:
        """What it finds, until the source has been read; blocks."""

    def stop(self) -> None:
        """End it (from any thread)."""

    def close(self) -> None:
        """Clear its staging file away."""


class Staging:
    """A job for :class:`app.background_job.BackgroundJob` that keeps the staging file after its end, for the import.

    Whoever is done with it, or never wants it, calls :meth:`stop`: before the reading has begun, while it goes on, or
    after its end. The file is deleted in every case, never on the calling thread, and not before the reader has let
    go of it.
    """

    def __init__(self, make: Callable[[], Reader]) -> None:
        """``make`` is called in another thread."""
        self._make = make
        self._guard = threading.Lock()
        self._reader: Reader | None = None
        self._reading = False
        self._dropped = False

    @property
    def staged(self) -> Path:
        """The staging file, once everything has been read."""
        assert self._reader is not None
        return self._reader.staged

    def messages(self) -> Iterator[Any]:
        """What the reader tells.

        Raises:
            Stopped: it is no longer wanted.
            UserError: the source cannot be read; its staging file is gone.
        """
        with self._guard:
            if self._dropped:
                raise Stopped
            self._reading = True
        whole = False
        try:
            reader = self._make()
            with self._guard:
                self._reader = reader
                if self._dropped:
                    raise Stopped
            yield from reader.messages()
            whole = True
        finally:
            with self._guard:
                self._reading = False
                self._dropped = self._dropped or not whole
                unwanted = self._dropped
            if unwanted and self._reader is not None:
                self._reader.close()

    def stop(self) -> None:
        """It is no longer wanted; calling again does no harm."""
        with self._guard:
            if self._dropped:
                return
            self._dropped = True
            reader, reading = self._reader, self._reading
        if reader is None:
            return
        if reading:
            reader.stop()
        else:
            tasks.run(reader.close, done=_nothing)


def read(source: Source | str, mapping: Mapping[str, str] | None, project: Path | None) -> Reader:
    """What reads a source, or text that was pasted, for :class:`Staging`; not for the drawing thread.

    Args:
        source: a source, or the pasted text.
        mapping: columns by field, if the user chose them.
        project: the folder of the project that is open.
    """
    if isinstance(source, Source):
        return Reading(source, mapping=mapping, project=project)
    return _Pasted(source, mapping, project)


class _Pasted:
    """Reads pasted text from a file of its own, which goes when the staging file goes."""

    def __init__(self, text: str, mapping: Mapping[str, str] | None, project: Path | None) -> None:
        source = Source.from_text(text)
        self._file = source.path
        self._reading = Reading(source, mapping=mapping, project=project)
        self.staged = self._reading.staged
        self.messages, self.stop = self._reading.messages, self._reading.stop

    def close(self) -> None:
        """Clear both files away."""
        self._reading.close()
        if self._file is not None:
            self._file.unlink(missing_ok=True)


def _nothing(_result: object) -> None:
    """Nobody waits for the clearing away."""
