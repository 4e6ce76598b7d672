"""The list of good starting points holds together."""

import pytest

from core.base_models.starting_points import for_memory, starting_points, without_card
from core.hardware.uses import rough_need

GB = 1000**3


def test_every_memory_has_some_and_each_fits_what_it_says():
    points = starting_points()
    assert {point.memory_gb for point in points} == {8, 12, 16, 24, 48}
    assert len({point.repo for point in points}) == len(points)
    for point in points:
        assert rough_need(point.parameters) <= point.memory_gb * GB, point.repo
        assert point.licence_title
        assert point.good_for.endswith(".")
        assert point.repo.count("/") == 1


@pytest.mark.parametrize(("gigabytes", "largest"), [(4, 0), (7.99, 8), (8, 8), (23.7, 24), (80, 48)])
def test_what_a_memory_can_train(gigabytes, largest):
    found = for_memory(round(gigabytes * GB))
    assert max((point.memory_gb for point in found), default=0) == largest
    assert list(found) == sorted(found, key=lambda point: (-point.memory_gb, -point.parameters))


def test_without_a_card_small_ones_come_first():
    found = without_card()
    assert found
    assert all(point.parameters <= 2_000_000_000 for point in found)
    assert list(found) == sorted(found, key=lambda point: point.parameters)
