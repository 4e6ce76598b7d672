"""The prompted base model: which examples it is shown, and what conversation it is given."""

from __future__ import annotations

from core.dataset.example import Example, Turn
from core.evaluation.prompting import BestPrompt, choose_shots, with_prompt

TRAIN = [Example(f"Question {number}", "", f"Answer {number}", id=number) for number in range(1, 41)]


def test_shots_are_earlier_turns_under_the_system_text() -> None:
    shots = [Example("Name", "cat", "meow", id=1), Example("Name", "dog", "woof", id=2)]
    asked = Example("Name", "cow", "moo", system="Be brief.", history=(Turn("user", "Hi"), Turn("assistant", "Hello")))
    best = BestPrompt(system="You know sounds.\n", examples=2)
    assert with_prompt(asked, best, shots).messages() == [
        {"role": "system", "content": "You know sounds.\n\nBe brief."},
        {"role": "user", "content": "Name\n\ncat"},
        {"role": "assistant", "content": "meow"},
        {"role": "user", "content": "Name\n\ndog"},
        {"role": "assistant", "content": "woof"},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "Name\n\ncow"},
        {"role": "assistant", "content": "moo"},
    ]


def test_an_empty_prompt_changes_nothing() -> None:
    asked = TRAIN[0]
    assert BestPrompt(examples=0).is_empty
    assert with_prompt(asked, BestPrompt(examples=0), []) == asked


def test_the_same_data_gives_the_same_shots_in_whatever_order_it_comes() -> None:
    chosen = choose_shots(TRAIN, 5)
    assert len(chosen) == 5
    assert choose_shots(reversed(TRAIN), 5) == chosen
    assert choose_shots(TRAIN, 3) == chosen[:3]


def test_shots_give_no_answer_away_and_are_neither_long_nor_doubles() -> None:
    chosen = choose_shots(TRAIN, 5)
    again = choose_shots([*TRAIN, *TRAIN], 5, asked=[Example(chosen[0].instruction.upper(), "", "?")])
    assert again[:4] == chosen[1:]
    long = [Example(f"Long {number}", "", "word " * 400, id=100 + number) for number in range(5)]
    talk = [Example("Yes?", "", "No.", history=(Turn("user", "Hi"), Turn("assistant", "Hello")), id=200)]
    assert choose_shots([*TRAIN, *long, *talk], 8) == choose_shots(TRAIN, 8)


def test_there_may_be_none() -> None:
    assert choose_shots([], 4) == []
    assert choose_shots(TRAIN, 0) == []
    assert choose_shots(TRAIN[:2], 4, asked=TRAIN[:2]) == []
