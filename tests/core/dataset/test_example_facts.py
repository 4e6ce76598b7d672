"""All examples in numbers: status as shown, side, tags and sources, as the store and the split have them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.dataset import facts
from core.dataset.array_messages import Arrays, facts_messages
from core.dataset.example import Example, Split, Status
from core.dataset.rows import content_hash
from core.dataset.split import split
from core.dataset.store import ExampleStore


@pytest.fixture
def store(tmp_path: Path):
    made = ExampleStore(tmp_path / "examples.db")
    yield made
    made.close()


def ids(found: facts.Facts, places: np.ndarray) -> list[int]:
    return found.ids[places].tolist()


def test_they_are_what_the_store_has(store: ExampleStore):
    store.add([Example(f"Greet {i}", "", f"Ahoy {i}", tags=("polite",) if i % 2 else ()) for i in range(60)])
    store.add([Example("Half done"), Example("No", "", "Never", status=Status.EXCLUDED)])
    store.update(3, split=Split.HELDOUT, tags=("polite", "rare"))
    store.delete([10, 11])
    found, contents = facts.read(store, 0.2)
    everything = list(store.iterate())
    assert found.revision == store.revision
    assert found.ids.tolist() == [example.id for example in everything]
    assert contents.tolist() == [content_hash(example) for example in everything]
    counts = store.counts()
    assert [int((found.shown == shown).sum()) for shown in (0, 1, 2)] == [counts.draft, counts.ready, counts.excluded]
    heldout = split(store.iterate(facts_query()), 0.2)[1]
    assert ids(found, np.flatnonzero(found.heldout)) == [example.id for example in heldout]
    assert 3 in ids(found, np.flatnonzero(found.heldout))
    assert list(found.tags) == ["polite", "rare"]
    assert ids(found, found.tags["polite"]) == [e.id for e in everything if "polite" in e.tags]


def facts_query():
    from core.dataset.query import Query

    return Query(status=Status.READY)


def test_where_examples_came_from(store: ExampleStore):
    store.add([Example("by hand", "", "a")])
    store.add([Example(f"{i}", "", "a") for i in range(5)], label="Import letters.csv")
    store.add([Example(f"s{i}", "", "a") for i in range(3)], label="Add the sample Harbour letters")
    store.duplicate([1, 2])
    store.add([Example("by hand too", "", "a")])
    store.delete([2])
    store.undo()
    found, _ = facts.read(store, 0.0)
    assert {name: ids(found, places) for name, places in found.sources.items()} == {
        "letters.csv": [2, 3, 4, 5, 6],
        "Sample Harbour letters": [7, 8, 9],
        "Copied here": [10, 11],
        "Written here": [1, 12],
    }


def test_of_what_is_older_than_the_history_nobody_knows(store: ExampleStore):
    store.add([Example("old", "", "a")])
    with store._database.write() as connection:
        connection.execute("DELETE FROM spans")
    (name,) = facts.read(store, 0.0)[0].sources
    assert name.startswith("From before")


def test_nothing_is_no_mistake_and_survives_the_journey(store: ExampleStore):
    found, _ = facts.read(store, 0.1)
    assert len(found.ids) == 0
    assert (found.tags, found.sources) == ({}, {})
    store.add([Example("one", "", "a", tags=("t",))])
    found, _ = facts.read(store, 0.1)
    arrays = Arrays()
    for message in facts_messages(found):
        arrays.take(json.loads(json.dumps(message)))
    again = arrays.facts(message["facts"])
    assert again.revision == found.revision
    for name in ("ids", "shown", "heldout"):
        assert np.array_equal(getattr(again, name), getattr(found, name))
    assert again.tags["t"].tolist() == [0]


def test_of_very_many_tags_the_most_used_are_kept(store: ExampleStore):
    store.add([Example(f"{i}", "", "a", tags=(f"tag {i}", "common")) for i in range(600)])
    found, _ = facts.read(store, 0.1)
    assert len(found.tags) == 500
    assert next(iter(found.tags)) == "common"
