"""Numbers that are none are found before the optimizer takes the step, or one step later where nothing may wait."""

from __future__ import annotations

import math

import pytest
import torch

from core.worker.finite import FiniteCheck, LossNotFinite

GOOD = [torch.tensor(1.0), torch.tensor(2.0)]


def nobody() -> list[int]:
    raise AssertionError("nobody is suspected while the weights may be spoilt")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", [0, 1])
def test_it_is_found_at_once_with_its_suspects(bad: float, place: int) -> None:
    check = FiniteCheck(lags=False)
    check.look(1, [3, 4], GOOD, nobody)
    numbers = list(GOOD)
    numbers[place] = torch.tensor(bad)
    with pytest.raises(LossNotFinite) as found:
        check.look(2, [5, 6], numbers, lambda: [6])
    assert (found.value.step, found.value.examples, found.value.suspects) == (2, [5, 6], [6])


def test_where_nothing_may_wait_it_is_found_with_the_next_step_or_before_a_save() -> None:
    for then in ("look", "answer"):
        check = FiniteCheck(lags=True)
        check.look(1, [3, 4], [torch.tensor(math.nan)], nobody)
        with pytest.raises(LossNotFinite) as found:
            check.look(2, [5, 6], GOOD, nobody) if then == "look" else check.answer()
        assert (found.value.step, found.value.examples, found.value.suspects) == (1, [3, 4], [])
        check.answer()  # it is told once
