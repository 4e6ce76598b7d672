"""What can be done with versions of the examples: save one, go back to it, call it otherwise, delete it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QInputDialog, QLineEdit, QWidget

from app import example_words, format
from app.session import Session
from app.widgets.toast import show_toast
from app.widgets.version_list import LONGEST_NAME
from core.dataset.change import Change
from core.dataset.versions import Version, Versions
from core.errors import UserError

if TYPE_CHECKING:
    from core.project import Project


class VersionVerbs(QObject):
    """Each does its work in the thread that writes, and says what it did.

    Signals:
        changed: there are other versions now, or one is called otherwise.
        saved(str): a version was saved, by its path; ``changed`` follows.
        saving(bool): a version is being written.
        failed(UserError): it came to nothing.
    """

    changed = Signal()
    saved = Signal(str)
    saving = Signal(bool)
    failed = Signal(object)

    def __init__(self, session: Session, view: QWidget) -> None:
        super().__init__(view)
        self._session, self._view = session, view

    def project(self) -> Project | None:
        """The open project, if it can be written."""
        project = self._session.project
        return None if project is None or project.read_only else project

    def ask_and_save(self) -> None:
        """Ask for the name of a version, and save it."""
        if self.project() is None:
            return
        dialog = self._ask("Save a version", f"Version of {format.moment(time.time())}", "Save")
        dialog.textValueSelected.connect(lambda name: self.save(name.strip()))

    def save(self, name: str) -> None:
        """Keep the examples as they are now; without a name, it is called by its date."""
        project = self.project()
        if project is None:
            return
        folder, store = project.path, project.store
        name = name or f"Version of {format.moment(time.time())}"
        self.saving.emit(True)
        self._session.hand_over.emit()
        self._session.write(lambda: Versions(folder).save(store, name), done=self._on_saved, failed=self._on_not_saved)

    def _on_saved(self, version: Version) -> None:
        self.saving.emit(False)
        show_toast(self._view, f"Saved “{version.name}” with {format.plural(version.count, 'example')}.")
        self.saved.emit(str(version.path))
        self.changed.emit()

    def _on_not_saved(self, error: UserError) -> None:
        self.saving.emit(False)
        self.failed.emit(error)

    def restore(self, version: Version) -> None:
        """Make all examples what they were then."""
        project = self.project()
        if project is not None:
            folder, store = project.path, project.store
            self._session.hand_over.emit()
            self._session.write(
                lambda: Versions(folder).restore(store, version), done=self._on_restored, failed=self.failed.emit
            )

    def _on_restored(self, change: Change) -> None:
        self._session.apply(change)
        if change.label:
            show_toast(self._view, example_words.done(change.label), act="Undo", on_act=self._session.undo)
        else:
            show_toast(self._view, "The examples are like that already.")

    def ask_name(self, version: Version) -> None:
        """Ask for another name."""
        if self.project() is None:
            return
        dialog = self._ask("Rename version", version.name, "Rename")
        dialog.textValueSelected.connect(lambda name: self._rename(version, name))

    def _ask(self, title: str, name: str, act: str) -> QInputDialog:
        """A dialog for a name; the proposed one is selected, so that typing replaces it."""
        dialog = QInputDialog(self._view)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(title)
        dialog.setLabelText("Name")
        dialog.setTextValue(name)
        dialog.setOkButtonText(act)
        for line in dialog.findChildren(QLineEdit):
            line.setMaxLength(LONGEST_NAME)
            line.setMinimumWidth(320)
            line.selectAll()
        dialog.open()
        return dialog

    def _rename(self, version: Version, name: str) -> None:
        project = self.project()
        if project is not None:
            folder = project.path
            self._write(lambda: Versions(folder).rename(version, name))

    def delete(self, version: Version) -> None:
        """Put a version away; a toast offers to bring it back."""
        project = self.project()
        if project is not None:
            folder = project.path
            self._session.write(
                lambda: Versions(folder).delete(version),
                done=lambda aside: self._on_deleted(folder, version.name, aside),
                failed=self.failed.emit,
            )

    def _on_deleted(self, folder: Path, name: str, aside: Path) -> None:
        show_toast(
            self._view,
            f"Deleted the version “{name}”.",
            act="Undo",
            on_act=lambda: self._write(lambda: Versions(folder).bring_back(aside)),
        )
        self.changed.emit()

    def _write(self, work: Callable[[], object]) -> None:
        self._session.write(work, done=lambda _: self.changed.emit(), failed=self.failed.emit)
