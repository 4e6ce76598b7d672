"""Bringing examples in from files, folders, the clipboard and the hub, and taking them out, for the Examples page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from app.pages.example_export import ExampleExport
from app.pages.example_import import ExampleImport
from app.session import Session
from app.staging import Staging, read
from app.widgets.drop_zone import dropped_source
from app.widgets.example_browser import ExampleBrowser
from app.widgets.export_dialog import ExportDialog
from app.widgets.import_dialog import ImportDialog
from app.widgets.toast import show_toast
from core.dataset.importing.source import Source


class ExampleFiles(QObject):
    """Both directions; the dialogs ask, this does."""

    imported = Signal(object)
    """(Change): examples came in; told before the session announces the change."""

    def __init__(self, session: Session, browser: ExampleBrowser, page: QWidget) -> None:
        super().__init__(page)
        self._session, self._browser, self._page = session, browser, page
        self._dialog: ImportDialog | None = None
        self._export: ExportDialog | None = None
        session.leaving.connect(self._leave)

    # --- In -----------------------------------------------------------------------------------------------------------

    def import_examples(self, source: Path | str | None = None) -> ImportDialog | None:
        """Open the import window, at a file, a folder or pasted text if given; None if the project can only be read.

        One that is open already takes the source, unless it is importing: then it refuses with a word.
        """
        project = self._session.project
        if project is None or project.read_only:
            show_toast(self._page, "This project can only be read; nothing can be imported into it.")
            return None
        if self._dialog is None:
            self._dialog = dialog = ImportDialog(self._read, self._page)
            dialog.import_wanted.connect(self._start)
            dialog.finished.connect(self._on_finished)
            dialog.open()
        self._dialog.raise_()
        if self._dialog.importing:
            self._dialog.say_busy()
        elif source is not None:
            self._dialog.open_source(Source(source) if isinstance(source, Path) else source)
        return self._dialog

    def import_text(self, text: str) -> ImportDialog | None:
        """Open the import window at rows that were copied elsewhere."""
        return self.import_examples(text)

    def paste(self) -> ImportDialog | None:
        """Open the import window at what is on the clipboard: a file that was copied, or rows of a table."""
        data = QGuiApplication.clipboard().mimeData()  # none at all on an empty clipboard
        source = (dropped_source(data) or data.text()) if data is not None else ""
        if isinstance(source, str) and not source.strip():
            show_toast(self._page, "There is nothing to paste: the clipboard holds no text.")
            return None
        return self.import_examples(source)

    def _read(self, source: Source | str, mapping: Mapping[str, str] | None) -> Staging:
        project = self._session.project
        folder = None if project is None else project.path
        return Staging(lambda: read(source, mapping, folder))

    def _start(self) -> None:
        project, dialog = self._session.project, self._dialog
        if project is not None and dialog is not None:
            under_way = ExampleImport(self._session, project.store, dialog, self._page)
            under_way.imported.connect(self.imported)

    def _on_finished(self) -> None:
        self._dialog = None

    # --- Out ----------------------------------------------------------------------------------------------------------

    def export_examples(self) -> ExportDialog | None:
        """Open the export window; None while there is nothing to export."""
        if self._session.project is None or not self._browser.list.model().counts.total:
            return None
        if self._export is None:
            self._export = ExampleExport(self._session, self._browser, self._page).dialog
            self._export.finished.connect(self._on_exported)
        self._export.raise_()
        return self._export

    def _on_exported(self) -> None:
        self._export = None

    def _leave(self) -> None:
        """The project closes: what is under way ends, and leaves nothing behind."""
        for dialog in (self._dialog, self._export):
            if dialog is not None:
                dialog.reject()
