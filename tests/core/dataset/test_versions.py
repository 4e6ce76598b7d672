"""Named versions: saved, read, compared, put back in one step, renamed, deleted; damaged ones are refused."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from core.dataset import backups, history
from core.dataset.compare import differences
from core.dataset.example import Example, Split, Status, Turn
from core.dataset.store import ExampleStore
from core.dataset.versions import Versions
from core.errors import ProjectError


@pytest.fixture
def versions(database: Path) -> Versions:
    return Versions(database.parent)


def everything(store: ExampleStore) -> list[tuple[int, Example]]:
    return [(example.id, example) for example in store.iterate()]


def test_a_version_holds_every_field_and_comes_back_in_one_step(store: ExampleStore, versions: Versions) -> None:
    store.add([
        Example("ä\n🐄", "in", "out", "system", (Turn("user", "u"), Turn("assistant", "a")), ("t", "Ü"), "note",
                Status.EXCLUDED, Split.HELDOUT),
        Example("b", "", "x"), Example("c", "", "x"),
    ])  # fmt: skip
    first = versions.save(store, "  Before  cleaning ")
    assert (first.name, first.count, first.number) == ("Before cleaning", 3, 1)
    assert [(e.id, e) for e in versions.examples(first)] == everything(store)
    before = everything(store)
    store.update(1, output="changed", tags=())
    store.delete([2])
    store.add([Example("d")])
    after = everything(store)
    found = differences(versions.examples(first), store.iterate())
    assert ([e.id for e in found.added], [e.id for e in found.removed]) == ([4], [2])
    assert [(a.output, b.output) for a, b in found.changed] == [("out", "changed")]
    change = versions.restore(store, first)
    assert (change.added, change.changed, change.removed) == ((2,), (1,), (4,))
    assert change.label == "Go back to version “Before cleaning”"
    assert everything(store) == before
    store.undo()
    assert everything(store) == after
    store.redo()
    assert everything(store) == before
    assert versions.restore(store, first).label == ""


def test_what_is_put_back_survives_its_step_being_forgotten(
    store: ExampleStore, versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add([Example("a", "", "x"), Example("b", "", "x")])
    version = versions.save(store, "two")
    store.delete([1])
    versions.restore(store, version)
    store.undo()
    store.add([Example("new")])  # the step that put it back can no longer be done again
    store.settle()
    store.undo()
    store.undo()
    assert store.get(1).instruction == "a"
    store.redo()
    versions.restore(store, version)
    monkeypatch.setattr(history, "KEPT_STEPS", 1)
    store.settle()
    assert [example.instruction for example in store.iterate()] == ["a", "b"]


def test_examples_that_are_gone_for_good_come_back_too(
    store: ExampleStore, versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add([Example("a", "", "x"), Example("b", "", "x")])
    version = versions.save(store, "two")
    store.delete([1])
    monkeypatch.setattr(history, "KEPT_STEPS", 0)
    store.settle()
    assert store.story(1) == []
    versions.restore(store, version)
    assert [example.id for example in store.iterate()] == [1, 2]
    assert store.add([Example("c")]).added == (3,)


def test_versions_are_listed_renamed_deleted_and_brought_back(store: ExampleStore, versions: Versions) -> None:
    assert versions.all() == []
    one = versions.save(store, "one")
    store.add([Example("a")])
    two = versions.save(store, "CON: a/b\\c … très long " * 5)
    assert [version.number for version in versions.all()] == [2, 1]
    assert len(two.path.name.encode()) < 200
    renamed = versions.rename(one, "first")
    assert [version.name for version in versions.all()][1] == "first"
    assert list(versions.examples(renamed)) == []
    gone = versions.delete(two)
    assert [version.number for version in versions.all()] == [1]
    versions.bring_back(gone)
    assert [version.number for version in versions.all()] == [2, 1]
    with pytest.raises(ProjectError, match="no name"):
        versions.save(store, "  ")
    assert {path.suffix for path in versions.folder.iterdir()} == {".gz"}


def test_a_flipped_bit_anywhere_is_told_in_words(store: ExampleStore, versions: Versions) -> None:
    """What unpacking says of it differs from place to place: a wrong code, a wrong length, a wrong sum."""
    store.add(Example(f"text {n} " * 20, "", "x") for n in range(50))
    version = versions.save(store, "v")
    whole = version.path.read_bytes()
    seen = list(versions.examples(version))
    for place in range(0, len(whole), 7):
        data = bytearray(whole)
        data[place] ^= 0x40
        version.path.write_bytes(data)
        versions.all()  # which lists what it can read
        with suppress(ProjectError):
            assert list(versions.examples(version)) == seen  # a bit without a meaning, as that of the system's name


@pytest.mark.parametrize("harm", ["flip", "cut", "gone", "foreign"])
def test_a_damaged_version_is_refused_and_nothing_is_changed(
    store: ExampleStore, versions: Versions, harm: str
) -> None:
    store.add(Example(f"text {n} " * 20, "", "x") for n in range(50))
    version = versions.save(store, "v")
    data = bytearray(version.path.read_bytes())
    match harm:
        case "flip":
            data[len(data) // 2] ^= 0x40
            version.path.write_bytes(data)
        case "cut":
            version.path.write_bytes(data[:-20])
        case "gone":
            version.path.unlink()
        case "foreign":
            version.path.write_bytes(b"nothing of ours")
            assert versions.all() == []
    store.delete([1])
    before = everything(store)
    with pytest.raises(ProjectError, match="cannot be read"):
        versions.restore(store, version)
    assert everything(store) == before


def test_many_copies_within_a_second_leave_the_newest_to_be_found(store: ExampleStore, database: Path) -> None:
    for number in range(6):
        store.add([Example(str(number))])
        assert backups.make(store._database, why=f"before {number}").path.exists()
    assert backups.newest_revision(database) is not None
