"""What SQL says is held out is what the split says."""

from __future__ import annotations

import random

import pytest

from core.dataset import heldout
from core.dataset.example import Example, Split, Status
from core.dataset.split import split
from core.dataset.store import ExampleStore, Query


def expected(store: ExampleStore, share: float) -> set[int]:
    ready = list(store.iterate(Query(status=Status.READY)))
    return {example.id for example in split(ready, share)[1]}


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("rows", [1, 7, 1000])  # looked at first
def test_it_is_what_the_split_says(store: ExampleStore, seed: int, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heldout, "_ROWS", rows)
    r = random.Random(seed)
    prompts = r.choice([8, 60, 700])
    by_hand = r.choice([0.0, 0.02, 0.5])

    def one() -> Example:
        said = r.choice([Split.TRAIN, Split.HELDOUT]) if r.random() < by_hand else Split.AUTO
        status = Status.EXCLUDED if r.random() < 0.1 else Status.READY
        return Example(f"Say {r.randrange(prompts)}", "", "x" if r.random() < 0.95 else "", status=status, split=said)

    store.add(one() for _ in range(r.choice([49, 55, 400, 900])))
    store.delete(r.sample(range(1, 50), 5))
    for share in (0.0, 0.02, 0.1, 0.5, 0.95):
        assert store.heldout(share) == expected(store, share)


def test_prompts_with_very_many_examples_are_passed_over(store: ExampleStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heldout, "_ROWS", 10)
    store.add(Example(f"Say {n % 6}", "", "x") for n in range(1500))  # more of each than may be held out
    store.add(Example(f"Write {n}", "", "x") for n in range(300))
    for share in (0.05, 0.5):
        assert store.heldout(share) == expected(store, share)
    assert 10 <= len(store.heldout(0.5)) <= 200


def test_an_empty_store(store: ExampleStore) -> None:
    assert store.heldout(0.1) == frozenset()
