"""The form of settings: every setting once, made from the schema; help, dots, remarks, refusals, presets."""

from __future__ import annotations

import pytest
from form_bench import retype, shown
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from app.widgets.base_model_field import BaseModelField
from app.widgets.card import Card
from app.widgets.choice_field import ChoiceField
from app.widgets.integer_field import IntegerField
from app.widgets.modules_field import ModulesField
from app.widgets.number_field import NumberField
from app.widgets.preset_card import PresetCard
from app.widgets.recipe_form import RecipeForm
from app.widgets.segments import Segments
from app.widgets.setting_field import SettingField, describe, worded
from app.widgets.switch import Switch
from app.widgets.text_line import NamesLine, TextLine
from core.recipe import presets
from core.recipe.recipe import get, with_settings
from core.recipe.reference import setting_named, settings
from core.recipe.schema import Recipe


@pytest.fixture
def form(qtbot: QtBot) -> RecipeForm:
    made = RecipeForm(Card("Preset"))
    qtbot.addWidget(made)
    made.show_recipe(Recipe(), Recipe(), "Balanced", {})
    return made


@pytest.fixture
def rank(qtbot: QtBot) -> SettingField:
    field = SettingField(setting_named("lora.rank"))
    shown(qtbot, field)
    field.set_value(16)
    return field


def test_a_number_that_was_put_back_is_said_until_the_field_is_entered_again(qtbot: QtBot, rank: SettingField) -> None:
    retype(qtbot, rank.editor, "600")
    qtbot.keyClick(rank.editor, Qt.Key.Key_Tab)
    assert rank.note.text() == "600 was not taken: between 1 and 512."
    assert rank.note.property("kind") == "problem"
    rank.editor.setFocus()
    assert rank.note.text() == rank.info.help
    rate = SettingField(setting_named("training.learning_rate"))
    shown(qtbot, rate)
    retype(qtbot, rate.editor, "soon")
    qtbot.keyClick(rate.editor, Qt.Key.Key_Tab)
    assert rate.note.text() == "soon was not taken: this is not a number."


def test_the_form_has_every_setting_once_in_the_order_of_the_schema(form: RecipeForm) -> None:
    assert list(form.fields) == [info.name for info in settings()]
    assert len(form.findChildren(SettingField)) == len(settings())


def test_basic_settings_are_shown_and_advanced_ones_are_behind_one_click(qtbot: QtBot, form: RecipeForm) -> None:
    form.show()
    for name, field in form.fields.items():
        assert field.isVisibleTo(form) == (setting_named(name).level == "basic"), name
    form.advanced.set_folded(False)
    assert all(field.isVisibleTo(form) == field.info.matters(Recipe()) for field in form.fields.values())


def test_a_setting_is_shown_while_it_has_an_effect(form: RecipeForm) -> None:
    form.advanced.set_folded(False)
    restarts = form.field("training.schedule_cycles")
    assert not restarts.isVisibleTo(form)
    form.show_recipe(with_settings(Recipe(), {"training.schedule": "cosine_with_restarts"}), Recipe(), "Balanced", {})
    assert restarts.isVisibleTo(form)
    form.show_recipe(Recipe(), Recipe(), "Balanced", {})
    assert not restarts.isVisibleTo(form)


def test_the_usual_choices_stand_first_with_a_line_after_them(form: RecipeForm) -> None:
    schedule = form.field("training.schedule").editor
    assert isinstance(schedule, ChoiceField)
    assert [schedule.itemData(index) for index in range(6)] == [
        *("cosine", "linear", "constant_with_warmup", "constant"),
        *(None, "cosine_with_min_lr"),
    ]
    schedule.set_value("greedy")
    assert schedule.value == "greedy"


def test_every_control_has_a_name_and_help_for_those_who_cannot_see_it(form: RecipeForm) -> None:
    for name, field in form.fields.items():
        assert field.editor.accessibleName() == setting_named(name).title
        assert field.editor.accessibleDescription() == setting_named(name).help
        assert field.label.buddy() is field.editor


