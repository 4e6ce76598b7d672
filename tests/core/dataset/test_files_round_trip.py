"""What is written is read again exactly, whatever people type."""

from __future__ import annotations

import csv
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.dataset import files
from core.dataset.example import Example, Split, Status, Turn
from core.dataset.text import clean_tag
from core.errors import UserError

_letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_texts = st.one_of(
    st.text(_letters, max_size=40),
    st.text(alphabet="=+-@\t\r\n'\",;|\\[]{} a\ufeff\u2028\x85ä数📦", max_size=12),
)
_tags = st.lists(_texts.map(clean_tag).filter(bool), max_size=3, unique=True).map(tuple)
_turns = st.lists(st.builds(Turn, st.sampled_from(["user", "assistant"]), _texts), max_size=3).map(tuple)
_examples = st.builds(
    Example,
    instruction=_texts,
    input=_texts,
    output=_texts,
    system=_texts,
    history=_turns,
    tags=_tags,
    note=_texts,
    status=st.sampled_from(Status),
    split=st.sampled_from(Split),
    rejected=_texts,
).filter(lambda found: bool((found.prompt + found.output).strip()) and bool(found.instruction or found.input))


@pytest.mark.parametrize("ending", ["json", "jsonl", "csv", "tsv", "xlsx"])
@settings(max_examples=120, deadline=None)
@given(examples=st.lists(_examples, max_size=4), defuse=st.booleans())
@example(examples=[Example("=1+1", "'=1", "''@x", tags=("a,b", "[", "'=c"))], defuse=True)
@example(examples=[Example("=1+1", "'=1", "''@x", note="\r\n \n\r")], defuse=False)
@example(examples=[Example("'", "-", "\ufeff")], defuse=True)
@example(examples=[Example("\ufeff[", "]", '"')], defuse=False)
def test_written_and_read_again(ending: str, examples: list[Example], defuse: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"examples.{ending}"
        assert files.write(path, examples, defuse=defuse) == len(examples)
        if not examples and ending == "jsonl":
            return  # an empty file holds nothing, and is refused as such
        result = files.read(path)
    assert result.skipped == []
    assert result.examples == examples


@pytest.mark.parametrize("ending", ["json", "jsonl"])
@settings(max_examples=60, deadline=None)
@given(
    examples=st.lists(_examples.map(lambda one: replace(one, input="", instruction=one.prompt)), min_size=1, max_size=4)
)
def test_messages_written_and_read_again(ending: str, examples: list[Example]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"examples.{ending}"
        assert files.write(path, examples, form="messages") == len(examples)
        result = files.read(path)
    assert result.skipped == []
    assert result.examples == examples


def test_a_spreadsheet_that_cannot_hold_a_text_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    files.write(path, [Example("before", "", "o")])
    with pytest.raises(UserError, match=r"The output of example 2 has 40,000 characters; a cell has room for 32,767"):
        files.write(path, [Example("i", "", "o"), Example("i", "", "o" * 40_000)])
    assert files.read(path).examples == [Example("before", "", "o")]
    with pytest.raises(UserError, match="Messages can be written as JSON only"):
        files.write(path, [], form="messages")


def test_no_cell_of_a_table_is_a_formula(tmp_path: Path) -> None:
    starts = ("=", "+", "-", "@", "\t", "\r")
    hostile = [f"{'|' * (n % 2)}{start}cmd|' /C calc'!A{n}"[n % 2 :] for n in range(170) for start in starts]
    examples = [Example(text, text, text, note=text, tags=(text.strip(),)) for text in hostile]
    path = tmp_path / "a.csv"
    files.write(path, examples)
    with open(path, encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert len(cells) > 5000
    assert not any(cell.startswith(starts) for cell in cells)
    assert files.read(path).examples == examples
    files.write(path, examples, defuse=False)
    assert files.read(path).examples == examples


def test_no_cell_of_a_spreadsheet_is_a_formula(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    hostile = [f"{start}cmd|' /C calc'!A{n}" for n in range(50) for start in ("=", "+", "-", "@", "#N/A", "{=", "'=")]
    examples = [Example(text, "", text) for text in hostile]
    files.write(tmp_path / "a.xlsx", examples, defuse=False)
    cells = [cell for row in load_workbook(tmp_path / "a.xlsx").active.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    assert files.read(tmp_path / "a.xlsx").examples == examples
