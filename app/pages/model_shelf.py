"""The models on this machine as the Models page lists them, and the card of the chosen one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from app import model_sample, model_words, models_here
from app.latest import Latest
from app.model_sample import Sample
from app.models_here import Here, Model
from app.widgets.model_card import ModelCard
from app.widgets.model_list import ModelList, ModelRow
from app.widgets.template_dialog import TemplateDialog
from core.recipe.choices import CHAT_TEMPLATES, OWN, WRITTEN
from core.recipe.recipe import with_settings

if TYPE_CHECKING:
    from app.pages.page import Page
    from app.session import Session
    from core.project import Project


class ModelShelf(QObject):
    """Reads off the drawing thread; the chosen one stays chosen."""

    read = Signal(object)
    """(Here): what there is now."""
    use_wanted = Signal(object)
    """(Model): it is to be the project's base model."""
    remove_wanted = Signal(object)
    """(Model)"""

    def __init__(self, session: Session, page: Page) -> None:
        super().__init__(page)
        self._session, self._page = session, page
        self.here: Here | None = None
        self._wanted = ""  # to be chosen as soon as it is listed
        self._sampled: tuple[object, ...] = ()
        self.list, self.card = ModelList("Models on this machine"), ModelCard()
        self.card.hide()
        self.reader = Latest(self._on_here, failed=page.show_problem, parent=self)
        self._sampler = Latest(self._on_sample, failed=self.card.show_sample_problem, parent=self)
        self.list.chosen.connect(lambda _key: self._show_model())
        self.list.opened.connect(lambda _key: self.use())
        self.list.remove_wanted.connect(lambda _key: self.remove())
        self.card.use_wanted.connect(self.use)
        self.card.folder_wanted.connect(self.show_folder)
        self.card.remove_wanted.connect(self.remove)
        self.card.template_wanted.connect(self.choose_template)

    @property
    def used(self) -> str:
        """The base model that the open project uses; empty without a project."""
        return self._session.recipe.model.base if self._session.project is not None else ""

    @property
    def model(self) -> Model | None:
        """The chosen model."""
        return models_here.named(self.here.models, self.list.key) if self.here is not None else None

    def refresh(self) -> None:
        """Look again."""
        self._sampled = ()
        current = self.used
        self.reader.ask(lambda: models_here.read(current))

    def choose(self, base: str) -> None:
        """Choose a model as soon as it has been read."""
        self._wanted = base
        self.refresh()

    def show(self) -> None:
        """The settings have changed: show which model is used, and with which chat template."""
        self._show_rows()
        self._show_model()

    def _on_here(self, here: Here) -> None:
        self.here = here
        self._show_rows()
        wanted, self._wanted = self._wanted, ""
        first = here.models[0].base if here.models else ""
        for base in (wanted, self.list.key, self.used, first):
            if models_here.named(here.models, base) is not None:
                self.list.choose(base)
                break
        self._show_model()
        self.read.emit(here)

    def _show_rows(self) -> None:
        if self.here is not None:
            used = self.used
            rows = [
                ModelRow(model.base, model.title, model_words.row_note(model, in_use=model.base == used))
                for model in self.here.models
            ]
            self.list.set_rows(rows)

    def _show_model(self) -> None:
        model, here, project = self.model, self.here, self._session.project
        self.card.setVisible(model is not None)
        if model is None or here is None:
            return
        self.card.show_model(
            model.title,
            model_words.facts(model),
            memory=model_words.memory_title(here.memory),
            needs=model_words.need_rows(model.needs),
            needs_note="" if model.facts is None else model_words.needs_note(model.facts),
            problem=model.error,
        )
        is_used, may_write = model.base == self.used, project is not None and not project.read_only
        self.card.use.setText("Used in this project" if is_used else "Use in this project")
        self.card.use.setEnabled(may_write and not is_used and model.facts is not None)
        self.card.folder.setEnabled(model.path.is_dir())
        self.card.remove.setEnabled(model.can_remove)
        self.card.remove.setText("Take off this list" if model.kind == "folder" else "Delete from this machine…")
        self._show_sample(model, is_used=is_used)

    def _show_sample(self, model: Model, *, is_used: bool) -> None:
        """Have an example rendered as the model reads it, with the template that the project chose for it."""
        settings, project = self._session.recipe.model, self._session.project
        chosen = settings.chat_template if is_used else OWN
        note = model_words.template_note(model, "" if chosen == OWN else CHAT_TEMPLATES[chosen])
        self.card.show_template(note, why_not=_why_no_template(project, is_used=is_used))
        template = settings.template if is_used else ""
        wanted = (model.path, template, project)
        if model.facts is None:
            self._sampler.forget()
        elif wanted != self._sampled:
            path = model.path
            self._sampler.ask(lambda: model_sample.render(path, template, lambda: model_sample.example_of(project)))
        self._sampled = wanted

    def _on_sample(self, sample: Sample) -> None:
        self.card.show_sample(sample.text)

    def choose_template(self) -> None:
        """Let the user choose another chat template for the project's model, and see what it does."""
        model, project, settings = self.model, self._session.project, self._session.recipe.model
        if model is None or project is None or project.read_only or model.base != self.used:
            return
        path, has_own = model.path, model.facts is not None and model.facts.has_chat_template
        dialog = TemplateDialog(
            settings.chat_template,
            settings.written_template,
            self._page,
            has_own=has_own,
            render=lambda template: model_sample.render(path, template, lambda: model_sample.example_of(project)),
        )
        dialog.chosen.connect(lambda name, text: self._use_template(project, name, text))
        dialog.open()

    def _use_template(self, project: Project, name: str, text: str) -> None:
        if self._session.project is project:
            written = {"model.written_template": text} if name == WRITTEN else {}
            recipe = with_settings(self._session.recipe, {"model.chat_template": name, **written})
            self._session.set_recipe(recipe, source=self)

    def use(self) -> None:
        """The chosen model is to be the project's base model."""
        if self.model is not None and self.card.use.isEnabled():
            self.use_wanted.emit(self.model)

    def remove(self) -> None:
        """The chosen model is to be removed."""
        if self.model is not None and self.model.can_remove:
            self.remove_wanted.emit(self.model)

    def show_folder(self) -> None:
        """Show the chosen model's files in the system's file manager."""
        if self.model is not None and self.model.path.is_dir():
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.model.path)))


def _why_no_template(project: Project | None, *, is_used: bool) -> str:
    """Why no other chat template can be chosen for a model; empty when one can."""
    if project is None:
        return "It is chosen for a project. Open one first."
    if project.read_only:
        return "This project can only be read."
    return "" if is_used else "It is chosen for the model of this project. Use this one first."
