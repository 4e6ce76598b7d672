"""Examples from and to files: JSON lists, JSONL, CSV and TSV."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from core.dataset.csv_rows import csv_rows, defused
from core.dataset.example import Example
from core.dataset.json_rows import Row, is_one_object_a_line, json_lines, json_list
from core.dataset.lines import open_text
from core.dataset.records import FIELDS, Columns, RowError, as_object, example_of
from core.errors import ExamplesFileError, UserError
from core.files import replacing

ENDINGS = (".json", ".jsonl", ".csv", ".tsv")
MOST_ROWS = 5_000_000
_HOPELESS = 10_000  # so many bad rows and not one good: it is no file of examples
_LARGEST_LIST = 1 << 29  # characters of a JSON list, which is held in memory as a whole
_MAIN = FIELDS[:3]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that is no example: its number (a JSONL line, a table's row, a list's item), the column and why."""

    row: int
    column: str
    reason: str


@dataclass(slots=True)
class ReadResult:
    """What a file holds; ``duplicates`` counts examples that say the same as an earlier one (they are kept)."""

    examples: list[Example] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    duplicates: int = 0


def read(path: Path, mapping: dict[str, str] | None = None) -> ReadResult:
    """Read examples; bad rows are listed and the good ones kept.

    Args:
        path: a JSON list of objects, JSON lines, or a table with a header; told apart by ending and content.
        mapping: columns by field (``{"output": "reply"}``) where the usual names do not fit.

    Raises:
        ExamplesFileError: the file as a whole cannot be read.
        ValueError: ``mapping`` names an unknown field.
    """
    columns = Columns(mapping)
    result = ReadResult()
    seen: set[int] = set()
    for count, (number, row) in enumerate(_rows(path, columns), start=1):
        if count > MOST_ROWS:
            raise ExamplesFileError(
                f"{path.name} has more than {MOST_ROWS:,} rows.", hint="Split it into several files."
            )
        try:
            if isinstance(row, RowError):
                raise row
            example = example_of(row, columns)
        except RowError as error:
            result.skipped.append(Skipped(number, error.column[:80], error.reason))
            if len(result.skipped) == _HOPELESS and not result.examples:
                raise _hopeless(path, result.skipped[0]) from error
            continue
        result.examples.append(example)
        same = hash((example.instruction, example.input, example.output, example.system, example.history))
        result.duplicates += same in seen
        seen.add(same)
    return result


def write(path: Path, examples: Iterable[Example], *, defuse: bool = True) -> int:
    """Write examples in the format of the file's ending and return how many; the file is replaced in one step.

    Args:
        path: ends in .json, .jsonl, .csv or .tsv.
        examples: taken one by one.
        defuse: in tables, put an apostrophe before texts that a spreadsheet would run as formulas (``=1+1``,
            ``- item``); :func:`read` takes it away again. JSON needs no such thing.

    Raises:
        UserError: another ending, or the file cannot be written; an earlier file is left as it was.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise UserError(
            f"{path.name} does not say in which format to write.", hint=f"End the name in {', '.join(ENDINGS)}."
        )
    try:
        with replacing(path) as file:
            # The mark lets spreadsheets recognise UTF-8.
            encoding = "utf-8-sig" if ending in (".csv", ".tsv") else "utf-8"
            text = TextIOWrapper(file, encoding=encoding, newline="", write_through=False)
            try:
                if ending == ".json":
                    return _write_list(text, examples)
                if ending == ".jsonl":
                    return _write_lines(text, examples)
                return _write_table(text, list(examples), "\t" if ending == ".tsv" else ",", defuse)
            finally:
                text.flush()
                text.detach()
    except OSError as error:
        raise UserError(
            f"{path.name} could not be written.",
            reason=f"{error.strerror or error}.",
            hint="Choose another folder, or free some space.",
            details=str(path),
        ) from error


def _rows(path: Path, columns: Columns) -> Iterator[Row]:
    ending = path.suffix.lower()
    table = ending in (".csv", ".tsv")
    with open_text(path, newline="" if table else "\n") as file:
        if table:
            yield from csv_rows(file, columns, path)
            return
        start = file.read(1 << 20)
        first = start.lstrip()[:1]
        if first not in ("[", "{"):
            if ending in (".json", ".jsonl", ".ndjson"):
                raise ExamplesFileError(
                    f"{path.name} holds no examples.",
                    reason="It is empty." if not first else "It begins neither with [ nor with {, as JSON does.",
                    hint="Export it as JSON, JSONL or CSV with the columns instruction, input and output.",
                )
            file.seek(0)
            yield from csv_rows(file, columns, path)
        elif first == "{" and (ending in (".jsonl", ".ndjson") or is_one_object_a_line(start)):
            file.seek(0)
            yield from json_lines(file)
        else:
            rest = file.read(_LARGEST_LIST)
            if file.read(1):
                raise ExamplesFileError(
                    f"{path.name} is too large for a JSON list.", hint="Save it as JSON lines (.jsonl)."
                )
            yield from json_list(start + rest, path)


def _write_list(text: TextIOWrapper, examples: Iterable[Example]) -> int:
    count = 0
    text.write("[")
    for count, example in enumerate(examples, start=1):
        row = json.dumps(as_object(example), ensure_ascii=False, indent=2).replace("\n", "\n  ")
        text.write(f"{',' if count > 1 else ''}\n  {row}")
    text.write("\n]\n" if count else "]\n")
    return count


def _write_lines(text: TextIOWrapper, examples: Iterable[Example]) -> int:
    count = 0
    for example in examples:
        text.write(json.dumps(as_object(example), ensure_ascii=False) + "\n")
        count += 1
    return count


def _write_table(text: TextIOWrapper, examples: list[Example], delimiter: str, defuse: bool) -> int:
    rows = [as_object(example) for example in examples]
    used = set(itertools.chain.from_iterable(rows))
    names = [name for name in FIELDS if name in _MAIN or name in used]
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(names)
    for row in rows:
        writer.writerow([defused(_cell(row.get(name, "")), formulas=defuse) for name in names])
    return len(rows)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if all(isinstance(item, str) and not set(item) & set(",;[") for item in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


def _hopeless(path: Path, first: Skipped) -> ExamplesFileError:
    where = f"Row {first.row}{f', {first.column}' if first.column else ''}"
    return ExamplesFileError(
        f"{path.name} holds no examples.",
        reason=f"None of its first {_HOPELESS:,} rows is one. {where}: {first.reason}.",
        hint="Export it as JSON, JSONL or CSV with the columns instruction, input and output.",
    )
