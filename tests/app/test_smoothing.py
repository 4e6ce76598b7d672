"""Smoothing on arrays gives what the core's definition gives, in whatever pieces the values come."""

from __future__ import annotations

import numpy as np
import pytest

from app.widgets.smoothing import Smoother
from core.runs.series import smoothed


@pytest.mark.parametrize("weight", [0.0, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("pieces", [[500], [1, 31, 32, 33, 403], [7] * 71 + [3]])
def test_agrees_with_the_definition(weight: float, pieces: list[int]) -> None:
    values = np.random.default_rng(0).normal(3, 1, 500)
    values[[0, 40, 41, 499]] = np.nan
    smoother = Smoother(weight)
    parts = [smoother.extend(part) for part in np.split(values, np.cumsum(pieces)[:-1])]
    np.testing.assert_allclose(np.concatenate(parts), smoothed(values.tolist(), weight), rtol=1e-9)


def test_nothing_but_gaps_gives_nothing_but_gaps() -> None:
    assert np.isnan(Smoother(0.9).extend([np.nan, np.nan])).all()
    assert len(Smoother(0.9).extend([])) == 0
