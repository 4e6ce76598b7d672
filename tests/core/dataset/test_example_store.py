"""Adding, changing, listing and counting examples."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.dataset.example import Example, Split, Status, Turn
from core.dataset.store import Counts, ExampleStore, Query
from core.errors import ProjectError, UserError

FULL = Example(
    instruction="Write to Mr Ó Súilleabháin",
    input="数据 📦",
    output="Dear\r\nsir\x85\u2028",
    system="Be kind",
    history=(Turn("user", 'a "b"\\n'), Turn("assistant", "ok")),
    tags=("two words", "ß"),
    note="n",
    status=Status.EXCLUDED,
    split=Split.HELDOUT,
)


def test_what_goes_in_comes_out_also_after_a_restart(store: ExampleStore, database: Path) -> None:
    change = store.add([FULL, Example()])
    store.close()
    again = ExampleStore(database)
    assert [again.get(id) for id in change.added] == [FULL, Example()]
    assert again.get(change.added[0]).id == change.added[0]
    again.close()


def test_a_missing_example_is_a_key_error(store: ExampleStore) -> None:
    for id in (1, 0, -5, 10**30):
        with pytest.raises(KeyError):
            store.get(id)
        with pytest.raises(KeyError):
            store.update(id, output="x")


def test_unknown_fields_and_values_change_nothing(store: ExampleStore) -> None:
    store.add([FULL])
    with pytest.raises(TypeError):
        store.update(1, outptu="x")
    with pytest.raises(TypeError):
        store.update(1, output=5)
    with pytest.raises(ValueError, match="great"):
        store.update(1, status="great")
    assert store.get(1) == FULL
    assert store.undo_label == "Add example 1"


def test_text_that_cannot_be_stored_is_cleaned(store: ExampleStore) -> None:
    store.add([Example("a\ud800b", "nul\0", "\ud83d\ude00", tags=(" a \n b ", "", "a b"))])
    found = store.get(1)
    assert (found.instruction, found.input, found.output) == ("a\ufffdb", "nul\ufffd", "😀")
    assert found.tags == ("a b",)
    store.update(1, note="\udfff")
    assert store.get(1).note == "\ufffd"


def test_ids_are_never_used_again(store: ExampleStore, database: Path) -> None:
    store.add([Example("a"), Example("b")])
    store.undo()
    store.add([Example("c")])
    store.delete([3])
    store.settle()
    store.close()
    again = ExampleStore(database)
    assert again.add([Example("d")]).added == (4,)
    again.close()


def test_rows_come_in_the_order_asked_for_without_missing_ones(store: ExampleStore) -> None:
    store.add(Example(str(number)) for number in range(1, 1201))
    store.delete([7])
    wanted = [900, 7, 3, 5000, 900, 1]
    assert [example.id for example in store.rows(wanted)] == [900, 3, 900, 1]
    assert len(store.rows(range(1, 1201))) == 1199


def test_counts_go_by_the_status_that_is_shown(store: ExampleStore) -> None:
    store.add(
        [
            Example("i", "", "o"),
            Example("", "only an input", "o"),
            Example("i", "", " \u3000\n"),
            Example("\u2003", " ", "o"),
            Example("i", "", "o", status=Status.DRAFT),
            Example("i", "", "o", status=Status.EXCLUDED),
            Example("", status=Status.EXCLUDED),
        ]
    )
    assert store.counts() == Counts(total=7, ready=2, draft=3, excluded=2)
    assert [list(store.ids(Query(status=status))) for status in Status] == [[3, 4, 5], [1, 2], [6, 7]]
    assert all(example.is_ready for example in store.iterate(Query(status=Status.READY)))
    store.update(3, output="now complete")
    assert store.counts().ready == 3


def test_every_order_works_in_both_directions(store: ExampleStore) -> None:
    store.add(
        [
            Example("zebra", "b", "three", split=Split.HELDOUT),
            Example("Äpfel", "C", "two more", status=Status.DRAFT),
            Example("apple", "a", "1"),
            Example("apple", "a", "1"),
        ]
    )
    store.update(1, note="touched")
    orders = {
        "id": [1, 2, 3, 4],
        "instruction": [2, 3, 4, 1],
        "input": [3, 4, 1, 2],
        "output": [3, 4, 1, 2],
        "status": [2, 1, 3, 4],
        "split": [2, 3, 4, 1],
        "length": [3, 4, 1, 2],
        "updated": [2, 3, 4, 1],
    }
    for sort, expected in orders.items():
        assert list(store.ids(Query(sort=sort))) == expected, sort
        assert list(store.ids(Query(sort=sort, descending=True))) == expected[::-1], sort
    with pytest.raises(ValueError, match="unknown order"):
        store.ids(Query(sort="id; DROP TABLE examples"))


def test_tags_in_use(store: ExampleStore) -> None:
    store.add([Example(tags=("b", "Ä")), Example(tags=("a",)), Example(tags=("gone",))])
    store.delete([3])
    assert store.tags() == ["a", "b", "Ä"]
    store.update(2, tags=["b"])
    assert store.tags() == ["b", "Ä"]


def test_revision_grows_with_changes_alone_and_other_processes_are_seen(store: ExampleStore, database: Path) -> None:
    seen = [store.revision]

    def grew() -> bool:
        seen.append(store.revision)
        return seen[-1] > seen[-2]

    store.add([Example("a")])
    assert grew()
    store.get(1), store.ids(Query("a")), store.counts(), store.settle()
    store.update(1, instruction="a")
    assert not grew()
    store.update(1, instruction="b")
    assert grew()
    store.undo()
    assert grew()
    other = ExampleStore(database)
    other.add([Example("from elsewhere")])
    assert grew()
    assert len(store.ids()) == 2
    other.close()


def test_a_failing_import_changes_nothing(store: ExampleStore) -> None:
    def examples():
        yield from [Example("x")] * 700
        raise UserError("cancelled")

    store.add([Example("first")])
    before = store.revision
    with pytest.raises(UserError, match="cancelled"):
        store.add(examples())
    assert (list(store.ids()), store.revision, store.undo_label) == ([1], before, "Add example 1")
    assert store.add([Example("y")]).added == (2,)


def test_iterating_sees_one_moment_while_others_write(store: ExampleStore) -> None:
    store.add(Example(f"{number}") for number in range(1000))
    found = []
    for example in store.iterate():
        found.append(example.instruction)
        if len(found) == 10:
            store.delete([900])
            store.update(950, instruction="changed")
    assert found == [str(number) for number in range(1000)]
    assert len(store.ids()) == 999


def test_many_threads_at_once(store: ExampleStore) -> None:
    store.add([Example("shared")])
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(15):
                (id,) = store.add([Example(f"{number}.{step}")]).added
                store.update(id, output="done")
                assert store.get(id).output == "done"
                assert id in store.ids(Query(f"{number}.{step}"))
                store.counts()
        except BaseException as error:  # noqa: BLE001 - handed to the test's thread
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert store.counts().total == 61


def test_a_closed_store_says_so_and_closing_twice_is_fine(store: ExampleStore) -> None:
    store.close()
    store.close()
    for use in (store.ids, store.counts, store.undo, lambda: store.add([Example()])):
        with pytest.raises(ProjectError, match="closed"):
            use()


def test_read_only_reads_beside_the_writer_and_writes_nothing(store: ExampleStore, database: Path) -> None:
    store.add([Example("a", "", "b")])
    reader = ExampleStore(database, read_only=True)
    store.update(1, output="newer")
    assert reader.get(1).output == "newer"
    for change in (lambda: reader.add([Example()]), lambda: reader.delete([1]), reader.undo):
        with pytest.raises(ProjectError, match="reading only"):
            change()
    reader.close()


def test_duplicates_are_copies_in_one_step(store: ExampleStore) -> None:
    store.add([FULL, Example("b", "", "c")])
    change = store.duplicate([2, 1, 99])
    assert (change.label, change.added) == ("Duplicate 2 examples", (3, 4))
    assert store.rows([3, 4]) == [FULL, Example("b", "", "c")]
    store.undo()
    assert list(store.ids()) == [1, 2]
    assert store.duplicate([99]).added == ()
