"""The pyramid shows the same peaks as the points themselves, at any zoom, after any history."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.widgets.pyramid import Pyramid


def filled(n: int, seed: int = 0) -> Pyramid:
    pyramid = Pyramid()
    pyramid.extend(np.arange(n), np.random.default_rng(seed).normal(size=n))
    return pyramid


def test_few_points_come_back_as_they_are() -> None:
    pyramid = Pyramid()
    pyramid.extend([1, 2, 3], [3.0, 1.0, 2.0])
    x, low, high = pyramid.envelope(-10, 10, 100)
    assert x.tolist() == [1, 2, 3]
    assert low.tolist() == high.tolist() == [3.0, 1.0, 2.0]


@pytest.mark.parametrize("n", [1_001, 9_999, 100_000, 1_000_003])
def test_the_envelope_fits_the_columns_and_keeps_every_peak(n: int) -> None:
    pyramid = filled(n)
    x, low, high = pyramid.envelope(-1, n, 800)
    assert 400 <= len(x) <= 801
    assert len(x) == len(low) == len(high)
    assert low.min() == pyramid.y.min()
    assert high.max() == pyramid.y.max()


def test_one_peak_among_a_million_is_drawn_where_it_is() -> None:
    pyramid = Pyramid()
    values = np.zeros(1_000_000)
    values[654_321] = 5.0
    pyramid.extend(np.arange(1_000_000), values)
    x, _, high = pyramid.envelope(0, 1_000_000, 1000)
    column = int(np.argmax(high))
    assert x[column] <= 654_321 < x[column + 1]


def test_zooming_in_reaches_the_single_points() -> None:
    pyramid = filled(500_000)
    x, low, high = pyramid.envelope(1000, 1100, 800)
    assert x.tolist() == list(range(999, 1102))
    assert np.array_equal(low, pyramid.y[999:1102])
    assert np.array_equal(low, high)


def test_points_taken_up_again_replace_those_that_were_there() -> None:
    pyramid = filled(10_000)
    pyramid.extend([5_000, 5_001], [100.0, 101.0])
    assert len(pyramid) == 5_002
    assert pyramid.bounds()[1] == 101.0
    assert pyramid.value_at(5_000) == (5_000, 100.0)


def test_dropping_a_peak_drops_it_from_all_levels() -> None:
    pyramid = Pyramid()
    values = np.zeros(100_000)
    values[-1] = 9.0
    pyramid.extend(np.arange(100_000), values)
    pyramid.drop_from(99_999)
    assert pyramid.bounds() == (0.0, 0.0)
    assert pyramid.envelope(0, 1e6, 100)[2].max() == 0.0


def test_nan_is_passed_over_but_kept() -> None:
    pyramid = Pyramid()
    pyramid.extend(np.arange(2_000), np.where(np.arange(2_000) % 2, np.nan, 1.0))
    _, low, high = pyramid.envelope(0, 2_000, 100)
    assert low.min() == high.max() == 1.0
    assert np.isnan(pyramid.y).sum() == 1_000


def test_nothing_there() -> None:
    pyramid = Pyramid()
    assert pyramid.bounds() is None
    assert pyramid.value_at(3) is None
    assert len(pyramid.envelope(0, 1, 10)[0]) == 0


def test_making_room_moves_nothing() -> None:
    pyramid = filled(100)
    before = pyramid.y.copy()
    pyramid.reserve(1_000_000)
    assert np.array_equal(pyramid.y, before)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 700), st.integers(0, 300)), min_size=1, max_size=12), st.integers(2, 60))
def test_whatever_was_appended_and_dropped_the_envelope_agrees_with_the_points(
    history: list[tuple[int, int]], columns: int
) -> None:
    pyramid = Pyramid()
    random = np.random.default_rng(1)
    for count, back in history:
        start = max(0, len(pyramid) - back)
        pyramid.extend(np.arange(start, start + count), random.normal(size=count))
    n = len(pyramid)
    assert pyramid.x.tolist() == list(range(n))
    x, low, high = pyramid.envelope(-1, n + 1, columns)
    edges = [*x.astype(int).tolist(), n]
    for i in range(len(x)):
        part = pyramid.y[edges[i] : edges[i + 1]]
        assert low[i] == part.min()
        assert high[i] == part.max()
