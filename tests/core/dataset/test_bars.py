"""Bars hold every value exactly once, in round steps, and gather a long tail."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.dataset.bars import Bar, bars, round_step, share_bars, shares


def numbers(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@given(st.lists(st.integers(0, 300_000), max_size=300))
def test_every_value_lies_in_exactly_one_bar(values):
    values = numbers(*values)
    found = bars(values)
    assert sum(bar.count for bar in found) == len(values)
    assert [int(bar.holds(values).sum()) for bar in found] == [bar.count for bar in found]
    for before, after in itertools.pairwise(found):
        assert before.high is not None
        assert before.high + 1 == after.low
    assert len(found) <= 27


def test_the_first_and_the_last_bar_are_not_empty():
    found = bars(numbers(107, 131, 240))
    assert found[0].count
    assert found[-1].count
    assert {bar.high - bar.low + 1 for bar in found} == {10}
    assert found[0].low == 100


def test_one_value_is_one_bar():
    assert bars(numbers(7)) == (Bar(7, 7, 1),)
    assert bars(numbers()) == ()


def test_a_long_tail_is_gathered_in_a_bar_without_end():
    values = numbers(*range(100, 300), 9_000)
    found = bars(values)
    assert found[-1] == Bar(300, None, 1)
    assert found[0].high - found[0].low + 1 == 10


def test_shares_go_into_ten_bars_and_nothing_of_nothing_is_none():
    percents = shares(numbers(0, 5, 99, 100, 0), numbers(0, 100, 100, 100, 10))
    assert percents.tolist() == [0, 5, 99, 100, 0]
    found = share_bars(percents)
    assert [(bar.low, bar.high) for bar in found][::9] == [(0, 9), (90, 100)]
    assert [bar.count for bar in found] == [3, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    assert share_bars(numbers()) == ()


def test_steps_are_round():
    assert [round_step(least) for least in (0.2, 1, 3, 5.5, 20, 21, 5001)] == [1, 1, 5, 10, 20, 50, 10000]
