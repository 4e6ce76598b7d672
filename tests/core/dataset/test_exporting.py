"""Writing in a child process: the file is whole or not there, an earlier one stays, what is asked for is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.child import Stopped
from core.dataset import exporting_child, files
from core.dataset.example import Example, Split, Status
from core.dataset.exporting import Progress, Writing, Written
from core.dataset.query import Query
from core.dataset.store import ExampleStore
from core.errors import UserError


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ExampleStore]:
    store = ExampleStore(tmp_path / "examples.db")
    store.add(Example(f"Greet {n}", "", "Ahoy!", tags=("even",) if n % 2 == 0 else ()) for n in range(10))
    yield store
    store.close()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "Größe 数据 'x'"
    folder.mkdir()
    return folder / "examples.jsonl"


def instructions(path: Path) -> list[str]:
    return [example.instruction for example in files.read(path).examples]


def test_all_examples(store: ExampleStore, place: Path) -> None:
    assert list(Writing(store.path, place).messages())[-1] == Written(place, 10)
    assert instructions(place) == [f"Greet {n}" for n in range(10)]
    assert list(place.parent.iterdir()) == [place]


def test_what_a_query_finds_in_its_order(store: ExampleStore, place: Path) -> None:
    store.update(3, status=Status.EXCLUDED, split=Split.HELDOUT)
    wanted = Query(tag="even", status=Status.EXCLUDED, split=Split.HELDOUT, among=(1, 3, 5), descending=True)
    list(Writing(store.path, place, query=wanted).messages())
    assert instructions(place) == ["Greet 2"]


def test_chosen_examples_in_their_order(store: ExampleStore, place: Path) -> None:
    list(Writing(store.path, place, ids=[7, 2]).messages())
    assert instructions(place) == ["Greet 6", "Greet 1"]


def test_stopped_before_it_begins(store: ExampleStore, place: Path) -> None:
    place.write_text("earlier")
    writing = Writing(store.path, place)
    writing.stop()
    with pytest.raises(Stopped):
        list(writing.messages())
    assert place.read_text() == "earlier"
    assert list(place.parent.iterdir()) == [place]


def test_stopped_in_the_middle(store: ExampleStore, place: Path) -> None:
    place.write_text("earlier")
    store.add(Example(f"Greet {n}", "", "Ahoy! " * 50) for n in range(20_000))
    writing = Writing(store.path, place)
    messages = writing.messages()
    assert isinstance(next(messages), Progress)
    writing.stop()
    with pytest.raises(Stopped):
        list(messages)
    assert place.read_text() == "earlier"
    assert list(place.parent.iterdir()) == [place]


def test_a_folder_that_is_not_there(store: ExampleStore, place: Path) -> None:
    with pytest.raises(UserError, match="could not be written"):
        list(Writing(store.path, place.parent / "no" / "x.csv").messages())
    assert list(place.parent.iterdir()) == []


def test_the_forms_reach_the_writer(store: ExampleStore, place: Path) -> None:
    list(Writing(store.path, place, ids=[1], form="messages").messages())
    assert '"messages"' in place.read_text("utf-8")
    with pytest.raises(UserError):
        list(Writing(store.path, place.with_suffix(".docx"), ids=[1]).messages())


def test_progress_is_told_now_and_then(store: ExampleStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting_child, "_TELL_SECONDS", -1.0)
    told: list[dict[str, object]] = []
    assert len(list(exporting_child._told(store.iterate(), told.append))) == 10
    assert told[-1] == {"done": 9}
