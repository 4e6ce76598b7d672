"""What can be done with adapters: say something of one, delete it and bring it back, show its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from app.widgets.toast import show_toast

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.adapter_details import AdapterDetails
    from app.session import Session
    from core.library.trash import Removed
    from core.project import Project
    from core.runs.notes import Notes


class AdapterVerbs(QObject):
    """Does the work in the background and says on the page how it went."""

    failed = Signal(object)
    """(UserError)."""

    def __init__(self, session: Session, page: QWidget) -> None:
        super().__init__(page)
        self._session, self._page = session, page

    def keep_notes(self, details: AdapterDetails, said: Notes) -> None:
        """Keep what the user says of an adapter."""
        from core.runs import notes

        folder = details.run.path if details.run is not None else details.folder
        self._session.write(
            lambda: notes.write_to(folder, said),
            done=lambda _: self._session.runs_changed.emit(),
            failed=self.failed.emit,
        )

    def throw_away(self, details: AdapterDetails) -> None:
        """Put an adapter into the project's trash; it can be taken back."""
        project = self._session.project
        if project is None or project.read_only:
            return
        after = " Its run is still there." if details.run is not None else ""

        def done(removed: Removed) -> None:
            self._changed(project)
            text = f"{removed.title} is deleted.{after}"
            show_toast(self._page, text, act="Undo", on_act=lambda: self.bring_back(removed, project))

        self._session.write(lambda: _removed(project, details.key), done=done, failed=self.failed.emit)

    def show_folder(self, details: AdapterDetails) -> None:
        """Show an adapter's files in the system's file manager."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(details.folder)))

    def bring_back(self, removed: Removed, project: Project | None = None) -> None:
        """Put a deleted adapter back where it was, in its project (the open one unless given)."""
        from core.library import trash

        place = project or self._session.project
        if place is not None:
            self._session.write(
                lambda: trash.bring_back(place.path, removed),
                done=lambda _: self._changed(place),
                failed=self.failed.emit,
            )

    def _changed(self, project: Project) -> None:
        if self._session.project is project:
            self._session.runs_changed.emit()


def _removed(project: Project, key: str) -> Removed:
    from core.library import entries, trash

    return trash.remove(project.path, entries.find(project, key))
