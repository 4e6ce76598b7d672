"""The rows of tables as text (CSV, TSV), and cells that a spreadsheet must not take for formulas."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from core.dataset.json_rows import Row
from core.dataset.lines import LONGEST_LINE, bounded_lines
from core.dataset.records import MESSAGES, Columns, RowError
from core.errors import ExamplesFileError

_DELIMITERS = ",;\t|"
_DEFUSED = re.compile(r"'+[=+\-@\t\r]")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


class _TooLongError(Exception):
    """A line that no reader should hold."""


def csv_rows(file: TextIO, columns: Columns, path: Path) -> Iterator[Row]:
    """The rows below the header; they are numbered as a spreadsheet does, the header being row 1.

    Raises:
        ExamplesFileError: there is no usable header, or a quotation mark is never closed.
    """
    csv.field_size_limit(LONGEST_LINE)
    lines = _lines(file)
    number = 1
    try:
        head = next(lines, "")
        while head and not head.strip():
            number += 1
            head = next(lines, "")
        delimiter = _delimiter(head, columns, path)
        header = [name.strip() for name in next(csv.reader([head], delimiter=delimiter), [])]
        _check(header, columns, path)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            number += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "field limit" in str(error):
                    raise _TooLongError from error
                yield number, RowError("", f"is not well-formed: {error}")
                continue
            if any(cells):
                yield number, _row(header, cells)
    except _TooLongError as error:
        raise ExamplesFileError(
            f"Row {number} of {path.name} is longer than 1 MiB.",
            reason="Perhaps a quotation mark is missing in or before it.",
            hint="Correct it there, or save the table as CSV again.",
        ) from error


def defused(text: str, *, formulas: bool) -> str:
    """A cell that :func:`restored` gives back; with ``formulas``, one that no spreadsheet runs as a formula."""
    return f"'{text}" if (_FORMULA if formulas else _DEFUSED).match(text) else text


def restored(text: str) -> str:
    """The text of a cell that was defused."""
    return text[1:] if _DEFUSED.match(text) else text


def _lines(file: TextIO) -> Iterator[str]:
    for line in bounded_lines(file):
        if line is None:
            raise _TooLongError
        yield line


def _delimiter(head: str, columns: Columns, path: Path) -> str:
    """The delimiter that finds the most fields of an example in the header, then the most columns."""
    if path.suffix.lower() == ".tsv":
        return "\t"

    def found(delimiter: str) -> tuple[int, int]:
        names = next(csv.reader([head], delimiter=delimiter), [])
        return len(columns.of([name.strip() for name in names])), len(names)

    return max(_DELIMITERS, key=found)


def _check(header: Sequence[str], columns: Columns, path: Path) -> None:
    used = columns.of(header)
    missing = [field for field in ("instruction", "output") if field not in used]
    if missing == ["instruction"] and "input" in used:
        missing = []
    if missing and MESSAGES not in used:
        names = ", ".join(name[:40] for name in header[:20] if name)
        raise ExamplesFileError(
            f"{path.name} has no column for the {missing[0]}.",
            reason=f"Its first row is taken for the names of the columns: {names}." if names else "It is empty.",
            hint="Name the columns instruction, input and output in the first row.",
        )
    twice = [name for name in used.values() if header.count(name) > 1]
    if twice:
        raise ExamplesFileError(f"{path.name} has two columns named {twice[0]}.", hint="Rename one of them.")


def _row(header: Sequence[str], cells: list[str]) -> dict[str, str] | RowError:
    if any(cells[len(header) :]):
        return RowError("", f"has {len(cells)} cells, but there are {len(header)} columns")
    return {name: restored(cell) for name, cell in zip(header, cells, strict=False)}
