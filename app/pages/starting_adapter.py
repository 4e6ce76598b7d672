"""The setting "Start from": which adapters there are, and the settings that the chosen one asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app import before_run
from app.latest import Latest
from app.session import Session
from app.widgets.recipe_form import START, RecipeForm
from app.widgets.toast import show_toast
from core.errors import UserError
from core.library.start_adapter import settings_of
from core.recipe.recipe import differences, with_settings
from core.recipe.reference import setting_named


class StartingAdapter(QObject):
    """Looks for adapters, and gives the recipe the settings of the one that the user chooses; that can be undone."""

    def __init__(self, session: Session, form: RecipeForm, page: QWidget) -> None:
        super().__init__(page)
        self._session, self._form, self._page = session, form, page
        self._lister = Latest(form.set_adapters, failed=lambda _: None, parent=self)
        self._reader = Latest(self._take, failed=self._refuse, parent=self)

    def look(self) -> None:
        """See which runs have an adapter by now."""
        project = self._session.project
        if project is not None:
            self._lister.ask(lambda: before_run.adapters(project))

    def chosen(self, key: str) -> None:
        """The user wants runs to start from this adapter; empty for a new one."""
        project = self._session.project
        self._reader.forget()
        if key and project is not None:
            self._reader.ask(lambda: (key, project.runs_folder, settings_of(key, project.runs_folder)))

    def _take(self, answer: tuple[str, Path, dict[str, Any]]) -> None:
        key, runs, settings = answer
        project, before = self._session.project, self._session.recipe
        if project is None or project.runs_folder != runs or before.lora.start_from != key:
            return
        after = with_settings(before, settings)
        changed = [setting_named(name).title.lower() for name in differences(before, after)]
        if not changed:
            return
        self._session.set_recipe(after, source=self._page)

        def undo() -> None:
            if self._session.project is project:
                self._session.set_recipe(before, source=self._page)

        show_toast(self._page, f"Set as in the adapter: {', '.join(changed)}.", act="Undo", on_act=undo)

    def _refuse(self, error: UserError) -> None:
        self._form.field(START).set_problem(str(error))
