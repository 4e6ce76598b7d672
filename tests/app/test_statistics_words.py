"""The sentence of advice says what matters most, and lengths are said in a few words."""

from __future__ import annotations

import numpy as np
import pytest

from app import statistics_words
from core.dataset.bars import Bar
from core.dataset.facts import Facts
from core.dataset.statistics import Statistics


def statistics(ready: int, draft: int = 0, *, length: int = 100, long: int = 0, counted: bool = True) -> Statistics:
    total = ready + draft
    shown = np.array([1] * ready + [0] * draft, dtype=np.int8)
    ids = np.arange(1, total + 1)
    lengths = np.full((total, 7), length, dtype=np.int32)
    lengths[:long, 0] = 5000
    facts = Facts(1, ids, shown, np.zeros(total, dtype=np.bool_))
    return Statistics(facts, lengths if counted else None)


@pytest.mark.parametrize(
    ("found", "near", "said"),
    [
        (
            statistics(212, long=40),
            31,
            "212 examples, 31 of them near-duplicates; 40 are longer than 1,024 tokens and would be left out.",
        ),
        (
            statistics(190, 22, long=1),
            0,
            "212 examples, 190 ready for training; 1 is longer than 1,024 tokens and would be left out.",
        ),
        (statistics(1), None, "1 example; twenty good ones teach a tone, two hundred teach a task."),
        (statistics(60), None, "60 examples; enough to teach a tone, two hundred teach a task."),
        (statistics(2500), 0, "2,500 examples; none is longer than 1,024 tokens."),
        (statistics(2500, counted=False), None, "2,500 examples."),
    ],
)
def test_the_advice(found: Statistics, near: int | None, said: str) -> None:
    assert statistics_words.advice(found, longest=1024, near=near) == said


def test_a_draft_that_is_too_long_is_no_matter_yet() -> None:
    found = statistics(0, 3, length=5000)
    assert not statistics_words.longer(found, 1024).any()
    assert "left out" not in statistics_words.advice(found, longest=1024, near=None)


@pytest.mark.parametrize(
    ("bar", "said"),
    [
        (Bar(1, 1, 4), "1 token"),
        (Bar(7, 7, 4), "7 tokens"),
        (Bar(1000, 1999, 4), "1,000 to 1,999 tokens"),
        (Bar(2000, None, 4), "2,000 tokens and more"),
    ],
)
def test_what_a_bar_spans(bar: Bar, said: str) -> None:
    assert statistics_words.span(bar, "tokens") == said


def test_lengths_in_a_few_words() -> None:
    def words(*values: int, of: int = 0) -> str:
        return statistics_words.spread(np.array(values, dtype=np.int64), of=of)

    assert words() == ""
    assert words(1) == "1 token"
    assert words(7, 7) == "7 tokens"
    assert words(3, 12) == "3 to 12 tokens"
    assert words(3, 12, of=5) == "2 have one: 3 to 12 tokens"
    assert words(3, of=5) == "1 has one: 3 tokens"
    assert words(*range(1, 100)) == "Half up to 50 tokens, the longest 99"
    assert words(*range(1, 100), of=200) == "99 have one: half up to 50, the longest 99"
