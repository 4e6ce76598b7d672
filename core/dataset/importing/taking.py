"""The child's work once a source is open: look at its first rows, then read all into the staging file."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from core.child import Message
from core.dataset.columns import Columns, missing
from core.dataset.csv_rows import check_twice
from core.dataset.importing.opening import HOPELESS, MOST_ROWS, Opened, no_examples, too_many_rows
from core.dataset.importing.plain_rows import PlainRows
from core.dataset.importing.remembered import recall
from core.dataset.importing.source import Source
from core.dataset.importing.staging import Staging, known_contents
from core.dataset.json_rows import Row
from core.dataset.records import RowError, Skipped, example_of
from core.dataset.rows import columns_of
from core.errors import ExamplesFileError

Tell = Callable[[Message], None]
_LOOKED_AT = 100
_LOOKING_SECONDS = 2.0
_FIRST = 50
_SHOWN_SIZE = 1 << 21  # characters; a message has a limit
_SAMPLES = 3
_SAMPLE_LENGTH = 200
_MOST_COLUMNS = 500
_MOST_SKIPPED = 1000
_TELL_SECONDS = 0.1
_TELL_ROWS = 256


def take(opened: Opened, source: Source, request: Message, tell: Tell) -> None:
    """Read an open source.

    Args:
        opened: where rows come from.
        source: what they are of, for messages.
        request: that of ``core.dataset.importing.reading.Reading``.
        tell: sends its messages.

    Raises:
        ExamplesFileError: it holds no examples, or too many rows.
    """
    rows = iter(opened.rows)
    first = _looked_at(rows)
    names = _names(opened, first)
    mapping, recalled = request["mapping"], False
    if mapping is None:
        mapping = recall(names)
        recalled = mapping is not None
    columns = Columns(mapping)
    used = columns.of(opened.columns or names)
    if opened.columns:
        _check(mapping or {}, used, opened.columns, source)
    lacking = missing(used) if names else ()
    tell({"shape": _shape(opened, first, names, used, lacking, recalled)})
    if lacking:
        tell({"summary": _summary(None, 0, [])})
        return
    known = known_contents(Path(request["project"])) if request["project"] else set()
    with Staging(Path(request["staged"]), known) as staging:
        taking = _Taking(source, opened, columns, staging, tell)
        taking.take(itertools.chain(first, rows))
    tell({"summary": taking.summary()})  # only now is the staging file whole


class _Taking:
    def __init__(self, source: Source, opened: Opened, columns: Columns, staging: Staging, tell: Tell) -> None:
        self._source, self._opened, self._columns, self._staging, self._tell = source, opened, columns, staging, tell
        self._skipped: list[Skipped] = []
        self._skipped_count = 0
        self._shown: list[tuple[str, ...]] = []
        self._shown_size, self._showing = 0, True
        self._told = time.monotonic()

    def take(self, rows: Iterable[Row]) -> None:
        """Put the examples of the rows into the staging file."""
        plain, staging = PlainRows(self._columns), self._staging
        count = 0
        for count, (number, row) in enumerate(rows, start=1):
            columns = plain(row) if row.__class__ is dict else None
            if columns is None:
                columns = self._careful(number, row)
            if columns is not None:
                staging.add_columns(number, columns)
                if self._showing:
                    self._show(columns)
            if not count % _TELL_ROWS:
                self._progress(count)
                if count > MOST_ROWS:
                    raise too_many_rows(self._source.name)
        if count > MOST_ROWS:
            raise too_many_rows(self._source.name)
        if self._showing:
            self._tell({"first": self._shown})

    def summary(self) -> dict[str, Any]:
        """What was found."""
        return _summary(self._staging, self._skipped_count, self._skipped)

    def _careful(self, number: int, row: dict[str, Any] | RowError) -> tuple[str, ...] | None:
        try:
            if isinstance(row, RowError):
                raise row
            return columns_of(example_of(row, self._columns))
        except RowError as error:
            self._skipped_count += 1
            if len(self._skipped) < _MOST_SKIPPED:
                self._skipped.append(Skipped.of(number, error))
            if self._skipped_count == HOPELESS and not self._staging.count:
                raise no_examples(self._source.name, HOPELESS, self._skipped[0].where()) from error
        return None

    def _show(self, columns: tuple[str, ...]) -> None:
        self._shown.append(columns)
        self._shown_size += sum(map(len, columns))
        if len(self._shown) == _FIRST or self._shown_size > _SHOWN_SIZE:
            self._showing = False
            self._tell({"first": self._shown})

    def _progress(self, rows: int) -> None:
        now = time.monotonic()
        if now - self._told >= _TELL_SECONDS:
            self._told = now
            self._tell({"progress": [rows, self._opened.done(), self._opened.total]})


def _looked_at(rows: Iterable[Row]) -> list[Row]:
    until = time.monotonic() + _LOOKING_SECONDS
    found: list[Row] = []
    for row in rows:
        found.append(row)
        if len(found) == _LOOKED_AT or time.monotonic() > until:
            break
    return found


def _names(opened: Opened, first: list[Row]) -> tuple[str, ...]:
    if opened.columns:
        return opened.columns[:_MOST_COLUMNS]
    found = dict.fromkeys(name for _, row in first if isinstance(row, dict) for name in row)
    return tuple(itertools.islice((name for name in found if _sayable(name)), _MOST_COLUMNS))


def _check(mapping: dict[str, str], used: dict[str, str], names: tuple[str, ...], source: Source) -> None:
    check_twice(used, names, Path(source.name))
    for field, column in mapping.items():
        if column and field not in used:
            shown = ", ".join(name[:40] for name in names[:20] if name)
            raise ExamplesFileError(
                f"{source.name} has no column named {column[:80]}.", reason=f"Its columns are {shown}."
            )


def _shape(
    opened: Opened,
    first: list[Row],
    names: tuple[str, ...],
    used: dict[str, str],
    lacking: tuple[str, ...],
    recalled: bool,
) -> dict[str, Any]:
    return {
        "format": opened.format,
        "columns": [[name, _samples(name, first)] for name in dict.fromkeys(names) if name],
        "mapping": used,
        "missing": lacking,
        "sheets": opened.sheets,
        "configs": opened.configs,
        "splits": opened.splits,
        "chosen": opened.chosen,
        "recalled": recalled,
    }


def _samples(name: str, first: list[Row]) -> list[str]:
    found: list[str] = []
    for _, row in first:
        value = row.get(name) if isinstance(row, dict) else None
        if value is None or value == "":
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        found.append(text[:_SAMPLE_LENGTH].encode("utf-8", "replace").decode())
        if len(found) == _SAMPLES:
            break
    return found


def _summary(staging: Staging | None, skipped: int, rows: list[Skipped]) -> dict[str, Any]:
    return {
        "examples": staging.count if staging else 0,
        "skipped": skipped,
        "skipped_rows": [[item.row, item.column, item.reason] for item in rows],
        "twice": staging.twice if staging else 0,
        "known": staging.known if staging else 0,
        "duplicates": staging.duplicates if staging else 0,
        "incomplete": staging.incomplete if staging else 0,
    }


def _sayable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return bool(name)
