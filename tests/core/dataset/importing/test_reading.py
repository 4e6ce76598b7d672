"""A reading in its child process: what it tells, and that it can end in any way at any time."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path

import pytest

from core.child import Stopped
from core.dataset.example import Example
from core.dataset.importing import remembered
from core.dataset.importing.reading import FirstRows, Message, Progress, Reading, Shape, Summary
from core.dataset.importing.source import Source
from core.dataset.importing.staging import PREFIX, clear_stale, staged_examples, staged_ids
from core.errors import UserError
from core.project import Project


def write(path: Path, *rows: object) -> Source:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return Source(path)


def pair(number: int) -> dict[str, str]:
    return {"instruction": f"i {number}", "input": "", "output": "o"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    with Project.create(tmp_path / "p") as made:
        made.store.add([Example(f"i {number}", "", "o") for number in range(10)])
        return made.path


def test_a_reading_tells_what_it_finds(tmp_path: Path, project: Path) -> None:
    source = write(tmp_path / "a.jsonl", *map(pair, range(5, 105)), pair(7), pair(50), 5, {"instruction": "i"})
    reading = Reading(source, project=project)
    try:
        messages: list[Message] = list(reading.messages())
        shape, first, *between, summary = messages
        assert isinstance(shape, Shape)
        assert shape.format == "JSON lines"
        assert [(column.name, column.samples) for column in shape.columns] == [
            ("instruction", ("i 5", "i 6", "i 7")),
            ("input", ()),
            ("output", ("o", "o", "o")),
        ]
        assert shape.mapping == {"instruction": "instruction", "input": "input", "output": "output"}
        assert (shape.missing, shape.recalled) == ((), False)
        assert isinstance(first, FirstRows)
        assert first.examples == tuple(Example(f"i {number}", "", "o") for number in range(5, 55))
        assert all(isinstance(message, Progress) for message in between)
        assert isinstance(summary, Summary)
        assert (summary.examples, summary.skipped, summary.twice, summary.known) == (102, 2, 2, 6)
        assert (summary.duplicates, summary.incomplete) == (7, 0)
        assert [(item.row, item.column) for item in summary.skipped_rows] == [(103, ""), (104, "output")]
        assert reading.staged.parent == project
        assert next(staged_examples(reading.staged)).instruction == "i 5"
        assert len(staged_ids(reading.staged)) == 102
        assert len(staged_ids(reading.staged, leave_out=["twice", "known"])) == 95
        with Project.open(project, read_only=True) as opened:
            assert opened.store.counts().total == 10
    finally:
        reading.close()
    assert not list(project.glob(f"{PREFIX}*"))


def test_what_was_read_is_taken_into_the_project(tmp_path: Path, project: Path) -> None:
    rows = [
        {"prompt": "a", "response": "b", "tags": ["x", "y"], "history": [["q", "a"]], "system": "s", "split": "test"},
        pair(3),
    ]
    with Project.open(project) as opened:
        reading = Reading(write(tmp_path / "a.jsonl", *rows), project=project)
        assert list(reading.messages())
        before = list(opened.store.iterate())
        change = opened.store.add_staged(reading.staged, label="Import a.jsonl", leave_out=["known"])
        reading.close()
        assert [example.instruction for example in opened.store.rows(list(change.added))] == ["a"]
        (added,) = opened.store.rows(list(change.added))
        assert (added.tags, added.system, added.split) == (("x", "y"), "s", "heldout")
        assert [turn.content for turn in added.history] == ["q", "a"]
        opened.store.undo()
        assert list(opened.store.iterate()) == before


def test_a_mapping_is_recalled_where_none_is_given(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", {"Frage": "a", "Antwort": "b", "Thema": "c"})
    reading = Reading(source)
    shape, summary = reading.messages()
    reading.close()
    assert isinstance(shape, Shape)
    assert isinstance(summary, Summary)
    assert (shape.mapping, shape.missing, summary.examples) == ({}, ("instruction", "output"), 0)
    mapping = {"instruction": "Frage", "output": "Antwort", "input": ""}
    remembered.remember(["Antwort", "Thema", "Frage"], mapping)
    for given, recalled in ((None, True), (mapping, False)):
        reading = Reading(source, mapping=given)
        shape, first, _ = reading.messages()
        reading.close()
        assert isinstance(shape, Shape)
        assert isinstance(first, FirstRows)
        assert (shape.mapping, shape.recalled) == ({"instruction": "Frage", "output": "Antwort"}, recalled)
        assert first.examples == (Example("a", "", "b"),)


def test_the_first_rows_are_told_as_they_are_there(tmp_path: Path) -> None:
    rows = [{"Frage": "a", "Antwort": ""}, {"Frage": None, "Antwort": "b"}, 5, {"Frage": "c"}, {"Zahl": [1]}]
    reading = Reading(write(tmp_path / "a.jsonl", *rows, *[{"Frage": "d"}] * 3))
    shape, _ = reading.messages()
    reading.close()
    assert isinstance(shape, Shape)
    assert [column.samples for column in shape.columns] == [("a", "c", "d"), ("b",), ("[1]",)]
    assert shape.rows == (("a", "", ""), ("", "b", ""), ("c", "", ""), ("", "", "[1]"), ("d", "", ""))


def test_what_is_wrong_comes_in_words_that_name_the_source(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("[{]", encoding="utf-8")
    reading = Reading(Source(tmp_path / "bad.json", name="The pasted text"))
    with pytest.raises(UserError, match=r"The pasted text is not valid JSON\. Line 1, character 4") as caught:
        list(reading.messages())
    assert "bad.json" not in str(caught.value)
    reading.close()
    reading.close()
    assert not reading.staged.parent.exists()


def test_a_mapping_of_an_unknown_field_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such field: instrution"):
        Reading(Source(tmp_path / "a.jsonl"), mapping={"instrution": "a"})


def test_a_reading_can_be_stopped_and_leaves_nothing(tmp_path: Path, project: Path) -> None:
    source = write(tmp_path / "a.jsonl", *map(pair, range(60_000)))
    for moment in (Shape, FirstRows, Progress):
        reading = Reading(source, project=project)
        messages = reading.messages()
        for message in messages:
            if isinstance(message, moment):
                threading.Thread(target=reading.close).start()
                break
        with pytest.raises(Stopped):
            for _ in messages:
                pass
        reading.close()
        assert not list(project.glob(f"{PREFIX}*"))
    reading = Reading(source, project=project)
    reading.stop()
    with pytest.raises(Stopped):
        next(reading.messages())
    reading.close()


def test_a_reading_that_nobody_follows_to_its_end_ends(tmp_path: Path) -> None:
    reading = Reading(write(tmp_path / "a.jsonl", *map(pair, range(30_000))))
    messages = reading.messages()
    next(messages)
    messages.close()
    reading.close()
    assert not reading.staged.exists()


def test_a_child_that_dies_is_an_error_with_words(tmp_path: Path) -> None:
    import psutil

    reading = Reading(write(tmp_path / "a.jsonl", *map(pair, range(60_000))))
    messages = reading.messages()
    next(messages)
    for process in psutil.Process().children():
        process.kill()
    with pytest.raises(UserError, match="ended before its work was done"):
        list(messages)
    reading.close()


def test_more_memory_than_allowed_is_an_error_with_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.dataset.importing.reading._MEGABYTES", 200)
    (tmp_path / "a.json").write_text("[" + ",".join([json.dumps({"a": "x" * 9000})] * 30_000) + "]", encoding="utf-8")
    reading = Reading(Source(tmp_path / "a.json"))
    with pytest.raises(UserError, match="needs more memory"):
        list(reading.messages())
    reading.close()


def test_a_full_disk_is_an_error_with_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.dataset.importing import child, staging

    source = write(tmp_path / "a.jsonl", *map(pair, range(20_000)))
    monkeypatch.setattr(staging, "TABLE", f"{staging.TABLE}; PRAGMA max_page_count = 9")
    request = {"source": source.to_json(), "mapping": {}, "project": None, "staged": str(tmp_path / "staged.db")}
    with pytest.raises(UserError, match=r"What was read of a\.jsonl could not be put aside\. The disk is full"):
        child.work(request, lambda message: None)


def test_staging_files_of_a_crash_are_cleared_when_the_project_opens(project: Path) -> None:
    for name in (f"{PREFIX}1.db", f"{PREFIX}2.db-journal"):
        (project / name).write_bytes(b"x")
    with Project.open(project, read_only=True):
        assert len(list(project.glob(f"{PREFIX}*"))) == 2
    with Project.open(project):
        assert not list(project.glob(f"{PREFIX}*"))
    clear_stale(project / "missing")


def test_the_staging_file_holds_what_the_listing_needs(tmp_path: Path, project: Path) -> None:
    examples = [Example("  Ärger ", "IN", "Out", tags=("a",)), Example("", "only input", ""), Example("x", "", "y")]
    rows = [
        {"instruction": e.instruction, "input": e.input, "output": e.output, "tags": list(e.tags)} for e in examples
    ]
    with Project.open(project) as opened:
        reading = Reading(write(tmp_path / "a.jsonl", *rows), project=project)
        assert list(reading.messages())
        taken = opened.store.add_staged(reading.staged, label="x").added
        written = opened.store.add(examples).added
    listed = "shown, split, length, instruction, input, output, content, prompt"
    with sqlite3.connect(project / "examples.db") as connection:
        for one, other in zip(taken, written, strict=True):
            statement = f"SELECT {listed} FROM listing WHERE id = ?"
            assert (
                connection.execute(statement, (one,)).fetchall() == connection.execute(statement, (other,)).fetchall()
            )
    connection.close()
    reading.close()
