"""Broken files of each format: the words name the file and the place, and nothing that is whole is lost."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.dataset import files
from core.dataset.example import Example
from core.errors import ExamplesFileError


def row(**fields: object) -> str:
    return json.dumps({"instruction": "i", "output": "o", **fields})


ONE = row()
GOOD = [("i", "o")]

# What is refused as a whole: content, and what the words say.
LISTS = [
    ("cut off in a text", f'[{ONE},\n {{"instruction": "i', "Line 2, character 18: a text that begins here never ends"),
    ("cut off between rows", f"[{ONE},\n", "Line 2, character 1: the file ends in the middle of the list"),
    ("two lists", f"[{ONE}]\n[{ONE}]", "Line 1, character 37: the list ends here, but the file goes on"),
    ("a wrong bracket", f"[{ONE}\n}}", "Line 2, character 1: the list ends here"),
    ("words between rows", f"[{ONE}, nope, {ONE}]", "Between rows 1 and 2 stands 'nope'"),
    ("another encoding", f"[{ONE},\n{row(note='ä')}]".encode("utf-16")[:-1], "is no character of UTF-16"),
    ("Windows-1252", b'[{"instruction": "\xe4", "output": "o"}]', "Line 1, byte 19 is no character of UTF-8"),
    ("NUL bytes", b"[\0\0\0]", "NUL bytes"),
    ("nothing", "", "It is empty"),
    ("prose", "Dear all", "It begins neither with [ nor with {"),
    ("nested too deep", '{"data": ' + "[" * 50_000, "nested too deep"),
    ("a broken object", '{\n "data": [\n1,,2]}', "Line 3, character 3: Expecting value"),
]
# One bad row among good ones: what it is, its column and what is said.
ROWS = [
    ("cut off", '{"instruction": "i", "out', "", "is not JSON: Unterminated string starting at at character 22"),
    ("a number", row(output=5), "output", "is a number, not text"),
    ("an object", row(output={"text": "o"}), "output", "is an object, not text"),
    ("null", row(output=None), "output", "is null"),
    ("no output", '{"instruction": "i"}', "output", "is missing"),
    ("no instruction", '{"output": "o"}', "instruction", "is missing"),
    ("a list", '["i", "o"]', "", "is not an object with instruction and output"),
    ("a key twice", '{"output": "o", "instruction": "i", "output": "o"}', "output", "is there twice"),
    ("a NUL", row(input="\0"), "input", "contains a NUL character"),
    ("half a character", row(input="\ud83d"), "input", "contains half a character (a lone surrogate) at 1"),
    ("tags", row(tags=[1]), "tags", "is a number, not text"),
    ("messages", '{"messages": [{"role": "user", "content": "i"}]}', "messages", "does not end with a question and"),
    ("a role", '{"messages": [{"role": "tool", "content": "i"}]}', "messages", "holds a message whose role is not"),
    ("a picture", row(history=[{"role": "user", "content": [{"type": "image"}]}]), "history", "parts that are not"),
]
TABLES = [
    ("nothing", "", "It is empty"),
    ("blank lines", "\n\n \n", "It is empty"),
    ("no such columns", "a,b\n1,2", "no column for the instruction. Its first row is taken for the names"),
    ("a column twice", "instruction,output,output\n1,2,3", "two columns named output"),
    ("a broken header", 'instruction,"out"put\n1,2', 'the names of the columns: instruction,"out"put'),
    ("a quotation mark that is never closed", 'instruction,output\n"' + "x\n" * 600_000, "Row 2 of a.csv is longer"),
    ("NUL bytes", b"instruction,output\n\0\0\0,o\n", "NUL bytes"),
    ("a program", bytes(range(256)) * 20, "is not text in UTF-8"),
    ("UTF-16, cut off", "instruction,output\ni,o".encode("utf-16")[:-1], "the file may be cut off"),
    ("a long line", "instruction,output\ni,o\n" + "x" * (1 << 21), "Row 3 of a.csv is longer than 1 MiB"),
]
TABLE_ROWS = [
    ("too many cells", "i,o,x,y", "", "has 4 cells, but there are 2 columns"),
    ("too few cells", "i", "output", "is missing"),
    ("a stray quotation mark", '"i"x,o', "", "is not well-formed: ',' expected after '\"' (line 4 of the file)"),
    ("blanks", " , ", "", "is empty"),
]


@pytest.mark.parametrize(("content", "said"), [case[1:] for case in LISTS], ids=[case[0] for case in LISTS])
def test_a_broken_list(take, content: str | bytes, said: str) -> None:
    with pytest.raises(ExamplesFileError) as caught:
        take("a.json", content)
    assert caught.value.title.startswith("a.json ")
    assert said in str(caught.value)


@pytest.mark.parametrize(("bad", "column", "said"), [case[1:] for case in ROWS], ids=[case[0] for case in ROWS])
def test_a_broken_row_of_json(take, bad: str, column: str, said: str) -> None:
    contents = {"a.jsonl": f"{ONE}\n\r\n{bad}\r\n{ONE}"}
    if not bad.endswith("out"):
        contents["a.json"] = f"[{ONE},\n{ONE},\n{bad}, {ONE}]"
    for name, content in contents.items():
        found = take(name, content)
        ((number, where, reason),) = found.skipped
        assert (number, where) == (3, column)
        assert said in reason
        assert set(found.pairs) == set(GOOD)
        assert len(found.examples) == (2 if name == "a.jsonl" else 3)


@pytest.mark.parametrize(("content", "said"), [case[1:] for case in TABLES], ids=[case[0] for case in TABLES])
def test_a_broken_table(tmp_path: Path, content: str | bytes, said: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ExamplesFileError) as caught:
        files.read(path)
    assert "a.csv" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(("bad", "column", "said"), [case[1:] for case in TABLE_ROWS], ids=[c[0] for c in TABLE_ROWS])
def test_a_broken_row_of_a_table(take, bad: str, column: str, said: str) -> None:
    found = take("a.csv", f"instruction,output\r\ni,o\n\n{bad}\ni,o\r\n")
    assert found.skipped == [(4, column, said)]
    assert found.pairs == GOOD * 2


def test_empty_rows_of_a_table_are_skipped_by_number_up_to_the_last_that_holds_something(take) -> None:
    found = take("a.csv", "instruction,output\n,\ni,o\n\n,\n,\ni,o\n,\n\n,\n")
    assert found.skipped == [(2, "", "is empty"), (5, "", "is empty"), (6, "", "is empty")]
    assert found.pairs == GOOD * 2
    found = take("b.csv", "i,o\n,\ni,o\n,\n", header=False, mapping={"instruction": "A", "output": "B"})
    assert found.skipped == [(2, "", "is empty")]


def test_empty_rows_of_a_table_are_not_held_without_end(take, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.dataset.csv_rows._MOST_EMPTY", 3)
    found = take("a.csv", "instruction,output\n" + ",\n" * 4 + "i,o\n" + ",\n" * 4)
    assert [number for number, _, _ in found.skipped] == [2, 3, 4, 5, 7, 8, 9]
    assert found.pairs == GOOD


# --- Spreadsheets -----------------------------------------------------------------------------------------------------


def sheet_file(tmp_path: Path, *rows: list[object]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    for cells in rows:
        book.active.append(cells)
    book.save(tmp_path / "made.xlsx")
    return (tmp_path / "made.xlsx").read_bytes()


def repacked(
    content: bytes, change: Callable[[str, bytes], bytes | None], *, more: dict[str, bytes] | None = None
) -> bytes:
    """A spreadsheet whose parts were changed, or left out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = change(name, old.read(name))
            if part is not None:
                new.writestr(name, part)
        for name, part in (more or {}).items():
            new.writestr(name, part)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
