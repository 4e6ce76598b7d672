"""Find and replace for the Examples page: searches while the dialog is written in, previews, carries out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app import format
from app.background_job import BackgroundJob
from app.example_words import FIELD_WORDS
from app.latest import Latest
from app.models.example_table import ExampleTable
from app.session import Session
from app.widgets.diff_list import AT_ONCE
from app.widgets.example_browser import ExampleBrowser
from app.widgets.replace_dialog import ReplaceDialog, Where
from app.widgets.word_diff import DiffSection
from core.dataset.change import Change
from core.dataset.replace import Found, Replacement, Replacer, ReplaceSearch, replace_in, texts
from core.dataset.store import ExampleStore
from core.dataset.word_diff import differences, shorten
from core.errors import UserError

_AROUND = 60  # characters of what surrounds a change


class ExampleReplace(QObject):
    """One dialog from its opening to its end.

    Signals: ``replaced(Change)``.
    """

    replaced = Signal(object)

    def __init__(
        self, session: Session, store: ExampleStore, table: ExampleTable, browser: ExampleBrowser, page: QWidget
    ) -> None:
        super().__init__(page)
        self._session, self._store = session, store
        chosen = browser.list.chosen_ids()
        self._scopes: dict[str, Sequence[int] | None] = {"all": None}
        places = [Where("all", f"All {format.plural(table.counts.total, 'example')}")]
        if browser.is_narrowed and table.rowCount():
            self._scopes["listed"] = table.ids
            places.append(Where("listed", f"The {format.plural(table.rowCount(), 'example')} in the list"))
        if len(chosen) > 1:
            self._scopes["chosen"] = chosen
            places.append(Where("chosen", f"The {format.plural(len(chosen), 'selected example')}"))
        self.dialog = ReplaceDialog(places, page)
        self.dialog.wish_changed.connect(self._search)
        self.dialog.replace_wanted.connect(self._replace)
        self.dialog.list.more_wanted.connect(self._show_more)
        self.dialog.finished.connect(self._end)
        self._ids: list[int] = []
        self._wish = Replacement("")
        self._shown = AT_ONCE
        self._job = BackgroundJob(self)
        self._job.told.connect(self._on_found)
        self._job.ended.connect(self._on_end)
        self._job.failed.connect(self._on_failed)
        self._preview = Latest(self._on_preview, failed=self.dialog.show_problem, parent=self)
        self.dialog.open()
        self.dialog.find_line.setFocus()

    @property
    def busy(self) -> bool:
        """Whether a search or a preview is under way."""
        return self._job.busy or self._preview.busy

    # --- Looking ----------------------------------------------------------------------------------------------------

    def _search(self) -> None:
        self._ids, self._wish, self._shown = [], self.dialog.wish, AT_ONCE
        self._preview.forget()
        self._job.stop()
        wish, path, ids = self._wish, self._store.path, self._scopes[self.dialog.where.value]
        if not wish.find or not wish.fields:
            self.dialog.show_nothing()
            return
        try:
            Replacer(wish)
        except UserError as error:  # told at once, without starting a process
            self.dialog.show_problem(error)
            return
        self.dialog.show_searching()
        self._job.start(lambda: _search(path, wish, ids))

    def _on_found(self, found: Found) -> None:
        before = len(self._ids)
        self._ids += found.ids
        self.dialog.show_found(matches=found.matches, examples=len(self._ids), done=found.done, total=found.total)
        if before < self._shown and len(self._ids) > before:
            self._show(stay=before > 0)

    def _on_end(self) -> None:
        self.dialog.show_end(len(self._ids))

    def _on_failed(self, error: UserError) -> None:
        self._preview.forget()
        self.dialog.show_problem(error)

    def _show_more(self) -> None:
        self._shown += AT_ONCE
        self._show(stay=True)

    def _show(self, *, stay: bool) -> None:
        store, wish, ids = self._store, self._wish, self._ids[: self._shown]
        self._preview.ask(lambda: (_sections(store, wish, ids), len(ids), stay))

    def _on_preview(self, answer: tuple[list[DiffSection], int, bool]) -> None:
        sections, shown, stay = answer
        self.dialog.list.show_sections(sections, shown=shown, total=len(self._ids), stay=stay)

    # --- Doing it ---------------------------------------------------------------------------------------------------

    def _replace(self) -> None:
        store, wish, ids = self._store, self._wish, tuple(self._ids)
        self.dialog.show_replacing()
        self._session.hand_over.emit()
        self._session.write(
            lambda: replace_in(store, ids, wish), done=self._on_replaced, failed=self.dialog.show_problem
        )

    def _on_replaced(self, change: Change) -> None:
        self.replaced.emit(change)
        self.dialog.accept()

    def _end(self) -> None:
        self._job.stop()
        self._preview.forget()


def _search(path: Path, wish: Replacement, ids: Sequence[int] | None) -> ReplaceSearch:
    return ReplaceSearch(path, wish, ids)


def _sections(store: ExampleStore, wish: Replacement, ids: Sequence[int]) -> list[DiffSection]:
    """What becomes of these examples."""
    replacer = Replacer(wish)
    sections = []
    for example in store.rows(ids):
        edit = replacer.edit(example)
        for name, before, after in () if edit is None else texts(example, edit):
            pieces = shorten(differences(before, after), around=_AROUND)
            sections.append(DiffSection(f"Example {format.count(example.id)}, {FIELD_WORDS[name].lower()}", pieces))
    return sections
