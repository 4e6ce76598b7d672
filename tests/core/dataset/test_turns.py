"""Earlier turns are moved, added and taken away in exchanges, and odd orders are named."""

from __future__ import annotations

import pytest

from core.dataset import turns
from core.dataset.example import Example, Turn


def _turns(roles: str) -> tuple[Turn, ...]:
    """``ua`` is an exchange; each turn says its place."""
    names = {"u": "user", "a": "assistant"}
    return tuple(Turn(names[role], str(place)) for place, role in enumerate(roles))


def _said(history: tuple[Turn, ...]) -> str:
    return "".join(turn.content for turn in history)


@pytest.mark.parametrize(
    ("roles", "clean"), [("", True), ("ua", True), ("uaua", True), ("u", False), ("au", False), ("uu", False)]
)
def test_clean_exchanges(roles: str, clean: bool) -> None:
    assert turns.in_exchanges(_turns(roles)) is clean


def test_an_exchange_moves_as_one() -> None:
    history = _turns("uauaua")
    assert turns.together(history, 3) == range(2, 4)
    assert _said(turns.moved(history, range(2, 4), later=True)) == "014523"
    assert _said(turns.moved(history, range(2, 4), later=False)) == "230145"
    assert turns.moved(history, range(0, 2), later=False) == history
    assert turns.moved(history, range(4, 6), later=True) == history
    assert _said(turns.without(history, range(2, 4))) == "0145"


def test_a_turn_moves_alone_where_there_are_no_clean_exchanges() -> None:
    history = _turns("uau")
    assert turns.together(history, 1) == range(1, 2)
    assert _said(turns.moved(history, range(1, 2), later=True)) == "021"


def test_changing_one_turn() -> None:
    history = _turns("uaua")
    assert turns.with_role(history, 1, "user")[1] == Turn("user", "1")
    assert turns.with_text(history, 1, "new")[1] == Turn("assistant", "new")
    assert [turn.role for turn in turns.with_exchange(history, 2)] == ["user", "assistant"] * 3
    assert _said(turns.with_exchange(history, 2)) == "0123"


def test_going_on_after_an_example() -> None:
    example = Example("Greet", "Anna", "Ahoy!", history=_turns("ua"))
    assert turns.continued(example) == (*_turns("ua"), Turn("user", "Greet\n\nAnna"), Turn("assistant", "Ahoy!"))


@pytest.mark.parametrize(
    ("roles", "words"),
    [("", ""), ("ua", ""), ("au", "begins with the assistant"), ("uua", "in a row"), ("uau", "last earlier turn")],
)
def test_what_is_odd_is_named(roles: str, words: str) -> None:
    remark = turns.remark(_turns(roles))
    assert words in remark
    assert bool(remark) == bool(words)


def test_an_empty_turn_is_named() -> None:
    history = (Turn("user", "Hello"), Turn("assistant", " "))
    assert "empty" in turns.remark(history)
    assert turns.remark(history, writing=True) == ""
