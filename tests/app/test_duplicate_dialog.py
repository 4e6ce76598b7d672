"""Duplicating a run: its settings, what is changed, its name."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.widgets.duplicate_dialog import DuplicateDialog, proposed_name
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe


def test_it_says_what_is_changed_and_gives_the_new_settings(qtbot: QtBot) -> None:
    recipe = with_settings(Recipe(), {"lora.rank": 4})
    dialog = DuplicateDialog("Run 3 · Harbour letters", proposed_name("Run 3 · Harbour letters"), recipe)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    assert dialog.name.text() == "Harbour letters"
    assert dialog.summary.text() == "Nothing is changed yet."
    assert not dialog.form.field("lora.rank").dot.isVisibleTo(dialog)
    dialog.form.changed.emit("training.epochs", 9.0)
    assert dialog.summary.text() == "Changed: Epochs 9."
    assert dialog.form.field("training.epochs").dot.isVisibleTo(dialog)
    dialog.form.changed.emit("heldout.share", 0.2)
    assert "divided anew" in dialog.summary.text()
    dialog.form.reset.emit("heldout.share")
    assert dialog.summary.text() == "Changed: Epochs 9."
    dialog.form.changed.emit("lora.rank", 0)
    assert dialog.recipe.lora.rank == 4, "what cannot be is not taken"
    dialog.name.setText("  longer ")
    with qtbot.waitSignal(dialog.wanted) as heard:
        dialog.button.click()
    assert heard.args == [with_settings(recipe, {"training.epochs": 9}), "longer"]


def test_a_run_without_a_name_keeps_its_number() -> None:
    assert proposed_name("Run 3") == "Run 3"
