"""Which examples are held out."""

from __future__ import annotations

import random

from core.dataset.example import Example, Split, Turn
from core.dataset.split import side, split


def _examples(count: int, **fields: object) -> list[Example]:
    return [Example(f"question {number}", "", "answer", id=number, **fields) for number in range(1, count + 1)]  # type: ignore[arg-type]


def _ids(examples: list[Example]) -> set[int]:
    return {example.id for example in examples}


def test_bounds() -> None:
    def heldout(count: int, share: float) -> int:
        train, held = split(_examples(count), share)
        assert len(train) + len(held) == count
        return len(held)

    assert heldout(0, 0.1) == 0
    assert heldout(49, 0.5) == 0
    assert heldout(50, 0.01) == 10
    assert heldout(100, 0) == 0
    assert 60 < heldout(1000, 0.1) < 140
    assert heldout(5000, 0.5) == 200


def test_order_does_not_matter_and_is_kept() -> None:
    examples = _examples(300)
    train, held = split(examples, 0.1)
    assert [e.id for e in train] == sorted(_ids(train))
    shuffled = examples[:]
    random.Random(1).shuffle(shuffled)
    assert _ids(split(shuffled, 0.1)[1]) == _ids(held)


def test_other_examples_coming_and_going_do_not_move_one() -> None:
    before = _ids(split(_examples(1000), 0.1)[1])
    after = _ids(split(_examples(1100), 0.1)[1])
    assert before == {id for id in after if id <= 1000}


def test_what_the_user_assigned_stays() -> None:
    few = [*_examples(10), Example("x", "", "y", id=99, split=Split.HELDOUT)]
    assert _ids(split(few, 0)[1]) == {99}
    many = _examples(400, split=Split.HELDOUT)
    assert len(split(many, 0.1)[1]) == 400
    assert split(_examples(400, split=Split.TRAIN), 0.5)[1] == []


def test_the_same_question_is_on_one_side() -> None:
    examples = _examples(200)
    again = [Example(f"  QUESTION  {n}\n", "", f"other {n}", system="s", id=1000 + n) for n in range(1, 201)]
    held = _ids(split(examples + again, 0.2)[1])
    assert held
    assert all((id + 1000 in held) == (id in held) for id in range(1, 201))
    assigned = [*_examples(60), Example("question 5", "", "b", id=500, split=Split.HELDOUT)]
    assert 5 in _ids(split(assigned, 0.1)[1])
    assigned = [*_examples(60), *(Example(f"question {n}", "", "b", id=500 + n, split=Split.TRAIN) for n in range(61))]
    assert split(assigned, 0.5)[1] == []


def test_a_large_group_of_the_same_question_does_not_burst_the_bound() -> None:
    examples = [Example("same", "", str(n), id=n) for n in range(500)] + _examples(300)
    train, held = split(examples, 0.3)
    assert len(held) <= 200
    assert len({example.instruction == "same" for example in train}) == 2 or held
    train, held = split([Example("same", "", str(n)) for n in range(100)], 0.5)
    assert (len(train), held) == (100, [])


def test_earlier_turns_count_and_the_system_prompt_does_not() -> None:
    plain, system = Example("yes", "", "a"), Example("yes", "", "a", system="be kind")
    turns = [Example("yes", "", "a", history=(Turn("user", str(n)),)) for n in range(50)]
    assert side(plain, 0.5) is side(system, 0.5)
    assert {side(example, 0.5) for example in turns} == {Split.TRAIN, Split.HELDOUT}


def test_side_agrees_with_split() -> None:
    examples = _examples(1000)
    held = _ids(split(examples, 0.1)[1])
    assert {e.id for e in examples if side(e, 0.1) is Split.HELDOUT} == held
    assert side(Example("q", split=Split.TRAIN), 1.0) is Split.TRAIN
