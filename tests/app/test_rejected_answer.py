"""The answer that was rejected can be seen, changed and mapped wherever an example's fields are."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app import example_words
from app.widgets import column_mapping, example_story
from app.widgets.example_form import ExampleForm
from core.dataset.columns import FIELDS
from core.dataset.example import Example


@pytest.mark.parametrize("words", [example_words.FIELD_WORDS, example_story._NAMES, column_mapping.FIELDS])
def test_every_field_has_words(words: dict[str, str]) -> None:
    assert set(FIELDS) <= set(words)


def test_the_form_shows_it_where_there_is_one(qtbot: QtBot) -> None:
    form = ExampleForm()
    qtbot.addWidget(form)
    form.resize(560, 760)
    form.show()
    form.show_example(Example(id=1, instruction="Q", output="Yes", rejected="No, <b>never</b>"))
    assert form.details._button.text() == "More: rejected answer"
    form.details.set_open(True)
    assert form.details.rejected.isVisible()
    assert form.fields["rejected"].editor.text() == "No, <b>never</b>"
    form.fields["rejected"].editor.setPlainText("Never")
    assert form.example().rejected == "Never"
    form.show_example(Example(id=2, instruction="Q", output="Yes"))
    assert not form.details.rejected.isVisible()
