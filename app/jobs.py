"""Threads that own or follow a worker process and turn what it says into Qt signals.

A :class:`TrainingThread` belongs to one run: it starts the process if asked to, reads what the process writes into the
run folder, and passes the user's wishes on. It ends by itself when the run has ended and its process is gone. Leaving
it earlier (:meth:`TrainingThread.leave`, when the window closes) does the run no harm: the process goes on, and
another thread can follow it later.
"""

from __future__ import annotations

import copy
import subprocess
import threading
import time
from collections.abc import Callable

import psutil
from PySide6.QtCore import QObject, QThread, Signal

from core.errors import RunError, UserError
from core.runs import notes, words
from core.runs.event_file import EventFollower
from core.runs.folder import Progress, RunFolder, State, Wish
from core.runs.heartbeat import Listener
from core.runs.notes import Notes
from core.runs.process import start_worker

POLL_SECONDS = 0.1
STOP_GRACE_SECONDS = 30.0
KILL_AFTER_SECONDS = 5.0
_BATCH_BYTES = 1 << 17
_BATCH_SECONDS = 1 / 30

Starter = Callable[[RunFolder], "subprocess.Popen[bytes]"]


class TrainingThread(QThread):
    """Follows one run. Signals arrive on the thread that connected to them; QThread's ``finished`` is the last one."""

    events = Signal(list, int)  # new events, at most 30 times a second; how many events of the file come before them
    state_changed = Signal(object)  # a copy of core.runs.folder.Progress, whenever it differs from the last
    wish_changed = Signal(object)  # "pause", "stop" or None: what the process has been asked for and not done yet
    failed = Signal(object)  # a UserError: the process could not be started, or a wish not be passed on

    def __init__(
        self,
        run: RunFolder,
        *,
        start: bool,
        starter: Starter = start_worker,
        grace: float = STOP_GRACE_SECONDS,
        kill_after: float = KILL_AFTER_SECONDS,
        parent: QObject | None = None,
    ) -> None:
        """Call ``start()`` afterwards.

        Args:
            run: the run to follow.
            start: start (or resume) its process; otherwise only follow a living one.
            starter: how a process is started.
            grace: seconds after a request to stop before :meth:`force` ends the process.
            kill_after: seconds after that before it is killed.
            parent: its owner.
        """
        super().__init__(parent)
        self.run_folder = run
        self.title = notes.title(run, Notes())
        """What the run is called; from the first state on as the user calls it."""
        self.exit_code: int | None = None
        self.problem: UserError | None = None
        self.starts = start
        """Whether it starts the process, and does not only follow it."""
        self._starter = starter
        self._grace = grace
        self._kill_after = kill_after
        self._follower = EventFollower(run.events_file)
        self._count = 0
        self._progress = Progress(state=State.STARTING) if start else Progress()
        self._shown: Progress | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._wake = threading.Event()
        self._leaving = threading.Event()
        self._asked: Wish | None = None
        self._wish: Wish | None = None
        self._stop_asked_at: float | None = None
        self._forced = False
        self._terminated_at: float | None = None
        self._listener = Listener(run)
        self._worker: psutil.Process | None = None

    @property
    def progress(self) -> Progress:
        """The run's state as last announced."""
        return self._shown or copy.copy(self._progress)

    @property
    def wish(self) -> Wish | None:
        """What the process has been asked for and has not done yet."""
        return self._asked or self._wish

    @property
    def can_force(self) -> bool:
        """Whether a stop was asked for and not forced yet."""
        return self._stop_asked_at is not None and not self._forced

    @property
    def is_forced(self) -> bool:
        """Whether the user wants the process ended, whatever it is at."""
        return self._forced

    def force_delay(self) -> float:
        """Seconds until a forced stop would end the process; 0 when the time to stop by itself is over."""
        if self._stop_asked_at is None:
            return self._grace
        return max(0.0, self._stop_asked_at + self._grace - time.monotonic())

    def pause(self) -> None:
        """Ask the process to save a checkpoint and end."""
        self._ask("pause")

    def stop(self) -> None:
        """Ask the process to save a checkpoint and the adapter, and end."""
        self._ask("stop")

    def force(self) -> None:
        """The second, explicit request to stop: end the process once its time to stop by itself is over."""
        if self._stop_asked_at is None:
            self._ask("stop")
        self._forced = True
        self._wake.set()

    def end_now(self) -> None:
        """End the process at once, without asking it first: for one that does not answer."""
        self._forced = True
        self._grace, self._kill_after = 0.0, 0.0
        self._stop_asked_at = self._stop_asked_at or time.monotonic()
        self._wake.set()

    def leave(self) -> None:
        """End this thread, not the run; returns when the thread has ended (a few milliseconds)."""
        self._leaving.set()
        self._wake.set()
        self.wait()

    def run(self) -> None:
        """See the module's description (Qt calls this in the new thread)."""
        self._catch_up()
        if self.starts and not self._start_process():
            return
        while not self._leaving.is_set():
            born = self._process_born()
            had_events = self._read()
            if born is None and had_events:
                continue  # a process that is gone may have left more to read
            self._announce(born)
            if born is None:
                return
            self._pass_on()
            self._escalate()
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()
        self._pass_on()

    def _ask(self, wish: Wish) -> None:
        self._asked = wish
        if wish == "stop" and self._stop_asked_at is None:
            self._stop_asked_at = time.monotonic()
        self._wake.set()

    def _catch_up(self) -> None:
        """What the run told before this thread came is read quietly; who shows it reads the whole file itself."""
        while not self._leaving.is_set() and (events := self._follower.read()):
            self._count += len(events)
            for event in events:
                self._progress.add(event)

    def _start_process(self) -> bool:
        self._progress.state = State.STARTING
        self._show(self._progress)
        try:
            self._process = self._starter(self.run_folder)
        except UserError as error:
            self._give_up(error)
        except OSError as error:
            self._give_up(RunError("The training process could not be started.", reason=str(error)))
        return self._process is not None

    def _give_up(self, error: UserError) -> None:
        self.problem = error
        self._progress.state = State.INTERRUPTED if self._count else State.FAILED
        self._show(self._progress)
        self.failed.emit(error)

    def _process_born(self) -> float | None:
        """Since when the living process works on the run (Unix seconds); None when there is none."""
        if self._process is not None:
            self.exit_code = self._process.poll()  # also takes a dead process off the system's list
            if self.exit_code is not None:
                return None
        self._worker = self.run_folder.worker_process()
        try:
            return self.run_folder.worker_since() if self._worker is not None else None
        except psutil.Error:
            return None

    def _read(self) -> bool:
        events = self._follower.read(_BATCH_BYTES)
        if not events:
            return False
        for event in events:
            self._progress.add(event)
        self.events.emit(events, self._count)
        self._count += len(events)
        self._leaving.wait(_BATCH_SECONDS)
        return True

    def _announce(self, born: float | None) -> None:
        """Show the state; one derived from the process's death only after all that it wrote has been read."""
        shown = copy.copy(self._progress)
        if born is None:
            self.run_folder.judge(shown)
            self.problem = words.problem(shown, self.run_folder, self.exit_code, forced=self._forced)
        else:
            silent = self._listener.look(self._worker)
            shown.silent = silent > 0
            self.problem = words.silence(silent) if silent else None
        if born is not None and not shown.state.is_active and born > shown.ended:
            shown.state = State.STARTING
        self._show(shown)
        wish = self.run_folder.wish() if born is not None and shown.state.is_active else None
        if wish != self._wish:
            self._wish = wish
            self.wish_changed.emit(wish)

    def _show(self, progress: Progress) -> None:
        if progress != self._shown:
            self.title = notes.title(self.run_folder, notes.read(self.run_folder))
            self._shown = copy.copy(progress)
            self.state_changed.emit(copy.copy(progress))

    def _pass_on(self) -> None:
        wish, self._asked = self._asked, None
        if wish is None:
            return
        try:
            self.run_folder.ask(wish)
        except OSError as error:
            reason = f"The run folder cannot be written: {error}"
            self.failed.emit(RunError(f"The run could not be asked to {wish}.", reason=reason))
            return
        self._wish = wish
        self.wish_changed.emit(wish)

    def _escalate(self) -> None:
        if not self._forced or self.force_delay() > 0:
            return
        process = self.run_folder.worker_process()
        if process is None:
            return
        try:
            if self._terminated_at is None:
                self._terminated_at = time.monotonic()
                process.terminate()
            elif time.monotonic() - self._terminated_at >= self._kill_after:
                for child in process.children(recursive=True):
                    child.kill()
                process.kill()
        except psutil.NoSuchProcess:
            return  # it has just ended by itself