def test_every_kind_of_setting_shows_its_value_and_tells_what_the_user_chose(qtbot: QtBot, form: RecipeForm) -> None:
    for name, field in form.fields.items():
        with qtbot.waitSignal(form.changed) as heard:
            editor = field.editor
            if isinstance(editor, IntegerField):
                editor.stepUp()
            elif isinstance(editor, NumberField):
                qtbot.keyClick(editor, Qt.Key.Key_Up)
            elif isinstance(editor, Switch):
                editor.click()
            elif isinstance(editor, TextLine):
                editor.setText("0")
                editor.confirm()
            elif isinstance(editor, ModulesField):
                editor.choice.setCurrentIndex(1)
                editor.choice.activated.emit(1)
            elif isinstance(editor, BaseModelField) and name == "lora.start_from":
                form.set_adapters({"0001-first": "0001-first"})
                editor.choice.setCurrentIndex(1)
                editor.choice.activated.emit(1)
            elif isinstance(editor, BaseModelField):
                editor.set_known({"starter": "Starter", "other": "Other"})
                editor.choice.setCurrentIndex(1)
                editor.choice.activated.emit(1)
            else:
                editor.setCurrentIndex(1)  # type: ignore[attr-defined]
                editor.activated.emit(1)  # type: ignore[attr-defined]
        assert heard.args is not None
        assert heard.args[0] == name
        with_settings(Recipe(), {name: heard.args[1]})  # all of them can be used


def test_fields_that_are_made_later_show_what_was_to_be_shown(qtbot: QtBot) -> None:
    form = RecipeForm(Card("Preset"))
    qtbot.addWidget(form)
    form.show_recipe(with_settings(Recipe(), {"training.seed": 7}), Recipe(), "Balanced", {"training.seed": "Odd."})
    assert len(form.findChildren(SettingField)) < len(settings())
    qtbot.waitUntil(lambda: len(form.findChildren(SettingField)) == len(settings()))
    field = form.field("training.seed")
    assert isinstance(field.editor, IntegerField)
    assert field.editor.value() == 7
    assert (field.note.text(), field.dot.isHidden()) == ("Odd.", False)


def test_no_label_is_cut(form: RecipeForm) -> None:
    for field in form.fields.values():
        assert field.label.minimumWidth() >= field.label.sizeHint().width()
    assert len({field.label.minimumWidth() for field in form.fields.values()}) == 1


def test_help_stands_under_the_field_that_has_the_focus(qtbot: QtBot, rank: SettingField) -> None:
    assert rank.note.text() == ""
    rank.editor.setFocus()
    assert rank.note.text() == setting_named("lora.rank").help
    qtbot.keyClick(rank.editor, Qt.Key.Key_Tab)
    assert rank.note.text() == ""


def test_an_unusual_value_is_remarked_on_and_a_refused_one_more_urgently(rank: SettingField) -> None:
    rank.set_remark("Unusual.")
    assert (rank.note.text(), rank.note.property("kind")) == ("Unusual.", "remark")
    rank.set_problem("Impossible.")
    assert (rank.note.text(), rank.note.property("kind")) == ("Impossible.", "problem")
    rank.set_value(8)
    assert rank.note.text() == "Unusual."


def test_a_refused_value_gives_way_to_the_one_in_force_and_says_why(qtbot: QtBot) -> None:
    field = SettingField(setting_named("training.learning_rate"))
    shown(qtbot, field)
    field.set_value(2e-4)
    field.changed.connect(lambda *_: field.refuse("Input should be greater than 0"))
    assert isinstance(field.editor, NumberField)
    retype(qtbot, field.editor, "0")
    qtbot.keyClick(field.editor, Qt.Key.Key_Return)
    assert field.editor.text() == "0.0002"
    assert field.note.text() == "Not taken: input should be greater than 0."
    qtbot.keyClick(field.editor, Qt.Key.Key_Tab)
    assert field.note.text() == "Not taken: input should be greater than 0."
    field.editor.setFocus()
    assert field.note.text() == field.info.help


def test_a_dot_shows_what_differs_and_asks_for_the_way_back(qtbot: QtBot, rank: SettingField) -> None:
    rank.set_reference("Balanced", 16, differs=False)
    assert not rank.dot.isVisible()
    rank.set_reference("Balanced", 16, differs=True)
    assert rank.dot.isVisible()
    assert rank.dot.toolTip() == "Balanced has 16. Click to go back."
    with qtbot.waitSignal(rank.reset) as heard:
        qtbot.keyClick(rank.dot, Qt.Key.Key_Space)
    assert heard.args == ["lora.rank"]


