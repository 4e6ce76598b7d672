"""The rows of tables as text (CSV, TSV), and cells that a spreadsheet must not take for formulas."""

from __future__ import annotations

import contextlib
import csv
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from core.dataset.columns import Columns
from core.dataset.json_rows import Row
from core.dataset.lines import LONGEST_LINE, bounded_lines
from core.dataset.records import RowError, empty_rows
from core.errors import ExamplesFileError

_DELIMITERS = ",;\t|"
_SAMPLE = 50  # lines by which the delimiter is chosen, at most
_DEFUSED = re.compile(r"'+[=+\-@\t\r]")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_SAYS_DELIMITER = re.compile(r"sep=(.)\s*", re.IGNORECASE)
_LARGEST_ROW = 16 << 20  # characters, over however many lines
_MOST_EMPTY = 100_000  # rows that wait for one that holds something
_WORDS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


class _TooLongError(Exception):
    """A line that no reader should hold."""


@dataclass(frozen=True)
class Table:
    """A table with its header read: ``dialect`` in words ("semicolons"), the columns, and the rows below."""

    dialect: str
    columns: tuple[str, ...]
    rows: Iterator[Row]


@dataclass(frozen=True)
class _Dialect:
    delimiter: str
    quote: str = '"'
    escape: str | None = None

    def read(self, lines: Iterator[str]) -> csv._reader:  # type: ignore[name-defined]
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote,
            escapechar=self.escape,
            doublequote=self.escape is None,
            strict=True,
        )


def open_table(file: TextIO, columns: Columns, path: Path, *, header: bool = True) -> Table:
    """Read the header of a table; rows are numbered as a spreadsheet does, the header being row 1.

    Args:
        file: opened with ``newline=""``.
        columns: which of several delimiters fits is seen by the columns that are found.
        path: for messages, and ``.tsv`` means tabs.
        header: whether the first row names the columns; else they are called A, B, C.

    Raises:
        ExamplesFileError: the table is empty, or a line is too long; also while rows are read.
    """
    csv.field_size_limit(LONGEST_LINE)
    lines = _Lines(file)
    try:
        number, sample = 1, _sample(lines)
        while sample and not sample[0].strip():
            number += 1
            del sample[0]
            sample = sample or _sample(lines)
        said = _SAYS_DELIMITER.fullmatch(sample[0]) if sample else None
        if said:
            number += 1
            del sample[0]
        given = said[1] if said else "\t" if path.suffix.lower() == ".tsv" else ""
        dialect = _dialect(sample, columns, given)
        lines.held = 0
        reader = dialect.read(itertools.chain(sample, lines))
        first = _first(reader, path, number)
    except _TooLongError as error:
        raise _too_long(path, number) from error
    if header:
        names = tuple(name.strip() for name in first)
        return Table(_in_words(dialect), names, _rows(reader, names, lines, path, number + 1))
    names = tuple(letters(column) for column in range(max(len(first), 1)))
    above = [(number, _row(names, first))]
    return Table(_in_words(dialect), names, itertools.chain(above, _rows(reader, names, lines, path, number + 1)))


def check_twice(used: dict[str, str], header: Sequence[str], path: Path) -> None:
    """Refuse a table of which a column that is wanted is there twice.

    Raises:
        ExamplesFileError: it is.
    """
    for name in used.values():
        if header.count(name) > 1:
            raise ExamplesFileError(f"{path.name} has two columns named {name[:80]}.", hint="Rename one of them.")


def defused(text: str, *, formulas: bool) -> str:
    """A cell that :func:`restored` gives back; with ``formulas``, one that no spreadsheet runs as a formula."""
    return f"'{text}" if (_FORMULA if formulas else _DEFUSED).match(text) else text


def restored(text: str) -> str:
    """The text of a cell that was defused."""
    return text[1:] if text[:1] == "'" and _DEFUSED.match(text) else text


def letters(column: int) -> str:
    """How a spreadsheet calls a column: 0 is A, 26 is AA."""
    found = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


