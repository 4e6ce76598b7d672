"""Changing many examples in one step, asking for a part of them, and what happened to one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from core.dataset.compare import FROZEN, differences
from core.dataset.example import Example, Split, Status, Turn
from core.dataset.importing.staging import Staging
from core.dataset.rows import content_hash, prompt_hash
from core.dataset.split import split
from core.dataset.store import ExampleStore, Query
from core.errors import ProjectError


@pytest.fixture
def staged(tmp_path: Path):
    """Makes a staging file of examples."""

    def make(*examples: Example) -> Path:
        path = tmp_path / f".staging-{len(list(tmp_path.glob('.staging-*')))}"
        with Staging(path) as staging:
            for row, example in enumerate(examples, start=2):
                staging.add(row, example)
        return path

    return make


def test_each_example_gets_its_own_values_in_one_step(store: ExampleStore) -> None:
    store.add([Example(f"{n}", "", "x") for n in range(5)])
    change = store.update_each([(1, {"output": "a"}), (3, {"output": "b", "tags": ("t",)}), (99, {"output": "c"})],
                               label="Replace in {count} examples")  # fmt: skip
    assert (change.label, change.changed) == ("Replace in 2 examples", (1, 3))
    assert [e.output for e in store.iterate()] == ["a", "x", "b", "x", "x"]
    assert store.undo_label == "Replace in 2 examples"
    store.undo()
    assert [e.output for e in store.iterate()] == ["x"] * 5
    store.redo()
    assert store.get(3).tags == ("t",)
    with pytest.raises(TypeError):
        store.update_each([(1, {"nonsense": 1})], label="")
    assert store.update_each([(1, {"output": "a"})], label="nothing new").changed == ()


def test_a_query_narrows_by_tag_side_and_ids(store: ExampleStore) -> None:
    store.add([
        Example("a", tags=("polite", "short")), Example("b", tags=("impolite",)), Example("c", split=Split.HELDOUT),
        Example("d", "", "x", tags=("polite",), split=Split.TRAIN),
    ])  # fmt: skip
    assert list(store.ids(Query(tag="polite"))) == [1, 4]
    assert list(store.ids(Query(tag="polite", split=Split.TRAIN))) == [4]
    assert list(store.ids(Query(split=Split.AUTO))) == [1, 2]
    assert list(store.ids(Query(among=(4, 2, 77)))) == [2, 4]
    assert list(store.ids(Query(among=()))) == []
    assert list(store.ids(Query(tag="polite", status=Status.READY, sort="id", descending=True))) == [4]
    assert list(store.first_ids(Query(sort="id", descending=True), 2)) == [4, 3]
    assert not Query(sort="length").narrows
    assert Query(among=()).narrows


def test_the_side_from_the_listing_is_that_of_a_run(store: ExampleStore) -> None:
    dice = random.Random(1)
    sides = [Split.AUTO] * 8 + [Split.TRAIN, Split.HELDOUT]
    store.add(
        Example(f"Question {dice.randrange(150)}", "", "x" if n % 9 else "", split=dice.choice(sides),
                history=(Turn("user", "Ä"), Turn("assistant", "b")) if n % 5 == 0 else ())
        for n in range(300)
    )  # fmt: skip
    for share in (0.0, 0.1, 0.4):
        expected = {example.id for example in split(store.iterate(Query(status=Status.READY)), share)[1]}
        assert store.heldout(share) == expected
    store.update_many(store.ids(), split=Split.TRAIN)
    assert store.heldout(0.1) == frozenset()


def test_hashes_follow_every_change(store: ExampleStore) -> None:
    store.add([Example("a", "b", "c")])
    store.update(1, output="d", history=(Turn("user", "x"), Turn("assistant", "y")))
    store.update_many([1], instruction="new")
    store.undo()
    with store._database.read() as connection:
        (found,) = connection.execute("SELECT content, prompt FROM listing").fetchall()
    assert found == (content_hash(store.get(1)), prompt_hash(store.get(1)))


def test_a_staging_file_is_taken_in_one_step(store: ExampleStore, staged) -> None:
    store.add([Example("known", "", "x"), Example("gone", "", "x")])
    store.delete([2])
    file = staged(
        Example("known", "", "x"), Example("gone", "", "x"), Example("new", "Ä", "y", tags=("t",), status=Status.DRAFT),
        Example("new", "Ä", "y", note="differs in what is not trained"),
    )  # fmt: skip
    told: list[tuple[int, int]] = []
    change = store.add_staged(file, label="Import {count} examples", progress=lambda *done: told.append(done))
    assert (change.label, change.added) == ("Import 4 examples", (3, 4, 5, 6))
    assert told == [(4, 4)]
    assert store.get(5) == Example("new", "Ä", "y", tags=("t",), status=Status.DRAFT)
    store.settle()
    assert list(store.ids(Query("ä"))) == [5, 6]
    assert store.counts().draft == 1
    store.undo()
    assert list(store.ids()) == [1]
    change = store.add_staged(file, label="Import", leave_out=("twice", "known"))
    assert [store.get(id).instruction for id in change.added] == ["gone", "new"]
    assert store.undo().removed == change.added


def test_a_cancelled_or_failed_import_leaves_nothing(store: ExampleStore, staged, tmp_path: Path) -> None:
    store.add([Example("a")])
    before = store.revision
    with pytest.raises(ProjectError, match="cancelled"):
        store.add_staged(staged(Example("b")), label="Import", cancelled=lambda: True)
    (tmp_path / "broken").write_bytes(b"no database at all" * 500)
    with pytest.raises(ProjectError):
        store.add_staged(tmp_path / "broken", label="Import")
    assert store.revision == before
    assert list(store.ids()) == [1]
    assert store.add_staged(staged(Example("c")), label="Import").added == (2,)
    assert store.add_staged(staged(), label="Import nothing").added == ()


def test_typing_in_one_turn_is_one_step_and_another_turn_is_another(store: ExampleStore) -> None:
    store.add([Example("q", "", "a", history=(Turn("user", ""), Turn("assistant", "")))])

    def turns(first: str, second: str) -> tuple[Turn, ...]:
        return (Turn("user", first), Turn("assistant", second))

    for first, second in (("H", ""), ("He", ""), ("Hey", ""), ("Hey", "Y"), ("Hey", "Yo")):
        store.update(1, history=turns(first, second))
    store.update(1, history=())
    store.undo()
    assert store.get(1).history == turns("Hey", "Yo")
    store.undo()
    assert store.get(1).history == turns("Hey", "")
    store.undo()
    assert store.get(1).history == turns("", "")


def test_the_story_of_an_example_tells_each_step_and_what_was_undone(store: ExampleStore) -> None:
    store.add([Example("a", "", "one"), Example("other")])
    store.update(1, output="two")
    store.update_many([1, 2], tags=("t",))
    store.update(2, note="not of this one")
    store.update(1, status=Status.EXCLUDED)
    store.undo()
    told = [(m.label, m.undone, m.before and m.before.output, m.after and m.after.output) for m in store.story(1)]
    assert told == [
        ("Mark example 1 as excluded", True, "two", "two"),
        ("Change tags of 2 examples", False, "two", "two"),
        ("Edit output of example 1", False, "one", "two"),
        ("Add 2 examples", False, None, "one"),
    ]
    excluded = store.story(1)[0]
    assert (excluded.before.status, excluded.after.status) == (Status.READY, Status.EXCLUDED)
    assert (store.story(1)[1].before.tags, store.story(1)[1].after.tags) == ((), ("t",))
    store.delete([1])
    assert store.story(1)[0].after is None
    assert store.story(77) == []
    assert [(step.label, step.undone) for step in store.steps(2)] == [
        ("Delete example 1", False), ("Edit note of example 2", False),
    ]  # fmt: skip


def test_two_states_are_compared_by_id() -> None:
    old = [Example("a", id=1), Example("b", id=2, note="x"), Example("c", id=4)]
    new = [Example("b", id=2), Example("cc", id=4), Example("d", id=9)]
    found = differences(old, new)
    assert [e.id for e in found.removed] == [1]
    assert [e.id for e in found.added] == [9]
    assert [a.id for a, _ in found.changed] == [2, 4]
    assert found.changed_fields(*found.changed[0]) == ["note"]
    frozen = differences(old, new, FROZEN)
    assert ([a.id for a, _ in frozen.changed], frozen.same) == ([4], 1)
    assert differences(old, old).any is False


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("search", ["", "harbour", "har", "ä", "zz", "harbour boat"])
def test_the_first_rows_are_those_of_the_whole_list(store: ExampleStore, search: str, descending: bool) -> None:
    store.add(Example(f"Harbour {n}", "", "Boat" if n % 3 else "ÄÖ") for n in range(300))
    store.settle()
    store.delete(range(10, 90, 2))
    with store._database.write() as connection:  # as if the last ones were waiting to be taken into the index
        connection.execute(
            "INSERT INTO search (search, rowid, text) SELECT 'delete', id,"
            " searchable(instruction, input, output, system, history, tags, note) FROM examples WHERE id > 200"
        )
        connection.execute("UPDATE about SET value = 200 WHERE key = 'searchable_to'")
    query = Query(search, descending=descending)
    whole = store.ids(query)
    for limit in (1, 50, 250, 1000):
        assert store.first_ids(query, limit) == whole[:limit]
