"""The Models page: base models on this machine and on the hub, what each is, and which one the project uses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFrame, QPushButton, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app import base_choice, format
from app.hub_access import HubAccess
from app.models_here import Here, Model
from app.pages.hub_models import HubModels
from app.pages.model_adding import ModelAdding
from app.pages.model_downloads import ModelDownloads
from app.pages.model_removing import ModelRemoving
from app.pages.model_shelf import ModelShelf
from app.pages.page import Page
from app.preferences import remember
from app.session import Session
from app.theme import SPACE
from app.widgets.segments import Segments
from app.widgets.toast import keep_clear, show_toast
from app.widgets.unfinished_list import UnfinishedList
from core.errors import UserError
from core.recipe.recipe import with_settings

HERE, HUB = "here", "hub"
_TABS = {HERE: "On this machine", HUB: "Find on the hub"}


class ModelsPage(Page):
    """Lists on the left, the chosen model on the right."""

    title = "Models"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self._act: Callable[[], object] | None = None  # of the banner
        self._taking_back = False  # whether that is to take settings back
        self.access = HubAccess()
        self._sheet = QFrame()
        self.tabs = Segments(_TABS, "Models")
        self.shelf, self.hub = ModelShelf(session, self), HubModels(self.access, self)
        self.adding, self.removing = ModelAdding(self, self._sheet), ModelRemoving(self)
        self.downloads = ModelDownloads(self, self.access)
        self.unfinished = UnfinishedList()
        keep_clear(self.unfinished)
        self.token = QPushButton("Access token…")
        self.token.setToolTip("For models whose owner wants consent")
        self._arrange()
        self._connect()
        self._add_verbs()

    def _arrange(self) -> None:
        self.set_summary("A base model is what learns. Nothing here uses the network until you search or download.")
        self.add_act(self.token)
        self.add_act(self.adding.button)
        here = QWidget()
        column = QVBoxLayout(here)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.shelf.list, 1)
        column.addWidget(self.unfinished)
        self._lists, self._cards = QStackedWidget(), QStackedWidget()
        for widget in (here, self.hub.finder):
            self._lists.addWidget(widget)
        for card in (self.shelf.card, self.hub.card):
            self._cards.addWidget(_filled(card))
        self._sheet.setProperty("kind", "card")
        inside = QVBoxLayout(self._sheet)
        inside.setContentsMargins(SPACE.HALF, SPACE.FIELD, SPACE.HALF, SPACE.FIELD)
        inside.setSpacing(SPACE.UNIT)
        inside.addWidget(self.tabs, 0, Qt.AlignmentFlag.AlignHCenter)
        inside.addWidget(self._lists, 1)
        self._sheet.setMinimumWidth(340)
        self._cards.setMinimumWidth(400)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self._sheet)
        splitter.addWidget(self._cards)
        splitter.setStretchFactor(0, 2)
        splitter.setStretchFactor(1, 3)
        splitter.setSizes([420, 600])
        splitter.setChildrenCollapsible(False)
        remember(splitter, "models/sides")
        self.body.addWidget(self.downloads.bar)
        self.body.addWidget(splitter, 1)

    def _connect(self) -> None:
        self.tabs.chosen.connect(self.show_tab)
        self.shelf.read.connect(self._on_here)
        self.shelf.use_wanted.connect(self._use)
        self.shelf.remove_wanted.connect(self.removing.remove)
        self.hub.download_wanted.connect(self.downloads.look_at)
        self.hub.show_wanted.connect(self.show_model)
        self.hub.failed.connect(self.show_problem)
        self.adding.added.connect(self.show_model)
        self.removing.removed.connect(self._on_removed)
        self.downloads.downloaded.connect(self.show_model)
        self.downloads.changed.connect(self.shelf.refresh)
        self.downloads.told.connect(lambda share: self.state_told.emit("accent" if share else "", share))
        self.downloads.failed.connect(self._on_download_failed)
        self.unfinished.go_on_wanted.connect(self.downloads.go_on)
        self.unfinished.discard_wanted.connect(self.downloads.discard)
        self.token.clicked.connect(lambda: self.downloads.ask_for_token())
        self.banner.acted.connect(self._on_act)
        self.session.project_changed.connect(self._on_project)
        self.session.recipe_changed.connect(self._on_recipe)

    def _add_verbs(self) -> None:
        """What the palette and the list of shortcuts offer while this page is shown."""
        for words, keys, act in (
            ("Search for models on the hub", "Ctrl+F", self.find),
            ("Add a model folder…", "", self.adding.choose),
            ("Use this model in the project", "Ctrl+Return", self.shelf.use),
            ("Choose another chat template…", "", self.shelf.choose_template),
            ("Show the model's folder", "", self.shelf.show_folder),
            ("Remove this model…", "", self.shelf.remove),
            ("Access token of the hub…", "", lambda: self.downloads.ask_for_token()),
        ):
            action = QAction(words, self)
            action.setShortcuts([QKeySequence(key) for key in keys.split()])
            action.triggered.connect(lambda _checked=False, act=act: act())
            self.addAction(action)

    # What there is

    def enter(self) -> None:
        """Look again at what may have changed elsewhere."""
        self.shelf.refresh()

    @property
    def paused_by_closing(self) -> str:
        """A download under way."""
        return self.downloads.under_way

    def show_tab(self, tab: str) -> None:
        """Show the models on this machine, or those on the hub."""
        self.tabs.set_value(tab)
        for stack in (self._lists, self._cards):
            stack.setCurrentIndex(list(_TABS).index(tab))

    def find(self) -> None:
        """Let the user look for a model on the hub."""
        self.show_tab(HUB)
        self.hub.finder.field.setFocus()
        self.hub.finder.field.selectAll()

    def show_model(self, base: str) -> None:
        """Choose a model on this machine, as soon as it has been read."""
        self.show_tab(HERE)
        self.shelf.choose(base)

    def _on_here(self, here: Here) -> None:
        self.unfinished.set_rows(self.downloads.show(here))
        self.hub.show(here, busy=self.downloads.job.busy)

    def _on_project(self) -> None:
        self._act = None
        self.banner.clear()
        if self.isVisible():
            self.shelf.refresh()

    def _on_recipe(self, source: object) -> None:
        if source is not self and self._taking_back:
            self._taking_back = False  # what came later would be lost with it
            self.banner.clear()
        if self.isVisible():
            self.shelf.show()

    # What the user wants

    def _use(self, model: Model) -> None:
        """Make a model the project's base model, with the settings that it brings."""
        project, before = self.session.project, self.session.recipe
        change = base_choice.change_of(before, model.base)
        self.session.set_recipe(change.recipe, source=self)

        def take_back() -> None:
            if self.session.project is project:
                kept = with_settings(before, {base_choice.BASE: self.session.recipe.model.base})
                self.session.set_recipe(kept, source=self)

        self.banner.clear()
        self._taking_back = False
        if change.title:
            self._act, self._taking_back = take_back, True
            self.banner.say(change.title, change.text, act="Keep my settings")
        text = f"{model.title} is this project's base model."
        show_toast(self, text, act="Settings", on_act=lambda: self.go.emit("settings"))

    def _on_removed(self, model: Model, freed: int) -> None:
        self.shelf.refresh()
        if model.kind == "cache":
            show_toast(self, f"{model.title} is deleted; {format.size(freed)} are free again.")
            return
        text = f"{model.title} is off the list. The folder itself is as it was."
        show_toast(self, text, act="Undo", on_act=lambda: self.adding.take(Path(model.base)))

    def _on_download_failed(self, error: UserError) -> None:
        self._act = self.downloads.try_again
        self.banner.show_problem(error, act="Try again")

    def _on_act(self) -> None:
        act, self._act = self._act, None
        self.banner.clear()
        if act is not None:
            act()

    def show_problem(self, error: UserError) -> None:
        """Say on this page what went wrong."""
        self._act = None
        super().show_problem(error)


def _filled(card: QWidget) -> QWidget:
    """A place for a card that may be hidden: a stack would show it."""
    place = QWidget()
    column = QVBoxLayout(place)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(card)
    return place
