"""The sweep dialog proposes values, says what is wrong with them, and how many runs they make."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.widgets.sweep_dialog import SweepDialog, proposed, sweepable
from app.widgets.sweep_row import SweepRow
from core.recipe.recipe import get, with_settings
from core.recipe.reference import setting_named, settings
from core.recipe.schema import Recipe
from core.runs.sweep import sweep


@pytest.fixture
def dialog(qtbot: QtBot) -> SweepDialog:
    made = SweepDialog(Recipe())
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    made.show()
    return made


def pick(row: SweepRow, name: str) -> None:
    row.setting.set_value(name)
    row.setting.value_changed.emit(name)


def write(dialog: SweepDialog, number: int, text: str) -> None:
    dialog.rows[number].line.setText(text)
    dialog._count()


@pytest.mark.parametrize("name", sweepable())
def test_the_proposed_values_can_be_used(name: str) -> None:
    recipe = Recipe()
    values = proposed(setting_named(name), get(recipe, name))
    assert values
    assert sweep(recipe, {name: values})


def test_a_list_is_proposed_as_one_value(qtbot: QtBot) -> None:
    recipe = with_settings(Recipe(), {"lora.target_modules": ["q_proj", "v_proj"]})
    made = SweepDialog(recipe)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    pick(made.rows[0], "lora.target_modules")
    assert made.rows[0].values == ["q_proj, v_proj"]
    entries = sweep(recipe, {"lora.target_modules": made.rows[0].values})
    assert [entry.recipe.lora.target_modules for entry in entries] == [["q_proj", "v_proj"]]


def test_the_usual_settings_come_first_and_none_is_there_twice() -> None:
    names = list(sweepable())
    assert names[:2] == ["training.learning_rate", "lora.rank"]
    assert len(set(names)) == len(names)
    assert "model.base" not in names
    assert set(names) <= {info.name for info in settings()}


def test_it_begins_with_a_proposal(dialog: SweepDialog) -> None:
    assert dialog.rows[0].values == ["0.0001", "0.0002", "0.0004"]
    assert dialog.summary.text() == "3 runs"
    assert "Learning rate 0.0001" in dialog.names.text()
    assert dialog.button.text() == "Add 3 runs to the queue"


def test_up_to_three_settings_multiply(dialog: SweepDialog) -> None:
    dialog.more.click()
    dialog.more.click()
    assert [row.setting.value for row in dialog.rows] == ["training.learning_rate", "lora.rank", "training.epochs"]
    assert not dialog.more.isVisible()
    assert dialog.summary.text() == "27 runs"
    assert "Alpha follows, at 2 times the rank" in dialog.rows[1].note.text()
    dialog.rows[2].away.click()
    assert dialog.summary.text() == "9 runs"
    assert dialog.more.isVisible()
    assert "and 5 more" in dialog.names.text()


def test_time_is_told_where_it_is_known(dialog: SweepDialog) -> None:
    dialog.set_pace(10.0)  # a pass; three passes, three runs
    assert dialog.summary.text() == "3 runs, together about 1 min 30 s"
    pick(dialog.rows[0], "model.quantization")
    dialog.rows[0].boxes["none"].setChecked(True)
    dialog._count()
    assert dialog.summary.text() == "2 runs", "nobody knows how fast the other precision is"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Name at least one value."),
        ("1e-3, oops", "oops is not a number."),
        ("0", "0 must be greater than 0."),
    ],
)
def test_what_is_wrong_is_said_under_the_values(dialog: SweepDialog, text: str, words: str) -> None:
    write(dialog, 0, text)
    assert dialog.rows[0].note.text() == words
    assert not dialog.button.isEnabled()
    write(dialog, 0, "1e-3")
    assert dialog.rows[0].note.isHidden()
    assert dialog.button.text() == "Add the run to the queue"


def test_the_same_setting_twice_is_refused(dialog: SweepDialog) -> None:
    dialog.more.click()
    pick(dialog.rows[1], "training.learning_rate")
    dialog._count()
    assert "there already" in dialog.rows[1].note.text()
    assert not dialog.button.isEnabled()


def test_too_many_are_refused(dialog: SweepDialog) -> None:
    write(dialog, 0, ", ".join(f"{number}e-5" for number in range(1, 70)))
    assert dialog.summary.text() == "That would be 69 runs."
    assert "up to 64" in dialog.names.text()
    assert not dialog.button.isEnabled()


def test_words_are_ticked(dialog: SweepDialog) -> None:
    pick(dialog.rows[0], "training.schedule")
    assert dialog.rows[0].values == ["cosine"]
    dialog.rows[0].boxes["constant"].setChecked(True)
    dialog._count()
    assert dialog.summary.text() == "2 runs"
    pick(dialog.rows[0], "lora.use_rslora")
    assert dialog.rows[0].values == ["true", "false"]
    pick(dialog.rows[0], "lora.target_modules")
    write(dialog, 0, "all-linear; q_proj, v_proj")
    assert dialog.summary.text() == "2 runs"


def test_the_button_adds_them(qtbot: QtBot, dialog: SweepDialog) -> None:
    write(dialog, 0, "1e-3, 2e-3")
    with qtbot.waitSignal(dialog.wanted) as heard:
        dialog.button.click()
    assert heard.args is not None
    assert [entry.recipe.training.learning_rate for entry in heard.args[0]] == [1e-3, 2e-3]
    assert not dialog.isVisible()
