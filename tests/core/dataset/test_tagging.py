"""Tags of many examples at once."""

from __future__ import annotations

from core.dataset.example import Example
from core.dataset.store import ExampleStore
from core.dataset.tagging import change_tags, tags_of


def test_tags_are_added_and_taken_away_in_one_step(store: ExampleStore) -> None:
    store.add([Example("a", tags=("x", "y")), Example("b", tags=("y",)), Example("c"), Example("d", tags=("y", "new"))])
    before = list(store.iterate())
    change = change_tags(store, [1, 2, 3, 4, 99], add=["new ", "new", " "], remove=["x", "y"])
    assert change.changed == (1, 2, 3, 4)
    assert change.label == "Change tags of 4 examples"
    assert {example.tags for example in store.iterate()} == {("new",)}
    store.undo()
    assert list(store.iterate()) == before


def test_what_stays_as_it_is_does_not_change(store: ExampleStore) -> None:
    store.add([Example("a", tags=("x", "y")), Example("b")])
    assert change_tags(store, [1], add=["y", "x"]).changed == ()
    assert change_tags(store, [1, 2], remove=["z"]).changed == ()
    assert change_tags(store, [1], add=["x"], remove=["x"]).changed == ()
    assert change_tags(store, [2], add=["z"]).label == "Change tags of example 2"


def test_which_tags_some_examples_have(store: ExampleStore) -> None:
    store.add([Example("a", tags=("b", "A")), Example("b", tags=("c",)), Example("c", tags=("d",))])
    assert tags_of(store, [1, 2]) == ["A", "b", "c"]