SHEETS: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("nothing", lambda good: b"", "is not a spreadsheet that can be read. It may be cut off"),
    ("cut off", lambda good: good[:-300], "It may be cut off"),
    ("half", lambda good: good[: len(good) // 2], "It may be cut off"),
    ("an old one", lambda good: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 2000, "format of Excel before 2007"),
    ("prose", lambda good: b"Dear all", "is not a spreadsheet"),
    ("another archive", lambda good: repacked(good, lambda name, part: None, more={"a": b"b"}), "cannot be read"),
    ("no sheet", lambda good: repacked(good, lambda n, p: None if n == SHEET else p), "All of its sheets are"),
    ("half a sheet", lambda good: repacked(good, lambda n, p: p[: len(p) // 2] if n == SHEET else p), "a.xlsx"),
    ("a bomb", lambda good: repacked(good, lambda n, p: p, more={"x": b"\0" * (300 << 20)}), "times larger unpacked"),
    (
        "a bomb of rows",
        lambda good: repacked(
            good, lambda n, p: p.replace(b"<sheetData>", b"<sheetData>" + b"<row/>" * (1 << 22)) if n == SHEET else p
        ),
        "times larger unpacked",
    ),
    ("many parts", lambda good: repacked(good, lambda n, p: p, more={f"x{n}": b"" for n in range(10_001)}), "parts"),
    (
        "laughs",
        lambda good: repacked(
            good,
            lambda n, p: (
                b'<!DOCTYPE x [<!ENTITY a "'
                + b"a" * 9999
                + b'">'
                + b"".join(b'<!ENTITY %c "%s">' % (98 + k, b"&%c;" % (97 + k) * 10) for k in range(8))
                + b"]><worksheet><sheetData><row><c t='str'><v>&i;</v></c></row></sheetData></worksheet>"
                if n == SHEET
                else p
            ),
        ),
        "a.xlsx",
    ),
]


@pytest.mark.parametrize("header", [True, False])
def test_empty_rows_of_a_spreadsheet_are_skipped_as_those_of_a_table(take, tmp_path: Path, header: bool) -> None:
    names = ["instruction", "output"]
    rows = [[], names, [], ["i", "o"], [None, ""], ["i", "o"], [], []]
    mapping = dict(zip(names, names if header else "AB", strict=True))
    found = take("a.xlsx", sheet_file(tmp_path, *rows), mapping, header=header)
    assert found.skipped == [(3, "", "is empty"), (5, "", "is empty")]
    assert found.pairs == [tuple(names)] * (not header) + GOOD * 2


@pytest.mark.parametrize(("change", "said"), [case[1:] for case in SHEETS], ids=[case[0] for case in SHEETS])
def test_a_broken_spreadsheet(take, tmp_path: Path, change: Callable[[bytes], bytes], said: str) -> None:
    good = sheet_file(tmp_path, ["instruction", "output"], *[[f"i {n}", "o"] for n in range(300)])
    assert len(take("a.xlsx", good).examples) == 300
    with pytest.raises(ExamplesFileError) as caught:
        take("a.xlsx", change(good))
    assert "a.xlsx" in str(caught.value)
    assert said in str(caught.value)


def test_rows_of_spreadsheets_have_its_numbers(take, tmp_path: Path) -> None:
    content = sheet_file(
        tmp_path,
        [],
        ["Question", "Answer"],
        ["i", "o"],
        [],
        ["i", "o", "x", "y"],
        [None, "o"],
        ["i"],
        [1.5, True],
        [3.0, -2],
    )
    found = take("a.xlsx", content)
    assert found.skipped == [(4, "", "is empty"), (5, "", "has 4 cells, but there are 2 columns")]
    assert found.pairs == [("i", "o"), ("", "o"), ("i", ""), ("1.5", "TRUE"), ("3", "-2")]
    assert found.summary["incomplete"] == 2


def test_a_sheet_that_lies_about_its_size_costs_nothing(take, tmp_path: Path) -> None:
    content = sheet_file(tmp_path, ["instruction", "output"], ["i", "o"])
    content = repacked(content, lambda n, p: p.replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"') if n == SHEET else p)
    assert take("a.xlsx", content).pairs == GOOD


def test_cells_with_what_xml_cannot_hold(tmp_path: Path) -> None:
    text = "_x0041_ \x01\x0b\x1f\r\n _x005F_ \ufffe '=x"
    files.write(tmp_path / "a.xlsx", [Example(text, text, text), Example("=1+1", "#N/A", "'=1")])
    assert files.read(tmp_path / "a.xlsx").examples == [Example(text, text, text), Example("=1+1", "#N/A", "'=1")]
