"""The answer that was rejected stays with its example: stored, undone, searched around, exported and read again."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.dataset import files
from core.dataset.columns import Columns
from core.dataset.example import Example, Status
from core.dataset.query import Query
from core.dataset.records import example_of
from core.dataset.rows import content_hash
from core.dataset.store import ExampleStore
from core.dataset.versions import Versions

CORRECTED = Example("Say it.", "", "Kindly", tags=("a",), status=Status.DRAFT, rejected="Rudely, <b>and</b>\nlong")


def test_it_is_stored_edited_and_taken_back(tmp_path: Path) -> None:
    store = ExampleStore(tmp_path / "examples.db")
    (id,) = store.add([CORRECTED]).added
    assert store.get(id) == CORRECTED
    store.update(id, output="More kindly")
    assert list(store.ids(Query(search="kindly"))) == [id]
    assert not store.ids(Query(search="rudely")), "what is searched is what was written"
    store.update(id, rejected="")
    assert store.get(id).rejected == ""
    assert store.undo_label == f"Edit rejected answer of example {id}"
    store.undo()
    assert store.get(id) == replace(CORRECTED, output="More kindly")
    store.close()


def test_training_does_not_see_it() -> None:
    assert content_hash(CORRECTED) == content_hash(replace(CORRECTED, rejected=""))
    assert "rejected" not in CORRECTED.frozen()


@pytest.mark.parametrize("ending", [ending for ending in files.ENDINGS if ending != ".parquet"])
def test_files_know_it(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"examples{ending}"
    examples = [CORRECTED, replace(CORRECTED, instruction="Again", rejected="")]
    files.write(path, examples)
    assert files.read(path).examples == examples


@pytest.mark.parametrize(
    ("rejected", "expected"),
    [
        ("No.", "No."),
        ([{"role": "user", "content": "Q"}, {"role": "assistant", "content": "No."}], "No."),
        ([{"from": "human", "value": "Q"}, {"from": "gpt", "value": "No."}], "No."),
        (True, ""),
        (["x"], ""),
        (None, ""),
    ],
)
def test_other_programs_files_have_it_as_text_or_as_messages(rejected: object, expected: str) -> None:
    row = {"prompt": "Q", "response": "Yes.", "rejected": rejected}
    assert example_of(row, Columns()) == Example("Q", "", "Yes.", rejected=expected)


def test_a_version_from_before_there_was_one_is_read(tmp_path: Path) -> None:
    store = ExampleStore(tmp_path / "examples.db")
    store.add([CORRECTED])
    versions = Versions(tmp_path)
    version = versions.save(store, "now")
    assert list(versions.examples(version)) == [CORRECTED]
    head, row, _ = (json.loads(line) for line in gzip.decompress(version.path.read_bytes()).splitlines())
    older = json.dumps(row[:-1]).encode() + b"\n"
    last = json.dumps({"sha256": hashlib.sha256(older).hexdigest()}).encode() + b"\n"
    version.path.write_bytes(gzip.compress(json.dumps(head).encode() + b"\n" + older + last))
    assert list(versions.examples(version)) == [replace(CORRECTED, rejected="")]
    versions.restore(store, version)
    assert [example.rejected for example in store.iterate()] == [""]
    store.undo()
    assert [example.rejected for example in store.iterate()] == [CORRECTED.rejected]
    store.close()
