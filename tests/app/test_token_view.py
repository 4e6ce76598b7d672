"""The token view draws every token in the colour of its role; the meter says how long the example is."""

from __future__ import annotations

import pytest
from example_bench import WordFormat
from pytestqt.qtbot import QtBot

from app.widgets import token_view
from app.widgets.token_meter import TokenMeter
from app.widgets.token_view import TokenView
from core.dataset.example import Example
from core.prompt.format import Encoded


@pytest.fixture
def view(qtbot: QtBot) -> TokenView:
    view = TokenView()
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    return view


def encoded(*tokens: tuple[str, str, bool]) -> Encoded:
    texts = [text for text, _role, _learnt in tokens]
    return Encoded(
        list(range(10, 10 + len(tokens))),
        [learnt for _text, _role, learnt in tokens],
        [role for _text, role, _learnt in tokens],
        "".join(texts),
        texts,
    )


def test_tokens_with_their_number_role_and_whether_they_are_learnt(view: TokenView) -> None:
    view.set_encoded(
        encoded(
            ("<user>", "template", False), ("Hi\n", "user", False), ("<b>", "assistant", True), ("", "assistant", True)
        )
    )
    assert view.text() == "4 tokens. The 2 underlined ones are learnt; the last ends the answer."
    assert view.view.toPlainText() == "<user>Hi↵\n<b>∅"  # line breaks and empty tokens can be seen
    tips = [view._tip_at(place) for place in (0, 7, 11, 13)]
    assert "token 10, template, read, not learnt" in tips[0]
    assert "token 11, instruction and input" in tips[1]
    assert "token 12, output, learnt" in tips[2]
    assert "&lt;b&gt;" in tips[2]
    assert view._tip_at(99) == ""


def test_learnt_tokens_are_underlined(view: TokenView) -> None:
    view.set_encoded(encoded(("read ", "user", False), ("learnt", "assistant", True)))
    cursor = view.view.textCursor()
    marks = []
    for place in (3, 8):
        cursor.setPosition(place)
        marks.append(cursor.charFormat().fontUnderline())
    assert marks == [False, True]


def test_the_token_that_ends_a_turn_is_named(view: TokenView) -> None:
    tokens = encoded(("Hi", "user", False), ("<end>", "template", True), ("x", "template", False))
    view.set_encoded(tokens, end_ids=(11,))
    assert view.view.toPlainText() == "Hi<end> end of turn x"
    tips = [view._tip_at(place) for place in (1, 4, 12, 20)]  # the name belongs to its token
    assert ["end-of-turn token" in tip for tip in tips] == [False, True, True, False]
    assert "token 11" in tips[2]
    assert "token 12" in tips[3]


def test_what_is_over_the_maximum_length_is_struck_out_and_the_whole_left_out(view: TokenView) -> None:
    tokens = encoded(("a ", "user", False), ("b ", "user", False), ("c ", "assistant", True), ("d", "template", True))
    view.set_encoded(tokens, limit=4)
    assert "left out" not in view.text()
    view.set_encoded(tokens, limit=2, end_ids=(13,))
    assert view.text() == (
        "4 tokens, 2 more than the 2 that training takes: the whole example is left out, nothing of it is learnt."
        " Shorten it, or raise the maximum length in the settings."
    )
    assert view.view.toPlainText() == "a b  over the limit: c d end of turn "
    cursor = view.view.textCursor()
    struck = []
    for place in (3, 23):
        cursor.setPosition(place)
        struck.append(cursor.charFormat().fontStrikeOut())
    assert struck == [False, True]
    assert "over the limit" in view._tip_at(22)
    assert "over the limit" not in view._tip_at(1)


def test_very_many_tokens_are_cut_and_that_is_said(view: TokenView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_view, "_AT_MOST", 100)
    view.set_encoded(WordFormat().encode(Example("word " * 500, "", "answer")))
    assert view.text().startswith("502 tokens.")
    assert view.text().endswith("The first 100 are shown.")
    assert len(view.view.toPlainText().split()) == 100


def test_a_sentence_in_place_of_tokens(view: TokenView) -> None:
    view.set_encoded(encoded(("x", "user", False)))
    view.say("The template refuses this.")
    assert view.text() == "The template refuses this."
    assert not view.view.isVisible()


def test_the_meter(qtbot: QtBot) -> None:
    meter = TokenMeter()
    qtbot.addWidget(meter)
    meter.set_count(96, 1024)
    assert meter.text() == "96 of 1,024 tokens"
    meter.set_count(2000, 1024)
    assert meter.text() == "2,000 of 1,024 tokens. Too long: training leaves it out."
    meter.say("Tokens cannot be counted.")
    assert meter.text() == "Tokens cannot be counted."
    meter.clear()
    assert meter.text().strip() == ""
