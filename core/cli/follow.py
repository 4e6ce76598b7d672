"""Showing a run in the terminal until it ends; Ctrl-C asks it to stop, a second one ends it."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from core.cli import output
from core.errors import UserError
from core.runs import words
from core.runs.events import Adjusted, Evaluation, Event, Notice, Resumed, Started
from core.runs.folder import RunFolder, Wish
from core.runs.record import Record
from core.runs.watch import Watch

_POLL_SECONDS = 0.1
_TOLD = (Started, Evaluation, Adjusted, Notice, Resumed)


class Show(Protocol):
    """Where a run is shown."""

    def events(self, events: Sequence[Event]) -> None:
        """What it has told."""

    def status(self, record: Record, *, wish: Wish | None) -> None:
        """How it stands, several times a second."""

    def say(self, text: str) -> None:
        """A sentence about what the user did."""

    def end(self) -> None:
        """Nothing more comes."""


class Screen:
    """For people: a line for what is worth keeping on stdout, and a bar that is written over on stderr."""

    def __init__(self, indent: str = "") -> None:
        self._indent = indent
        self._line = output.ProgressLine(sys.stderr)

    def events(self, events: Sequence[Event]) -> None:
        """Print those that are more than a point of a chart."""
        told = [words.sentence(event) for event in events if isinstance(event, _TOLD)]
        if told:
            self._line.clear()
            for text in told:
                output.line(f"{self._indent}{text}")

    def status(self, record: Record, *, wish: Wish | None) -> None:
        """Write over the bar."""
        self._line.show(f"{self._indent}{status(record, wish)}")

    def say(self, text: str) -> None:
        """Print it on stderr."""
        self._line.clear()
        print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Take the bar away."""
        self._line.clear()


class JsonLines:
    """For machines: one event a line on stdout."""

    def events(self, events: Sequence[Event]) -> None:
        """Print all of them."""
        for event in events:
            output.emit(event.model_dump())

    def status(self, record: Record, *, wish: Wish | None) -> None:
        """The events say it."""

    def say(self, text: str) -> None:
        """Print it on stderr."""
        print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Nothing to do."""


class Silence(JsonLines):
    """Nothing but what the user did."""

    def events(self, events: Sequence[Event]) -> None:
        """Keep quiet."""


def follow(watch: Watch, show: Show) -> UserError | None:
    """Show a run until its process is gone.

    The first Ctrl-C (or SIGTERM) asks it to stop, which keeps a checkpoint and an adapter; a second one ends it at
    once.

    Returns:
        What went wrong, if it did not end as it should.
    """
    wish: Wish | None = None
    with _counting_interrupts() as interrupts:
        try:
            while True:
                events = watch.look()
                show.events(events)
                if watch.ended:
                    return watch.problem
                if len(interrupts) > 1 and not watch.is_forced:
                    show.say("Ending it now.")
                    watch.force()
                elif interrupts and wish is None:
                    wish = "stop"
                    show.say(_ask_to_stop(watch.run))
                show.status(watch.record, wish=wish)
                if not events:
                    time.sleep(_POLL_SECONDS)
        finally:
            show.end()


def status(record: Record, wish: Wish | None) -> str:
    """Where a run is, in one line that fits the terminal."""
    progress, phase = record.progress, record.phase
    if phase is not None and (phase.name != "training" or not progress.step):
        parts = [words.phase(phase)]
    elif not progress.step:
        parts = [words.state(progress.state)]
    else:
        parts = [f"step {progress.step:,} of {progress.steps:,}", f"loss {words.loss(progress.loss)}"]
        if wish is None and progress.seconds_left is not None:
            parts.append(f"{output.duration(progress.seconds_left)} left")
    if progress.silent:
        parts.append("no sign of life from its process; pressing Ctrl-C twice ends it")
    if wish is not None:
        parts.append("stopping" if wish == "stop" else "pausing")
    text = ", ".join(parts)
    return f"{output.bar(progress.step, progress.steps)}  {text}" if progress.step else f"{text} …"


def _ask_to_stop(run: RunFolder) -> str:
    again = "Press Ctrl-C again to end it at once."
    try:
        run.ask("stop")
    except OSError as error:
        return f"It cannot be asked to stop: {error.strerror or error}. {again}"
    return f"Stopping after this step, with a checkpoint. {again}"


@contextmanager
def _counting_interrupts() -> Iterator[list[int]]:
    """The signals that ask for an end, collected instead of obeyed."""
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
