"""The Models page: the base models on this machine, what each is, and which one the project uses."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QAction, QDesktopServices, QKeySequence
from PySide6.QtWidgets import QFrame, QSplitter, QVBoxLayout, QWidget

from app import base_choice, format, model_sample, model_words, models_here
from app.latest import Latest
from app.models_here import Here, Model
from app.pages.model_adding import ModelAdding
from app.pages.model_removing import ModelRemoving
from app.pages.page import Page
from app.preferences import remember
from app.session import Session
from app.theme import SPACE
from app.widgets.model_card import ModelCard
from app.widgets.model_list import ModelList, ModelRow
from app.widgets.toast import show_toast
from core.errors import UserError
from core.recipe.choices import CHAT_TEMPLATES, OWN
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe


class ModelsPage(Page):
    """The list on the left, the chosen model on the right."""

    title = "Models"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self._here: Here | None = None
        self._chosen = ""
        self._wanted = ""  # to be chosen as soon as it is listed
        self._before: Recipe | None = None
        self._sampled: tuple[object, ...] = ()
        self.list = ModelList("Models on this machine")
        self.card = ModelCard()
        self._sheet = QFrame()
        self.adding = ModelAdding(self, self._sheet)
        self.removing = ModelRemoving(self)
        self._reader = Latest(self._on_here, failed=self.show_problem, parent=self)
        self._sampler = Latest(self.card.show_sample, failed=self.card.show_sample_problem, parent=self)
        self._arrange()
        self._connect()
        self._add_verbs()

    def _arrange(self) -> None:
        self.set_summary("A base model is what learns. Nothing here uses the network until you search or download.")
        self.add_act(self.adding.button)
        self._sheet.setProperty("kind", "card")
        inside = QVBoxLayout(self._sheet)
        inside.setContentsMargins(SPACE.HALF, SPACE.UNIT, SPACE.HALF, SPACE.UNIT)
        inside.addWidget(self.list, 1)
        self._sheet.setMinimumWidth(340)
        self.card.setMinimumWidth(400)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self._sheet)
        splitter.addWidget(self.card)
        splitter.setStretchFactor(0, 2)
        splitter.setStretchFactor(1, 3)
        splitter.setSizes([420, 600])
        splitter.setChildrenCollapsible(False)
        remember(splitter, "models/sides")
        self.body.addWidget(splitter, 1)
        self.card.hide()

    def _connect(self) -> None:
        self.list.chosen.connect(self._on_chosen)
        self.list.opened.connect(lambda _key: self.use())
        self.list.remove_wanted.connect(lambda _key: self.remove())
        self.card.use_wanted.connect(self.use)
        self.card.folder_wanted.connect(self.show_folder)
        self.card.remove_wanted.connect(self.remove)
        self.adding.added.connect(self.show_model)
        self.removing.removed.connect(self._on_removed)
        self.banner.acted.connect(self._take_back)
        self.session.project_changed.connect(self._on_project)
        self.session.recipe_changed.connect(lambda _source: self._on_recipe())

    def _add_verbs(self) -> None:
        """What the palette and the list of shortcuts offer while this page is shown."""
        for words, keys, act in (
            ("Add a model folder…", "", self.adding.choose),
            ("Use this model in the project", "Ctrl+Return", self.use),
            ("Show the model's folder", "", self.show_folder),
            ("Remove this model…", "", self.remove),
        ):
            action = QAction(words, self)
            action.setShortcuts([QKeySequence(key) for key in keys.split()])
            action.triggered.connect(lambda _checked=False, act=act: act())
            self.addAction(action)

    # What there is

    def enter(self) -> None:
        """Look again at what may have changed elsewhere."""
        self.refresh()

    def refresh(self) -> None:
        """Read the models again."""
        self._sampled = ()
        current = self.session.recipe.model.base if self.session.project is not None else ""
        self._reader.ask(lambda: models_here.read(current))

    def show_model(self, base: str) -> None:
        """Choose a model, as soon as it has been read."""
        self._wanted = base
        self.refresh()

    def _on_project(self) -> None:
        self._before, self._sampled = None, ()
        self.banner.clear()
        if self.isVisible():
            self.refresh()

    def _on_here(self, here: Here) -> None:
        self._here = here
        self._show_rows()
        wanted, self._wanted = self._wanted, ""
        current = self.session.recipe.model.base
        for base in (wanted, self._chosen, current, here.models[0].base if here.models else ""):
            if models_here.named(here.models, base) is not None:
                self.list.choose(base)
                break
        self._on_chosen(self.list.key)

    def _show_rows(self) -> None:
        here = self._here
        if here is not None:
            used = self._used
            rows = [
                ModelRow(model.base, model.title, model_words.row_note(model, in_use=model.base == used))
                for model in here.models
            ]
            self.list.set_rows(rows)

    @property
    def _used(self) -> str:
        """The base model that the open project uses; empty without a project."""
        return self.session.recipe.model.base if self.session.project is not None else ""

    # The chosen one

    @property
    def model(self) -> Model | None:
        """The chosen model."""
        return models_here.named(self._here.models, self._chosen) if self._here is not None else None

    def _on_chosen(self, base: str) -> None:
        self._chosen = base
        self._show_model()

    def _show_model(self) -> None:
        model, here = self.model, self._here
        self.card.setVisible(model is not None)
        if model is None or here is None:
            return
        self.card.show_model(
            model.title,
            model_words.facts(model),
            memory=model_words.memory_title(here.memory),
            needs=model_words.need_rows(model.needs),
            problem=model.error,
        )
        used, project = model.base == self._used, self.session.project
        may_write = project is not None and not project.read_only
        self.card.use.setText("Used in this project" if used else "Use in this project")
        self.card.use.setEnabled(may_write and not used and model.facts is not None)
        self.card.folder.setEnabled(model.path.is_dir())
        self.card.remove.setEnabled(self.removing.can_remove(model))
        self.card.remove.setText("Take off this list" if model.kind == "folder" else "Delete from this machine…")
        self._show_sample(model)

    def _show_sample(self, model: Model) -> None:
        """Have an example rendered as the model reads it, with the template that the project chose for it."""
        settings, project = self.session.recipe.model, self.session.project
        chosen = settings.chat_template if model.base == self._used else OWN
        title = "" if chosen == OWN else CHAT_TEMPLATES[chosen]
        self.card.show_template(model_words.template_note(model, title))
        template = settings.template if chosen != OWN else ""
        wanted = (model.path, template, project)
        if model.facts is None:
            self._sampler.forget()
        elif wanted != self._sampled:
            path = model.path
            self._sampler.ask(lambda: model_sample.render(path, template, lambda: model_sample.example_of(project)))
        self._sampled = wanted

    # What the user wants

    def use(self) -> None:
        """Make the chosen model the project's base model, with the settings that it brings."""
        model, project = self.model, self.session.project
        if model is None or model.facts is None or project is None or project.read_only or model.base == self._used:
            return
        before = self.session.recipe
        change = base_choice.change_of(before, model.base)
        self.session.set_recipe(change.recipe, source=self)
        if change.title:
            self._before = before
            self.banner.say(change.title, change.text, act="Keep my settings")
        else:
            self.banner.clear()
        text = f"{model.title} is this project's base model."
        show_toast(self, text, act="Settings", on_act=lambda: self.go.emit("settings"))

    def show_folder(self) -> None:
        """Show the chosen model's files in the system's file manager."""
        if self.model is not None and self.model.path.is_dir():
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.model.path)))

    def remove(self) -> None:
        """Take the chosen folder off the list, or ask whether to delete the chosen download."""
        if self.model is not None:
            self.removing.remove(self.model)

    def _on_removed(self, model: Model, freed: int) -> None:
        self.refresh()
        if model.kind == "cache":
            show_toast(self, f"{model.title} is deleted; {format.size(freed)} are free again.")
            return
        text = f"{model.title} is off the list. The folder itself is as it was."
        show_toast(self, text, act="Undo", on_act=lambda: self.adding.take(Path(model.base)))

    def _take_back(self) -> None:
        """Keep the new base model and everything else as it was before it was chosen."""
        if self._before is not None:
            recipe = with_settings(self._before, {base_choice.BASE: self.session.recipe.model.base})
            self._before = None
            self.banner.clear()
            self.session.set_recipe(recipe, source=self)

    def _on_recipe(self) -> None:
        if self.isVisible():
            self._show_rows()
            self._show_model()

    def show_problem(self, error: UserError) -> None:
        """Say on this page what went wrong."""
        self._before = None
        super().show_problem(error)
