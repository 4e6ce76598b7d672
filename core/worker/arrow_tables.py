"""Tables of Arrow's formats as rows: Parquet and Arrow files, batch by batch, and only what can hold text."""

from __future__ import annotations

import datetime
import decimal
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from core.dataset.importing.opening import MOST_ROWS, Opened, too_many_rows
from core.dataset.json_rows import Row
from core.dataset.lines import LONGEST_LINE
from core.dataset.records import RowError
from core.errors import ExamplesFileError

AT_ONCE = 200


def open_tables(paths: Sequence[Path], words: str, splits: tuple[str, ...] = (), split: str = "") -> Opened:
    """Tables of the same columns, one after another."""
    import pyarrow as pa  # type: ignore[import-untyped]

    try:
        total, schema = 0, None
        for path in paths:
            with _table(path) as (columns, rows, _):
                total += rows
                schema = schema or columns
        if total > MOST_ROWS:
            raise too_many_rows(paths[0].name)
        wanted = readable(schema)
        names = _label_names(schema)
        at = [0]
        batches = chain.from_iterable(_batches(path, wanted) for path in paths)
        return Opened(
            words,
            until_damage(rows_of((batch.to_pylist() for batch in batches), names, at), paths[0]),
            tuple(wanted),
            total,
            lambda: at[0],
            splits=splits if len(splits) > 1 else (),
            chosen=("", "", split),
        )
    except (pa.ArrowException, ValueError) as error:
        raise damaged(paths[0], 0, error) from error


def _batches(path: Path, wanted: Sequence[str]) -> Iterator[Any]:
    with _table(path) as (_, _, read):
        yield from read(wanted)


@contextmanager
def _table(path: Path) -> Iterator[tuple[Any, int, Any]]:
    with ExitStack() as stack:
        yield _opened(path, stack)


def _opened(path: Path, stack: ExitStack) -> tuple[Any, int, Any]:
    """The schema of a file, how many rows it has (0 if it does not say), and what yields batches of columns of it."""
    import pyarrow as pa
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    try:
        if path.suffix.lower() == ".parquet":
            parquet = stack.enter_context(pq.ParquetFile(path))
            return (
                parquet.schema_arrow,
                parquet.metadata.num_rows,
                lambda wanted: parquet.iter_batches(batch_size=AT_ONCE, columns=wanted),
            )
        mapped = stack.enter_context(pa.memory_map(str(path)))
        try:
            file = pa.ipc.open_file(mapped)
            whole = (file.get_batch(number) for number in range(file.num_record_batches))
            return file.schema, 0, lambda wanted: _pieces(whole, wanted)
        except pa.ArrowInvalid:
            mapped.seek(0)
            stream = pa.ipc.open_stream(mapped)
            return stream.schema, 0, lambda wanted: _pieces(stream, wanted)
    except (pa.ArrowException, ValueError) as error:
        raise damaged(path, 0, error) from error


def _pieces(batches: Iterable[Any], wanted: Sequence[str]) -> Iterator[Any]:
    for batch in batches:
        batch.validate(full=True)
        few = batch.select(list(wanted))
        for start in range(0, few.num_rows, AT_ONCE):
            yield few.slice(start, AT_ONCE)


def _label_names(schema: Any) -> dict[str, list[str]]:
    """The names of the classes of columns that hold their numbers, as ``datasets`` notes them in its files."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {
            column: [str(name) for name in feature["names"]]
            for column, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def until_damage(rows: Iterator[Row], path: Path) -> Iterator[Row]:
    """The rows, with words for where a damaged file ends."""
    import pyarrow as pa

    number = 0
    try:
        for number, row in rows:
            yield number, row
    except (pa.ArrowException, ValueError, KeyError, OSError) as error:
        raise damaged(path, number, error) from error


def readable(schema: Any) -> list[str]:
    """The columns that may hold text: no pictures, no sound."""
    return [field.name for field in schema if "binary" not in str(field.type)]


def rows_of(batches: Iterable[list[dict[str, Any]]], names: Mapping[str, list[str]], at: list[int]) -> Iterator[Row]:
    """The rows of batches; ``at`` is kept at how many there were so far."""
    for batch in batches:
        for row in batch:
            at[0] += 1
            size = 0
            for column, value in row.items():
                if isinstance(value, str):
                    size += len(value)
                elif value is not None:
                    row[column] = _as_text(value, names.get(column, ()))
            yield at[0], row if size <= LONGEST_LINE else RowError("", "is longer than 1 MiB")


def _as_text(value: Any, names: Sequence[str]) -> Any:
    """A cell as text, where it is a number or a time; lists and objects stay what they are."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return names[value] if 0 <= value < len(names) else str(value)
    if isinstance(value, float | decimal.Decimal | datetime.date | datetime.time | datetime.timedelta):
        return str(value)
    return value


def damaged(path: Path, rows: int, error: Exception) -> ExamplesFileError:
    """The words for a file, or a folder, of which no more than so many rows can be read."""
    return ExamplesFileError(
        f"{path.name} cannot be read.",
        reason=f"It is damaged after row {rows:,}." if rows else "It is damaged, or not what its name says.",
        hint="Get or export the file once more.",
        details=f"{type(error).__name__}: {error}"[:2000],
    )
