"""The rows of a spreadsheet (XLSX), read cell by cell from an archive that was looked at first."""

from __future__ import annotations

import datetime
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.dataset.csv_rows import letters, restored
from core.dataset.json_rows import Row
from core.dataset.lines import LONGEST_LINE, start_of, unreadable
from core.dataset.records import RowError, empty_rows
from core.errors import ExamplesFileError

if TYPE_CHECKING:
    from openpyxl import Workbook  # type: ignore[import-untyped]

_MOST_PARTS = 10_000
_LARGEST = 2 << 30  # bytes of the whole archive, unpacked
_LARGEST_TEXTS = 512 << 20  # bytes of the table of texts, which is held in memory
_TEXTS = "xl/sharedStrings.xml"
_SUSPICIOUS = 1 << 20  # bytes; smaller parts may be squeezed as hard as they like
_HARDEST = 200  # times that a part may be larger unpacked
_MOST_COLUMNS = 1000
_MOST_EMPTY = 100_000  # rows in a row
_CODED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_TO_CODE = re.compile("_(?=x[0-9A-Fa-f]{4}_)|[\0-\x08\x0b-\x1f\ufffe\uffff]")
LONGEST_CELL = 32_767  # characters; Excel's


@dataclass(frozen=True)
class Sheet:
    """One sheet of a spreadsheet with its header read; ``sheets`` are the names of all."""

    name: str
    sheets: tuple[str, ...]
    columns: tuple[str, ...]
    rows: Iterator[Row]
    total: int


@contextmanager
def open_sheet(path: Path, *, sheet: str = "", header: bool = True) -> Iterator[Sheet]:
    """Open a sheet of a spreadsheet: the one named, else the first with anything in it.

    Raises:
        ExamplesFileError: it is no spreadsheet, is larger than can be true, has no such sheet, or is empty.
    """
    start_of(path)
    _check_archive(path)
    book = _opened(path)
    try:
        names = tuple(name for name in book.sheetnames if hasattr(book[name], "iter_rows"))
        if sheet and sheet not in names:
            raise ExamplesFileError(
                f"{path.name} has no sheet named {sheet!r}.", reason=f"It has {', '.join(names[:20])}."
            )
        for name in [sheet] if sheet else names:
            rows = _cells(book[name], path, name)
            first = next(rows, None)
            if first is not None:
                break
        else:
            raise ExamplesFileError(
                f"{path.name} holds no examples.",
                reason=f"The sheet {sheet} is empty." if sheet else "All of its sheets are empty.",
            )
        yield _sheet(first, rows, name, names, header)
    finally:
        book.close()


def coded(text: str) -> str:
    """A text as a cell can hold it: what XML has no place for is written ``_x0001_``."""
    return _TO_CODE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def _sheet(
    first: tuple[int, list[str]], rows: Iterator[tuple[int, list[str]]], name: str, names: tuple[str, ...], header: bool
) -> Sheet:
    number, cells = first
    if header:
        columns = tuple(cell.strip() for cell in cells)
        return Sheet(name, names, columns, _rows(columns, rows, number + 1), 0)
    columns = tuple(letters(column) for column in range(len(cells)))

    def whole() -> Iterator[tuple[int, list[str]]]:
        yield number, cells
        yield from rows

    return Sheet(name, names, columns, _rows(columns, whole(), number), 0)


def _rows(columns: Sequence[str], rows: Iterator[tuple[int, list[str]]], expected: int) -> Iterator[Row]:
    """All rows from the one ``expected`` to the last that holds something."""
    for number, cells in rows:
        yield from empty_rows(range(expected, number))
        expected = number + 1
        if any(cells[len(columns) :]):
            yield number, RowError("", f"has {len(cells)} cells, but there are {len(columns)} columns")
        elif sum(map(len, cells)) > LONGEST_LINE:
            yield number, RowError("", "is longer than 1 MiB")
        else:
            texts = [*map(restored, cells), *[""] * (len(columns) - len(cells))]  # empty cells are not stored
            yield number, dict(zip(columns, texts, strict=False))


def _cells(sheet: Any, path: Path, name: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, with the numbers that the spreadsheet shows."""
    sheet.reset_dimensions()  # what the file says of its size may be a lie that costs gigabytes
    empty = 0
    number = 0
    try:
        for number, row in enumerate(sheet.iter_rows(values_only=True, max_col=_MOST_COLUMNS), start=1):
            cells = [_text(value) for value in row]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                empty = 0
                yield number, cells
            elif (empty := empty + 1) > _MOST_EMPTY:
                return
    except MemoryError:
        raise
    except Exception as error:  # openpyxl answers broken files with whatever comes up
        raise ExamplesFileError(
            f"{path.name} is damaged.",
            reason=f"Sheet {name}, after row {number}: it cannot be read.",
            hint="Open it in the program it comes from and save it again.",
            details=f"{type(error).__name__}: {error}",
        ) from error


def _text(value: object) -> str:
    """A cell's value as the text that a person sees, near enough."""
    match value:
        case None:
            return ""
        case str():
            return _CODED.sub(lambda found: chr(int(found[1], 16)), value) if "_x" in value else value
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case datetime.datetime():
            return value.isoformat(sep=" ", timespec="seconds").removesuffix(" 00:00:00")
    return str(value)


def _opened(path: Path) -> Workbook:
    import warnings

    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that are of no interest
            return load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except MemoryError:
        raise
    except Exception as error:  # openpyxl answers broken files with whatever comes up
        raise _no_spreadsheet(path, "Its contents cannot be read.", f"{type(error).__name__}: {error}") from error


def _check_archive(path: Path) -> None:
    """Look at the sizes in the archive before anything is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except zipfile.BadZipFile as error:
        start = start_of(path)
        old = start.startswith(b"\xd0\xcf\x11\xe0")
        reason = (
            "It is in the format of Excel before 2007, or protected by a password." if old else "It may be cut off."
        )
        raise _no_spreadsheet(path, reason, str(error)) from error
    except OSError as error:
        raise unreadable(path, error) from error
    except (ValueError, NotImplementedError, RuntimeError) as error:
        raise _no_spreadsheet(path, "It is damaged.", str(error)) from error
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _LARGEST:
        raise _bomb(path, f"It holds {len(parts):,} parts of {sum(p.file_size for p in parts) >> 20:,} MB unpacked.")
    for part in parts:
        if part.file_size > _SUSPICIOUS and part.file_size > _HARDEST * max(1, part.compress_size):
            times = part.file_size // max(1, part.compress_size)
            raise _bomb(path, f"{part.filename[:80]} is {times:,} times larger unpacked.")
        if part.filename == _TEXTS and part.file_size > _LARGEST_TEXTS:
            raise _bomb(path, f"Its texts take {part.file_size >> 20:,} MB; up to {_LARGEST_TEXTS >> 20} MB are read.")
        if part.flag_bits & 1:
            raise _no_spreadsheet(path, "It is protected by a password.", "")


def _no_spreadsheet(path: Path, reason: str, details: str) -> ExamplesFileError:
    return ExamplesFileError(
        f"{path.name} is not a spreadsheet that can be read.",
        reason=reason,
        hint="Open it in the program it comes from and save it as .xlsx or .csv.",
        details=details or str(path),
    )


def _bomb(path: Path, reason: str) -> ExamplesFileError:
    return ExamplesFileError(
        f"{path.name} is larger than a table of examples can be.", reason=reason, hint="Save it as .csv."
    )
