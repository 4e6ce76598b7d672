"""What a training process tells about itself: one typed model per event, written and read as JSON lines.

``events.jsonl`` is append-only and is the only thing a window reads while a run goes on. Numbers that are not finite
are written as null.
"""

from __future__ import annotations

import json
import math
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

PhaseName = Literal[
    "starting", "preparing_examples", "loading_model", "training", "evaluating", "saving", "measuring", "answering"
]


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    at: float = Field(default_factory=time.time, description="Unix seconds")


class Started(_Event):
    """The run has a model and examples and begins (again) to train."""

    type: Literal["started"] = "started"
    device: str
    versions: dict[str, str]
    trainable_parameters: int
    total_parameters: int
    steps: int
    epochs: float
    examples: int
    heldout_examples: int
    tokens: int = Field(description="tokens of all training examples, once")
    supervised_tokens: int
    left_out: int = Field(default=0, description="examples longer than the maximum length")
    packed: bool = Field(default=True, description="whether examples share a row; else each has one of its own")


class Phase(_Event):
    """What is being done; with ``done`` of ``total`` where that can be counted."""

    type: Literal["phase"] = "phase"
    name: PhaseName
    done: int | None = None
    total: int | None = None
    seconds_left: float | None = Field(default=None, description="until all is done, where that is known")


class Step(_Event):
    """One optimizer step."""

    type: Literal["step"] = "step"
    step: int
    epoch: float
    loss: float | None = Field(description="mean cross entropy of the step's supervised tokens, in nats")
    learning_rate: float
    grad_norm: float | None
    tokens: int = Field(description="tokens seen so far, supervised or not")
    tokens_per_second: float
    memory_bytes: int = Field(description="GPU memory reserved, or the process's resident memory on a CPU")
    seconds_left: float | None = None
    utilisation: float | None = Field(default=None, description="per cent of the GPU, or of all cores of a CPU")
    temperature: float | None = Field(default=None, description="of the GPU or CPU that trains, in degrees Celsius")
    power: float | None = Field(default=None, description="that the GPU draws, in watts")
    host_memory: float | None = Field(default=None, description="per cent of the machine's main memory in use")


class Evaluation(_Event):
    """The held-out loss, weighted by supervised tokens. Step 0 is the untrained model."""

    type: Literal["evaluation"] = "evaluation"
    step: int
    epoch: float = 0.0
    loss: float | None
    perplexity: float | None
    best: bool = False


class Sample(_Event):
    """What the model says to a held-out example."""

    type: Literal["sample"] = "sample"
    step: int
    example: int
    prompt: str
    expected: str
    text: str


class Checkpoint(_Event):
    """A complete checkpoint is on disk; ``path`` is relative to the run folder."""

    type: Literal["checkpoint"] = "checkpoint"
    step: int
    path: str
    best: bool = False


class Adjusted(_Event):
    """The run changed a setting by itself to go on."""

    type: Literal["adjusted"] = "adjusted"
    what: str
    before: int | float | str
    after: int | float | str
    why: str


class Notice(_Event):
    """Worth knowing; the run goes on."""

    type: Literal["warning"] = "warning"
    message: str
    hint: str = ""


class Resumed(_Event):
    """A process took the run up again from a checkpoint; steps after ``step`` seen before are void."""

    type: Literal["resumed"] = "resumed"
    step: int


class Paused(_Event):
    """Last event: the process is gone, its memory free; can be resumed.

    Without a message the user asked for it; else the run could not go on for now (a full disk), and says why.
    """

    type: Literal["paused"] = "paused"
    step: int
    message: str = ""
    reason: str = ""
    hint: str = ""
    traceback: str = ""


class Finished(_Event):
    """Last event: all done. ``early`` when the held-out loss had stopped falling."""

    type: Literal["finished"] = "finished"
    step: int
    loss: float | None
    heldout_loss: float | None
    adapter: str
    early: bool = False
    seconds: float


class Stopped(_Event):
    """Last event: the user ended it; adapter and checkpoint are kept."""

    type: Literal["stopped"] = "stopped"
    step: int
    loss: float | None
    heldout_loss: float | None
    adapter: str | None


class Done(_Event):
    """Last event of a job that trains nothing (a comparison): it has done its work."""

    type: Literal["done"] = "done"
    seconds: float


class Failed(_Event):
    """Last event: what happened, why, what to do."""

    type: Literal["failed"] = "failed"
    kind: str = Field(description="short machine-readable cause, for example out_of_memory")
    message: str
    reason: str = ""
    hint: str = ""
    traceback: str = ""
    examples: list[int] = Field(default_factory=list, description="numbers of the examples that it is about")


Event = Annotated[
    Started
    | Phase
    | Step
    | Evaluation
    | Sample
    | Checkpoint
    | Adjusted
    | Notice
    | Resumed
    | Paused
    | Finished
    | Stopped
    | Done
    | Failed,
    Field(discriminator="type"),
]
FINAL = (Paused, Finished, Stopped, Done, Failed)
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

    def write(self, event: _Event) -> None:
        """Append one event; final ones are made durable before this returns. From any thread.

        Raises:
            OSError: the disk is full or the folder is gone.
        """
        with self._lock:
            self._write(event)

    def write_before_end(self, event: _Event) -> None:
        """Append an event unless the last one has been written: for threads beside the one that trains.

        Raises:
            OSError: as :meth:`write`.
        """
        with self._lock:
            if not self._ended and not self._file.closed:
                self._write(event)

    def _write(self, event: _Event) -> None:
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
