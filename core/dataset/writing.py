"""Writing examples to files: JSON lists, JSON lines, messages, CSV, TSV, XLSX and Parquet."""

from __future__ import annotations

import csv
import itertools
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from core.dataset.columns import FIELDS
from core.dataset.csv_rows import defused
from core.dataset.example import Example
from core.dataset.records import as_conversation, as_object
from core.dataset.rows import columns_of
from core.dataset.xlsx_rows import LONGEST_CELL, coded
from core.errors import UserError
from core.files import replacing

ENDINGS = (".json", ".jsonl", ".csv", ".tsv", ".xlsx", ".parquet")
FORMS = ("alpaca", "messages")
_MAIN = FIELDS[:3]
_MOST_ROWS = 1_048_575  # of a sheet, below the header
_CODE = 7  # characters that one may take in a cell
_AT_ONCE = 1000


def write(path: Path, examples: Iterable[Example], *, defuse: bool = True, form: str = "alpaca") -> int:
    """Write examples in the format of the file's ending and return how many; the file is replaced in one step.

    Args:
        path: ends in one of ``ENDINGS``.
        examples: taken one by one.
        defuse: in CSV and TSV, put an apostrophe before texts that a spreadsheet would run as formulas (``=1+1``,
            ``- item``); reading takes it away again. The other formats say which cells are texts.
        form: of JSON and JSON lines: ``alpaca`` (instruction, input, output) or ``messages`` (a list of chat messages
            with the answer last; the input is part of the user's message there).

    Raises:
        UserError: another ending, an example that the format cannot hold, or the file cannot be written; an earlier
            file is left as it was.
        ValueError: no such form.
    """
    ending = path.suffix.lower()
    if form not in FORMS:
        raise ValueError(f"no such form: {form}")
    if ending not in ENDINGS:
        raise UserError(
            f"{path.name} does not say in which format to write.", hint=f"End the name in {', '.join(ENDINGS)}."
        )
    if form == "messages" and ending not in (".json", ".jsonl"):
        raise UserError("Messages can be written as JSON only.", hint="End the name in .jsonl or .json.")
    try:
        with replacing(path) as file:
            if ending == ".xlsx":
                return _write_sheet(file, examples, path)
            if ending == ".parquet":
                return _write_parquet(file, examples)
            return _write_text(file, examples, ending, defuse, as_conversation if form == "messages" else as_object)
    except OSError as error:
        raise UserError(
            f"{path.name} could not be written.",
            reason=f"{error.strerror or error}.",
            hint="Choose another folder, or free some space.",
            details=str(path),
        ) from error


def _write_text(
    file: BinaryIO,
    examples: Iterable[Example],
    ending: str,
    defuse: bool,
    as_row: Callable[[Example], dict[str, Any]],
) -> int:
    # The mark lets spreadsheets recognise UTF-8.
    encoding = "utf-8-sig" if ending in (".csv", ".tsv") else "utf-8"
    text = TextIOWrapper(file, encoding=encoding, newline="", write_through=False)
    try:
        if ending == ".json":
            return _write_list(text, map(as_row, examples))
        if ending == ".jsonl":
            return _write_lines(text, map(as_row, examples))
        return _write_table(text, examples, "\t" if ending == ".tsv" else ",", defuse)
    finally:
        text.flush()
        text.detach()


def _write_list(text: TextIOWrapper, rows: Iterable[dict[str, Any]]) -> int:
    count = 0
    text.write("[")
    for count, row in enumerate(rows, start=1):
        written = json.dumps(row, ensure_ascii=False, indent=2).replace("\n", "\n  ")
        text.write(f"{',' if count > 1 else ''}\n  {written}")
    text.write("\n]\n" if count else "]\n")
    return count


def _write_lines(text: TextIOWrapper, rows: Iterable[dict[str, Any]]) -> int:
    count = 0
    for row in rows:
        text.write(json.dumps(row, ensure_ascii=False) + "\n")
        count += 1
    return count


