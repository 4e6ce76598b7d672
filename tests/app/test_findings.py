"""Findings in a list: excerpts with the place marked, rows that lead to examples, a card for a rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.excerpts import Excerpt, excerpt
from app.widgets.finding_group import FIRST, FindingGroup
from app.widgets.finding_row import FindingWords


def test_an_excerpt_shows_the_place_with_a_little_around_it() -> None:
    assert excerpt("call anna@example.org now", 5, 21) == Excerpt("call ", "anna@example.org", " now")
    long = excerpt("x" * 500 + "MARK" + "y" * 500, 500, 504)
    assert long.before == "…" + "x" * 32
    assert long.marked == "MARK"
    assert long.after == "y" * 100 + "…"
    assert excerpt("two\nlines\there", 4, 9) == Excerpt("two ", "lines", " here")


def test_white_space_that_is_marked_is_seen() -> None:
    assert excerpt(" \t\nword", 0, 3) == Excerpt("", "·→↵", "word")


@pytest.mark.parametrize("place", [(-1, -1), (9, 12), (3, 3), (3, 1)])
def test_without_a_place_it_is_the_beginning(place: tuple[int, int]) -> None:
    assert excerpt("A text", *place) == Excerpt("A text", "", "")
    assert excerpt("") == Excerpt("", "", "")
    assert str(excerpt("z" * 1000)).endswith("z…")


@given(st.text(max_size=400), st.integers(-2, 410), st.integers(-2, 410))
def test_an_excerpt_is_one_short_line_of_any_text(text: str, start: int, end: int) -> None:
    found = str(excerpt(text, start, end))
    assert len(found) <= 220
    assert not any(sign.isspace() and sign != " " for sign in found)


@pytest.fixture
def card(qtbot: QtBot) -> FindingGroup:
    made = FindingGroup("Stray spaces", "The model learns to write them too.", "hint", "Trim the spaces")
    qtbot.addWidget(made)
    return made


def rows(amount: int) -> list[FindingWords]:
    return [FindingWords(str(i), "Output", "2 spaces", Excerpt("", "··", "<b>word</b>")) for i in range(1, amount + 1)]


def test_a_card_says_everything_and_offers_what_can_be_done(qtbot: QtBot, card: FindingGroup) -> None:
    card.show_rows(rows(3), findings=3, examples=3, writable=True)
    card.resize(700, 400)
    card.show()
    assert card.count.text() == "3 examples"
    assert card.more.isHidden()
    line = card.rows[1].line
    assert line.accessibleName() == "Example 2. 2 spaces. Output. ··<b>word</b>"
    assert "<b>word" not in line.toolTip()
    heard: list[object] = []
    card.finding_wanted.connect(heard.append)
    card.ignore_wanted.connect(lambda index: heard.append(("ignore", index)))
    card.fix_wanted.connect(lambda: heard.append("fix"))
    card.show_wanted.connect(lambda: heard.append("show"))
    qtbot.keyClick(line, Qt.Key.Key_Space)
    card.rows[2].ignore.click()
    card.ignore.click()
    card.fix.click()
    card.show_all.click()
    assert heard == [1, ("ignore", 2), ("ignore", -1), "fix", "show"]
    card.set_busy(True)
    assert not card.fix.isEnabled()
    assert not card.grab().isNull()


def test_more_rows_come_when_asked(card: FindingGroup) -> None:
    card.show_rows(rows(FIRST), findings=60, examples=60, writable=True)
    asked: list[int] = []
    card.more_wanted.connect(asked.append)
    assert card.more.text() == "Show 20 more"
    card.more.click()
    assert asked == [FIRST + 20]
    card.show_rows(rows(24), findings=25, examples=25, writable=True)
    assert card.more.text() == "Show 1 more"
    card.show_rows(rows(2), findings=2, examples=2, writable=True)
    assert len(card.rows) == 2


def test_in_a_project_that_can_only_be_read_nothing_is_offered_but_looking(card: FindingGroup) -> None:
    card.show_rows(rows(1), findings=1, examples=1, writable=False)
    assert card.fix.isHidden()
    assert card.ignore.isHidden()
    assert card.rows[0].ignore.isHidden()
    assert not card.show_all.isHidden()
