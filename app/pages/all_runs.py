"""All runs of the project: the second tab of the Train page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from app.latest import Latest
from app.models.runs_table import Row, RunsTable
from app.pages.run_elsewhere import RunElsewhere
from app.pages.run_verbs import RunVerbs
from app.session import Session
from app.theme import SPACE
from app.widgets.card import Card
from app.widgets.menu_button import add_menu
from app.widgets.run_notes import RunNotes
from app.widgets.runs_list import RunsList
from core.runs import notes
from core.runs.folder import RunFolder
from core.runs.notes import Notes

if TYPE_CHECKING:
    from core.project import Project
    from core.recipe.schema import Recipe
    from core.runs.overview import Overview

FROM_DEFAULTS = "defaults"
FROM_CHOSEN = "chosen"
_REFRESH_MS = 2000


class AllRuns(QWidget):
    """Reads the runs in the background whenever they change."""

    refreshed = Signal()
    """The table has the runs as they are now."""
    opened = Signal(object)
    """(RunFolder): the user wants to look at it."""
    ticked = Signal()
    """Another choice of runs is to lie over the chart."""
    duplicate_wanted = Signal(object)
    """(RunFolder): the user wants a run like it, with other settings."""
    noted = Signal(object, object)
    """(RunFolder, Notes): the user has said something else of a run."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._overview: Overview | None = None
        self.table = RunsTable(self)
        self.list = RunsList(self.table)
        self.compare = QComboBox()
        self.compare.addItem("the defaults", FROM_DEFAULTS)
        self.compare.addItem("the chosen run", FROM_CHOSEN)
        self.compare.setAccessibleName("Show settings that differ from")
        self.compare.currentIndexChanged.connect(self.refresh)
        self.notes = RunNotes()
        self.verbs = RunVerbs(session, self)
        self.elsewhere = RunElsewhere(session, self)
        self.show_run = QPushButton("Show this run")
        self.show_run.clicked.connect(lambda: self.opened.emit(self.list.run))
        self.more = QPushButton("More")
        self._noted: RunFolder | None = None  # whose notes are shown
        self._reader = Latest(self._on_rows, parent=self)
        self._clock = QTimer(self, interval=_REFRESH_MS)
        self._clock.timeout.connect(self._refresh_if_training)
        self._arrange()
        self.table.ticked.connect(self.ticked)
        self.list.opened.connect(self.opened)
        self.list.chosen.connect(self._on_chosen)
        self.notes.changed.connect(self._on_notes)
        session.hand_over.connect(self.notes.keep)
        session.runs_changed.connect(self.refresh)
        session.project_changed.connect(self._on_project)

    def _arrange(self) -> None:
        hint = QLabel("Tick up to five runs to compare them in the loss chart.")
        hint.setProperty("kind", "secondary")
        hint.setWordWrap(True)
        label = QLabel("Settings that differ from")
        label.setProperty("kind", "secondary")
        row = QHBoxLayout()
        row.setSpacing(SPACE.UNIT)
        row.addWidget(hint, 1)
        row.addWidget(label)
        row.addWidget(self.compare)
        card = Card()
        card.body.addLayout(row)
        card.body.addWidget(self.list, 1)
        self.notes.add_button(self.show_run)
        self.notes.add_button(self.more)
        self.notes.hide()
        card.body.addWidget(self.notes)
        menu = QMenu(self.more)
        self._acts = [
            menu.addAction(words, partial(self._act, verb))
            for words, verb in (
                ("Duplicate and change…", self.duplicate_wanted.emit),
                ("Show its folder", self.verbs.show_folder),
                ("Save as a Python script…", self.verbs.save_script),
                ("Save for TensorBoard…", self.verbs.save_for_tensorboard),
                ("Pack for another machine…", self.elsewhere.pack),
                ("Bring a result back…", lambda _run: self.elsewhere.bring_back()),
                ("Move to the trash", self.verbs.throw_away),
            )
        ]
        add_menu(self.more, menu)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._on_menu)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(card)

    def refresh(self) -> None:
        """Read the runs again."""
        project = self._session.project
        if project is None:
            self._reader.forget()
            self.table.set_rows([])
            return
        from core.runs.overview import Overview

        overview = self._overview = self._overview or Overview()
        chosen = self.list.run if self.compare.currentData() == FROM_CHOSEN else None
        self._reader.ask(lambda: _rows(project, overview, chosen))

    def showEvent(self, event: QShowEvent) -> None:
        """Keep the numbers of a run under way up to date while somebody can see them."""
        super().showEvent(event)
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest."""
        self._clock.stop()
        super().hideEvent(event)

    def _refresh_if_training(self) -> None:
        if self._session.is_training and not self._reader.busy:
            self.refresh()

    def _on_project(self) -> None:
        self._overview = None
        self.table.set_rows([])
        self.table.set_ticks([])
        self._show_notes(None)
        self.refresh()

    def _on_rows(self, rows: list[Row]) -> None:
        self.table.set_rows(rows)
        self._show_notes(self.list.run)
        self.refreshed.emit()

    def _on_chosen(self, run: RunFolder | None) -> None:
        self._show_notes(run)
        if self.compare.currentData() == FROM_CHOSEN:
            self.refresh()

    # What the user says of a run, and does with it

    def _show_notes(self, run: RunFolder | None) -> None:
        """Show what was said of the chosen run; a refresh leaves alone what is being typed."""
        project, row = self._session.project, None if run is None else self.table.row_of(run)
        self.notes.setVisible(row is not None)
        if row is None:
            self._noted = None
            return
        may_write = project is not None and not project.read_only
        self.notes.set_read_only(not may_write)
        for act in (self._acts[0], *self._acts[-2:]):
            act.setEnabled(may_write)
        if run != self._noted:
            self.notes.keep()
            self._noted = run
            summary = self.table.summaries()[row]
            self.notes.show_notes(notes.name(summary.run, Notes()), summary.notes)

    def _on_notes(self, said: Notes) -> None:
        run = self._noted
        if run is not None:
            self._session.write(lambda: notes.write(run, said), done=lambda kept: self._on_kept(run, kept))

    def _on_kept(self, run: RunFolder, kept: Notes) -> None:
        self.noted.emit(run, kept)
        self.refresh()

    def _act(self, verb: Callable[[RunFolder], None]) -> None:
        if self.list.run is not None:
            self.notes.keep()
            verb(self.list.run)

    def _on_menu(self, place: QPoint) -> None:
        menu = self.more.menu()
        if self.list.indexAt(place).isValid() and menu is not None:
            menu.popup(self.list.viewport().mapToGlobal(place))


def _rows(project: Project, overview: Overview, chosen: RunFolder | None) -> list[Row]:
    from core.recipe import words

    summaries = overview.look(project.runs())
    base = next((summary.recipe for summary in summaries if summary.run == chosen), None)
    rows = []
    for summary in summaries:
        recipe = summary.recipe
        if recipe is None:
            rows.append(Row(summary, "The settings of this run cannot be read."))
            continue
        found = words.difference(base or _defaults(recipe), recipe)
        rows.append(Row(summary, ", ".join(found)))
    return rows


def _defaults(recipe: Recipe) -> Recipe:
    """What the form would propose for the run's base model."""
    from core.errors import RecipeError
    from core.recipe.presets import base_recipe
    from core.recipe.schema import Recipe

    try:
        return base_recipe(recipe.model.base)
    except (RecipeError, OSError):
        return Recipe()
