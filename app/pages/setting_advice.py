"""Advice beside the settings: worked out from the examples, applied with a way back."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app import format
from app.session import Session
from app.widgets.advice_card import AdviceCard, AdviceWords, link
from app.widgets.toast import show_toast
from core.base_models.facts import ModelFacts
from core.recipe import words
from core.recipe.advice import Advice, advise
from core.recipe.recipe import with_settings
from core.runs.plan import Plan


class SettingAdvice(QObject):
    """Joins the card to the session; the page says when something it goes by is known or has changed."""

    def __init__(self, session: Session, page: QWidget) -> None:
        super().__init__(page)
        self._session, self._page = session, page
        self.card = AdviceCard()
        self.card.apply_wanted.connect(lambda id: self._apply([one for one in self._found if one.id == id]))
        self.card.apply_all_wanted.connect(lambda: self._apply(self._found))
        self.link = link("")
        self.link.setAccessibleName("Go to the advice")
        self.link.hide()
        self._found: list[Advice] = []

    @property
    def settings(self) -> set[str]:
        """The settings that there is advice on."""
        return {name for one in self._found for name in one.changes}

    def show(self, plan: Plan | None, facts: ModelFacts | None) -> None:
        """Show what suits the examples better; nothing while they are being counted and checked."""
        project, checked = self._session.project, self._session.gate.latest
        if project is None or plan is None or not plan.ready or facts is None or checked is None:
            self._found = []
            self.card.say_nothing()
            self.link.hide()
            return
        recipe = self._session.recipe
        # What is too long counts: the first advice is to make room for it.
        train, heldout = plan.train + plan.too_long, plan.heldout + plan.too_long_heldout
        self._found = advise(recipe, checked.data(train=train, heldout=heldout, facts=facts))
        told = [AdviceWords(one.id, words.changed(one.changes), one.reason) for one in self._found]
        self.card.set_advice(told, can_apply=not project.read_only)
        self.link.setText(f"Advice ({len(told)})")
        self.link.setVisible(bool(told))

    def _apply(self, advice: Sequence[Advice]) -> None:
        project, before = self._session.project, self._session.recipe
        recipe = before
        for one in advice:
            recipe = with_settings(recipe, one.changes)
        if project is None or recipe == before:
            return
        self._session.set_recipe(recipe, source=self)

        def undo() -> None:
            if self._session.project is project:
                self._session.set_recipe(before, source=self)

        said = words.changed(advice[0].changes) if len(advice) == 1 else format.plural(len(advice), "piece")
        text = f"Set: {said}." if len(advice) == 1 else f"{said} of advice applied."
        show_toast(self._page, text, act="Undo", on_act=undo)
