"""Parquet, Arrow, saved datasets and the hub: read through ``datasets`` in a child process, or refused in words."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.dataset import files
from core.dataset.example import Example, Split, Status, Turn
from core.dataset.importing.reading import Reading
from core.dataset.importing.source import Source
from core.dataset.importing.staging import staged_examples
from core.dataset.text import clean_tag
from core.errors import ExamplesFileError, UserError
from core.worker import arrow_tables, datasets_reader

ROWS = [{"instruction": f"i {number}", "output": "o"} for number in range(5)]


class Taken:
    """What a reading in this process told, and its examples."""

    def __init__(self, source: Source, folder: Path, mapping: dict[str, str] | None = None) -> None:
        staged = folder / f"staged-{len(list(folder.glob('staged-*')))}.db"
        self.messages: list[dict[str, Any]] = []
        request = {"source": source.to_json(), "mapping": mapping or {}, "project": None, "staged": str(staged)}
        datasets_reader.work(request, self.messages.append)
        self.shape = next(message["shape"] for message in self.messages if "shape" in message)
        self.summary = next(message["summary"] for message in self.messages if "summary" in message)
        self.examples = list(staged_examples(staged)) if staged.exists() else []


@pytest.fixture
def take(tmp_path: Path) -> Callable[..., Taken]:
    def run(name: str, *, mapping: dict[str, str] | None = None, **more: Any) -> Taken:
        return Taken(Source(tmp_path / name, **more), tmp_path, mapping)

    return run


def table(rows: list[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(rows)


def test_parquet_carries_every_field(take, tmp_path: Path) -> None:
    turns = (Turn("user", "q"), Turn("assistant", "a"))
    examples = [
        Example("i", "in", "o\0".removesuffix("\0"), "s", turns, ("a,b", "[c"), "n", Status.EXCLUDED, Split.HELDOUT),
        Example("=1+1", "'=2", "數📦\r\n"),
        Example("", "only input", ""),
    ]
    assert files.write(tmp_path / "a.parquet", examples) == 3
    found = take("a.parquet")
    assert found.examples == examples
    assert found.shape["format"] == "Parquet"


_letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_texts = st.text(_letters, max_size=30)
_turns = st.lists(st.builds(Turn, st.sampled_from(["user", "assistant"]), _texts), max_size=2).map(tuple)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.builds(
            Example,
            instruction=_texts.map(lambda text: f"i{text}"),
            input=_texts,
            output=_texts,
            system=_texts,
            history=_turns,
            tags=st.lists(_texts.map(clean_tag).filter(bool), max_size=2, unique=True).map(tuple),
            note=_texts,
            status=st.sampled_from(Status),
            split=st.sampled_from(Split),
        ),
        max_size=4,
    )
)
def test_parquet_written_and_read_again(take, tmp_path: Path, examples: list[Example]) -> None:
    files.write(tmp_path / "round.parquet", examples)
    assert take("round.parquet").examples == examples


def test_columns_of_other_types(take, tmp_path: Path) -> None:
    rows = [
        {"question": "q", "answer": 7, "score": 0.5, "image": b"\xff", "meta": {"deep": [1]}},
        {"question": None, "answer": 1},
    ]
    pq.write_table(table(rows), tmp_path / "a.parquet")
    found = take("a.parquet", mapping={"note": "score"})
    assert found.examples == [Example("q", "", "7", note="0.5")]
    assert [column[0] for column in found.shape["columns"]] == ["question", "answer", "score", "meta"]
    assert found.summary["skipped_rows"] == [[2, "question", "is null"]]


def test_names_of_classes_take_the_place_of_their_numbers(take, tmp_path: Path) -> None:
    features = {"label": {"names": ["no", "yes"], "_type": "ClassLabel"}, "text": {"_type": "Value"}}
    found = table([{"text": "a", "label": 1}, {"text": "b", "label": 0}, {"text": "c", "label": -1}])
    found = found.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(found, tmp_path / "a.parquet")
    mapping = {"instruction": "text", "output": "label"}
    assert [example.output for example in take("a.parquet", mapping=mapping).examples] == ["yes", "no", "-1"]


@pytest.mark.parametrize("kind", ["file", "stream"])
def test_arrow(take, tmp_path: Path, kind: str) -> None:
    found = table(ROWS * 100)
    make = pa.ipc.new_file if kind == "file" else pa.ipc.new_stream
    with make(str(tmp_path / "a.arrow"), found.schema) as writer:
        writer.write_table(found, max_chunksize=7)
    assert [example.instruction for example in take("a.arrow").examples] == [row["instruction"] for row in ROWS * 100]


def test_a_folder_of_parquet_files_has_splits(take, tmp_path: Path) -> None:
    (tmp_path / "set" / "data").mkdir(parents=True)
    (tmp_path / "set" / ".cache").mkdir()
    for name, rows in (("train-0", ROWS), ("train-1", ROWS[:1]), ("test-0", ROWS[:2]), ("../.cache/train", ROWS)):
        pq.write_table(table(rows), tmp_path / "set" / "data" / f"{name}.parquet")
    found = take("set")
    assert (found.shape["splits"], found.shape["chosen"], len(found.examples)) == (
        ("test", "train"),
        ("", "", "train"),
        6,
    )
    assert len(take("set", split="test").examples) == 2
    with pytest.raises(ExamplesFileError, match="set has no split named 'dev'"):
        take("set", split="dev")


def test_files_of_other_columns_in_a_folder_are_named_by_their_row(take, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    pq.write_table(table(ROWS), tmp_path / "set" / "a.parquet")
    pq.write_table(table([{"instruction": "i", "reply": "o"}]), tmp_path / "set" / "b.parquet")
    found = take("set")
    assert (len(found.examples), found.summary["skipped_rows"]) == (5, [[6, "output", "is missing"]])


def test_a_saved_dataset(take, tmp_path: Path) -> None:
    import datasets

    made = datasets.Dataset.from_list(ROWS).filter(lambda row: row["instruction"] != "i 2")
    made.save_to_disk(tmp_path / "one")
    datasets.DatasetDict(train=made, test=made.select([0])).save_to_disk(tmp_path / "two")
    found = take("one")
    assert found.shape["format"] == "Saved dataset"
    assert [example.instruction for example in found.examples] == ["i 0", "i 1", "i 3", "i 4"]
    assert take("two").shape["splits"] == ("train", "test")
    assert len(take("two", split="test").examples) == 1
    (tmp_path / "one" / "state.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ExamplesFileError, match="one cannot be read"):
        take("one")


def test_other_folders(take, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ExamplesFileError, match=r"empty is not the folder of a dataset\. It holds no files"):
        take("empty")
    (tmp_path / "one").mkdir()
    files.write(tmp_path / "one" / "a.csv", [Example("i", "", "o")])
    assert take("one").examples == [Example("i", "", "o")]
    files.write(tmp_path / "one" / "b.json", [Example("i", "", "o")])
    with pytest.raises(
        ExamplesFileError, match=r"It holds several files: a\.csv, b\.json\. Import the files one by one"
    ):
        take("one")


def _parquet(folder: Path) -> bytes:
    pq.write_table(table(ROWS * 2000), folder / "good.parquet", row_group_size=1000)
    return (folder / "good.parquet").read_bytes()


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda good: b"",
        lambda good: good[:-1],
        lambda good: good[: len(good) // 2],
        lambda good: good[4:],
        lambda good: good[:4] + b"\0" * 400 + good[-8:],
        lambda good: good[:-8] + b"\xff\xff\xff\x7f" + good[-4:],
        lambda good: good[:300] + os.urandom(3000) + good[3300:],
        lambda good: b"PAR1",
        lambda good: b"instruction,output\ni,o\n",
        lambda good: b"\xff\xff\xff\xff\xff\xff\xff\x7f" + good,
    ],
)
def test_broken_files(tmp_path: Path, damage: Callable[[bytes], bytes], ending: str) -> None:
    if ending == "parquet":
        good = _parquet(tmp_path)
    else:
        found = table(ROWS * 2000)
        with pa.ipc.new_file(str(tmp_path / "good.arrow"), found.schema) as writer:
            writer.write_table(found, max_chunksize=1000)
        good = (tmp_path / "good.arrow").read_bytes()
    (tmp_path / f"a.{ending}").write_bytes(damage(good))
    reading = Reading(Source(tmp_path / f"a.{ending}"), mapping={})
    ending_of = ""
    try:
        ending_of = type(list(reading.messages())[-1]).__name__
    except UserError as error:
        ending_of = error.title
    reading.close()
    died = "The helper process ended before its work was done."
    assert ending_of in (f"a.{ending} cannot be read.", died, "Summary", "Shape")


def test_where_a_damaged_file_ends_is_said(take, tmp_path: Path) -> None:
    good = bytearray(_parquet(tmp_path))
    metadata = pq.ParquetFile(tmp_path / "good.parquet").metadata
    start = metadata.row_group(5).column(0).data_page_offset
    good[start : start + 60] = os.urandom(60)
    (tmp_path / "a.parquet").write_bytes(good)
    with pytest.raises(ExamplesFileError) as caught:
        take("a.parquet")
    assert "a.parquet" in str(caught.value)
    assert "damaged" in str(caught.value)


def test_rows_are_bounded(take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(table([*ROWS, {"instruction": "x" * ((1 << 20) + 1), "output": "o"}]), tmp_path / "a.parquet")
    found = take("a.parquet")
    assert found.summary["skipped_rows"] == [[6, "", "is longer than 1 MiB"]]
    monkeypatch.setattr(arrow_tables, "MOST_ROWS", 5)
    with pytest.raises(ExamplesFileError, match="more than"):
        take("a.parquet")


def test_the_hub_is_not_reached_without_a_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    reading = Reading(Source(hub_id="someone/something"))
    with pytest.raises(UserError, match="someone/something cannot be read from the hub") as caught:
        list(reading.messages())
    assert "connection" in str(caught.value)
    reading.close()


def test_a_dataset_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    rows = [{**row, "image": b"x"} for row in ROWS]
    asked: list[tuple[object, ...]] = []

    def load(name: str, config: str, *, split: str, streaming: bool) -> object:
        asked.append((name, config, split, streaming))
        return datasets.Dataset.from_list(rows).to_iterable_dataset()

    monkeypatch.setattr(datasets_reader, "_look_up", lambda name: None)
    monkeypatch.setattr(datasets, "get_dataset_config_names", lambda name: ["default", "other"])
    monkeypatch.setattr(datasets, "get_dataset_split_names", lambda name, config: ["test", "train"])
    monkeypatch.setattr(datasets, "load_dataset", load)
    found = Taken(Source(hub_id="a/b"), tmp_path)
    assert len(found.examples) == 5
    assert found.shape["chosen"] == ("", "default", "train")
    assert (found.shape["configs"], found.shape["splits"]) == (("default", "other"), ("test", "train"))
    assert [column[0] for column in found.shape["columns"]] == ["instruction", "output"]
    Taken(Source(hub_id="a/b", config="other", split="test"), tmp_path)
    assert asked == [("a/b", "default", "train", True), ("a/b", "other", "test", True)]

    def gone(name: str) -> list[str]:
        raise datasets.exceptions.DatasetNotFoundError("no such thing")

    monkeypatch.setattr(datasets, "get_dataset_config_names", gone)
    with pytest.raises(ExamplesFileError, match="There is no such public dataset"):
        Taken(Source(hub_id="a/b"), tmp_path)


def test_a_full_memory_is_not_put_down_to_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(name: str) -> None:
        raise MemoryError

    monkeypatch.setattr(datasets_reader, "_look_up", full)
    with pytest.raises(ExamplesFileError, match="needs more memory"):
        Taken(Source(hub_id="a/b"), tmp_path)


def test_only_a_hub_id_turns_the_network_on(tmp_path: Path) -> None:
    sources = (Source(tmp_path / "a.parquet"), Source(tmp_path), Source(hub_id="a/b"))
    readings = [Reading(source, project=tmp_path) for source in sources]
    assert [reading._child._environment["HF_HUB_OFFLINE"] for reading in readings] == ["1", "1", "0"]
