"""Find and replace: what is found, what becomes of it, and that it is one step."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.child import Stopped
from core.dataset.example import Example, Turn
from core.dataset.replace import Replacement, Replacer, ReplaceSearch, replace_in, search, texts
from core.dataset.store import ExampleStore
from core.errors import UserError


def replaced(text: str, find: str, by: str = "-", **wish: bool) -> str:
    edit = Replacer(Replacement(find, by, **wish)).edit(Example(output=text))
    return text if edit is None else edit.values["output"]


@pytest.mark.parametrize(
    ("text", "find", "wish", "expected"),
    [
        ("a.b axb", "a.b", {}, "- axb"),
        ("a.b axb", "a.b", {"regular": True}, "- -"),
        ("Colour colour", "colour", {}, "- -"),
        ("Colour colour", "colour", {"match_case": True}, "Colour -"),
        ("cat concat cat's", "cat", {"whole_words": True}, "- concat -'s"),
        ("über Überall", "über", {"whole_words": True}, "- Überall"),
        ("GRÖSSE größe", "größe", {}, "GRÖSSE -"),
        ("one\ntwo", "^", {"regular": True}, "-one\n-two"),
        ("a|b ab", "a|b", {"regular": True, "whole_words": True}, "-|- ab"),
        ("the the cat", r"\b(\w+) \1\b", {"regular": True}, "- cat"),
        ("👩‍🚀 翻訳", "翻", {}, "👩‍🚀 -訳"),
        ("nothing", "", {}, "nothing"),
        ("a b", "a b", {}, "-"),
    ],
)
def test_what_is_found(text: str, find: str, wish: dict[str, bool], expected: str) -> None:
    assert replaced(text, find, **wish) == expected


def test_what_takes_its_place() -> None:
    assert replaced("Anna, Ben", r"(\w+), (?<second>\w+)", r"\g<second> and \1", regular=True) == "Ben and Anna"
    assert replaced("a/b", "/", "\\1\\n") == "a\\1\\nb"  # plain words are plain
    assert replaced("a/b", "/", r"\n", regular=True) == "a\nb"


def test_only_the_fields_that_are_asked_for() -> None:
    example = Example("a", "a", "a", system="a", note="a", history=(Turn("user", "a"), Turn("assistant", "b")), id=3)
    edit = Replacer(Replacement("a", "x", fields=("input", "history", "note"))).edit(example)
    assert edit is not None
    assert edit.values == {"input": "x", "history": (Turn("user", "x"), Turn("assistant", "b")), "note": "x"}
    assert edit.matches == 3
    assert list(texts(example, edit)) == [("input", "a", "x"), ("history", "a", "x"), ("note", "a", "x")]


def test_what_stays_as_it_is_is_no_edit() -> None:
    assert Replacer(Replacement("a", "a")).edit(Example("a", "", "a")) is None


@pytest.mark.parametrize(
    ("find", "by", "title", "reason"),
    [
        ("(a", "", "The pattern cannot be read.", "Missing ), at character 3."),
        ("*", "", "The pattern cannot be read.", "Nothing to repeat, at character 1."),
        ("(a)", r"\2", "The replacement cannot be read.", "Invalid group reference"),
        ("(a)", r"\g<name>", "The replacement cannot be read.", "Unknown group"),
        ("a", "\\", "The replacement cannot be read.", "Bad escape"),
    ],
)
def test_a_pattern_that_cannot_be_read_is_explained(find: str, by: str, title: str, reason: str) -> None:
    with pytest.raises(UserError) as raised:
        Replacer(Replacement(find, by, regular=True))
    assert raised.value.title == title
    assert raised.value.reason.startswith(reason)


def test_a_pattern_that_takes_forever_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.dataset.replace._SECONDS", 0.05)
    replacer = Replacer(Replacement(r"(?:.*)*\d", "", regular=True))
    with pytest.raises(UserError, match="takes too long") as raised:
        replacer.edit(Example(output="word " * 4000, id=7))
    assert "example 7" in raised.value.reason


@pytest.fixture
def store(tmp_path: Path) -> ExampleStore:
    store = ExampleStore(tmp_path / "examples.db")
    store.add(Example(f"Say {n}", "", "colour" if n % 2 else "none") for n in range(1, 11))
    yield store
    store.close()


def test_replacing_is_one_step(store: ExampleStore) -> None:
    wish = Replacement("colour", "color")
    found = list(search(store, wish))
    ids = [id for part in found for id in part.ids]
    assert ids == [1, 3, 5, 7, 9]
    assert (found[-1].matches, found[-1].done, found[-1].total) == (5, 10, 10)
    store.update(3, output="nothing any more")
    before = list(store.iterate())
    change = replace_in(store, ids, wish)
    assert change.changed == (1, 5, 7, 9)
    assert change.label == "Replace “colour” in 4 examples"
    assert store.get(9).output == "color"
    store.undo()
    assert list(store.iterate()) == before
    assert replace_in(store, [5], wish).label == "Replace “colour” in example 5"
    assert replace_in(store, [5], wish).changed == ()


def test_searching_among_some_in_a_process_of_its_own(store: ExampleStore) -> None:
    job = ReplaceSearch(store.path, Replacement("COLOUR", ""), [9, 2, 1])
    found = list(job.messages())
    assert [id for part in found for id in part.ids] == [9, 1]
    assert (found[-1].matches, found[-1].done, found[-1].total) == (2, 3, 3)


def test_a_search_tells_what_is_wrong_and_can_be_stopped(store: ExampleStore) -> None:
    with pytest.raises(UserError, match="The pattern cannot be read"):
        list(ReplaceSearch(store.path, Replacement("(", regular=True)).messages())
    job = ReplaceSearch(store.path, Replacement("colour"))
    job.stop()
    with pytest.raises(Stopped):
        list(job.messages())


def test_a_search_tells_how_far_it_is(store: ExampleStore) -> None:
    told = list(search(store, Replacement("colour"), every=0.0))
    assert [found.done for found in told] == [*range(1, 11), 10]
    assert [id for found in told for id in found.ids] == [1, 3, 5, 7, 9]
