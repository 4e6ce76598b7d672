"""The Settings page: a change is in force at once, the card beside it tells what the run will be, Train starts it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from adapter_factory import trained_run
from form_bench import retype
from page_fakes import Bench, bench
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot
from tiny_base import MODULES, write_base

from app.pages.settings import SettingsPage
from app.widgets.base_model_field import BaseModelField
from app.widgets.integer_field import IntegerField
from app.widgets.number_field import NumberField
from app.widgets.toast import Toast
from core import paths
from core.prompt.gate import Checked, Offender
from core.prompt.proof import Flaw
from core.recipe import presets
from core.recipe.recipe import differences, with_settings
from core.recipe.schema import Recipe
from core.runs import notes
from core.runs.notes import Notes

RANK, RATE, TARGETS = "lora.rank", "training.learning_rate", "lora.target_modules"


@pytest.fixture(autouse=True)
def starter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A starter model of a few kilobytes, and no models of the machine's owner."""
    folder = write_base(tmp_path / "starter")
    monkeypatch.setattr(paths, "starter_model", lambda: folder)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return folder


@pytest.fixture
def place(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    with bench(qtbot, monkeypatch, tmp_path) as made:
        yield made


def page_of(place: Bench, examples: int = 400, *, read_only: bool = False) -> SettingsPage:
    """The page of a new project, with all that it reads in the background."""
    page = SettingsPage(place.session)
    place.qtbot.addWidget(page)
    place.open(examples, read_only=read_only)
    place.session.set_recipe(presets.base_recipe("starter"))
    page.show()
    page.activateWindow()
    place.qtbot.waitUntil(page.isActiveWindow)
    page.enter()
    place.until(lambda: not page.run_card.plan.text().startswith("Counting"))
    place.until(lambda: page.form.fields["model.base"].extra.text().startswith("Llama"))
    return page


def type_into(place: Bench, page: SettingsPage, name: str, text: str, key: Qt.Key = Qt.Key.Key_Return) -> None:
    editor = page.form.fields[name].editor
    retype(place.qtbot, editor, text)
    place.qtbot.keyClick(editor, key)


def test_a_change_is_in_force_and_on_disk(place: Bench) -> None:
    page = page_of(place)
    type_into(place, page, RANK, "8")
    assert place.session.recipe.lora.rank == 8
    place.session.wait()
    assert place.session.project is not None
    assert place.session.project.recipe.lora.rank == 8


def test_a_change_from_elsewhere_is_shown(place: Bench) -> None:
    page = page_of(place)
    place.session.set_recipe(with_settings(place.session.recipe, {RANK: 64}))
    editor = page.form.fields[RANK].editor
    assert isinstance(editor, IntegerField)
    assert editor.value() == 64


def test_trainable_parameters_and_their_share_follow_the_settings(place: Bench) -> None:
    page = page_of(place)
    layers = 2 * len(MODULES)
    assert page.run_card.parameters.text() == f"{16 * 16 * layers:,}"
    assert "of the model's 640" in page.run_card._share.text()
    type_into(place, page, RANK, "8")
    assert page.run_card.parameters.text() == f"{8 * 16 * layers:,}"


def test_the_plan_follows_the_settings(place: Bench) -> None:
    page = page_of(place)
    before = page.run_card.plan.text()
    type_into(place, page, "training.epochs", "12")
    assert "12 passes" in page.run_card.plan.text()
    assert page.run_card.plan.text() != before


def test_a_dot_goes_back_to_the_preset(place: Bench) -> None:
    page = page_of(place)
    type_into(place, page, RANK, "24")
    assert page.preset_card.difference.text() == "1 setting changed"
    page.form.fields[RANK].dot.click()
    assert place.session.recipe.lora.rank == 16
    assert page.form.fields[RANK].dot.isHidden()
    assert page.preset_card.difference.text() == ""


def test_a_preset_sets_its_settings(place: Bench) -> None:
    page = page_of(place)
    page.preset_card.segments.button("thorough").click()
    recipe = place.session.recipe
    assert (recipe.lora.rank, recipe.lora.alpha) == (32, 64)
    assert page.preset_card.segments.value == "thorough"
    assert recipe.training.learning_rate == 0.002  # the base model's own


def test_what_a_preset_replaced_can_be_taken_back(place: Bench) -> None:
    page = page_of(place)
    page.preset_card.segments.button("quick").click()
    assert page.findChildren(Toast) == []  # nothing of the user's own was lost
    type_into(place, page, "lora.dropout", "0.2")
    page.preset_card.segments.button("balanced").click()
    assert place.session.recipe.lora.dropout == 0.05
    (toast,) = page.window().findChildren(Toast)
    assert toast.text == "Balanced replaced 1 changed setting."
    toast.button.click()
    assert (place.session.recipe.lora.dropout, place.session.recipe.lora.rank) == (0.2, 8)


def test_a_choice_is_made_with_the_arrow_keys(place: Bench) -> None:
    page = page_of(place)
    editor = page.form.field("model.quantization").editor
    editor.setFocus()
    place.qtbot.keyClick(editor, Qt.Key.Key_Down)
    assert place.session.recipe.model.quantization == "int8"
    switch = page.form.field("heldout.early_stopping").editor
    switch.setFocus()
    place.qtbot.keyClick(switch, Qt.Key.Key_Space)
    assert not place.session.recipe.heldout.early_stopping


def test_a_refused_value_changes_nothing_and_is_explained(place: Bench) -> None:
    page = page_of(place)
    before = place.session.recipe
    type_into(place, page, RATE, "0")
    assert place.session.recipe == before
    editor = page.form.fields[RATE].editor
    assert isinstance(editor, NumberField)
    assert editor.text() == "0.002"
    assert "greater than 0" in page.form.fields[RATE].note.text()


def test_what_a_base_model_asks_for_is_not_called_unusual(place: Bench) -> None:
    page = page_of(place)
    assert page.form.fields[RATE].note.text() == ""
    assert page.run_card.remarks == []
    type_into(place, page, RATE, "0.01")
    assert page.form.fields[RATE].note.text() != ""


def test_unusual_values_are_named_beside_the_button_and_lead_to_their_fields(place: Bench) -> None:
    page = page_of(place)
    page.form.advanced.set_folded(False)
    type_into(place, page, "training.max_grad_norm", "50")
    page.form.advanced.set_folded(True)
    (remark,) = page.run_card.remarks
    assert not remark.is_problem
    assert page.run_card.button.isEnabled()
    page.run_card.link_clicked.emit(remark.link)
    assert not page.form.advanced.folded
    assert page.form.fields["training.max_grad_norm"].editor.hasFocus()


def test_another_base_model_brings_its_settings_and_they_can_be_refused(place: Bench, tmp_path: Path) -> None:
    page = page_of(place)
    other = str(write_base(tmp_path / "other", brings=False))
    page.form.base_field.value_changed.emit(other)
    assert place.session.recipe.model.base == other
    assert place.session.recipe.training.learning_rate == 2e-4
    assert page.banner.title == "Settings went back to what suits most models."
    page.form.base_field.value_changed.emit("starter")
    assert place.session.recipe.training.learning_rate == 0.002
    assert page.banner.title == "This model brings settings that suit it."
    page.banner.acted.emit()
    assert place.session.recipe.training.learning_rate == 2e-4
    assert place.session.recipe.model.base == "starter"
    assert page.banner.title == ""


def test_the_users_own_changes_survive_another_base_model(place: Bench, tmp_path: Path) -> None:
    page = page_of(place)
    type_into(place, page, "lora.dropout", "0.1")
    page.form.base_field.value_changed.emit(str(write_base(tmp_path / "other", brings=False)))
    assert place.session.recipe.lora.dropout == 0.1


def test_a_base_model_that_is_gone_is_a_problem_until_it_is_back(place: Bench, tmp_path: Path) -> None:
    page = page_of(place)
    gone = tmp_path / "gone"
    page.form.base_field.value_changed.emit(str(gone))
    place.until(lambda: page.run_card.remarks)
    assert page.run_card.remarks[0].link == "model.base"
    assert not page.run_card.button.isEnabled()
    assert page.form.fields["model.base"].extra.property("kind") == "problem"
    write_base(gone, brings=False)
    page.enter()
    place.until(page.run_card.button.isEnabled)


def test_modules_that_the_model_does_not_have_keep_the_run_from_starting(place: Bench) -> None:
    page = page_of(place)
    place.session.set_recipe(with_settings(place.session.recipe, {TARGETS: ["c_attn"]}))
    assert page.run_card.remarks[0].link == TARGETS
    assert not page.run_card.button.isEnabled()
    place.session.set_recipe(with_settings(place.session.recipe, {TARGETS: ["q_proj"]}))
    assert page.run_card.button.isEnabled()


def test_without_examples_the_button_says_why_not(place: Bench) -> None:
    page = page_of(place, 0)
    assert not page.run_card.button.isEnabled()
    (remark,) = page.run_card.remarks
    assert (remark.is_problem, remark.link) == (True, "examples")
    with place.qtbot.waitSignal(page.go) as heard:
        page.run_card.link_clicked.emit(remark.link)
    assert heard.args == ["examples"]


def test_more_examples_are_counted_when_they_come(place: Bench) -> None:
    page = page_of(place, 0)
    assert place.session.project is not None
    place.session.project.store.examples = place.open(60, name="other").store.examples  # type: ignore[attr-defined]
    place.session.examples_changed.emit(None, None)
    place.until(page.run_card.button.isEnabled)


def test_a_read_only_project_can_be_looked_at(place: Bench) -> None:
    page = SettingsPage(place.session)
    place.qtbot.addWidget(page)
    place.open(400, read_only=True)
    page.show()
    page.enter()
    place.until(lambda: page.run_card.remarks)
    assert not page.form.isEnabled()
    assert not page.run_card.button.isEnabled()
    assert "read-only" in page.run_card.remarks[0].text


def test_train_starts_a_run_with_what_is_still_being_typed_and_shows_it(place: Bench) -> None:
    place.works("--steps", "2000", "--seconds", "0.01")
    page = page_of(place)
    retype(place.qtbot, page.form.fields[RANK].editor, "8")
    with place.qtbot.waitSignal(page.go) as heard:
        page.run_card.button.click()
    assert heard.args == ["train"]
    place.until(lambda: place.session.training is not None)
    assert place.session.training is not None
    assert place.session.training.run_folder.recipe().lora.rank == 8
    assert not page.run_card.button.isEnabled()
    assert page.run_card.remarks[0].link == "train"
    place.session.training.stop()
    place.until(page.run_card.button.isEnabled)


def test_closing_the_project_leaves_nothing_behind(place: Bench) -> None:
    page = page_of(place)
    page._counted = ()
    page._count()
    place.session.close()
    assert not page.form.isEnabled()
    place.qtbot.wait(10)
    assert page.banner.title == ""


def test_the_tab_key_goes_from_the_base_model_over_presets_and_fields_to_the_button(place: Bench) -> None:
    page = page_of(place)
    page.form.field("model.base").editor.setFocus()
    names = []
    for _ in range(40):
        focus = page.window().focusWidget()
        assert focus is not None
        names.append(focus.accessibleName() or getattr(focus, "text", str)())
        if names[-1] == "Train":
            break
        place.qtbot.keyClick(focus, Qt.Key.Key_Tab)
    fields = [name for name in names if not name.startswith("Preset:")]
    assert names.index(next(name for name in names if name.startswith("Preset:"))) == 4
    assert fields[:4] == ["Base model", "Choose the folder of a base model", "More models", "Base model precision"]
    assert fields[4:8] == ["Rank", "Alpha", "Dropout", "Target modules"]
    assert names[-4:] == ["Stop early", "Show Advanced", "Rehearse", "Train"]


def test_nothing_is_changed_by_looking(place: Bench) -> None:
    before = presets.base_recipe("starter")
    page = page_of(place)
    for field in page.form.fields.values():
        field.editor.setFocus()
    assert differences(before, place.session.recipe) == {}


# --- Advice -----------------------------------------------------------------------------------------------------------


def knowing(place: Bench, longest: int, *, flawed: tuple[int, ...] = ()) -> None:
    """The check of the examples finds lengths up to this."""
    lengths = (*[0] * ((longest - 1) // 64), 400)
    offenders = tuple(Offender(id, Flaw.CUT, "", "Cut.", "Mend.") for id in flawed)
    place.gate_tells(Checked(1, 400, flawed, offenders, lengths, longest))


def a_real_model(tmp_path: Path) -> str:
    return str(write_base(tmp_path / "real", brings=False))


def test_advice_is_shown_with_its_reason_applied_and_taken_back(place: Bench, tmp_path: Path) -> None:
    knowing(place, 100)
    page = page_of(place)
    place.session.set_recipe(with_settings(place.session.recipe, {"model.base": a_real_model(tmp_path), RANK: 64}))
    card = page.advice.card
    place.until(lambda: "length" in card.buttons and "rank" in card.buttons)
    assert page.run_card.button.isVisible()
    before = place.session.recipe
    told = {advice.id: advice for advice in card.shown}
    assert page.advice.link.text() == f"Advice ({len(told)})"
    page.resize(1000, 500)
    page.advice.link.click()
    assert not card.visibleRegion().isEmpty()
    assert told["rank"].title == "Rank 16, alpha 32"
    assert "capacity follows the data" in told["rank"].reason
    card.buttons["rank"].click()
    assert (place.session.recipe.lora.rank, place.session.recipe.lora.alpha) == (16, 32)
    place.until(lambda: "rank" not in card.buttons)
    toast = page.window().findChildren(Toast)[-1]
    assert toast.text == "Set: Rank 16, alpha 32."
    toast.button.click()
    assert place.session.recipe == before
    card.apply_all.click()
    assert place.session.recipe.training.max_length == 128
    place.until(lambda: card.words.text() == "The settings suit your examples." and card.words.isVisible())
    assert not card.apply_all.isVisible()
    assert not page.advice.link.isVisible()
    toast = page.window().findChildren(Toast)[-1]
    toast.button.click()
    assert place.session.recipe == before


def test_what_is_left_out_as_too_long_is_counted_and_said_by_the_button(place: Bench) -> None:
    """There is advice on the length too; it must not take the warning's place."""
    place.gate_tells(Checked(1, 400, (), (), (400,), 60, too_long=tuple(range(1, 381))))
    page = page_of(place)
    place.session.set_recipe(with_settings(place.session.recipe, {"training.max_length": 50}))
    said = "380 of 400 examples are longer than the maximum length and will be left out."
    place.until(lambda: said in page.run_card.plan.text())
    trained = int(page.run_card.plan.text().split(" ")[0])
    assert 0 < trained <= 20
    place.until(lambda: "training.max_length" in page.advice.settings)
    labels = page.run_card.by_button.findChildren(QLabel)
    assert said in [label.text() for label in labels if label.isVisible()]
    assert page.advice.card.shown[0].reason.startswith("380 examples of yours are longer than 50 tokens")


def test_what_the_model_brings_gets_no_advice(place: Bench) -> None:
    knowing(place, 128)
    page = page_of(place)
    place.session.set_recipe(with_settings(place.session.recipe, {"training.max_length": 128}))
    place.until(lambda: page.advice.card.isVisible() and page.advice.card.shown == [])
    assert page.advice.card.words.text() == "The settings suit your examples."


def test_examples_that_cannot_be_trained_are_a_problem_that_leads_to_them(place: Bench) -> None:
    knowing(place, 60, flawed=(3,))
    page = page_of(place)
    place.until(lambda: [remark.link for remark in page.run_card.remarks if remark.is_problem] == ["refused"])
    assert not page.run_card.button.isEnabled()
    with place.qtbot.waitSignal(place.session.gate.refused):
        page.run_card.link_clicked.emit("refused")


def test_settings_that_cannot_be_trained_keep_the_run_from_starting(place: Bench) -> None:
    page = page_of(place)
    assert page.run_card.button.isEnabled()
    place.session.set_recipe(with_settings(place.session.recipe, {"lora.initialisation": "pissa"}))
    assert not page.run_card.button.isEnabled()
    place.session.set_recipe(with_settings(place.session.recipe, {"model.quantization": "none"}))
    assert page.run_card.button.isEnabled()
    place.session.set_recipe(with_settings(place.session.recipe, {"lora.layers": "50"}))
    assert not page.run_card.button.isEnabled()


def test_an_adapter_to_start_from_brings_its_settings_and_takes_them_away_again(place: Bench) -> None:
    page = page_of(place)
    assert place.session.project is not None
    run = trained_run(place.session.project.runs_folder, recipe=with_settings(Recipe(), {"lora.dropout": 0.1}))
    config = {"peft_type": "LORA", "r": 8, "lora_alpha": 8, "target_modules": ["q_proj"]}
    (run.adapter / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    notes.write(run, Notes(title="Café"))
    page.enter()
    field = page.form.field("lora.start_from").editor
    assert isinstance(field, BaseModelField)
    place.until(lambda: field.choice.count() == 2)
    assert field.choice.itemText(1) == "Run 1 · Café"
    field.choice.setCurrentIndex(1)
    field.choice.activated.emit(1)
    place.until(lambda: place.session.recipe.lora.rank == 8)
    assert place.session.recipe.lora.alpha == 8
    assert place.session.recipe.lora.start_from == run.name
    (toast,) = page.window().findChildren(Toast)
    assert toast.text == "Set as in the adapter: rank, alpha."
    toast.button.click()
    assert (place.session.recipe.lora.rank, place.session.recipe.lora.alpha) == (16, 32)


def test_an_adapter_that_cannot_be_used_is_said_at_the_field(place: Bench) -> None:
    page = page_of(place)
    assert place.session.project is not None
    run = trained_run(place.session.project.runs_folder)
    page.form.changed.emit("lora.start_from", run.name)
    field = page.form.field("lora.start_from")
    place.until(lambda: "cannot be used" in field.note.text())


def test_more_models_are_on_a_page_of_their_own(place: Bench) -> None:
    page = page_of(place)
    with place.qtbot.waitSignal(page.go) as asked:
        page.more_models.click()
    assert asked.args == ["models"]
