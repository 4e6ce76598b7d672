"""Removing a comparison from the window, with a way back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.session import Session
from app.widgets.toast import show_toast

if TYPE_CHECKING:
    from core.evaluation.comparison import ComparisonFolder
    from core.project import Project


class ComparisonRemoving(QObject):
    """Disk work in the session's thread; "Undo" in a message."""

    changed = Signal(object)
    """(ComparisonFolder, or None): one is back; or one was taken out."""
    failed = Signal(object)
    """(UserError)"""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._widget = parent

    def remove(self, folder: ComparisonFolder) -> None:
        """Take a comparison out."""
        from core.evaluation.removing import remove

        project = self._session.project
        if project is not None and not project.read_only:
            self._session.write(
                lambda: remove(folder), done=lambda place: self._on_removed(project, place), failed=self.failed.emit
            )

    def _on_removed(self, project: Project, place: Path) -> None:
        if project is self._session.project:
            self.changed.emit(None)
            show_toast(
                self._widget, "The comparison is removed.", act="Undo", on_act=lambda: self._undo(project, place)
            )

    def _undo(self, project: Project, place: Path) -> None:
        from core.evaluation.removing import put_back

        if project is self._session.project:
            self._session.write(lambda: put_back(place), done=self.changed.emit, failed=self.failed.emit)
