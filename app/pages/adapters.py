"""The Adapters page: what training has made, tried beside the base model, and taken away."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QAction, QDesktopServices, QHideEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QFrame, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app import adapter_details, export_names, format
from app.adapter_details import AdapterDetails
from app.answers import MakeModel, model_process
from app.latest import Latest
from app.models.adapters_table import AdaptersTable, Column, Row
from app.pages.page import Page
from app.pages.try_it import TryIt
from app.preferences import remember
from app.session import Session
from app.theme import SPACE
from app.widgets.adapter_card import AdapterCard
from app.widgets.empty_state import EmptyState
from app.widgets.export_adapter_dialog import ExportAdapterDialog
from app.widgets.runs_list import Columns, RunsList
from app.widgets.try_panel import TryPanel
from core.runs.folder import RunFolder

if TYPE_CHECKING:
    from core.export.job import ExportResult, Progress
    from core.project import Project
    from core.runs.overview import Overview

Exporter = Callable[..., "ExportResult"]
_COLUMNS = Columns(
    "Adapters",
    {
        Column.NAME: 186,
        Column.MADE: 124,
        Column.RANK: 58,
        Column.LOSS: 62,
        Column.HELDOUT: 80,
        Column.SIZE: 84,
    },
    stretch=Column.BASE,
    newest=Column.MADE,
)
_PURPOSE = (
    "An adapter is what training makes: a small file that gives the base model your voice or your task. "
    "Here you try it beside the base model, and take it away for use in other programs."
)


def export_adapter(
    run: RunFolder, target: Path, *, progress: Callable[[int, int], object], cancelled: Callable[[], bool]
) -> ExportResult:
    """Export a run's adapter as a PEFT folder."""
    from core.export.job import export
    from core.export.source import Source

    def told(now: Progress) -> None:
        progress(round(1000 * now.share), 1000)

    return export(Source.of_run(run), "adapter", target, progress=told, cancelled=cancelled)


