"""The LoRA panel: the form made from the recipe; beside it what the run will be, and the button Train."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app import base_choice, base_facts, before_run, fit_words, format, theme
from app.base_choice import BASE
from app.base_facts import BaseFacts
from app.latest import Latest
from app.pages.page import Page
from app.pages.rehearsing import Rehearsing
from app.pages.setting_advice import SettingAdvice
from app.pages.starting_adapter import StartingAdapter
from app.session import Session
from app.theme import SPACE
from app.widgets.modules_field import ModulesField
from app.widgets.preset_card import PresetCard
from app.widgets.recipe_form import START, TARGETS, RecipeForm
from app.widgets.run_card import Remark, RunCard
from app.widgets.toast import show_toast
from core.base_models.catalogue import KnownModel, local_models
from core.errors import RecipeError, UserError
from core.hardware.fitting import Fit, fit, kind_of
from core.hardware.obstacles import obstacles
from core.recipe import presets
from core.recipe.recipe import differences, get, remarks, with_settings
from core.recipe.reference import setting_named
from core.recipe.schema import Recipe
from core.runs.plan import Plan, total_steps


class SettingsPage(Page):
    """Every change goes through the session at once and is on disk a moment later."""

    title = "Settings"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.preset_card = PresetCard(presets.PRESETS)
        self.form = RecipeForm(self.preset_card)
        self.more_models = QPushButton("More…")
        self.more_models.setAccessibleName("More models")
        self.more_models.setToolTip("More models: what is known of each, and those on the hub")
        self.form.base_field.add_button(self.more_models)
        self.run_card = RunCard()
        self.advice = SettingAdvice(session, self)
        self.rehearsing = Rehearsing(session, self)
        self.run_card.add_under_memory(self.rehearsing.view)
        self._facts: BaseFacts | None = None
        self._plan: Plan | None = None
        self._counted: tuple[object, ...] = ()
        self._before: Recipe | None = None
        self._trainable: int | None = None
        self._models_reader = Latest(self._show_models, parent=self)
        self.start = StartingAdapter(session, self.form, self)
        self._facts_reader = Latest(self._on_facts, failed=_never, parent=self)
        self._fit: Fit | None = None
        self._fitter = Latest(self._on_fit, failed=_never, parent=self)
        self._planner = Latest(self._on_plan, failed=self._on_plan_failed, parent=self)
        self._arrange()
        self._connect()
        self._on_project()

    def _arrange(self) -> None:
        self.set_summary("What is trained, and how. Help stands under the field that has the focus.")
        column = QWidget()
        column.setProperty("kind", "scrolled")
        inner = QHBoxLayout(column)
        inner.setContentsMargins(0, 0, SPACE.UNIT, 0)
        self.form.setMaximumWidth(theme.TEXT_COLUMN)
        inner.addWidget(self.form, 100)
        self.area = QScrollArea()
        self.area.setWidget(column)
        self.area.setWidgetResizable(True)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setMaximumWidth(theme.TEXT_COLUMN + 2 * SPACE.UNIT)
        row = QHBoxLayout()
        row.setSpacing(SPACE.UNIT)
        row.addWidget(self.area, 260)
        row.addWidget(self._beside(), 100)
        row.addStretch(1)
        self.body.addLayout(row)

    def _beside(self) -> QWidget:
        """What is known of the run, which can be scrolled in a small window, and the button, always in sight."""
        column = QWidget()
        column.setProperty("kind", "scrolled")
        inner = QVBoxLayout(column)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(SPACE.GAP)
        inner.addWidget(self.run_card)
        inner.addWidget(self.advice.card)
        inner.addStretch(1)
        area = QScrollArea()
        area.setWidget(column)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.run_card.add_act(self.advice.link)
        self.advice.link.clicked.connect(lambda: area.ensureWidgetVisible(self.advice.card))
        side = QWidget()
        side.setMinimumWidth(272)
        side.setMaximumWidth(480)
        column_of_side = QVBoxLayout(side)
        column_of_side.setContentsMargins(0, 0, 0, 0)
        column_of_side.setSpacing(SPACE.FIELD)
        column_of_side.addWidget(area, 1)
        column_of_side.addWidget(self.run_card.by_button)
        column_of_side.addWidget(self.run_card.button)
        column_of_side.addWidget(self.run_card.queue_button)
        return side

    def _connect(self) -> None:
        self.more_models.clicked.connect(lambda: self.go.emit("models"))
        self.form.changed.connect(self._change)
        self.form.reset.connect(self._reset)
        self.preset_card.chosen.connect(self._use_preset)
        self.run_card.train_clicked.connect(self._train)
        self.run_card.queue_clicked.connect(self.session.queue.add_current)
        self.run_card.link_clicked.connect(self._follow_link)
        self.run_card.memory.change_wanted.connect(self._make_it_fit)
        self.banner.acted.connect(self._take_back)
        session = self.session
        session.project_changed.connect(self._on_project)
        session.recipe_changed.connect(lambda _source: self._show())
        session.examples_changed.connect(self._on_examples)
        session.runs_changed.connect(self._show_remarks)
        session.hand_over.connect(self.form.confirm)
        session.gate.told.connect(self.run_card.show_checking)
        session.gate.checked.connect(lambda _found: self._plan_again())

    # Showing

    def enter(self) -> None:
        """Look again at what may have changed elsewhere: models on this machine, the number of examples."""
        self._models_reader.ask(local_models)
        self.start.look()
        if self._facts is not None and self._facts.error is not None:
            self._facts = None
            self._read_facts(self.session.recipe.model.base)
        self._estimate()
        self._count()

    def _on_project(self) -> None:
        self._plan, self._facts, self._counted = None, None, ()
        self._before = None
        self._planner.forget()
        self.banner.clear()
        self.form.setEnabled(self.session.project is not None and not self.session.project.read_only)
        self.preset_card.setEnabled(self.form.isEnabled())
        self._show()

    def _show(self) -> None:
        recipe = self.session.recipe
        preset = presets.nearest(recipe)
        reference = presets.apply(preset, presets.base_recipe(recipe.model.base))
        changed = [setting_named(name).title for name in differences(reference, recipe)]
        self.form.show_recipe(recipe, reference, preset.title, _own_remarks(recipe, self._plan))
        self.preset_card.show_preset(preset.id, changed)
        self._read_facts(recipe.model.base)
        self._show_parameters()
        self._count()

    def _show_models(self, models: list[KnownModel]) -> None:
        self.form.base_field.set_known({model.base: model.title for model in models})

    # The base model

    def _read_facts(self, base: str) -> None:
        if self._facts is None or self._facts.base != base:
            self._facts = None
            self.form.field(BASE).set_extra("Reading the model…")
            self._facts_reader.ask(lambda: base_facts.read(base))

    def _on_facts(self, facts: BaseFacts) -> None:
        self._facts = facts
        known = facts.facts
        words, kind = (base_facts.describe(known), "secondary") if known is not None else (str(facts.error), "problem")
        self.form.field(BASE).set_extra(words, kind)
        targets = self.form.field(TARGETS).editor
        if isinstance(targets, ModulesField):
            targets.set_known(known.target_names() if known else [], known.attention_names() if known else [])
        self._show_parameters()

    def _show_parameters(self) -> None:
        facts = self._facts.facts if self._facts is not None else None
        trainable = facts.trainable_parameters(self.session.recipe.lora) if facts is not None else None
        self.run_card.set_parameters(trainable, facts.parameters if facts is not None else 0)
        self._trainable = trainable
        self._show_remarks()
        self._estimate()

    def _estimate(self) -> None:
        """Compare what the run needs with what is free now."""
        recipe, facts = self.session.recipe, self._facts.facts if self._facts is not None else None
        if facts is None:
            self._fitter.forget()
            self.run_card.memory.clear("Known as soon as the base model has been read.")
        else:
            self._fitter.ask(lambda: fit(facts, recipe))

    def _on_fit(self, found: Fit) -> None:
        self._fit = found
        self._show_remarks()
        fit_words.show(self.run_card.memory, found)

    # The plan

    def _on_examples(self, *_: object) -> None:
        self._counted = ()
        if self.isVisible():
            self._count()

    def _count(self) -> None:
        if self.session.project is None:
            return
        self._plan_again()
        if self.isVisible():
            self.session.look_at_examples()

    def _plan_again(self) -> None:
        """Divide the examples unless that was done; what is too long is known once they have been checked."""
        project, recipe = self.session.project, self.session.recipe
        if project is None:
            return
        too_long = before_run.too_long(self.session.gate.latest)
        key = (project, recipe.heldout.share, too_long)
        if self._counted != key:
            self._counted = key
            self._planner.ask(lambda: before_run.planned(project, recipe, too_long))
        self._show_plan()

    def _on_plan(self, found: Plan) -> None:
        self._plan = found
        self._show_plan()

    def _on_plan_failed(self, error: Exception) -> None:
        self._counted = ()
        if isinstance(error, UserError):
            self.show_problem(error)

    def _show_plan(self) -> None:
        if self._plan is not None:
            train = self._plan.train
            steps = total_steps(train, self.session.recipe) if train else 0
            self._plan = replace(self._plan, steps=steps)
        self.run_card.set_plan(before_run.plan_sentences(self._plan, self.session.recipe))
        self._show_remarks()

    def _show_remarks(self) -> None:
        project = self.session.project
        device = kind_of(self._fit.memory) if self._fit is not None else ""
        facts = self._facts.facts if self._facts is not None else None
        self.advice.show(self._plan, facts)
        found = before_run.run_remarks(
            self._plan,
            base_error=self._facts.error if self._facts is not None else None,
            read_only=project is not None and project.read_only,
            training=self.session.is_training,
            trainable=self._trainable,
            unusual=_own_remarks(self.session.recipe, self._plan),
            checked=self.session.gate.latest,
            obstacles=obstacles(self.session.recipe, facts=facts, device=device),
        )
        # What there is advice on needs no remark besides, unless nobody may miss it.
        told = self.advice.settings
        self.run_card.set_remarks([remark for remark in found if _is_needed(remark, told)])
        possible = facts is not None and self._plan is not None and not any(remark.is_problem for remark in found)
        self.rehearsing.show(self._plan, possible=possible)

    # What the user does

    def _change(self, name: str, value: Any) -> None:
        if name == BASE:
            self._use_base(value)
            return
        try:
            recipe = with_settings(self.session.recipe, {name: value})
        except RecipeError as error:
            self.form.refuse(error.problems)
            return
        if self._before is not None:  # to go back now would undo this, too
            self._before = None
            self.banner.clear()
        self.session.set_recipe(recipe, source=self)
        if name == START:
            self.start.chosen(value)

    def _reset(self, name: str) -> None:
        recipe = self.session.recipe
        reference = presets.apply(presets.nearest(recipe), presets.base_recipe(recipe.model.base))
        self._change(name, get(reference, name))

    def _use_preset(self, id: str) -> None:
        preset = next(preset for preset in presets.PRESETS if preset.id == id)
        project, before = self.session.project, self.session.recipe
        base = presets.base_recipe(before.model.base)
        lost = differences(presets.apply(presets.nearest(before), base), before)
        self.session.set_recipe(presets.apply(preset, base), source=self)

        def undo() -> None:
            if self.session.project is project:
                self.session.set_recipe(before, source=self)

        if lost:
            text = f"{preset.title} replaced {format.plural(len(lost), 'changed setting')}."
            show_toast(self, text, act="Undo", on_act=undo)

    def _use_base(self, base: str) -> None:
        before = self.session.recipe
        change = base_choice.change_of(before, base)
        self.session.set_recipe(change.recipe, source=self)
        if not change.title:
            self.banner.clear()
            return
        self._before = before
        self.banner.say(change.title, change.text, act="Keep my settings")

    def _take_back(self) -> None:
        """Keep the new base model and everything else as it was before it was chosen."""
        if self._before is not None:
            recipe = with_settings(self._before, {BASE: self.session.recipe.model.base})
            self._before = None
            self.banner.clear()
            self.session.set_recipe(recipe, source=self)

    def _make_it_fit(self) -> None:
        if self._fit is not None and self._fit.changes:
            before, project = self.session.recipe, self.session.project
            self.session.set_recipe(with_settings(before, self._fit.changes), source=self)

            def undo() -> None:
                if self.session.project is project:
                    self.session.set_recipe(before, source=self)

            show_toast(self, "Settings changed so that the run fits.", act="Undo", on_act=undo)

    def _train(self) -> None:
        self.session.start_run()
        self.go.emit("train")

    def _follow_link(self, link: str) -> None:
        if link == before_run.REFUSED:
            self.session.gate.show_refused()
        elif link in self.form.fields:
            field = self.form.reveal(link)
            self.area.ensureWidgetVisible(field, 0, 2 * SPACE.PAGE)
        else:
            self.go.emit(link)


def _own_remarks(recipe: Recipe, plan: Plan | None) -> dict[str, str]:
    """What is unusual, apart from what the base model itself asks for."""
    brought = presets.brought_by(recipe.model.base)
    found = remarks(recipe, train=plan.train if plan is not None else 0)
    return {name: text for name, text in found.items() if brought.get(name) != get(recipe, name)}


def _is_needed(remark: Remark, told: set[str]) -> bool:
    return remark.is_problem or remark.by_button or remark.link not in told


def _never(error: Exception) -> None:
    raise error
