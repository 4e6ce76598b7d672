"""Work in a child process that tells of itself in messages, followed off the drawing thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from PySide6.QtCore import QCoreApplication, QObject, QThreadPool, Signal

from app import tasks
from core.child import Stopped
from core.errors import UserError


class Job(Protocol):
    """What can be followed: ``messages`` blocks, ``stop`` ends it from any thread."""

    def messages(self) -> Iterator[Any]:
        """What it tells, until it is done."""

    def stop(self) -> None:
        """End it."""


class BackgroundJob(QObject):
    """Follows one job at a time; after :meth:`stop` or another start nothing is heard of the earlier one."""

    told = Signal(object)
    """(message): the job told something."""
    ended = Signal()
    """The job has done its work."""
    failed = Signal(object)
    """(UserError): it ended before."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._current: list[_Run] = []
        current = self._current  # the object is gone when it is destroyed; the list is not
        self.destroyed.connect(lambda: _stop(current))
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.stop)  # the end of the program waits for threads that work

    @property
    def busy(self) -> bool:
        """Whether a job is under way."""
        return bool(self._current)

    def start(self, make: Callable[[], Job]) -> None:
        """Make a job and follow it; one under way is stopped. ``make`` is called in another thread."""
        self.stop()
        run = _Run(make)
        self._current.append(run)
        run.told.connect(self._on_told)
        tasks.run(
            run.work, done=lambda whole: self._on_end(run, whole), failed=lambda error: self._on_failed(run, error)
        )

    def stop(self) -> None:
        """End the job under way, if there is one."""
        _stop(self._current)

    def _on_told(self, run: _Run, message: object) -> None:
        if run in self._current:
            self.told.emit(message)

    def _on_end(self, run: _Run, whole: bool) -> None:
        if run in self._current:
            self._current.clear()
            if whole:
                self.ended.emit()

    def _on_failed(self, run: _Run, error: UserError) -> None:
        if run in self._current:
            self._current.clear()
            self.failed.emit(error)


class _Run(QObject):
    """One job, from its making to its end."""

    told = Signal(object, object)

    def __init__(self, make: Callable[[], Job]) -> None:
        super().__init__()
        self._make = make
        self._job: Job | None = None
        self._stopped = False

    def work(self) -> bool:
        """In a pool thread: do it, and say whether it came to its end.

        The thread only waits for the child, so the pool may have another in its place: short work shall not wait.
        """
        pool = QThreadPool.globalInstance()
        pool.releaseThread()
        try:
            return self._follow()
        finally:
            pool.reserveThread()

    def _follow(self) -> bool:
        job = self._job = self._make()
        if self._stopped:
            return False
        try:
            for message in job.messages():
                self.told.emit(self, message)
        except Stopped:
            return False
        return True

    def stop(self) -> None:
        """End it, whether it has begun or not."""
        self._stopped = True
        if self._job is not None:
            self._job.stop()


def _stop(current: list[_Run]) -> None:
    for run in current:
        run.stop()
    current.clear()