def test_a_share_is_told_in_per_cent_beside_the_number(qtbot: QtBot) -> None:
    field = SettingField(setting_named("heldout.share"))
    shown(qtbot, field)
    field.set_value(0.1)
    assert field.unit.text() == "= 10 %"
    field.set_value(0.025)
    assert field.unit.text() == "= 2.5 %"


def test_a_setting_tells_its_default_its_usual_range_and_its_name_in_files() -> None:
    text = describe(setting_named("training.learning_rate"))
    for words in ("Default: 0.0002", "Usual: 2e-5 to 0.0005", "training.learning_rate"):
        assert words in text
    assert worded(setting_named("model.quantization"), "nf4") == "4-bit (NF4)"
    assert worded(setting_named("training.epochs"), 3.0) == "3"
    assert worded(setting_named("heldout.early_stopping"), True) == "On"


def test_the_whole_form_can_be_walked_through_with_the_tab_key(qtbot: QtBot, form: RecipeForm) -> None:
    window = shown(qtbot, form)
    form.advanced.set_folded(False)
    form.fields["model.base"].editor.setFocus()
    reached = []
    for _ in range(120):
        focus = window.focusWidget()
        reached += [name for name, field in form.fields.items() if focus is not None and field.isAncestorOf(focus)]
        qtbot.keyClick(focus, Qt.Key.Key_Tab)
        if reached and reached[-1] == list(form.fields)[-1]:
            break
    basic = [info.name for info in settings() if info.level == "basic"]
    advanced = [info.name for info in settings() if info.level == "advanced" and info.matters(Recipe())]
    assert list(dict.fromkeys(reached)) == basic + advanced


def test_revealing_an_advanced_setting_unfolds_it_and_gives_it_the_focus(qtbot: QtBot, form: RecipeForm) -> None:
    shown(qtbot, form)
    field = form.reveal("training.warmup_share")
    assert field.isVisible()
    assert field.editor.hasFocus()


def test_what_is_being_typed_is_taken_when_asked_for(qtbot: QtBot, form: RecipeForm) -> None:
    shown(qtbot, form)
    retype(qtbot, form.fields["lora.rank"].editor, "24")
    with qtbot.waitSignal(form.changed) as heard:
        form.confirm()
    assert heard.args == ["lora.rank", 24]
    with qtbot.assertNotEmitted(form.changed):
        form.confirm()


def test_settings_that_differ_from_the_preset_are_marked(form: RecipeForm) -> None:
    recipe = with_settings(Recipe(), {"lora.rank": 8, "training.seed": 7})
    form.show_recipe(recipe, Recipe(), "Balanced", {"lora.rank": "Unusual."})
    marked = [name for name, field in form.fields.items() if not field.dot.isHidden()]
    assert marked == ["lora.rank", "training.seed"]
    assert form.fields["lora.rank"].note.text() == "Unusual."
    editor = form.fields["training.seed"].editor
    assert isinstance(editor, IntegerField)
    assert editor.value() == get(recipe, "training.seed")


# Single controls


def test_modules_are_a_set_or_a_list_that_is_never_empty(qtbot: QtBot) -> None:
    field = ModulesField("Targets", {"all-linear": "All", "attention": "Attention", "list": "Chosen"})
    shown(qtbot, field)
    field.set_value("all-linear")
    field.set_known(["q_proj", "v_proj", "up_proj"], ["q_proj", "v_proj"])
    field.choice.setCurrentIndex(2)
    field.choice.activated.emit(2)
    assert field.value == ["q_proj", "v_proj"]
    assert field.box("q_proj").isVisible()
    field.box("v_proj").click()
    assert field.value == ["q_proj"]
    assert not field.box("q_proj").isEnabled()
    field.box("up_proj").click()
    assert field.value == ["q_proj", "up_proj"]


def test_modules_of_another_model_stay_listed(qtbot: QtBot) -> None:
    field = ModulesField("Targets", {"all-linear": "All", "list": "Chosen"})
    qtbot.addWidget(field)
    field.set_value(["c_attn"])
    field.set_known(["q_proj"], [])
    assert field.box("c_attn").isChecked()
    assert not field.box("q_proj").isChecked()


