import math
import random

import pytest
from simulated import COUNTS, SCORES, counted_coverage, covered

from core.evaluation.intervals import of_counts, of_differences, sign_test, student_t


@pytest.mark.parametrize(("freedom", "quantile"), [(9, 2.262157), (19, 2.093024), (49, 2.009575), (199, 1.971957)])
def test_students_quantiles_are_those_of_the_tables(freedom: int, quantile: float) -> None:
    assert student_t(freedom) == pytest.approx(quantile, abs=2e-4)


@pytest.mark.parametrize("counts", [(9, 2, 40), (1, 1, 44), (0, 5, 20), (12, 12, 30), (30, 1, 50)])
def test_tangos_limits_are_where_the_score_test_just_rejects(counts: tuple[int, int, int]) -> None:
    found = of_counts(*counts)
    assert found.low < found.difference < found.high
    assert _score(*counts, found.low) == pytest.approx(1.96, abs=0.01)
    assert _score(*counts, found.high) == pytest.approx(-1.96, abs=0.01)


def test_nothing_differs() -> None:
    # All 20 the same: the limit is where 20 of 20 in a row are as unlikely as 1.96 standard errors, z^2 / (n + z^2).
    assert of_counts(0, 0, 20).high == pytest.approx(1.96**2 / (20 + 1.96**2), abs=1e-4)


def _score(gained: int, lost: int, n: int, supposed: float) -> float:
    """The score statistic, with the share that is not looked at found by trying all."""

    def likelihood(share: float) -> float:
        parts = ((gained, share + supposed), (lost, share), (n - gained - lost, 1 - 2 * share - supposed))
        return sum(count * math.log(part) for count, part in parts if count)

    steps = [max(0.0, -supposed) + step / 100_000 for step in range(1, 100_000)]
    possible = [share for share in steps if 2 * share + supposed < 1]
    best = max(possible, key=likelihood)
    return (gained - lost - n * supposed) / math.sqrt(n * (2 * best + supposed - supposed**2))


def test_right_or_wrong_at_the_ends_of_the_scale() -> None:
    assert of_counts(10, 0, 10).high == 1
    assert 0.3 < of_counts(10, 0, 10).low < 0.8
    assert of_counts(0, 10, 10).low == -1
    turned = of_counts(7, 2, 30).negated()
    other = of_counts(2, 7, 30)
    assert (turned.low, turned.high) == (pytest.approx(other.low, abs=1e-9), pytest.approx(other.high, abs=1e-9))


@pytest.mark.parametrize("counts", [(-1, 0, 10), (6, 5, 10), (0, 0, 0)])
def test_counts_that_do_not_go_together(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="counts"):
        of_counts(*counts)


def test_an_interval_is_the_same_every_time_and_holds_the_mean() -> None:
    chance = random.Random(3)
    values = [chance.gauss(2, 5) for _ in range(40)]
    first = of_differences(values, span=100)
    assert first == of_differences(values, span=100)
    assert first.low < first.difference < first.high
    assert first.n == 40


def test_a_scale_and_its_turn() -> None:
    chance = random.Random(5)
    values = [chance.expovariate(1) for _ in range(30)]
    plain, scaled = of_differences(values), of_differences([10 * value for value in values])
    turned = of_differences([-value for value in values])
    assert scaled.low == pytest.approx(10 * plain.low)
    assert (turned.low, turned.high) == (pytest.approx(-plain.high), pytest.approx(-plain.low))
    assert plain.high - plain.difference > plain.difference - plain.low  # the tail is on that side


def test_all_alike_is_not_taken_for_certainty() -> None:
    same = of_differences([0.0] * 20, span=100)
    assert same.low == pytest.approx(-same.high)
    assert 10 < same.high < 25
    assert of_differences([100.0] * 20, span=100).high == 100
    assert of_differences([0.0] * 20).half == 0  # losses without bounds: the adapter does nothing at all


def test_one_that_differs_among_many_that_do_not_gives_a_usable_interval() -> None:
    found = of_differences([0.0] * 19 + [60.0], span=100)
    assert found.low < 0 < found.difference < found.high < 40


@pytest.mark.parametrize("values", [[1.0], [], [1.0, math.nan], [1.0, math.inf]])
def test_no_interval_from_nothing(values: list[float]) -> None:
    with pytest.raises(ValueError, match="two finite"):
        of_differences(values)


def test_the_sign_test_is_exact() -> None:
    assert sign_test(5, 0) == pytest.approx(0.0625)
    assert sign_test(6, 0) == pytest.approx(0.03125)
    assert sign_test(8, 2) == pytest.approx(0.109375)
    assert sign_test(2, 8) == sign_test(8, 2)
    assert sign_test(3, 3) == 1
    assert sign_test(0, 0) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["exponential (skewness 2)", "losses, a third lower", "overlap, 40 % exact"])
@pytest.mark.parametrize("size", [20, 50, 200])
def test_the_intervals_for_skewed_scores_hold_what_they_say(name: str, size: int) -> None:
    (draw, truth), span = SCORES[name]
    holds, _, _ = covered(draw, truth, span=span, size=size, simulations=1_000)
    assert 0.93 <= holds <= 0.97


@pytest.mark.parametrize("size", [20, 50])
@pytest.mark.parametrize("shares", COUNTS)
def test_the_intervals_for_right_or_wrong_hold_what_they_say(shares: tuple[float, float], size: int) -> None:
    assert 0.93 <= counted_coverage(*shares, size) <= 0.97
