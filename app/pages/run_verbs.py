"""What can be done with a run as a whole: show its folder, write it down for other programs, throw it away."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QFile, QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from app import format, tasks
from app.widgets.save_place import ask_where_to_save
from app.widgets.toast import show_toast
from core import paths
from core.errors import RunError, UserError
from core.files import sync_folder

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.session import Session
    from core.project import Project
    from core.runs.folder import RunFolder


class RunVerbs(QObject):
    """Does the work in the background and says on the page how it went."""

    failed = Signal(object)
    """(UserError)."""
    thrown_away = Signal(object)
    """(RunFolder): it is in the trash now."""

    def __init__(self, session: Session, page: QWidget) -> None:
        super().__init__(page)
        self._session = session
        self._page = page

    def show_folder(self, run: RunFolder) -> None:
        """Show a run's files in the system's file manager."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.path)))

    def save_script(self, run: RunFolder) -> None:
        """Write a run down as one plain Python file that trains the same adapter."""
        proposed = paths.documents().parent / f"{run.name}.py"
        path = ask_where_to_save(self._page, "Save as a Python script", proposed, "Python (*.py)", ending=".py")
        if path is not None:
            show_toast(self._page, "Writing the script…")
            tasks.run(lambda: _script(run, path), done=self._tell, failed=self.failed.emit)

    def save_for_tensorboard(self, run: RunFolder) -> None:
        """Write a run's curves and answers as event files that TensorBoard reads."""
        proposed = str(paths.documents().parent)
        chosen = QFileDialog.getExistingDirectory(self._page, "A folder for TensorBoard's files", proposed)
        if chosen:
            tasks.run(lambda: _event_files(run, Path(chosen)), done=self._tell, failed=self.failed.emit)

    def throw_away(self, run: RunFolder) -> None:
        """Move a run with all its files to the system's trash; it can be taken back."""
        project = self._session.project
        if project is None:
            return

        def done(trashed: Path | None) -> None:
            self.thrown_away.emit(run)
            self._changed(project)
            text = f"Run {run.number} is in the trash."
            if trashed is None:
                show_toast(self._page, text)
            else:
                show_toast(self._page, text, act="Undo", on_act=lambda: self._bring_back(project, trashed, run))

        self._session.write(lambda: _trash(run), done=done, failed=self.failed.emit)

    def _bring_back(self, project: Project, trashed: Path, run: RunFolder) -> None:
        self._session.write(
            lambda: _restore(trashed, run), done=lambda _: self._changed(project), failed=self.failed.emit
        )

    def _changed(self, project: Project) -> None:
        if self._session.project is project:
            self._session.runs_changed.emit()

    def _tell(self, path: Path) -> None:
        show_toast(self._page, f"Saved {format.place(path)}")


def _script(run: RunFolder, path: Path) -> Path:
    from core.runs.reproduce import write_script

    return write_script(run, path)


def _event_files(run: RunFolder, folder: Path) -> Path:
    from core.runs.tensorboard import write_event_files

    return write_event_files(run, folder)


def _trash(run: RunFolder) -> Path | None:
    """Move a run to the trash; where it is there, if the system says so."""
    if run.worker_is_alive():
        raise RunError(f"Run {run.number} is being trained.", hint="Stop it first; then it can be moved to the trash.")
    file = QFile(str(run.path))
    if not file.moveToTrash():
        raise UserError(
            "The run could not be moved to the trash.",
            reason="The system has no trash for this place, or the folder cannot be changed.",
            hint="Delete its folder in the file manager if you no longer need it.",
            details=str(run.path),
        )
    place = file.fileName()
    return Path(place) if place and place != str(run.path) else None


def _restore(trashed: Path, run: RunFolder) -> None:
    if run.path.exists() or not trashed.is_dir():
        raise RunError(
            "The run could not be taken back.",
            reason="Something else has its name now." if run.path.exists() else "It is no longer in the trash.",
            hint="Look for it in the system's trash.",
        )
    try:
        shutil.move(trashed, run.path)
        sync_folder(run.path.parent)
    except OSError as error:
        raise RunError("The run could not be taken back.", reason=str(error)) from error