def test_without_a_known_model_no_modules_can_be_chosen(qtbot: QtBot) -> None:
    field = ModulesField("Targets", {"all-linear": "All", "list": "Chosen"})
    qtbot.addWidget(field)
    field.set_value("all-linear")
    with qtbot.assertNotEmitted(field.value_changed):
        field.choice.setCurrentIndex(1)
        field.choice.activated.emit(1)
    assert field.choice.value == "all-linear"


def test_a_base_model_may_be_a_folder(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    field = BaseModelField("Base model")
    qtbot.addWidget(field)
    field.set_known({"starter": "Starter (practice model)"})
    field.set_value("starter")
    monkeypatch.setattr(QFileDialog, "open", lambda dialog: dialog.fileSelected.emit("/models/mine"))
    with qtbot.waitSignal(field.value_changed) as heard:
        field.browse_button.click()
    assert heard.args == ["/models/mine"]
    assert field.choice.currentText() == "mine"
    with qtbot.assertNotEmitted(field.value_changed):
        field.browse_button.click()  # the same again


def test_an_empty_text_is_not_taken(qtbot: QtBot) -> None:
    line = TextLine("Name")
    window = shown(qtbot, line)
    line.set_value("kept")
    with qtbot.assertNotEmitted(line.value_changed):
        retype(qtbot, line, " ")
        window.setFocus()
        line.confirm()
    assert line.text() == "kept"
    with qtbot.waitSignal(line.value_changed) as heard:
        retype(qtbot, line, "new")
        qtbot.keyClick(line, Qt.Key.Key_Return)
    assert heard.args == ["new"]


def test_an_adapter_to_start_from_can_be_none_again(qtbot: QtBot, form: RecipeForm) -> None:
    field = form.field("lora.start_from").editor
    assert isinstance(field, BaseModelField)
    form.set_adapters({"0002-b": "0002-b", "0001-a": "0001-a"})
    assert [field.choice.itemText(index) for index in range(field.choice.count())] == [
        "A new adapter",
        "0002-b",
        "0001-a",
    ]
    field.set_value("0001-a")
    field.choice.setCurrentIndex(0)
    with qtbot.waitSignal(field.value_changed) as heard:
        field.choice.activated.emit(0)
    assert heard.args == [""]
    assert "an adapter" in field.browse_button.accessibleName()


def test_names_stand_with_commas_and_may_be_none(qtbot: QtBot) -> None:
    line = NamesLine("Parts", empty="None")
    qtbot.addWidget(line)
    line.set_value(["lm_head", "norm"])
    assert (line.text(), line.placeholderText()) == ("lm_head, norm", "None")
    line.clear()
    with qtbot.waitSignal(line.value_changed) as emptied:
        line.confirm()
    assert emptied.args == [""]


def test_the_nearest_preset_is_marked_with_the_number_of_changes(qtbot: QtBot) -> None:
    card = PresetCard(presets.PRESETS)
    qtbot.addWidget(card)
    card.show_preset("thorough", [])
    assert card.segments.value == "thorough"
    assert card.back_button.isHidden()
    card.show_preset("balanced", ["Rank", "Alpha"])
    assert card.difference.text() == "2 settings changed"
    assert card.difference.toolTip() == "Rank, Alpha"
    with qtbot.waitSignal(card.chosen) as heard:
        card.back_button.click()
    assert heard.args == ["balanced"]
    with qtbot.waitSignal(card.chosen) as heard:
        card.segments.button("quick").click()
    assert heard.args == ["quick"]


def test_the_chosen_segment_has_room_for_its_bold_words(qtbot: QtBot) -> None:
    segments = Segments({"a": "This run", "b": "All runs"}, "Runs")
    shown(qtbot, segments)
    for value in ("a", "b"):
        button = segments.button(value)
        button.click()
        words = button.fontMetrics().horizontalAdvance(button.text())
        bold = QLabel(button.text())
        qtbot.addWidget(bold)
        bold.setStyleSheet("font-weight: 600")
        bold.ensurePolished()
        assert button.width() - 24 >= max(words, bold.fontMetrics().horizontalAdvance(bold.text()))
