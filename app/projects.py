"""What the user can do with projects: the questions asked before, the session doing it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QInputDialog, QWidget

from app import tasks
from app.session import Session
from app.widgets.new_project_dialog import NewProjectDialog, free_name
from core import paths

if TYPE_CHECKING:
    from core.guidance.purpose import Purpose


class Projects(QObject):
    """One method a verb; nothing waits for the disk."""

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._window = window
        self._folder: Path | None = None
        self._purpose: Purpose | None = None  # of the project that is being made
        self._asks: Path | None = None  # a new project whose user wants to be asked what it is for
        session.project_changed.connect(self._on_project)

    def new(self, purpose: Purpose | None = None) -> None:
        """Ask for a name and a place, and make a project; with a purpose that is known already, if it is."""
        self._purpose = purpose
        self._ask("My project", sample="")

    def new_from_sample(self, sample: str, title: str) -> None:
        """Ask for a name and a place, and make a project with a sample's examples and the starter model."""
        self._purpose = None
        self._ask(title, sample=sample)

    def open(self) -> None:
        """Ask for a project's folder, and open it."""
        dialog = QFileDialog(self._window, "Open project", str(paths.existing(self._place())))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda folder: self._session.open_soon(Path(folder)))
        dialog.open()

    def show_folder(self) -> None:
        """Show the project's folder in the system's file manager."""
        if self._session.project is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._session.project.path)))

    def rename(self) -> None:
        """Ask for another name."""
        if self._session.project is None:
            return
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle("Rename project")
        dialog.setLabelText("Name (the folder keeps its own)")
        dialog.setTextValue(self._session.project.name)
        dialog.setOkButtonText("Rename")
        dialog.textValueSelected.connect(self._session.rename)
        dialog.open()

    def close(self) -> None:
        """Close the project; everything is saved."""
        self._session.close()

    def _place(self) -> Path:
        if self._session.project is not None:
            return self._session.project.path.parent
        return self._folder or paths.documents()

    def _ask(self, name: str, sample: str) -> None:
        folder = self._place()
        tasks.run(lambda: free_name(folder, name), done=lambda free: self._show_dialog(folder, free, sample))

    def _show_dialog(self, folder: Path, name: str, sample: str) -> None:
        if sample:
            text = "A copy of the sample's examples, with the starter model and the settings that suit it."
            dialog = NewProjectDialog(folder, self._window, name=name, title="New project from a sample", text=text)
        else:
            dialog = NewProjectDialog(folder, self._window, name=name, asks=self._purpose is None)
        dialog.chosen.connect(lambda path, chosen: self._create(path, chosen, sample, asks=dialog.asks))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _create(self, path: Path, name: str, sample: str, *, asks: bool) -> None:
        self._folder = path.parent
        self._asks = path if asks or self._purpose is not None else None
        self._session.create_soon(path, name=name, sample=sample)

    def _on_project(self) -> None:
        """The project that was asked for has been made: it gets its purpose, or the questions are asked."""
        project, wanted, purpose = self._session.project, self._asks, self._purpose
        if project is None or wanted is None or project.path != wanted.absolute():
            return
        self._asks = self._purpose = None
        if purpose is not None:
            self._session.set_purpose(purpose)
        else:
            self._session.guidance_wanted.emit()
