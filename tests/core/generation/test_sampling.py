"""Sampling settings: checked, named, and told in words when they cannot be used."""

import pytest

from core.errors import UserError
from core.generation.sampling import EXACT, PRESETS, Sampling, preset_of, sampling, with_preset


def test_presets_are_told_apart_and_keep_length_seed_and_stop_words():
    kept = Sampling(max_new_tokens=7, seed=3, stop=("END",), top_k=40)
    for key in PRESETS:
        found = with_preset(key, kept)
        assert (found.max_new_tokens, found.seed, found.stop) == (7, 3, ("END",))
        assert preset_of(found) == key
    assert preset_of(kept) == ""
    assert preset_of(EXACT) == "exact"


@pytest.mark.parametrize(
    ("values", "title"),
    [
        ({"temperature": -0.1}, "Temperature"),
        ({"temperature": float("nan")}, "Temperature"),
        ({"top_p": 0}, "Top-p"),
        ({"top_p": 1.01}, "Top-p"),
        ({"top_k": -1}, "Top-k"),
        ({"min_p": 2}, "Min-p"),
        ({"repetition_penalty": 0}, "Repetition penalty"),
        ({"max_new_tokens": 0}, "Longest answer"),
        ({"seed": -1}, "Seed"),
        ({"stop": ("",)}, "Stop words"),
        ({"stop": ("x",) * 17}, "Stop words"),
    ],
)
def test_a_value_out_of_range_is_told_by_its_name(values, title):
    with pytest.raises(UserError, match=title) as caught:
        sampling(**values)
    assert caught.value.reason
    assert caught.value.hint
    with pytest.raises(UserError, match=title):
        EXACT.with_(**values)
