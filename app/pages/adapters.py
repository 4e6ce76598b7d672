"""The Adapters page: what training has made and what was taken in from elsewhere, found again and taken away."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QAction,
    QHideEvent,
    QKeySequence,
)
from PySide6.QtWidgets import QFrame, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app import adapter_details, format
from app.adapter_details import AdapterDetails
from app.exporting import Exporting, MakeExport, make_export
from app.latest import Latest
from app.models.adapters_table import AdaptersTable, Column, Row, read_rows
from app.pages.adapter_difference import Difference
from app.pages.adapter_import import AdapterImport
from app.pages.adapter_verbs import AdapterVerbs
from app.pages.page import Page
from app.preferences import remember
from app.session import Session
from app.theme import SPACE
from app.widgets.adapter_card import AdapterCard
from app.widgets.adapter_filter import AdapterFilter
from app.widgets.empty_state import EmptyState
from app.widgets.runs_list import Columns, RunsList
from core.runs.notes import Notes

if TYPE_CHECKING:
    from core.export.source import Source
    from core.library.trash import Removed
    from core.project import Project
    from core.runs.overview import Overview

_COLUMNS = Columns(
    "Adapters",
    {
        Column.NAME: 178,
        Column.MADE: 132,
        Column.RANK: 52,
        Column.HELDOUT: 78,
        Column.SIZE: 88,
    },
    stretch=Column.BASE,
    newest=Column.MADE,
    fitted=(Column.NAME,),
)
_PURPOSE = (
    "An adapter is what training makes: a small file that gives the base model your voice or your task. Here you keep "
    "yours, and take in others: drop the folder or the zip file of one here."
)


class AdaptersPage(Page):
    """The table on the left, the chosen adapter on the right."""

    title = "Adapters"

    def __init__(
        self, session: Session, parent: QWidget | None = None, *, make_export: MakeExport = make_export
    ) -> None:
        super().__init__(session, parent)
        self._overview: Overview | None = None
        self._rows: list[Row] = []
        self._chosen = ""
        self._known: set[str] = set()
        self._entered = True  # the newest of those that came since the last visit is chosen
        self._details: AdapterDetails | None = None
        self.exporting = Exporting(session, self, make=make_export)
        self.exporting.failed.connect(self.show_problem)
        self.table = AdaptersTable(self)
        self.list = RunsList(self.table, _COLUMNS)
        self.filter = AdapterFilter()
        self.card = AdapterCard()
        self._sheet = QFrame()
        self.importing = AdapterImport(session, self, self._sheet)
        self.verbs = AdapterVerbs(session, self)
        self.difference = Difference(session, self)
        self.empty = EmptyState("adapters", "No adapter yet", _PURPOSE, "Train the first one", "Import one…")
        self.nothing = EmptyState("search", "Nothing found", "No adapter is like that.", second_act="Show all")
        self._reading_rows = Latest(self._on_rows, failed=self.show_problem, parent=self)
        self._reader = Latest(self._on_details, failed=self.show_problem, parent=self)
        self._arrange()
        self._connect()
        self._add_verbs()
        self.refresh()

    def _arrange(self) -> None:
        self.add_act(self.importing.button)
        self._found = QStackedWidget()
        self._found.addWidget(self.list)
        self._found.addWidget(self.nothing)
        self._sheet.setProperty("kind", "card")
        inside = QVBoxLayout(self._sheet)
        inside.setContentsMargins(1, SPACE.HALF, 1, SPACE.HALF)
        inside.setSpacing(0)
        inside.addWidget(self.filter)
        inside.addWidget(self._found, 1)
        self._sheet.setMinimumWidth(420)
        self.card.setMinimumWidth(340)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self._sheet)
        splitter.addWidget(self.card)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setSizes([660, 360])
        splitter.setChildrenCollapsible(False)
        remember(splitter, "adapters/sides")
        remember(self.list.horizontalHeader(), "adapters/columns")
        self._stack = QStackedWidget()
        self._splitter = splitter
        for face in (QWidget(), self.empty, splitter):
            self._stack.addWidget(face)
        self.body.addWidget(self.importing.progress)
        self.body.addWidget(self._stack, 1)

    def _connect(self) -> None:
        self.list.chosen.connect(self._on_chosen)
        self.list.opened.connect(lambda _key: self.chat())
        self.filter.changed.connect(self._show_rows)
        self.nothing.acted_second.connect(self._show_all)
        self.card.export_wanted.connect(self.export)
        self.card.chat_wanted.connect(self.chat)
        self.card.compare_wanted.connect(self.compare)
        self.card.folder_wanted.connect(self.show_folder)
        self.card.difference_wanted.connect(self.show_difference)
        self.card.trash_wanted.connect(self.throw_away)
        self.card.noted.connect(self._on_noted)
        self.verbs.failed.connect(self.show_problem)
        self.importing.imported.connect(self._on_imported)
        self.importing.wanted_back.connect(self.verbs.bring_back)
        self.difference.examples_wanted.connect(self.examples_wanted)
        self.empty.acted.connect(lambda: self.go.emit("train"))
        self.empty.acted_second.connect(self.importing.choose_folder)
        self.session.hand_over.connect(self.card.keep)
        self.session.runs_changed.connect(self.refresh)
        self.session.project_changed.connect(self._on_project)

    def _add_verbs(self) -> None:
        """What the palette and the list of shortcuts offer while this page is shown."""
        verbs: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("Search adapters", "Ctrl+F", self.filter.search.setFocus),
            ("Chat with this adapter", "", self.chat),
            ("Compare this adapter with the base model", "", self.compare),
            ("Export this adapter…", "Ctrl+E", self.export),
            ("Rename this adapter", "F2", self.card.notes.title.setFocus),
            ("What differs from another adapter…", "", self.show_difference),
            ("Show the adapter's folder", "", self.show_folder),
            ("Import the folder of an adapter…", "", self.importing.choose_folder),
            ("Import a zip file of an adapter…", "", self.importing.choose_file),
        )
        for words, keys, act in verbs:
            action = QAction(words, self)
            action.setShortcuts([QKeySequence(key) for key in keys.split()])
            action.triggered.connect(lambda _checked=False, act=act: act())
            self.addAction(action)
        delete = QAction("Delete this adapter", self.list)
        delete.setShortcut(QKeySequence.StandardKey.Delete)
        delete.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        delete.triggered.connect(self.throw_away)
        self.list.addAction(delete)

    # What the user wants

    def export(self) -> None:
        """Ask in which form and where to, and export the chosen adapter."""
        if self._details is not None and self._details.model is not None:
            self.exporting.open(partial(_source, self._details))

    def chat(self) -> None:
        """Talk to the model with the chosen adapter."""
        if self._details is not None and self._details.model is not None:
            self.chat_wanted.emit(self._details.key)

    def compare(self) -> None:
        """See whether the chosen adapter is better than the base model."""
        if self._details is not None and self._details.model is not None:
            self.compare_wanted.emit(self._details.key)

    def show_folder(self) -> None:
        """Show the chosen adapter's files in the system's file manager."""
        if self._details is not None:
            self.verbs.show_folder(self._details)

    def show_difference(self) -> None:
        """Say what differs between the chosen adapter and another."""
        if self._details is not None:
            others = {row.key: row.title for row in self._rows if row.key != self._details.key and row.base_key}
            self.difference.show(self._details, others)

    def throw_away(self) -> None:
        """Delete the chosen adapter; that can be undone."""
        if self._details is not None and self._details.model is not None:
            self.card.keep()
            self.verbs.throw_away(self._details)

    def _on_noted(self, said: Notes) -> None:
        if self._details is not None:
            self.verbs.keep_notes(self._details, said)

    # What there is

    def enter(self) -> None:
        """Look again; what was made since the last visit is chosen."""
        self._entered = True
        self.refresh()

    def refresh(self) -> None:
        """Read the adapters again."""
        project = self.session.project
        if project is None:
            self._reading_rows.forget()
            self.table.set_rows([])
            return
        from core.runs.overview import Overview

        overview = self._overview = self._overview or Overview()
        self._reading_rows.ask(lambda: _read(project, overview))

    def _on_project(self) -> None:
        self._overview, self._known, self._entered = None, set(), True
        self._rows = []
        self._on_chosen(None)
        self.filter.reset()
        self.banner.clear()
        self.set_summary("")
        self.table.set_rows([])
        self._stack.setCurrentIndex(0)
        self.refresh()

    def _on_imported(self, key: str) -> None:
        self.filter.reset()
        self._known.discard(key)
        self._entered = True

    def _on_rows(self, found: tuple[list[Row], list[Removed]]) -> None:
        rows, removed = found
        self.importing.set_removed(removed)
        new = [row for row in rows if row.key not in self._known]
        self._rows = rows
        self.filter.set_tags(sorted({tag for row in rows for tag in row.notes.tags}, key=str.casefold))
        self._show_rows()
        shown = self.table.rows()
        if shown and (not self.list.key or (new and self._entered)):
            among = [row for row in new if row in shown] or shown
            self.list.choose(max(among, key=lambda row: row.made).key)
        self._on_chosen(self.list.key)
        if self._chosen:
            self._read_details(self._chosen)
        if self._entered or self.isVisible():
            self._known = {row.key for row in rows}
        self._entered = False
        self._show_faces()

    def _show_rows(self) -> None:
        """Those that the user looks for."""
        shown = [row for row in self._rows if row.matches(*self.filter.value)]
        self.table.set_rows(shown)
        self._found.setCurrentWidget(self.list if shown or not self._rows else self.nothing)
        if shown and not self.list.key:
            self.list.choose(max(shown, key=lambda row: row.made).key)
        self._on_chosen(self.list.key)

    def _show_all(self) -> None:
        self.filter.reset()
        self._show_rows()

    def _show_faces(self) -> None:
        self._stack.setCurrentWidget(self._splitter if self._rows else self.empty)
        training = self.session.is_training
        text = "The first one is being trained: it appears here when its run has ended." if training else _PURPOSE
        self.empty.set_words("No adapter yet", text)
        self.empty.button.setText("Look at the run" if training else "Train the first one")
        size = format.size(sum(row.size for row in self._rows))
        self.set_summary(f"{format.plural(len(self._rows), 'adapter')}, {size}." if self._rows else "")

    # The chosen one

    def _on_chosen(self, key: str | None) -> None:
        key = key or ""
        if key == self._chosen:
            return
        self.card.keep()
        self._chosen, self._details = key, None
        self.card.set_usable(False)
        self.card.setVisible(bool(key))
        if key:
            self._read_details(key)
        else:
            self._reader.forget()

    def _read_details(self, key: str) -> None:
        project = self.session.project
        if project is not None:
            path = project.path
            self._reader.ask(lambda: adapter_details.load(path, key))

    def _on_details(self, details: AdapterDetails) -> None:
        project = self.session.project
        if details.key != self._chosen or project is None:
            return
        is_same = self._details is not None and self._details.key == details.key
        before, self._details = self._details, details
        self.card.show_adapter(details.title, details.facts, details.files)
        if not is_same or before is None or before.notes != details.notes:
            known = sorted({tag for row in self._rows for tag in row.notes.tags}, key=str.casefold)
            self.card.show_notes(details.name, details.notes, known=known, read_only=project.read_only)
        self.card.set_usable(True)
        is_readable = details.model is not None
        for button in (self.card.chat, self.card.compare, self.card.export):
            button.setEnabled(is_readable)
        self.card.trash.setEnabled(is_readable and not project.read_only)
        self.card.difference.setEnabled(is_readable and len(self._rows) > 1)

    # Events

    def hideEvent(self, event: QHideEvent) -> None:
        """What was written is kept."""
        super().hideEvent(event)
        self.card.keep()


def _source(details: AdapterDetails) -> Source:
    from core.export.source import Source

    assert details.model is not None
    return Source(details.folder, details.model, details.title, details.run)


def _read(project: Project, overview: Overview) -> tuple[list[Row], list[Removed]]:
    """The adapters there are, and those that can be brought back."""
    from core.library import trash

    return read_rows(project, overview), trash.all_removed(project.path)
