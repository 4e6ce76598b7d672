"""The line over the table of adapters."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.widgets.adapter_filter import AdapterFilter


@pytest.fixture
def bar(qtbot: QtBot) -> AdapterFilter:
    bar = AdapterFilter()
    qtbot.addWidget(bar)
    bar.show()
    return bar


def test_it_looks_for_words_a_tag_and_a_star(qtbot: QtBot, bar: AdapterFilter) -> None:
    assert not bar.is_on
    bar.set_tags(["cold", "warm"])
    with qtbot.waitSignal(bar.changed):
        bar.search.setText("letters")
    bar.tag.setCurrentIndex(2)
    with qtbot.waitSignal(bar.changed):
        bar.tag.activated.emit(2)
    with qtbot.waitSignal(bar.changed):
        bar.star.click()
    assert bar.value == ("letters", "warm", True)
    assert bar.is_on


def test_without_tags_there_is_no_choice_of_one(bar: AdapterFilter) -> None:
    assert bar.tag.isHidden()
    bar.set_tags(["warm"])
    assert bar.tag.isVisible()


def test_a_tag_that_nobody_has_any_more_is_let_go(bar: AdapterFilter) -> None:
    bar.set_tags(["cold", "warm"])
    bar.tag.set_value("warm")
    bar.set_tags(["old", "warm"])
    assert bar.tag.value == "warm"
    bar.set_tags(["old"])
    assert bar.tag.value == ""


def test_a_reset_looks_for_all_without_a_word(qtbot: QtBot, bar: AdapterFilter) -> None:
    bar.set_tags(["warm"])
    bar.tag.set_value("warm")
    bar.star.click()
    with qtbot.assertNotEmitted(bar.changed):
        bar.reset()
    assert bar.value == ("", "", False)
    assert bar.star.text() == "☆"
