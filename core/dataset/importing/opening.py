"""Opening a file of examples, whatever its format: what it is, which columns it has, and its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from core.dataset import encodings
from core.dataset.columns import Columns
from core.dataset.csv_rows import open_table
from core.dataset.json_rows import Row, is_one_object_a_line, json_byte_lines, json_lines, json_list
from core.dataset.lines import encoding_of, open_text, start_of, unreadable
from core.dataset.xlsx_rows import open_sheet
from core.errors import ExamplesFileError

MOST_ROWS = 5_000_000
HOPELESS = 10_000  # so many bad rows and not one good: it is no file of examples
LARGE = 8 << 20  # bytes of JSON lines from which several processes read them
_LARGEST_LIST = 1 << 29  # characters of a JSON list, which is held in memory as a whole
_BYTE_MARK = b"\xef\xbb\xbf"
_START = 1 << 20
_LINES = (".jsonl", ".ndjson")
_SPREADSHEETS = (".xlsx", ".xlsm")


def _at_start() -> int:
    return 0


@dataclass(frozen=True)
class Opened:
    """A source whose rows can be read.

    Attributes:
        format: in words.
        rows: their numbers and what they hold, or what is wrong with them.
        columns: of a table; empty where each row has its own.
        total: of ``done``, in bytes or rows; 0 where the end is not known.
        done: how much was read so far.
        large_lines: the file, open for bytes at its first line, if it is JSON lines in UTF-8 and large enough for
            several processes; then ``rows`` is good for a look at the beginning only.
        sheets, configs, splits, chosen: see ``core.dataset.importing.reading.Shape``.
    """

    format: str
    rows: Iterator[Row]
    columns: tuple[str, ...] = ()
    total: int = 0
    done: Callable[[], int] = _at_start
    large_lines: BinaryIO | None = None
    sheets: tuple[str, ...] = ()
    configs: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    chosen: tuple[str, str, str] = ("", "", "")


@contextmanager
def open_rows(path: Path, columns: Columns, *, sheet: str = "", header: bool = True) -> Iterator[Opened]:
    """Open a file; its format is told by its ending and its content.

    Args:
        path: JSON, JSON lines, CSV, TSV or XLSX.
        columns: for telling how a table is divided.
        sheet: of a spreadsheet.
        header: whether the first row of a table names the columns.

    Raises:
        ExamplesFileError: the file as a whole cannot be read (also while its rows are).
    """
    start = start_of(path)
    ending = path.suffix.lower()
    if ending in _SPREADSHEETS or start.startswith(b"PK\x03\x04"):
        with open_sheet(path, sheet=sheet, header=header) as found:
            sheets = found.sheets if len(found.sheets) > 1 else ()
            words = f"Spreadsheet, sheet {found.name}" if sheets else "Spreadsheet"
            yield Opened(words, found.rows, found.columns, sheets=sheets, chosen=(found.name, "", ""))
    elif ending in (".csv", ".tsv") or not _is_json(start, path):
        with _table(path, columns, header) as opened:
            yield opened
    else:
        with _json(path, start) as opened:
            yield opened


def no_examples(name: str, rows: int, where: str) -> ExamplesFileError:
    """The words for a file of which so many rows were looked at, and none is an example."""
    return ExamplesFileError(
        f"{name} holds no examples.",
        reason=f"None of its first {rows:,} rows is one. {where}.",
        hint="Export it as JSON, JSONL or CSV with the columns instruction, input and output.",
    )


def too_many_rows(name: str) -> ExamplesFileError:
    """The words for a file with more rows than are read."""
    return ExamplesFileError(f"{name} has more than {MOST_ROWS:,} rows.", hint="Split it into several files.")


def _is_json(start: bytes, path: Path) -> bool:
    first = start.decode(encoding_of(start), "ignore").lstrip()[:1]
    if first in ("[", "{"):
        return True
    if path.suffix.lower() in (".json", *_LINES):
        blank = not first and path.stat().st_size <= len(start)
        if first or blank:
            raise ExamplesFileError(
                f"{path.name} holds no examples.",
                reason="It is empty." if blank else "It begins neither with [ nor with {, as JSON does.",
                hint="Export it as JSON, JSONL or CSV with the columns instruction, input and output.",
            )
        return True
    return False


@contextmanager
def _table(path: Path, columns: Columns, header: bool) -> Iterator[Opened]:
    encoding = encodings.detected(path)
    with open_text(path, newline="", encoding=encoding) as file:
        table = open_table(file, columns, path, header=header)
        words = ", ".join(part for part in ("Table", table.dialect, encodings.in_words(encoding)) if part)
        yield Opened(words, table.rows, table.columns, path.stat().st_size, file.buffer.tell)


@contextmanager
def _json(path: Path, start: bytes) -> Iterator[Opened]:
    size, encoding = path.stat().st_size, encoding_of(start)
    head = _head(path, encoding)
    first = head.lstrip()[:1]
    if not first:
        raise ExamplesFileError(f"{path.name} holds no examples.", reason="It begins with blanks and nothing else.")
    with open_text(path, newline="\n") as file:
        if first != "[" and (path.suffix.lower() in _LINES or is_one_object_a_line(head)):
            if encoding.startswith("utf-8"):
                with _bytes(path, size) as opened:
                    yield opened
            else:
                words = f"JSON lines, {encodings.in_words(encoding)}"
                yield Opened(words, json_lines(file), (), size, file.buffer.tell)
            return
        text = file.read(_LARGEST_LIST)
        if file.read(1):
            raise ExamplesFileError(
                f"{path.name} is too large for a JSON list.", hint="Save it as JSON lines (.jsonl)."
            )
    at = [0]
    yield Opened("JSON list" if first == "[" else "JSON", json_list(text, path, at), (), len(text), lambda: at[0])


def _head(path: Path, encoding: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(_START).decode(encoding, "replace")
    except OSError as error:
        raise unreadable(path, error) from error


@contextmanager
def _bytes(path: Path, size: int) -> Iterator[Opened]:
    try:
        with open(path, "rb") as file, open(path, "rb") as again:
            for opened in (file, again):
                if opened.read(len(_BYTE_MARK)) != _BYTE_MARK:
                    opened.seek(0)
            done = partial(_furthest, file, again)
            large = again if size >= LARGE else None
            yield Opened("JSON lines", json_byte_lines(file), (), size, done, large_lines=large)
    except OSError as error:
        raise unreadable(path, error) from error


def _furthest(*files: BinaryIO) -> int:
    return max(file.tell() for file in files)
