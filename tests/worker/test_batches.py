"""Packing keeps every token, its place and its target."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.worker.batches import Tokens, pack

examples = st.lists(
    st.lists(st.tuples(st.integers(0, 999), st.booleans()), min_size=1, max_size=30).map(
        lambda pairs: Tokens([token for token, _ in pairs], [flag for _, flag in pairs])
    ),
    min_size=1,
    max_size=12,
)


@given(examples, st.integers(1, 100))
def test_every_target_is_predicted_from_the_token_before_it(packed, budget):
    rows = pack(packed, budget)
    assert [int(token) for row in rows for token in row.input_ids[0]] == [t for e in packed for t in e.ids]
    expected = [e.ids[i] for e in packed for i in range(1, len(e.ids)) if e.supervised[i]]
    assert [int(label) for row in rows for label in row.labels] == expected
    assert sum(e.targets for e in packed) == len(expected)
    for row in rows:
        positions = row.position_ids[0].tolist()
        assert all(positions[index + 1] == positions[index] + 1 for index in row.keep.tolist())


@given(examples, st.integers(1, 100))
def test_rows_respect_the_budget_unless_one_example_is_longer(packed, budget):
    for row in pack(packed, budget):
        starts = row.position_ids[0].tolist().count(0)
        assert row.input_ids.shape[1] <= budget or starts == 1


def test_positions_restart_with_each_example():
    (row,) = pack([Tokens([1, 2, 3], [False, True, True]), Tokens([4, 5], [False, True])], 10)
    assert row.position_ids.tolist() == [[0, 1, 2, 0, 1]]
    assert row.keep.tolist() == [0, 1, 3]
    assert row.labels.tolist() == [2, 3, 5]


def test_nothing_packs_to_nothing():
    assert pack([], 10) == []
    with pytest.raises(AttributeError):
        pack([None], 10)
