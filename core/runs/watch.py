"""Following a run from a plain loop: what is new, how it stands, whether its process is gone.

The command line's counterpart of the window's training thread. Leaving the loop does the run no harm.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence

import psutil

from core.errors import UserError
from core.runs import words
from core.runs.event_file import EventFollower
from core.runs.events import Event
from core.runs.folder import Progress, RunFolder, State
from core.runs.heartbeat import Listener
from core.runs.process import start_worker
from core.runs.record import Record


class Watch:
    """One run, as far as it has told of itself; :meth:`look` reads on.

    Attributes:
        record: what the events so far add up to.
        ended: whether the process is gone and all that it wrote has been read.
        problem: what went wrong, once it has ended.
    """

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self.record = Record(run)
        self.ended = False
        self.problem: UserError | None = None
        self._follower = EventFollower(run.events_file)
        self._process: subprocess.Popen[bytes] | None = None
        self._forced = False
        self._listener = Listener(run)
        while self._take_in():
            continue  # what it told before

    @property
    def progress(self) -> Progress:
        """The run's state."""
        return self.record.progress

    @property
    def is_forced(self) -> bool:
        """Whether its process was ended by :meth:`force`."""
        return self._forced

    def start(self) -> None:
        """Start its process, or take the run up again.

        Raises:
            RunError: another process works on it, or none can be started.
        """
        self._process = start_worker(self.run)
        self.progress.state = State.STARTING

    def look(self) -> Sequence[Event]:
        """What it has told since the last look."""
        self.progress.silent = self._listener.look(self.run.worker_process()) > 0
        alive = self._is_alive()  # asked first: what a process wrote before its death is then read below
        events = self._take_in()
        if not alive and not events:
            self.run.judge(self.progress)
            self.problem = words.problem(self.progress, self.run, self._exit_code(), forced=self._forced)
            self.ended = True
        return events

    def force(self) -> None:
        """End its process and what that started at once; it saves nothing more."""
        self._forced = True
        process = self.run.worker_process()
        if process is None:
            return
        try:
            for child in process.children(recursive=True):
                child.kill()
            process.kill()
        except psutil.NoSuchProcess:
            return  # it has just ended by itself

    def _take_in(self) -> Sequence[Event]:
        return self.record.add(self._follower.read(), self.record.count)

    def _is_alive(self) -> bool:
        if self._process is not None:
            # Our child counts as gone once its exit code is known: its main thread can be dead before the others are.
            return self._process.poll() is None
        return self.run.worker_is_alive()

    def _exit_code(self) -> int | None:
        return None if self._process is None else self._process.poll()


def active_run(runs: Iterable[RunFolder]) -> RunFolder | None:
    """The newest of these runs that a process works on, if any; one that has said its last word is only ending."""
    working = (run for run in reversed(list(runs)) if run.worker_is_alive() and run.progress().state.is_active)
    return next(working, None)
