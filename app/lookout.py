"""Looks at all examples in a child process while a view of the result is in sight, and again after changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from app.background_job import BackgroundJob, Job
from app.session import Session

if TYPE_CHECKING:
    from core.project import Project

_SETTLE_MS = 800  # after the last change


class Lookout(QObject):
    """Decides when to look; what is looked for is its owner's.

    A look under way is never broken off by a change, which a person who types would cause every few seconds: another
    one follows it. The project's end breaks it off.
    """

    begun = Signal()
    told = Signal(object)
    """(message): what the job of :class:`BackgroundJob` tells."""
    ended = Signal()
    failed = Signal(object)
    """(UserError): the look ended before its time; the next change or visit begins another."""
    forgotten = Signal()
    """Another project is open, or none: what was found before is of no worth."""

    def __init__(self, view: QWidget, session: Session, make: Callable[[Project], Callable[[], Job]]) -> None:
        """Look while ``view`` is in sight.

        Args:
            view: also its parent.
            session: whose project is looked at.
            make: takes the project on the drawing thread, and gives what makes the job in another thread.
        """
        super().__init__(view)
        self._view, self._session, self._make = view, session, make
        self._stale = True
        self._revision = -1
        self._job = BackgroundJob(self)
        self._job.told.connect(self.told)
        self._job.ended.connect(self._on_ended)
        self._job.failed.connect(self._on_failed)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.timeout.connect(self._look)
        session.project_changed.connect(self._on_project)
        session.examples_changed.connect(self.look_again)
        view.installEventFilter(self)

    @property
    def busy(self) -> bool:
        """Whether a look is under way, or begins soon."""
        return self._job.busy or self._settle.isActive()

    def look_again(self, *_: object) -> None:
        """What was found may no longer be so."""
        self._stale = True
        if self._view.isVisible():
            self._settle.start(_SETTLE_MS)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The view came into sight or left it."""
        if event.type() == QEvent.Type.Show:
            project = self._session.project
            if project is not None and project.store.revision != self._revision:
                self._stale = True  # another program may have changed something
            if self._stale:
                self._settle.start(0)
        elif event.type() == QEvent.Type.Hide:
            self._settle.stop()
        return super().eventFilter(watched, event)

    def _on_project(self) -> None:
        self._job.stop()
        self._revision = -1
        self.forgotten.emit()
        self.look_again()

    def _look(self) -> None:
        project = self._session.project
        if project is None or self._job.busy:
            return
        self._stale = False
        self._revision = project.store.revision
        self.begun.emit()
        self._job.start(self._make(project))

    def _on_ended(self) -> None:
        self.ended.emit()
        if self._stale and self._view.isVisible():
            self._settle.start(_SETTLE_MS)

    def _on_failed(self, error: object) -> None:
        self._stale = True
        self.failed.emit(error)