def _write_table(text: TextIOWrapper, examples: Iterable[Example], delimiter: str, defuse: bool) -> int:
    count = 0
    with _spooled(examples) as (names, rows):
        writer = csv.writer(text, delimiter=delimiter)
        writer.writerow(names)
        for row in rows:
            writer.writerow([defused(_cell(row.get(name, "")), formulas=defuse) for name in names])
            count += 1
    return count


def _write_sheet(file: BinaryIO, examples: Iterable[Example], path: Path) -> int:
    with _spooled(_fitting(examples, path)) as (names, rows):
        # Once it was begun, a workbook has to be written to its end: what can go wrong has gone wrong before.
        from openpyxl import Workbook  # type: ignore[import-untyped]
        from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]

        book = Workbook(write_only=True)
        sheet = book.create_sheet("Examples")
        sheet.freeze_panes = "A2"
        for column in range(1, len(names) + 1):
            sheet.column_dimensions[chr(64 + column)].width = 48 if column <= len(_MAIN) else 20

        def append(texts: Iterable[str]) -> None:
            cells = [WriteOnlyCell(sheet, text) for text in texts]
            for cell in cells:
                cell.data_type = "s"  # a text, also where it looks like a formula or an error
            sheet.append(cells)

        append(names)
        count = 0
        for row in rows:
            append(_sheet_text(row.get(name, "")) for name in names)
            count += 1
        book.save(file)
    return count


def _fitting(examples: Iterable[Example], path: Path) -> Iterator[Example]:
    """The examples, if each of them has room in a sheet."""
    for count, example in enumerate(examples, start=1):
        if count > _MOST_ROWS:
            raise _not_in_a_sheet(path, f"A sheet has room for {_MOST_ROWS:,} rows.")
        for name, value in as_object(example).items():
            length = len(_sheet_text(value)) if len(value) > LONGEST_CELL // _CODE or name in ("history", "tags") else 0
            if length > LONGEST_CELL:
                where = f"The {name} of example {count:,} has {length:,} characters"
                raise _not_in_a_sheet(path, f"{where}; a cell has room for {LONGEST_CELL:,}.")
        yield example


def _sheet_text(value: Any) -> str:
    return coded(defused(_cell(value), formulas=False))


def _write_parquet(file: BinaryIO, examples: Iterable[Example]) -> int:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    text = pa.string()
    turns = pa.list_(pa.struct([("role", text), ("content", text)]))
    kinds = {"history": turns, "tags": pa.list_(text)}
    schema = pa.schema([(name, kinds.get(name, text)) for name in FIELDS])
    count = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        rows = iter(examples)
        while batch := list(itertools.islice(rows, _AT_ONCE)):
            table = [{"history": [], "tags": [], **_texts(example), **_lists(example)} for example in batch]
            writer.write_table(pa.Table.from_pylist(table, schema=schema))
            count += len(batch)
    return count


def _texts(example: Example) -> dict[str, str]:
    return dict(zip(FIELDS, columns_of(example), strict=True))


def _lists(example: Example) -> dict[str, Any]:
    turns = [{"role": turn.role, "content": turn.content} for turn in example.history]
    return {"history": turns, "tags": list(example.tags)}


@contextmanager
def _spooled(examples: Iterable[Example]) -> Iterator[tuple[list[str], Iterator[dict[str, Any]]]]:
    """The rows of a table and the columns that any of them needs, known only when all were seen."""
    used = set(_MAIN)
    with tempfile.TemporaryFile() as file:
        for example in examples:
            row = as_object(example)
            used |= row.keys()
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        file.seek(0)
        yield [name for name in FIELDS if name in used], (orjson.loads(line) for line in file)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if all(isinstance(item, str) and not set(item) & set(",;[") for item in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


def _not_in_a_sheet(path: Path, reason: str) -> UserError:
    return UserError(
        f"{path.name} could not be written.",
        reason=reason,
        hint="Export as .jsonl or .csv instead.",
    )