class AdaptersPage(Page):
    """The table and the chosen adapter above, the panel to try it below."""

    title = "Adapters"

    def __init__(
        self,
        session: Session,
        parent: QWidget | None = None,
        *,
        make_model: MakeModel = model_process,
        export: Exporter = export_adapter,
    ) -> None:
        super().__init__(session, parent)
        self._export = export
        self._overview: Overview | None = None
        self._chosen: RunFolder | None = None
        self._known: set[RunFolder] = set()
        self._entered = True  # the newest of those that came since the last visit is chosen
        self._details: AdapterDetails | None = None
        self.dialog: ExportAdapterDialog | None = None
        self.table = AdaptersTable(self)
        self.list = RunsList(self.table, _COLUMNS)
        self.card = AdapterCard()
        self.panel = TryPanel()
        self.try_it = TryIt(session, self.panel, make=make_model, parent=self)
        self.empty = EmptyState("adapters", "No adapter yet", _PURPOSE, "Train the first one")
        self._rows = Latest(self._on_rows, failed=self.show_problem, parent=self)
        self._reader = Latest(self._on_details, failed=self.show_problem, parent=self)
        self._arrange()
        self._connect()
        self._add_verbs()
        self.refresh()

    def _arrange(self) -> None:
        table = QFrame()
        table.setProperty("kind", "card")
        inside = QVBoxLayout(table)
        inside.setContentsMargins(1, SPACE.HALF, 1, SPACE.HALF)
        inside.addWidget(self.list)
        table.setMinimumWidth(420)
        self.card.setMinimumWidth(300)
        upper = QSplitter(Qt.Orientation.Horizontal)
        upper.addWidget(table)
        upper.addWidget(self.card)
        upper.setStretchFactor(0, 3)
        upper.setStretchFactor(1, 2)
        upper.setSizes([700, 300])
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.addWidget(upper)
        self._splitter.addWidget(self.panel)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setStretchFactor(1, 3)
        self._splitter.setSizes([290, 370])
        for splitter, name in ((upper, "adapters/upper"), (self._splitter, "adapters/splitter")):
            splitter.setChildrenCollapsible(False)
            remember(splitter, name)
        remember(self.list.horizontalHeader(), "adapters/columns")
        self._stack = QStackedWidget()
        for face in (QWidget(), self.empty, self._splitter):
            self._stack.addWidget(face)
        self.body.addWidget(self._stack, 1)

    def _connect(self) -> None:
        self.list.chosen.connect(self._on_chosen)
        self.list.opened.connect(self._begin_question)
        self.card.export_wanted.connect(self.export)
        self.card.folder_wanted.connect(self.show_folder)
        self.empty.acted.connect(lambda: self.go.emit("train"))
        self.session.runs_changed.connect(self.refresh)
        self.session.project_changed.connect(self._on_project)

    def _add_verbs(self) -> None:
        """What the palette and the list of shortcuts offer while this page is shown."""
        verbs: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("Answer the question", "Ctrl+Return Ctrl+Enter", self.try_it.ask),
            ("Stop answering", "Escape", self.try_it.stop),
            ("Next held-out example", "Alt+Down", self.panel.heldout.next),
            ("Previous held-out example", "Alt+Up", self.panel.heldout.previous),
            ("Export this adapter…", "Ctrl+E", self.export),
            ("Show the adapter's folder", "", self.show_folder),
        )
        for words, keys, act in verbs:
            action = QAction(words, self)
            action.setShortcuts([QKeySequence(key) for key in keys.split()])
            action.triggered.connect(lambda _checked=False, act=act: act())
            self.addAction(action)
            if act == self.try_it.stop:
                action.setEnabled(False)  # Escape is others' while nothing is being answered
                self.try_it.answers.state_changed.connect(lambda _, a=action: a.setEnabled(self.try_it.answers.busy))

    # What the user wants

    def export(self) -> None:
        """Ask where to, and export the chosen adapter."""
        details, project = self._details, self.session.project
        if details is None or project is None or self.dialog is not None:
            return
        run, title = details.run, details.title
        dialog = self.dialog = ExportAdapterDialog(
            lambda target, progress, cancelled: self._export(run, target, progress=progress, cancelled=cancelled),
            export_names.free,
            folder=export_names.folder(project),
            name=export_names.name(run),
            text=f"{title}. Whoever uses it also needs its base model{f': {details.base}' if details.base else ''}.",
            parent=self,
        )
        dialog.show_wanted.connect(_show)
        dialog.finished.connect(self._on_dialog_closed)
        dialog.open()

    def show_folder(self) -> None:
        """Show the chosen adapter's files in the system's file manager."""
        if self._details is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._details.run.adapter)))

    def _begin_question(self, _run: RunFolder) -> None:
        self.panel.instruction.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_dialog_closed(self) -> None:
        self.dialog = None

    # What there is

    def enter(self) -> None:
        """Look again; what was trained since the last visit is chosen."""
        self._entered = True
        self.refresh()

    def refresh(self) -> None:
        """Read the adapters again."""
        project = self.session.project
        if project is None:
            self._rows.forget()
            self.table.set_rows([])
            return
        from core.runs.overview import Overview

        overview = self._overview = self._overview or Overview()
        self._rows.ask(lambda: _read(project, overview))

    def _on_project(self) -> None:
        self._overview, self._known, self._entered = None, set(), True
        self._on_chosen(None)
        self.banner.clear()
        self.set_summary("")
        if self.dialog is not None:
            self.dialog.reject()
        self.table.set_rows([])
        self._stack.setCurrentIndex(0)
        self.refresh()

    def _on_rows(self, rows: list[Row]) -> None:
        new = [row for row in rows if row.run not in self._known]
        self.table.set_rows(rows)
        if rows and (self.list.run is None or (new and self._entered)):
            self.list.choose(max(new or rows, key=lambda row: row.made).run)
        self._on_chosen(self.list.run)
        if self._chosen is not None:
            self._read_details(self._chosen)
        if self._entered or self.isVisible():
            self._known = {row.run for row in rows}
        self._entered = False
        self._show_faces(rows)

    def _show_faces(self, rows: list[Row]) -> None:
        self._stack.setCurrentWidget(self._splitter if rows else self.empty)
        training = self.session.is_training
        text = "The first one is being trained: it appears here when its run has ended." if training else _PURPOSE
        self.empty.set_words("No adapter yet", text)
        self.empty.button.setText("Look at the run" if training else "Train the first one")
        size = format.size(sum(row.summary.adapter_bytes or 0 for row in rows))
        self.set_summary(f"{format.plural(len(rows), 'adapter')}, {size}." if rows else "")

    # The chosen one

    def _on_chosen(self, run: RunFolder | None) -> None:
        if run == self._chosen:
            return
        self._chosen, self._details = run, None
        for button in (self.card.export, self.card.folder):
            button.setEnabled(False)
        self.try_it.set_details(None)
        if run is None:
            self._reader.forget()
        else:
            self._read_details(run)

    def _read_details(self, run: RunFolder) -> None:
        self._reader.ask(partial(adapter_details.load, run))

    def _on_details(self, details: AdapterDetails) -> None:
        if details.run != self._chosen:
            return
        self._details = details
        self.card.show_adapter(details.title, details.facts, details.files)
        for button in (self.card.export, self.card.folder):
            button.setEnabled(True)
        self.try_it.set_details(details, details.title)

    # Events

    def showEvent(self, event: QShowEvent) -> None:
        """The model is wanted again."""
        super().showEvent(event)
        self.try_it.set_seen(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """A model that nobody sees is let go after some minutes."""
        super().hideEvent(event)
        self.try_it.set_seen(False)


def _read(project: Project, overview: Overview) -> list[Row]:
    from core.base_models import catalogue

    found = [summary for summary in overview.look(project.runs()) if summary.adapter_bytes is not None]
    return [
        Row(summary, catalogue.display_name(summary.recipe.model.base) if summary.recipe is not None else "")
        for summary in found
    ]


def _show(path: Path) -> None:
    """Show where a folder or a file lies."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path if path.is_dir() else path.parent)))
