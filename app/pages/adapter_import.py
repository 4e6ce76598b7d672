"""Taking adapters in on the Adapters page, by its button or by dropping one there, in the background."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QMenu, QPushButton

from app import format, tasks
from app.widgets.counting_bar import CountingBar
from app.widgets.menu_button import add_menu
from app.widgets.page_drop import PageDrop
from core import paths
from core.errors import UserError

if TYPE_CHECKING:
    from app.pages.page import Page
    from app.session import Session
    from core.library.trash import Removed
    from core.project import Project
    from core.recipe.schema import ModelSettings

_MOST_REMOVED = 20


class AdapterImport(QObject):
    """Has a button for the page's head and a bar for its body; what went wrong is said in the page's banner."""

    imported = Signal(str)
    """(key): an adapter was taken in."""
    wanted_back = Signal(object)
    """(Removed): a deleted adapter is to come back."""

    def __init__(self, session: Session, page: Page, sheet: QFrame) -> None:
        """``sheet`` is marked while something that may be dropped is over the page."""
        super().__init__(page)
        self._session, self._page = session, page
        self._task: tasks.Task | None = None
        self._name = ""
        self._source: Path | None = None  # what names another base model
        self.button = QPushButton("Import")
        menu = QMenu(self.button)
        menu.addAction("A folder…", self.choose_folder)
        menu.addAction("A zip file…", self.choose_file)
        self._removed = menu.addMenu("Bring back a deleted one")
        self._removed.menuAction().setVisible(False)
        add_menu(self.button, menu)
        self.progress = CountingBar(cancel="Cancel")
        self.progress.cancelled.connect(self.cancel)
        PageDrop(page, sheet, self._fits).dropped.connect(self.take)
        page.banner.acted.connect(self._import_anyway)
        session.leaving.connect(self.cancel)
        session.project_changed.connect(self._on_project)
        self._on_project()

    def set_removed(self, removed: Sequence[Removed]) -> None:
        """What was deleted lately, the last first."""
        self._removed.clear()
        for one in removed[:_MOST_REMOVED]:
            words = f"{one.title}, deleted {format.ago(one.at)}".replace("&", "&&")
            self._removed.addAction(words, partial(self.wanted_back.emit, one))
        self._removed.menuAction().setVisible(bool(removed))

    def choose_folder(self) -> None:
        """Ask for the folder of an adapter, and take it in."""
        place = str(paths.existing(paths.documents().parent))
        chosen = QFileDialog.getExistingDirectory(self._page, "Import the folder of an adapter", place)
        if chosen:
            self.take(Path(chosen))

    def choose_file(self) -> None:
        """Ask for a zip file of an adapter, and take it in."""
        place = str(paths.existing(paths.documents().parent))
        chosen, _filter = QFileDialog.getOpenFileName(
            self._page, "Import a zip file of an adapter", place, "Zip files (*.zip)"
        )
        if chosen:
            self.take(Path(chosen))

    def take(self, source: Path, *, anyway: bool = False) -> None:
        """Take in an adapter from a folder or a zip file; one at a time."""
        project = self._session.project
        if project is None or not self._may_take:
            return
        model = self._session.recipe.model
        self._name, self._source = source.name, None
        self._page.banner.clear()
        self.button.setEnabled(False)
        self.progress.begin(f"Importing {source.name}")
        self._task = tasks.run(
            lambda task: _imported(task, project, source, model, anyway),
            done=lambda key: self._on_imported(project, key),
            failed=lambda error: self._on_failed(error, source),
            progress=self._on_progress,
        )

    def cancel(self) -> None:
        """End an import under way; nothing of it is left."""
        if self._task is not None:
            self._task.cancel()
            self._end()

    @property
    def busy(self) -> bool:
        """Whether an adapter is being taken in."""
        return self._task is not None

    @property
    def _may_take(self) -> bool:
        project = self._session.project
        return project is not None and not project.read_only and not self.busy

    def _fits(self, source: Path) -> bool:
        return self._may_take and (source.is_dir() or source.suffix.lower() == ".zip")

    def _end(self) -> None:
        self._task = None
        self.button.setEnabled(True)
        self.progress.stop()

    def _on_progress(self, done: int, total: int) -> None:
        amount = f"{format.size(done)} of {format.size(total)}"
        self.progress.tell(f"Importing {self._name}", done, total, amount=amount)

    def _on_imported(self, project: Project, key: str) -> None:
        self._end()
        if project is self._session.project:
            self.imported.emit(key)
            self._session.runs_changed.emit()

    def _on_failed(self, error: UserError, source: Path) -> None:
        from core.library.matching import OtherBase

        self._end()
        if isinstance(error, OtherBase):
            self._source = source
            text = f"{error.reason} {error.hint}"
            self._page.banner.say(error.title, text, tone="warn", act="Import anyway")
        else:
            self._page.show_problem(error)

    def _import_anyway(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            self.take(source, anyway=True)

    def _on_project(self) -> None:
        project = self._session.project
        self._source = None
        self.button.setVisible(project is not None and not project.read_only)


def _imported(task: tasks.Task, project: Project, source: Path, model: ModelSettings, anyway: bool) -> str:
    """Take it in; returns its key."""
    from core.base_models import catalogue
    from core.library import imported
    from core.library.importing import Wish, import_adapter

    known = tuple(known.base for known in catalogue.local_models())
    wish = Wish(source, model, known=known, anyway=anyway)
    folder = import_adapter(project.path, wish, advance=task.report, cancelled=lambda: task.cancelled)
    return imported.key_of(folder)
