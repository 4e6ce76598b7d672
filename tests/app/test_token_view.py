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
