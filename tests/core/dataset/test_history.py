"""Undo and redo: what a step is, what it is called, and that it comes back exactly."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from core.dataset import files, history
from core.dataset.example import Example, Split, Status, Turn
from core.dataset.store import ExampleStore


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch):
    """A clock that the test winds."""

    class Clock:
        now = 1_000_000.0

        def time(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr("core.dataset.store.time", clock)
    return clock


def test_steps_are_named_in_words(store: ExampleStore) -> None:
    assert store.undo_label is None
    assert store.redo_label is None
    done = [
        store.add([Example("a", "", "b")]),
        store.add([Example()] * 2),
        store.add([Example()] * 3, label="Import {count} examples from x.csv"),
        store.update(2, output="o"),
        store.update(2, system="s"),
        store.update(2, tags=("t",)),
        store.update(2, instruction="i", output="p"),
        store.update(2, status="excluded"),
        store.update_many([1, 2], split=Split.HELDOUT),
        store.update_many([1, 2, 3], status=Status.DRAFT),
        store.duplicate([2]),
        store.delete([2]),
        store.delete([3, 4]),
    ]
    labels = [
        "Add example 1",
        "Add 2 examples",
        "Import 3 examples from x.csv",
        "Edit output of example 2",
        "Edit system prompt of example 2",
        "Change tags of example 2",
        "Edit example 2",
        "Mark example 2 as excluded",
        "Assign 2 examples to held-out",
        "Mark 3 examples as draft",
        "Duplicate example 2",
        "Delete example 2",
        "Delete 2 examples",
    ]
    assert [change.label for change in done] == labels
    for label in reversed(labels):
        assert store.undo_label == label
        undone = store.undo()
        assert undone is not None
        assert undone.label == store.redo_label == label
    assert store.undo() is None
    assert store.counts().total == 0


def test_a_change_says_what_it_did_in_both_directions(store: ExampleStore) -> None:
    assert store.add([Example("a"), Example("b")]).added == (1, 2)
    assert store.update_many([2, 1, 7], note="n").changed == (1, 2)
    assert store.delete([2, 7]).removed == (2,)
    undone = [store.undo() for _ in range(3)]
    assert [(c.added, c.changed, c.removed) for c in undone if c] == [
        ((2,), (), ()),
        ((), (1, 2), ()),
        ((), (), (1, 2)),
    ]
    redone = [store.redo() for _ in range(3)]
    assert [(c.added, c.changed, c.removed) for c in redone if c] == [
        ((1, 2), (), ()),
        ((), (1, 2), ()),
        ((), (), (2,)),
    ]
    assert store.redo() is None


def test_typing_on_is_one_step(store: ExampleStore, clock) -> None:
    store.add([Example("a", "", "")])
    for text in ("H", "He", "Hel", "Hell", "Hello"):
        clock.now += 2
        store.update(1, output=text)
    store.undo()
    assert store.get(1).output == ""
    store.redo()
    assert store.get(1).output == "Hello"
    store.update(1, output="Hello you")  # a step that was done again is finished
    store.undo()
    assert store.get(1).output == "Hello"


def test_a_pause_another_field_or_another_example_begins_a_step(store: ExampleStore, clock) -> None:
    store.add([Example("a"), Example("b")])
    store.update(1, output="x")
    store.update(1, note="x")
    store.update(2, note="x")
    clock.now += 60
    store.update(2, note="xy")
    labels = []
    while (change := store.undo()) is not None:
        labels.append(change.label)
    edits = ["Edit note of example 2", "Edit note of example 2", "Edit note of example 1", "Edit output of example 1"]
    assert labels == [*edits, "Add 2 examples"]


def test_ten_minutes_of_typing_are_more_than_one_step(store: ExampleStore, clock) -> None:
    store.add([Example()])
    for number in range(300):
        clock.now += 2
        store.update(1, output="x" * (number + 1))
    store.undo()
    assert 250 < len(store.get(1).output) < 300


def test_typing_that_ends_where_it_began_leaves_no_step(store: ExampleStore) -> None:
    store.add([Example("a", "", "b")])
    store.update(1, output="bc")
    store.update(1, output="b")
    assert store.undo_label == "Add example 1"
    assert store.update(1, output="b").changed == ()


def test_a_new_edit_ends_redo_and_what_only_redo_held_is_cleared_away(store: ExampleStore, database: Path) -> None:
    store.add(Example(f"needle{number}") for number in range(900))
    store.undo()
    assert store.redo_label == "Add 900 examples"
    store.add([Example("new")])
    assert store.redo() is None
    store.settle()
    with store._database.read() as connection:
        counted = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("examples", "listing")
        ]
    assert counted == [1, 1]
    assert list(store.ids()) == [901]


def test_undo_and_redo_survive_a_restart(store: ExampleStore, database: Path) -> None:
    store.add([Example("a", "", "b")])
    store.update(1, output="c")
    store.delete([1])
    store.undo()
    store.close()
    again = ExampleStore(database)
    assert (again.undo_label, again.redo_label) == ("Edit output of example 1", "Delete example 1")
    again.undo()
    assert again.get(1).output == "b"
    again.redo(), again.redo()
    assert again.counts().total == 0
    again.close()


def test_the_oldest_steps_are_forgotten(store: ExampleStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "KEPT_STEPS", 5)
    store.add(Example(str(number)) for number in range(10))
    for id in range(1, 9):
        store.delete([id])
    store.settle()
    undone = 0
    while store.undo():
        undone += 1
    assert undone == 5
    assert list(store.ids()) == [4, 5, 6, 7, 8, 9, 10]
    with store._database.read() as connection:
        assert connection.execute("SELECT count(*) FROM examples").fetchone() == (7,)


def _random_step(store: ExampleStore, dice: random.Random) -> None:
    ids = list(store.ids())
    some = dice.sample(ids, min(len(ids), dice.randint(1, 6)))
    text = "".join(dice.choices("aé数 \n\"'=📦", k=dice.randint(0, 12)))
    match dice.randrange(9) if some else 0:
        case 0:
            store.add(Example(text, str(number), text, tags=(f"t{number}",)) for number in range(dice.randint(1, 5)))
        case 1 | 2:
            store.update(some[0], **{dice.choice(["instruction", "input", "output", "system", "note"]): text})
        case 3:
            store.update(some[0], history=(Turn("user", text), Turn("assistant", "ok")), tags=(text,))
        case 4:
            store.update_many(some, status=dice.choice(list(Status)))
        case 5:
            store.update_many(some, split=dice.choice(list(Split)), note=text)
        case 6:
            store.delete(some)
        case 7:
            store.duplicate(some)
        case 8:
            for _ in range(dice.randint(1, 3)):
                store.undo()
            if dice.random() < 0.7:
                store.redo()


def test_a_thousand_random_operations_taken_back_equal_the_beginning(
    store: ExampleStore, database: Path, tmp_path: Path
) -> None:
    def export(name: str) -> bytes:
        path = tmp_path / name
        files.write(path, (replace(example, id=0) for example in store.iterate()))
        return path.read_bytes() + str(list(store.ids())).encode()

    dice = random.Random(12)
    store.add(Example(f"first {number}", "", "x") for number in range(20))
    beginning = export("a.jsonl")
    limit = store.undo_label
    assert limit == "Add 20 examples"
    for number in range(1000):
        _random_step(store, dice)
        if number % 250 == 249:  # a restart in the middle
            store.close()
            store.__init__(database)  # type: ignore[misc]
        if store.undo_label is None:
            store.redo()
    end = export("b.jsonl")
    steps = 0
    while store.undo_label != limit or store.counts().total != 20:
        assert store.undo() is not None
        steps += 1
    assert export("c.jsonl") == beginning
    for _ in range(steps):
        assert store.redo() is not None
    assert export("d.jsonl") == end
    assert steps > 300
    listed = [example.id for example in store.iterate()]
    store.settle()
    assert [example.id for example in store.iterate()] == listed
