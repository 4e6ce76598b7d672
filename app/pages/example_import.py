"""One import under way: all of it becomes one undo step, or nothing of it is left."""

from __future__ import annotations

from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app import format, tasks
from app.session import Session
from app.widgets.import_dialog import ImportDialog
from app.widgets.toast import show_toast
from core.errors import UserError

if TYPE_CHECKING:
    from core.dataset.store import Change, ExampleStore

_CANCELLED = "The import was cancelled; nothing was imported."


class ExampleImport(QObject):
    """Takes what a dialog has read into the store, and tells both the dialog and the page."""

    imported = Signal(object)
    """(Change): they are in; told before the session announces it."""
    over = Signal()
    """It has ended, in whatever way."""
    _advanced = Signal(int, int)

    def __init__(self, session: Session, store: ExampleStore, dialog: ImportDialog, page: QWidget) -> None:
        super().__init__(page)
        self._session, self._store, self._dialog, self._page = session, store, dialog, page
        self._staging, self._leave_out = dialog.take()
        self._columns = dialog.chosen_columns
        self._label = f"Import {dialog.name}"
        self._cancelled = Event()
        self._advanced.connect(dialog.show_progress)
        dialog.cancelled.connect(self.cancel)
        session.hand_over.emit()  # what is being typed comes before it
        session.write(self._work, done=self._done, failed=self._failed)

    def cancel(self) -> None:
        """Leave nothing behind; ``over`` follows."""
        self._cancelled.set()

    def _work(self) -> tuple[Change, bool]:
        """In the writing thread: the change, and whether it is one that takes the import back."""
        if self._cancelled.is_set():
            raise UserError(_CANCELLED)
        change = self._store.add_staged(
            self._staging.staged,
            label=self._label,
            leave_out=self._leave_out,
            cancelled=self._cancelled.is_set,
            progress=self._advanced.emit,
        )
        if self._cancelled.is_set():  # in the moment in which the last row came in
            undone = self._store.undo()
            if undone is not None:
                return undone, True
        return change, False

    def _done(self, outcome: tuple[Change, bool]) -> None:
        change, taken_back = outcome
        self._end()
        if taken_back:
            self._session.apply(change, self._page)
            show_toast(self._page, _CANCELLED)
            return
        self._remember()
        self.imported.emit(change)
        self._session.apply(change, self._page)
        if not self._cancelled.is_set():
            self._dialog.accept()
        words = f"Imported {format.plural(len(change.added), 'example')}."
        show_toast(self._page, words, act="Undo", on_act=self._session.undo)

    def _failed(self, error: UserError) -> None:
        if self._cancelled.is_set():
            self._end()
            show_toast(self._page, _CANCELLED)
            return
        self.over.emit()
        self._dialog.give_back(self._staging, error)
        self.deleteLater()

    def _end(self) -> None:
        self._staging.stop()
        self.over.emit()
        self.deleteLater()

    def _remember(self) -> None:
        """Use the columns in the same way for the next file that has these."""
        if self._columns is None:
            return
        columns, mapping = self._columns

        def work() -> None:
            from core.dataset.importing import remembered

            with suppress(OSError):  # a convenience; nothing is lost
                remembered.remember(columns, mapping)

        tasks.run(work, done=lambda _: None)
