"""Words about examples: what a step is called once it was done."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import example_words
from core.dataset.change import edit_label
from core.dataset.columns import FIELDS
from core.dataset.example import Example, Split, Status
from core.dataset.replace import Replacement, replace_in
from core.dataset.store import ExampleStore
from core.dataset.tagging import change_tags
from core.dataset.versions import Versions


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("Add example 4", "Added example 4."),
        ("Add the sample Letters", "Added the sample Letters."),
        ("Import letters.csv", "Imported letters.csv."),
        ("Delete example 260", "Deleted example 260."),
        ("Duplicate 1,200 examples", "Duplicated 1,200 examples."),
        ("Trim the spaces of example 3", "Trimmed the spaces of example 3."),
        ("Repair the letters of 2 examples", "Repaired the letters of 2 examples."),
        ("Go back to version “Delete”", "Went back to version “Delete”."),
    ],
)
def test_a_step_is_said_as_done(label: str, said: str) -> None:
    assert example_words.done(label) == said


def test_each_step_of_the_store_has_a_past(tmp_path: Path) -> None:
    store = ExampleStore(tmp_path / "examples.db")
    labels = [store.add([Example("Greet Anna", "", "Ahoy"), Example("Greet Ben", "", "Ahoy")]).label]
    version = Versions(tmp_path).save(store, "Before")
    labels += [
        store.update(1, output="Moin").label,
        store.update_many([1, 2], status=Status.DRAFT).label,
        store.update_many([1, 2], split=Split.TRAIN).label,
        change_tags(store, [1, 2], add=["new"]).label,
        replace_in(store, [1, 2], Replacement("Greet", "Meet", fields=("instruction",))).label,
        store.duplicate([1]).label,
        store.delete([1, 2]).label,
        Versions(tmp_path).restore(store, version).label,
        *(edit_label((1,), (field,), {"status": "ready", "split": "auto"}) for field in FIELDS),
        edit_label((1, 2), ("input", "output"), {}),
    ]
    store.close()
    for label in labels:
        verb, said = label.split()[0], example_words.done(label)
        assert said.split()[0] != verb, label
        assert said.endswith(f"{label.removeprefix(verb)}.")
