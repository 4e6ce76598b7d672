"""The process of a comparison from outside: started or joined, followed, stopped; what it found stays."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from core.child import Stopped
from core.errors import RunError
from core.evaluation.comparison import ComparisonFolder, Row
from core.evaluation.results import Results
from core.runs import heavy, words
from core.runs.event_file import EventFollower, EventWriter
from core.runs.events import Event, Failed, Phase
from core.runs.process import launch

_POLL_SECONDS = 0.1
_END_SECONDS = 10.0
_TAIL = 4000  # characters of the log that go into a report


@dataclass(frozen=True, slots=True)
class Doing:
    """What a comparison does now; if known, which share (0 to 1) of this part is done, and seconds until all is.

    ``rows`` are those that have come since the last time; the first time, all that are there.
    """

    words: str
    share: float | None = None
    seconds_left: float | None = None
    rows: tuple[Row, ...] = ()


class State(StrEnum):
    """How far a comparison is."""

    RUNNING = "running"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"  # stopped, or its process died: it can go on
    FAILED = "failed"  # the same, with a reason


def state(results: Results) -> State:
    """How far a comparison is, by its rows, its process and the last thing that it said."""
    if results.folder.job.worker_is_alive():
        return State.RUNNING
    if results.work().is_complete:
        return State.COMPLETE
    return State.FAILED if problem(results.folder) is not None else State.INCOMPLETE


def problem(folder: ComparisonFolder) -> RunError | None:
    """Why its process ended before the work was done, if it said so."""
    events = folder.job.events()
    return _error(events[-1]) if events and isinstance(events[-1], Failed) else None


class ComparisonJob:
    """One comparison under way; ``stop`` and ``leave`` may be called from any thread."""

    def __init__(self, folder: ComparisonFolder) -> None:
        """Prepare; the process is started, or one that works on it is joined, with :meth:`messages`."""
        self.folder = folder
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def messages(self) -> Iterator[Doing]:
        """Do what is left to do, if anything is, and tell how far it is; blocks: for a thread.

        Raises:
            core.child.Stopped: :meth:`stop` was called.
            RunError: it could not be done; what was found so far stays.
            heavy.MachineBusy: something else has this machine.
        """
        results = Results(self.folder, read=False)
        follower = EventFollower(self.folder.job.events_file)
        earlier = _read_all(follower)
        if self.folder.job.worker_is_alive():
            yield from _told(earlier[-1:], results)
        elif Results(self.folder).work().is_complete:
            yield Doing("Done", 1.0, 0.0, tuple(results.update()))
            return
        else:
            self._start()
        yield from self._follow(follower, results)

    def stop(self) -> None:
        """End its process now; every row that it wrote stays, and another job goes on from there."""
        with self._guard:
            self._stopped = True
            process = self._process or self.folder.job.worker_process()
            if process is not None:
                process.kill()

    def leave(self) -> None:
        """Follow it no longer: the process ends if this job started it, and goes on if it was somebody else's."""
        with self._guard:
            self._stopped = True
            if self._process is not None:
                self._process.kill()

    def _start(self) -> None:
        job = self.folder.job
        try:
            with heavy.starting(job) as works, self._guard:
                if self._stopped:
                    raise Stopped
                with EventWriter(job.events_file) as events:  # what an earlier process said last is past
                    events.write(Phase(name="starting"))
                with open(job.log_file, "ab") as log:
                    process = self._process = launch(["compare", str(self.folder.path.resolve())], output=log)
                job.claim(process.pid)
                works(process.pid)
        except heavy.MachineBusy as error:
            error.hint = "Compare when it has ended, or stop it first."
            raise
        except OSError as error:
            raise RunError(
                "The comparison could not be started.", reason=f"{error.strerror or error}.", details=str(error)
            ) from error

    def _follow(self, follower: EventFollower, results: Results) -> Iterator[Doing]:
        failed: RunError | None = None
        while True:
            over = not self._is_alive()  # asked first: what it wrote before is then read below
            for event in follower.read():
                if isinstance(event, Failed):
                    failed = _error(event)
                yield from _told([event], results)
            if over or (self._stopped and self._process is None):
                break
            time.sleep(_POLL_SECONDS)
        if self._stopped:
            raise Stopped
        if failed is not None:
            raise failed
        rows = tuple(results.update())
        if not results.work().is_complete:
            raise self._died()
        yield Doing("Done", 1.0, 0.0, rows)

    def _is_alive(self) -> bool:
        if self._process is not None:
            return self._process.poll() is None
        return self.folder.job.worker_is_alive()

    def _died(self) -> RunError:
        code = self._process.returncode if self._process is not None else 0
        log = self.folder.job.log_file
        said = log.read_text(encoding="utf-8", errors="replace")[-_TAIL:] if log.exists() else ""
        return RunError(
            "The comparison ended before it was done.",
            reason="Its process was ended, most likely because the memory was full."
            if code < 0
            else "Its process is gone.",
            hint="Go on with it: what was found so far is kept. Close other programs if the memory is full.",
            details=said,
        )


def _told(events: list[Event], results: Results) -> Iterator[Doing]:
    for event in events:
        if isinstance(event, Phase):
            share = event.done / event.total if event.total and event.done is not None else None
            yield Doing(words.phase(event), share, event.seconds_left, tuple(results.update()))


def _error(event: Failed) -> RunError:
    return RunError(event.message, reason=event.reason, hint=event.hint, details=event.traceback)


def _read_all(follower: EventFollower) -> list[Event]:
    found: list[Event] = []
    while batch := follower.read():
        found += batch
    return found
