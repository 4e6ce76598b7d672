"""Importing examples: choose where they come from, see what there is and what is skipped, then take it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app import format
from app.background_job import BackgroundJob
from app.staging import Staging
from app.theme import SPACE
from app.widgets.banner import Banner
from app.widgets.counting_bar import CountingBar
from app.widgets.drop_zone import dropped_source
from app.widgets.import_preview import ImportPreview
from app.widgets.import_source import ImportSource
from core.dataset.importing.reading import FirstRows, Progress, Shape, Summary
from core.dataset.importing.source import Source
from core.errors import UserError

Read = Callable[[Source | str, Mapping[str, str] | None], Staging]
"""Takes a source, or text that was pasted, and the columns by field that the user chose, if any."""

_SKELETON_MS = 300
_PASTED = "Pasted rows"
_NO_TEXT = "Copy rows of a spreadsheet, with the names of the columns on top, and paste again."
_BUSY = "An import is under way. Wait for its end, or cancel it; then the next one can begin."


class ImportDialog(QDialog):
    """Reads with ``read`` off the drawing thread; imports nothing itself.

    The staging file of what is shown is the dialog's, which clears it away, until somebody takes it.
    """

    import_wanted = Signal()
    """The user has seen the rows and wants them: :meth:`take` them."""
    cancelled = Signal()
    """The window was closed, also in the middle of the import."""

    def __init__(self, read: Read, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import examples")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAcceptDrops(True)
        self.resize(980, 680)
        self._read = read
        self._source: Source | str | None = None
        self._mapping: Mapping[str, str] | None = None
        self._shape: Shape | None = None
        self._staging: list[Staging] = []  # at most one; a list, so that the end of the dialog finds it
        self.importing = False
        self._job = BackgroundJob(self)
        self._job.told.connect(self._on_told)
        self._job.ended.connect(self._on_read)
        self._job.failed.connect(self.show_problem)
        self.banner = Banner()
        self.source = ImportSource()
        self.preview = ImportPreview()
        self._waiting = QLabel()
        self._waiting.setTextFormat(Qt.TextFormat.PlainText)
        self._waiting.setWordWrap(True)
        self._waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._faces = QStackedWidget()
        for face in (self.source, self._waiting, self.preview):
            self._faces.addWidget(face)
        self._slow = QTimer(self)
        self._slow.setSingleShot(True)
        self._slow.setInterval(_SKELETON_MS)
        self._slow.timeout.connect(lambda: self._faces.setCurrentWidget(self._waiting))
        self.progress = CountingBar()
        self._cancel = QPushButton("Cancel")
        self._cancel.clicked.connect(self.reject)
        self.button = QPushButton("Import")
        self.button.setProperty("kind", "primary")
        self.button.setDefault(True)
        self.button.clicked.connect(self._import)
        self._join()
        self._lay_out()
        self._offer()

    def _join(self) -> None:
        self.source.chosen.connect(self.open_source)
        self.source.nothing_to_paste.connect(lambda: self.banner.say("The clipboard holds no text.", _NO_TEXT))
        self.preview.other_wanted.connect(self._show_sources)
        self.preview.mapping_changed.connect(self._use_columns)
        self.preview.part_wanted.connect(self._use_part)
        self.preview.counts.leaving_out_changed.connect(self._offer)
        self.rejected.connect(self.cancelled)
        kept = self._staging  # the dialog is gone when it is destroyed; the list is not
        self.destroyed.connect(lambda: _clear_away(kept))

    def _lay_out(self) -> None:
        title = QLabel("Import examples")
        title.setProperty("kind", "title")
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addWidget(self.progress, 1000)
        buttons.addStretch(1)
        buttons.addWidget(self._cancel)
        buttons.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        column.setSpacing(SPACE.FIELD)
        column.addWidget(title)
        column.addWidget(self.banner)
        column.addWidget(self._faces, 1)
        column.addLayout(buttons)

    # --- What is to be imported -------------------------------------------------------------------------------------

    def open_source(self, source: Source | str) -> None:
        """Read a source, or rows that were copied elsewhere, and show what is in it."""
        if self.importing:
            self.say_busy()
            return
        self._source, self._mapping, self._shape = source, None, None
        hub = isinstance(source, Source) and source.hub_id
        self._waiting.setText(f"Asking huggingface.co for {hub}…" if hub else f"Reading {self.name}…")
        self.preview.begin(self.name)
        self._slow.start()
        self._start()

    def say_busy(self) -> None:
        """Refuse another import while one is under way."""
        self.banner.say("One import at a time.", _BUSY)

    @property
    def name(self) -> str:
        """What the user calls the source."""
        return self._source.name if isinstance(self._source, Source) else _PASTED

    # --- What the reader tells --------------------------------------------------------------------------------------

    def _start(self) -> None:
        """Read the source from its beginning."""
        assert self._source is not None
        _clear_away(self._staging)
        self.banner.clear()
        staging = self._read(self._source, self._mapping)
        self._staging.append(staging)
        self.progress.begin("Reading")
        self._offer()
        self._job.start(lambda: staging)

    def _use_columns(self, mapping: dict[str, str]) -> None:
        self._mapping = mapping
        self.preview.begin_again()
        self._start()

    def _use_part(self, part: dict[str, str]) -> None:
        assert isinstance(self._source, Source)
        self._source = replace(self._source, **part)
        self._mapping = None
        self.preview.begin_again()
        self._start()

    def _on_told(self, message: Any) -> None:
        match message:
            case Shape():
                self._show_shape(message)
            case FirstRows():
                self.preview.show_rows(message.examples)
            case Progress():
                self.preview.counts.show_read(message.rows)
                rows = format.plural(message.rows, "row")
                self.progress.tell("Reading", message.done, message.total, amount=rows)
            case Summary():
                self._show_summary(message)

    def _show_shape(self, shape: Shape) -> None:
        self._slow.stop()
        self._shape = shape
        if self._mapping is None:  # else it is as the user just set it
            self.preview.show_shape(shape)
        if shape.missing:
            self.preview.show_raw(shape)
        self._faces.setCurrentWidget(self.preview)
        self._offer()

    def _show_summary(self, summary: Summary) -> None:
        self.progress.stop()
        if self._shape is not None and self._shape.missing:
            return  # nothing was counted; the mapping says what it needs
        self.preview.show_summary(summary)

    def _on_read(self) -> None:
        """The reader has let go of the staging file: now it can be taken."""
        self._offer()
        if self.button.isEnabled() and self._mapping is None:
            self.button.setFocus()

    def _show_sources(self) -> None:
        """Let the user choose something else."""
        self._forget()
        self.banner.clear()
        self._faces.setCurrentWidget(self.source)
        self._offer()

    def _forget(self) -> None:
        """Read no more, and keep nothing."""
        self._job.stop()
        _clear_away(self._staging)
        self._slow.stop()
        self.progress.stop()
        self._source = self._mapping = self._shape = None

    def show_problem(self, error: UserError) -> None:
        """The source cannot be read, or the import failed; the window stays for another try."""
        self._slow.stop()
        self.progress.stop()
        self.banner.show_problem(error)
        self._faces.setCurrentWidget(self.source if self._shape is None else self.preview)
        self._offer()

    # --- The import -------------------------------------------------------------------------------------------------

    def take(self) -> tuple[Staging, tuple[str, ...]]:
        """The staging file, which is the caller's now, and what is to be left out (``ExampleStore.add_staged``)."""
        return self._staging.pop(), ("twice", "known") if self.preview.counts.leaving_out else ()

    def give_back(self, staging: Staging, error: UserError) -> None:
        """The import failed: say so; it can be tried again."""
        self._staging.append(staging)
        self._set_importing(False)
        self.show_problem(error)

    @property
    def chosen_columns(self) -> tuple[list[str], dict[str, str]] | None:
        """The columns and the mapping that the user made, worth remembering; None when nothing was changed."""
        if self._shape is None or self._mapping is None:
            return None
        return [column.name for column in self._shape.columns], dict(self._mapping)

    def show_progress(self, done: int, total: int) -> None:
        """So many examples are in."""
        self.progress.tell("Importing", done, total)

    def _import(self) -> None:
        self.banner.clear()
        self._set_importing(True)
        self.progress.begin("Importing")
        self.import_wanted.emit()

    def _set_importing(self, importing: bool) -> None:
        self.importing = importing
        self.preview.set_changeable(not importing)
        self._cancel.setText("Cancel the import" if importing else "Cancel")
        self._offer()

    def _offer(self) -> None:
        """What the button says, and whether it can be clicked."""
        counts = self.preview.counts
        ready = self._faces.currentWidget() is self.preview and counts.is_known and not self._job.busy
        self.button.setVisible(self._faces.currentWidget() is not self.source)
        self.button.setEnabled(ready and counts.amount > 0 and not self.importing)
        if ready:
            words = f"Import {format.plural(counts.amount, 'example')}"
            self.button.setText(words if counts.amount else "Nothing to import")
        else:
            self.button.setText("Import")

    def done(self, result: int) -> None:
        """Close, and keep nothing."""
        self._job.stop()
        _clear_away(self._staging)
        super().done(result)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A file or folder may be dropped anywhere on the window."""
        if not self.importing and dropped_source(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Read what was dropped."""
        path = dropped_source(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.source.take_path(path)


def _clear_away(staging: list[Staging]) -> None:
    while staging:
        staging.pop().stop()
