"""Bringing examples in from a file and taking them out to one, for the Examples page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from app import format
from app.session import Session
from app.widgets.example_browser import ExampleBrowser
from app.widgets.export_dialog import FORMATS, ExportDialog, Scope
from app.widgets.import_dialog import ImportDialog
from app.widgets.new_project_dialog import folder_name
from app.widgets.toast import show_toast
from core import paths
from core.dataset import files
from core.dataset.example import Example
from core.dataset.store import Change, ExampleStore, Query
from core.errors import UserError

_TELL_EVERY = 500


class ExampleFiles(QObject):
    """Both directions; the dialogs ask, this does."""

    def __init__(self, session: Session, browser: ExampleBrowser, page: QWidget) -> None:
        super().__init__(page)
        self._session, self._browser, self._page = session, browser, page
        self._import: _Import | None = None
        self._export: ExportDialog | None = None

    # --- In -----------------------------------------------------------------------------------------------------------

    def import_examples(self, path: Path | None = None) -> ImportDialog:
        """Open the import window, at a file if one is given."""
        dialog = ImportDialog(files.read, self._page)
        dialog.import_wanted.connect(lambda examples: self._start(dialog, examples))
        dialog.open()
        if path is not None:
            dialog.open_file(path)
        return dialog

    def _start(self, dialog: ImportDialog, examples: list[Example]) -> None:
        project = self._session.project
        if project is not None:
            self._import = _Import(self._session, project.store, dialog, examples, self._page)

    # --- Out ----------------------------------------------------------------------------------------------------------

    def export_examples(self) -> ExportDialog | None:
        """Open the export window."""
        table, chosen = self._browser.list.model(), self._browser.list.chosen_ids()
        scopes = [Scope("all", "All examples", table.counts.total)]
        if self._browser.is_narrowed and table.rowCount():
            scopes.append(Scope("listed", "The ones in the list now", table.rowCount()))
        if len(chosen) > 1:
            scopes.append(Scope("chosen", "The selected ones", len(chosen)))
        if self._session.project is None or not table.counts.total:
            return None
        self._export = dialog = ExportDialog(scopes, self._page)
        dialog.export_wanted.connect(self._choose_place)
        dialog.open()
        return dialog

    def _choose_place(self, scope: str, ending: str) -> None:
        project, dialog = self._session.project, self._export
        if project is None or dialog is None:
            return
        name = folder_name(project.name) or "examples"
        proposed = str(paths.documents().parent / f"{name}{ending}")
        kind = f"{FORMATS[ending][0]} (*{ending})"
        chosen, _filter = QFileDialog.getSaveFileName(dialog, "Export examples", proposed, kind)
        if not chosen:
            return
        path = Path(chosen)
        if path.suffix.lower() not in FORMATS:
            path = path.with_name(path.name + ending)
        store, table = project.store, self._browser.list.model()
        query = table.listed_query if scope == "listed" else Query()
        ids = self._browser.list.chosen_ids() if scope == "chosen" else []
        dialog.button.setEnabled(False)
        self._session.hand_over.emit()  # what is being typed belongs to it
        self._session.write(
            lambda: (path, files.write(path, _some(store, ids) if ids else store.iterate(query))),
            done=self._exported,
            failed=self._not_exported,
        )

    def _exported(self, written: tuple[Path, int]) -> None:
        path, count = written
        if self._export is not None:
            self._export.accept()
            self._export = None
        folder = QUrl.fromLocalFile(str(path.parent))
        show_toast(
            self._page,
            f"Exported {format.plural(count, 'example')} to {path.name}",
            act="Show in folder",
            on_act=lambda: QDesktopServices.openUrl(folder),
        )

    def _not_exported(self, error: UserError) -> None:
        if self._export is not None:
            self._export.banner.show_problem(error)
            self._export.button.setEnabled(True)


class _Import(QObject):
    """One import under way: one undo step, all or nothing."""

    _advanced = Signal(int)

    def __init__(
        self, session: Session, store: ExampleStore, dialog: ImportDialog, examples: list[Example], page: QWidget
    ) -> None:
        super().__init__(page)
        self._session, self._dialog, self._page, self._examples = session, dialog, page, examples
        self._stop = Event()
        self._advanced.connect(dialog.show_progress)
        dialog.cancelled.connect(self._stop.set)
        label = f"Import {format.plural(len(examples), 'example')}"
        session.hand_over.emit()
        session.write(lambda: store.add(self._counted(), label=label), done=self._done, failed=self._failed)

    def _counted(self) -> Iterator[Example]:
        """The examples, telling how far it is (in the writing thread); stopping leaves the store as it was."""
        for number, example in enumerate(self._examples):
            if number % _TELL_EVERY == 0:
                if self._stop.is_set():
                    raise UserError("The import was cancelled.", reason="Nothing was imported.")
                self._advanced.emit(number)
            yield example

    def _done(self, change: Change) -> None:
        self._session.apply(change, self._page)
        if not self._stop.is_set():
            self._dialog.accept()
        words = f"Imported {format.plural(len(change.added), 'example')}."
        show_toast(self._page, words, act="Undo", on_act=self._session.undo)
        self.deleteLater()

    def _failed(self, error: UserError) -> None:
        if not self._stop.is_set():
            self._dialog.show_problem(error)
        self.deleteLater()


def _some(store: ExampleStore, ids: list[int]) -> Iterator[Example]:
    """The examples with these ids, read in pages."""
    for start in range(0, len(ids), 500):
        yield from store.rows(ids[start : start + 500])
