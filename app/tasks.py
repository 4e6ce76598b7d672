"""Short plain work off the drawing thread: one start, progress, one ending."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from threading import Event
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThreadPool, Signal, SignalInstance
from shiboken6 import isValid

from core.errors import UserError

Done = Callable[[Any], object]
Failed = Callable[[UserError], object]
Progress = Callable[[int, int], object]

_running: set[Task] = set()


class Task(QObject):
    """Work under way. Its callbacks come on the thread that started it; after :meth:`cancel` none comes any more.

    A callback that is a method of a widget is dropped silently when the widget is gone.
    """

    _finished = Signal(object)
    _broke = Signal(object)
    _advanced = Signal(int, int)

    def __init__(self, fn: Callable[..., Any], done: Done, failed: Failed | None, progress: Progress | None) -> None:
        super().__init__()
        self._fn = fn
        self._done = done
        self._failed = failed
        self._progress = progress
        self._cancelled = Event()
        self.over = False  # its ending was handed over
        self._finished.connect(self._on_finished)
        self._broke.connect(self._on_broke)
        self._advanced.connect(self._on_advanced)

    @property
    def cancelled(self) -> bool:
        """Whether the user no longer wants the result; long work asks this now and then (from any thread)."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Drop the result and ask the work to end."""
        self._cancelled.set()

    def report(self, done: int, total: int) -> None:
        """Tell how far the work is (from any thread)."""
        self._advanced.emit(done, total)

    def deliver(self) -> None:
        """Call back now, if the work is done, and not when the event loop gets to it (on the drawing thread)."""
        QCoreApplication.sendPostedEvents(self, QEvent.Type.MetaCall)

    def work(self) -> None:
        """Do it; runs in the pool."""
        try:
            result = self._fn(self) if self._progress is not None else self._fn()
        except UserError as error:
            self._tell(self._broke, error)
        except Exception as error:  # noqa: BLE001 - whatever broke is told to the user, with its traceback
            self._tell(self._broke, unexpected(error))
        else:
            self._tell(self._finished, result)

    def _tell(self, signal: SignalInstance, value: object) -> None:
        try:
            signal.emit(value)
        except RuntimeError:
            if isValid(self):
                raise
            # The program has quit meanwhile: nobody is left to be told.

    def _on_finished(self, result: object) -> None:
        self._end()
        if self._wanted(self._done):
            self._done(result)

    def _on_broke(self, error: UserError) -> None:
        self._end()
        if self._failed is None:
            if self._wanted(self._done):
                raise error
        elif self._wanted(self._failed):
            self._failed(error)

    def _on_advanced(self, done: int, total: int) -> None:
        if self._progress is not None and self._wanted(self._progress):
            self._progress(done, total)

    def _end(self) -> None:
        self.over = True
        _running.discard(self)

    def _wanted(self, callback: Callable[..., object]) -> bool:
        owner = getattr(callback, "__self__", None)
        return not self.cancelled and not (isinstance(owner, QObject) and not isValid(owner))


def run(
    fn: Callable[..., Any],
    *,
    done: Done,
    failed: Failed | None = None,
    progress: Progress | None = None,
    pool: QThreadPool | None = None,
) -> Task:
    """Call ``fn()`` in another thread and ``done(result)`` back on this one.

    Args:
        fn: the work; with ``progress`` it is called as ``fn(task)`` and uses ``task.report`` and ``task.cancelled``.
        done: takes the result.
        failed: takes a UserError (anything else that is raised is wrapped in one); without it, the crash hook shows it.
        progress: takes (done, total).
        pool: another pool than the common one, for work that must keep its order.
    """
    task = Task(fn, done, failed, progress)
    _running.add(task)
    (pool or QThreadPool.globalInstance()).start(task.work)
    return task


def unexpected(error: BaseException) -> UserError:
    """The UserError that tells of an error which nobody foresaw."""
    return UserError(
        "Something unexpected happened.",
        reason=f"{type(error).__name__}: {error}" if str(error) else type(error).__name__,
        hint="Your work is saved. Try again; if it happens once more, please report it with the details.",
        details="".join(traceback.format_exception(error)),
    )
