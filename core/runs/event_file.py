"""The file in which a process tells what it does: events as JSON lines, appended by one and followed by others.

``events.jsonl`` is append-only and is the only thing a window reads while a run goes on. Numbers that are not finite
are written as null.
"""

from __future__ import annotations

import json
import math
import os
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError

from core.runs.events import FINAL, BaseEvent, Event

_TAIL = 1 << 18  # bytes; a last event with a long traceback is shorter
_RESERVED_BYTES = 64 * 1024
_ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)


class EventWriter:
    """Appends events to a file, whole lines or nothing.

    A little room on the disk is kept beside it, so that a last event can be written when the disk is full.
    """

    def __init__(self, path: Path) -> None:
        self._reserve = path.with_name(".reserve")
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115 - held for the run's length, closed in __exit__
        if self._file.tell() and not _ends_with_newline(path):
            self._file.write(b"\n")
        self._ended = False
        self._lock = threading.Lock()
        with suppress(OSError):
            self._reserve.write_bytes(bytes(_RESERVED_BYTES))

    def write(self, event: BaseEvent) -> None:
        """Append one event; final ones are made durable before this returns. From any thread.

        Raises:
            OSError: the disk is full or the folder is gone.
        """
        with self._lock:
            self._write(event)

    def write_before_end(self, event: BaseEvent) -> None:
        """Append an event unless the last one has been written: for threads beside the one that trains.

        Raises:
            OSError: as :meth:`write`.
        """
        with self._lock:
            if not self._ended and not self._file.closed:
                self._write(event)

    def _write(self, event: BaseEvent) -> None:
        data = _finite(event.model_dump())
        line = json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace") + b"\n"
        if not isinstance(event, FINAL):
            self._append(line)
            return
        with suppress(OSError):
            self._reserve.unlink()
        self._append(line)
        self._ended = True
        os.fsync(self._file.fileno())

    def _append(self, line: bytes) -> None:
        end = os.fstat(self._file.fileno()).st_size
        try:
            rest = memoryview(line)
            while rest:  # a disk that is nearly full takes a part of it
                rest = rest[self._file.write(rest) :]
        except OSError:
            with suppress(OSError):
                self._file.truncate(end)
            raise

    def close(self) -> None:
        """Close the file and give the kept room back."""
        self._file.close()
        with suppress(OSError):
            self._reserve.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class EventFollower:
    """Reads a growing event file; each call of :meth:`read` returns what has come since the last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unreadable = 0
        self._offset = 0

    def read(self, limit: int = 1 << 22) -> list[Event]:
        """New events, oldest first; at most about ``limit`` bytes of them at a time.

        A line still being written waits for the next call; a damaged or unknown one is counted and skipped.
        """
        try:
            with open(self.path, "rb") as file:
                file.seek(self._offset)
                data = file.read(limit)
        except FileNotFoundError:
            return []
        end = data.rfind(b"\n") + 1
        self._offset += end
        events = (self._decode(line) for line in data[:end].splitlines() if line.strip())
        return [event for event in events if event is not None]

    def _decode(self, line: bytes) -> Event | None:
        try:
            return _ADAPTER.validate_json(line)
        except ValidationError:
            self.unreadable += 1
            return None


def has_last_word(path: Path) -> bool:
    """Whether the last whole line of an event file is a last event; the rest of the file is not read."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            lines = file.read().splitlines()
    except OSError:
        return False
    try:
        return isinstance(_ADAPTER.validate_json(lines[-1]), FINAL)
    except (ValidationError, IndexError):
        return False


def _ends_with_newline(path: Path) -> bool:
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return value
