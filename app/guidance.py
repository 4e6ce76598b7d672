"""Is fine-tuning right for this? Opens the questions, and keeps the answers as the purpose of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.projects import Projects
from app.session import Session

if TYPE_CHECKING:
    from app.widgets.guidance_dialog import GuidanceDialog
    from core.guidance.purpose import Purpose


class Guidance(QObject):
    """One dialog at a time; with no project open, the answers wait for the one that is made of them."""

    def __init__(self, session: Session, projects: Projects, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._projects = projects
        self._window = window
        self._waiting: Purpose | None = None  # answers given while no project is open
        self.dialog: GuidanceDialog | None = None
        session.guidance_wanted.connect(self.ask)

    def ask(self) -> None:
        """Show the questions with the answers given so far."""
        from app.widgets.guidance_dialog import GuidanceDialog
        from core.guidance.purpose import Purpose

        if self.dialog is not None:
            self.dialog.activateWindow()
            return
        project = self._session.project
        purpose = project.purpose if project is not None else self._waiting or Purpose()
        self.dialog = GuidanceDialog(
            purpose,
            project=project.name if project is not None else "",
            read_only=project is not None and project.read_only,
            parent=self._window,
        )
        self.dialog.purpose_changed.connect(self._session.set_purpose if project is not None else self._keep)
        self.dialog.project_wanted.connect(self._start)
        self.dialog.prompt_wanted.connect(self._session.prompt_wanted)
        self.dialog.finished.connect(self._on_closed)
        self._session.project_changed.connect(self.dialog.reject)  # it is about a project that is gone
        self.dialog.open()

    def _keep(self, purpose: Purpose) -> None:
        self._waiting = purpose

    def _start(self) -> None:
        if self.dialog is not None:
            self._keep(self.dialog.purpose)
        self._projects.new(self._waiting)

    def _on_closed(self) -> None:
        self.dialog = None
        if self._session.project is not None:
            self._waiting = None
