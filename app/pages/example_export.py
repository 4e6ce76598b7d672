"""One export: asks which examples and where to, has them written in a process of its own, and tells how it went."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from app import format
from app.background_job import BackgroundJob
from app.session import Session
from app.widgets.example_browser import ExampleBrowser
from app.widgets.export_dialog import FORMATS, ExportDialog, Format, Scope
from app.widgets.new_project_dialog import folder_name
from app.widgets.toast import show_toast
from core import paths
from core.errors import UserError


class ExampleExport(QObject):
    """Lives as long as its dialog."""

    def __init__(self, session: Session, browser: ExampleBrowser, page: QWidget) -> None:
        table, chosen = browser.list.model(), browser.list.chosen_ids()
        scopes = [Scope("all", "All examples", table.counts.total)]
        if browser.is_narrowed and table.rowCount():
            scopes.append(Scope("listed", "The ones in the list now", table.rowCount()))
        if len(chosen) > 1:
            scopes.append(Scope("chosen", "The selected ones", len(chosen)))
        dialog = ExportDialog(scopes, page)
        super().__init__(dialog)
        self.dialog = dialog
        self._session, self._page = session, page
        self._ids, self._query = chosen, table.listed_query
        self._total = 0
        self._given_up = False
        self._job = BackgroundJob(self)
        self._job.told.connect(self._on_told)
        self._job.failed.connect(self._on_failed)
        self.dialog.export_wanted.connect(self._choose_place)
        self.dialog.rejected.connect(self._give_up)
        self.dialog.open()

    def _choose_place(self, scope: Scope, wanted: Format, defuse: bool) -> None:
        project = self._session.project
        if project is None:
            return
        name = folder_name(project.name) or "examples"
        proposed = str(paths.documents().parent / f"{name}{wanted.ending}")
        kind = f"{wanted.words} (*{wanted.ending})"
        chosen, _filter = QFileDialog.getSaveFileName(self.dialog, "Export examples", proposed, kind)
        if not chosen:
            return
        path = Path(chosen)
        if path.suffix.lower() not in {each.ending for each in FORMATS}:
            path = path.with_name(path.name + wanted.ending)
        self._total = scope.count
        self.dialog.begin(path.name)
        self._session.hand_over.emit()  # what is being typed belongs to it
        examples = project.store.path
        self._session.write(lambda: None, done=lambda _: self._write(examples, path, scope.name, wanted.form, defuse))

    def _write(self, examples: Path, path: Path, scope: str, form: str, defuse: bool) -> None:
        """What was typed is on disk now."""
        if self._given_up:
            return
        query, ids = self._query if scope == "listed" else None, self._ids if scope == "chosen" else []

        def make() -> object:
            from core.dataset.exporting import Writing

            return Writing(examples, path, query=query, ids=ids, form=form, defuse=defuse)

        self._job.start(make)  # type: ignore[arg-type]

    def _give_up(self) -> None:
        self._given_up = True
        self._job.stop()

    def _on_told(self, message: object) -> None:
        from core.dataset.exporting import Progress, Written

        if isinstance(message, Progress):
            self.dialog.show_progress(message.done, self._total)
        elif isinstance(message, Written):
            self._on_written(message.path, message.examples)

    def _on_written(self, path: Path, count: int) -> None:
        self.dialog.accept()
        folder = QUrl.fromLocalFile(str(path.parent))
        show_toast(
            self._page,
            f"Exported {format.plural(count, 'example')} to {path.name}",
            act="Show in folder",
            on_act=lambda: QDesktopServices.openUrl(folder),
        )

    def _on_failed(self, error: UserError) -> None:
        self.dialog.show_problem(error)
