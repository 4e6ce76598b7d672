"""Has a training process wait while the user is near the button that starts one, so that a run begins at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QEvent, QObject, QThreadPool, QTimer
from PySide6.QtWidgets import QWidget

from app import tasks
from core.errors import UserError

if TYPE_CHECKING:
    import subprocess

    from app.session import Session
    from core.runs.folder import RunFolder

_NEAR = ("settings", "train")  # the pages with a button Train
_LOOK_MS = 5_000


class Waiting(Protocol):
    """What :class:`core.runs.standby.Standby` does."""

    def start(self, run: RunFolder) -> subprocess.Popen[bytes]:
        """Start a run, in the waiting process if there is one."""

    def prepare(self) -> None:
        """Have a process wait."""

    def look(self) -> None:
        """Let it go when it is not wanted any more."""

    def dismiss(self) -> None:
        """Let it go."""


class Readiness(QObject):
    """Watches where the user is. The process is started, looked after and let go in one thread, in order.

    It is let go when it was not wanted for a while, when memory is short, and with the project. Coming to a page with
    a button Train, moving the mouse onto it, and a start that is being checked have one wait (again).
    """

    def __init__(self, session: Session, make: Callable[[], Waiting], parent: QObject | None = None) -> None:
        """Call :meth:`show_page` whenever a page is shown; ``make`` is called when the user first comes near."""
        super().__init__(parent)
        self._session = session
        self._make = make
        self._waiting: Waiting | None = None
        self._page: QWidget | None = None
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(lambda: self._do(self._look))
        session.starter = self.start
        session.runs_changed.connect(self._on_runs)
        session.leaving.connect(self.dismiss)

    def show_page(self, id: str, page: QWidget | None) -> None:
        """A page is in sight now."""
        if self._page is not None:
            self._page.removeEventFilter(self)
        self._page = page if id in _NEAR else None
        if self._page is not None:
            self._page.installEventFilter(self)
            self._come_near()

    def start(self, run: RunFolder) -> subprocess.Popen[bytes]:
        """How the session starts a run (in a thread of its own).

        Raises:
            RunError: another process works on it, or none can be started.
        """
        from core.runs.process import start_worker

        return self._waiting.start(run) if self._waiting is not None else start_worker(run)

    def dismiss(self) -> None:
        """Let the process go; returns at once."""
        self._timer.stop()
        self._do(self._dismiss)

    def wait(self) -> None:
        """Return when what was asked for has been done."""
        self._pool.waitForDone()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The mouse came onto the page."""
        if event.type() == QEvent.Type.Enter:
            self._come_near()
        return super().eventFilter(watched, event)

    def _on_runs(self) -> None:
        if self._session.is_training and self._session.training is None:
            self._prepare()  # the examples of a run are being checked

    def _come_near(self) -> None:
        if not self._session.is_training:
            self._prepare()

    def _prepare(self) -> None:
        project = self._session.project
        if project is not None and not project.read_only:
            self._timer.start()
            self._do(self._have_one_wait)

    def _have_one_wait(self) -> None:
        if self._waiting is None:
            self._waiting = self._make()
        self._waiting.prepare()

    def _look(self) -> None:
        if self._waiting is not None:
            self._waiting.look()

    def _dismiss(self) -> None:
        if self._waiting is not None:
            self._waiting.dismiss()

    def _do(self, work: Callable[[], None]) -> None:
        tasks.run(work, done=_nothing, failed=_never_mind, pool=self._pool)


def _nothing(_result: object) -> None:
    """The end of work that nobody waits for."""


def _never_mind(_error: UserError) -> None:
    """A run starts without it just as well, only later; it says what is wrong."""
