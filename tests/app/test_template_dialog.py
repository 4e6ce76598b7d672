"""Another chat template is chosen or written, with what it does in sight."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from models_bench import ModelsBench, models_bench
from pytestqt.qtbot import QtBot

from app.widgets.template_dialog import TemplateDialog
from core.recipe.choices import CHAT_TEMPLATES

OWN = "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}{{ eos_token }}{% endfor %}"


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelsBench]:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    with models_bench(qtbot, tmp_path / "project") as made:
        yield made


def opened(place: ModelsBench) -> TemplateDialog:
    """The dialog, once it shows an example."""
    place.page.shelf.card.choose.click()
    dialog = place.page.findChildren(TemplateDialog)[-1]
    place.until(lambda: not dialog._reader.busy)
    return dialog


def choose(place: ModelsBench, dialog: TemplateDialog, name: str) -> None:
    dialog.list.setCurrentRow(list(CHAT_TEMPLATES).index(name))
    place.until(lambda: not dialog._reader.busy and not dialog._pause.isActive())


def test_a_shipped_template_is_seen_and_used(place: ModelsBench) -> None:
    dialog = opened(place)
    assert dialog.name == "own"
    assert "<|user|>Answer." in dialog.preview.toPlainText()
    choose(place, dialog, "vicuna")
    assert "USER: Answer." in dialog.preview.toPlainText()
    dialog.button.click()
    assert place.session.recipe.model.chat_template == "vicuna"
    place.until(lambda: "USER: Answer." in place.page.shelf.card.sample.toPlainText())
    assert "Vicuna" in place.page.shelf.card.template_note.text()
    place.session.wait()
    assert place.session.project.recipe.model.chat_template == "vicuna"


def test_one_that_the_tokenizer_cannot_write_is_told(place: ModelsBench) -> None:
    dialog = opened(place)
    choose(place, dialog, "llama3")
    assert "does not suit this base model" in dialog.problem.text()
    assert not dialog.button.isEnabled()
    dialog.reject()


def test_one_of_your_own_begins_with_what_was_seen_and_is_tried_as_it_is_written(place: ModelsBench) -> None:
    dialog = opened(place)
    choose(place, dialog, "written")
    assert "add_generation_prompt" in dialog.editor.toPlainText()
    dialog.editor.setPlainText("{{ messages[0] ")
    assert not dialog.button.isEnabled()
    place.until(lambda: dialog.problem.text())
    assert not dialog.button.isEnabled()
    dialog.editor.setPlainText("")
    place.until(lambda: dialog.problem.text() == "Nothing is written yet.")
    dialog.editor.setPlainText(OWN)
    place.until(dialog.button.isEnabled)
    assert "[user] Answer." in dialog.preview.toPlainText()
    dialog.button.click()
    assert place.session.recipe.model.template == OWN


def test_a_template_that_loops_is_ended_and_told(place: ModelsBench) -> None:
    dialog = opened(place)
    choose(place, dialog, "written")
    dialog.editor.setPlainText("{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}")
    place.until(lambda: dialog.problem.text())
    assert not dialog.button.isEnabled()
    dialog.reject()


def test_a_model_that_the_project_does_not_use_keeps_its_template(place: ModelsBench) -> None:
    assert place.page.shelf.card.choose.isEnabled()
    card = place.page.shelf.card
    assert card.why_not.text() == ""
    card.show_template("x", why_not="It is chosen for the model of this project. Use this one first.")
    assert not card.choose.isEnabled()
    assert card.why_not.isVisible()
