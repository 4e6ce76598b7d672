"""The child's work once a source is open: look at its first rows, then read all into the staging file."""

from __future__ import annotations

import itertools
import json
import sqlite3
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from core.child import Message
from core.dataset.columns import Columns, missing
from core.dataset.csv_rows import check_twice
from core.dataset.importing import line_pool
from core.dataset.importing.lots import Lot, Maker
from core.dataset.importing.opening import HOPELESS, MOST_ROWS, Opened, no_examples, too_many_rows
from core.dataset.importing.remembered import recall
from core.dataset.importing.source import Source
from core.dataset.importing.staging import Row as StagedRow
from core.dataset.importing.staging import Staging, columns_in, known_contents
from core.dataset.json_rows import Row
from core.dataset.records import Skipped
from core.errors import ExamplesFileError, UserError

Tell = Callable[[Message], None]
_LOOKED_AT = 100
_LOOKING_SECONDS = 2.0
_FIRST = 50
_SHOWN_SIZE = 1 << 21  # characters; a message has a limit
_SAMPLES = 3
_RAW_ROWS = 5
_SAMPLE_LENGTH = 200
_MOST_COLUMNS = 500
_MOST_SKIPPED = 1000
_TELL_SECONDS = 0.1
_AT_ONCE = 200  # rows


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
    with Staging(Path(request["staged"])) as staging, ExitStack() as stack:
        if opened.large_lines is None or line_pool.cores() < line_pool.FEWEST_CORES:
            lots = _lots(first, rows, columns)
        else:
            lots = line_pool.lots(opened.large_lines, mapping)
            stack.enter_context(closing(lots))
        taking = _Taking(source, opened, staging, tell)
        taking.project = Path(request["project"]) if request["project"] else None
        taking.take(lots)
    tell({"summary": taking.summary()})  # only now is the staging file whole


@contextmanager
def in_words(source: Source) -> Iterator[None]:
    """Say what goes wrong while a source is read: under the name that the user gave it, and in words.

    Raises:
        ExamplesFileError: in the place of what was raised.
    """
    try:
        yield
    except UserError as error:
        file = source.path.name if source.path else source.name
        if file == source.name:
            raise
        words = [text.replace(file, source.name) for text in (error.title, error.reason, error.hint)]
        raise ExamplesFileError(words[0], reason=words[1], hint=words[2], details=error.details) from error
    except MemoryError as error:
        raise ExamplesFileError(
            f"{source.name} needs more memory than reading a file may take.",
            hint="Save it as JSON lines (.jsonl), or split it into several files.",
        ) from error
    except sqlite3.Error as error:
        raise ExamplesFileError(
            f"What was read of {source.name} could not be put aside.",
            reason="The disk is full." if "full" in str(error) else "Writing to the disk failed.",
            hint="Free some space and try again. Nothing was imported.",
            details=str(error),
        ) from error


class _Taking:
    def __init__(self, source: Source, opened: Opened, staging: Staging, tell: Tell) -> None:
        self._source, self._opened, self._staging, self._tell = source, opened, staging, tell
        self._skipped: list[Skipped] = []
        self._rows = self._skipped_count = 0
        self._shown: list[tuple[str, ...]] = []
        self._shown_size, self._showing = 0, True
        self.project: Path | None = None
        self._told = time.monotonic()

    def take(self, lots: Iterable[Lot]) -> None:
        """Put lots into the staging file."""
        for looked_at, rows, skipped in lots:
            self._rows += looked_at
            if self._rows > MOST_ROWS:
                raise too_many_rows(self._source.name)
            self._skip(skipped, rows)
            if self._showing:
                self._show(rows)
            if self.project is not None:  # what it has is looked up when there is something to see
                self._staging.known_contents = known_contents(self.project)
                self.project = None
            self._staging.add_rows(rows)
            self._progress()
        if self._showing:
            self._tell({"first": self._shown})

    def summary(self) -> dict[str, Any]:
        """What was found."""
        return _summary(self._staging, self._skipped_count, self._skipped)

    def _skip(self, skipped: list[tuple[int, str, str]], rows: list[StagedRow]) -> None:
        self._skipped_count += len(skipped)
        self._skipped += [Skipped(*item) for item in skipped[: _MOST_SKIPPED - len(self._skipped)]]
        if self._skipped_count >= HOPELESS and not self._staging.count and not rows:
            raise no_examples(self._source.name, HOPELESS, self._skipped[0].where())

    def _show(self, rows: list[StagedRow]) -> None:
        for row in rows:
            columns = columns_in(row)
            self._shown.append(columns)
            self._shown_size += sum(map(len, columns))
            if len(self._shown) == _FIRST or self._shown_size > _SHOWN_SIZE:
                self._showing = False
                self._tell({"first": self._shown})
                return

    def _progress(self) -> None:
        now = time.monotonic()
        if now - self._told >= _TELL_SECONDS:
            self._told = now
            self._tell({"progress": [self._rows, self._opened.done(), self._opened.total]})


def _lots(first: list[Row], rows: Iterator[Row], columns: Columns) -> Generator[Lot, None, None]:
    maker = Maker(columns)
    yield maker.lot(first)
    while (lot := maker.lot(itertools.islice(rows, _AT_ONCE)))[0]:
        yield lot


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
    shown = [name for name in dict.fromkeys(names) if name]
    whole = itertools.islice((row for _, row in first if isinstance(row, dict)), _RAW_ROWS)
    return {
        "format": opened.format,
        "columns": [[name, _samples(name, first)] for name in shown],
        "rows": [[_sample(row.get(name)) for name in shown] for row in whole],
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
        if text := _sample(row.get(name)) if isinstance(row, dict) else "":
            found.append(text)
        if len(found) == _SAMPLES:
            break
    return found


def _sample(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text[:_SAMPLE_LENGTH].encode("utf-8", "replace").decode()


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
