"""Exporting an adapter from a page: what can be said of it is read in the background, then the dialog opens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from app import export_names, export_offers
from app.latest import Latest
from app.widgets.export_adapter_dialog import ExportAdapterDialog
from app.widgets.send_dialog import SendDialog

if TYPE_CHECKING:
    from app.background_job import Job
    from app.export_offers import Offers
    from app.session import Session
    from core.export.source import Source

MakeExport = Callable[["Source", str, Path, dict[str, str]], "Job"]


def make_export(source: Source, form: str, target: Path, chosen: dict[str, str]) -> Job:
    """An export in processes of its own."""
    from core.export.job import Export

    return Export(source, form, target, chosen)


class Exporting(QObject):
    """One dialog at a time, over ``window``."""

    failed = Signal(object)
    """(UserError): nothing can be exported; the reason."""

    def __init__(self, session: Session, window: QWidget, *, make: MakeExport = make_export) -> None:
        super().__init__(window)
        self._session, self._window, self._make = session, window, make
        self._reader = Latest(self._on_offers, failed=self.failed.emit, parent=self)
        self.dialog: ExportAdapterDialog | None = None
        session.project_changed.connect(self.close)

    def open(self, make_source: Callable[[], Source]) -> None:
        """Read what ``make_source`` gives (in another thread), and ask in which form and where to."""
        if self.dialog is None and self._session.project is not None:
            self._reader.ask(partial(export_offers.load, make_source))

    def close(self) -> None:
        """Leave the dialog; an export under way is cancelled."""
        self._reader.forget()
        if self.dialog is not None:
            self.dialog.reject()

    def _on_offers(self, offers: Offers) -> None:
        project = self._session.project
        if project is None or self.dialog is not None:
            return
        source, make = offers.source, self._make
        self.dialog = ExportAdapterDialog(
            offers,
            lambda form, chosen, target: make(source, form, target, chosen),
            export_names.free,
            folder=export_names.folder(project),
            name=export_names.name_of(source),
            parent=self._window,
        )
        self.dialog.started.connect(lambda: self._session.model_wanted.emit(self))
        self.dialog.send_wanted.connect(self._send)
        self.dialog.show_wanted.connect(_show)
        self.dialog.finished.connect(self._on_closed)
        self.dialog.open()

    def _send(self, folder: Path) -> None:
        SendDialog(folder, self.dialog or self._window).open()

    def _on_closed(self) -> None:
        self.dialog = None


def _show(path: Path) -> None:
    """Show where a folder or a file lies."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path if path.is_dir() else path.parent)))