class _Lines:
    """The lines of a file; neither a line nor a row of many lines is held without end."""

    def __init__(self, file: TextIO) -> None:
        self._lines = bounded_lines(file)
        self._broken = False
        self.held = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = None if self._broken else next(self._lines)
        self.held += len(line or "")
        if line is None or self.held > _LARGEST_ROW:
            self._broken = True
            raise _TooLongError
        return line


def _sample(lines: _Lines) -> list[str]:
    found: list[str] = []
    lines.held = 0
    with contextlib.suppress(_TooLongError):  # it is raised again when the rows before were read
        while len(found) < _SAMPLE and lines.held < LONGEST_LINE and (line := next(lines, "")):
            found.append(line)
    return found


def _first(reader: Iterator[list[str]], path: Path, number: int) -> list[str]:
    try:
        first = next(reader, [])
    except csv.Error as error:
        if "field limit" in str(error):
            raise _TooLongError from error
        raise ExamplesFileError(
            f"The first row of {path.name} cannot be read.", reason=f"Row {number}, line {number}: {error}."
        ) from error
    if not any(cell.strip() for cell in first):
        raise ExamplesFileError(
            f"{path.name} has no column for the instruction.",
            reason="It is empty.",
            hint="Name the columns instruction, input and output in the first row.",
        )
    return first


def _rows(reader: csv._reader, names: Sequence[str], lines: _Lines, path: Path, number: int) -> Iterator[Row]:  # type: ignore[name-defined]
    """All rows to the last that holds something; a line with nothing on it, not even delimiters, is no row."""
    empty: list[int] = []
    try:
        while True:
            lines.held = 0
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "field limit" in str(error):
                    raise _TooLongError from error
                yield number, RowError("", f"is not well-formed: {error} (line {reader.line_num} of the file)")
            else:
                if cells and not any(cells):
                    empty.append(number)
                elif cells:
                    yield from empty_rows(empty)
                    empty.clear()
                    yield number, _row(names, cells)
                if len(empty) == _MOST_EMPTY:
                    yield from empty_rows(empty)
                    empty.clear()
            number += 1
    except _TooLongError as error:
        raise _too_long(path, number) from error


def _row(header: Sequence[str], cells: list[str]) -> dict[str, str] | RowError:
    if any(cells[len(header) :]):
        return RowError("", f"has {len(cells)} cells, but there are {len(header)} columns")
    return {name: restored(cell) for name, cell in zip(header, cells, strict=False)}


def _dialect(sample: Sequence[str], columns: Columns, given: str) -> _Dialect:
    """The one that finds the most fields of an example in the header, then makes the most even table."""
    found = max(
        (_score(sample, columns, _Dialect(delimiter)) for delimiter in given or _DELIMITERS), key=lambda s: s[0]
    )
    (_, _, whole, *_), dialect, header = found
    if header and all(len(name) > 2 and name[0] == name[-1] == "'" for name in header):
        return _Dialect(dialect.delimiter, quote="'")
    escaped = _Dialect(dialect.delimiter, escape="\\")
    if not whole and any('\\"' in line for line in sample) and _score(sample, columns, escaped)[0][2]:
        return escaped
    return dialect


def _score(
    sample: Sequence[str], columns: Columns, dialect: _Dialect
) -> tuple[tuple[int, bool, bool, float, int], _Dialect, list[str]]:
    rows: list[list[str]] = []
    whole = True
    try:
        for row in dialect.read(iter(sample)):
            rows.append(row)
    except csv.Error as error:
        whole = "unexpected end" in str(error)  # the sample may end inside of a cell
    header = [name.strip() for name in rows[0]] if rows else []
    even = sum(len(row) == len(header) for row in rows if row) / max(1, len(rows))
    return (len(columns.of(header)), len(header) > 1, whole, even, len(header)), dialect, header


def _in_words(dialect: _Dialect) -> str:
    return _WORDS.get(dialect.delimiter, f"“{dialect.delimiter}” between cells")


def _too_long(path: Path, number: int) -> ExamplesFileError:
    return ExamplesFileError(
        f"Row {number} of {path.name} is longer than 1 MiB.",
        reason="Perhaps a quotation mark is missing in or before it.",
        hint="Correct it there, or save the table as CSV again.",
    )
