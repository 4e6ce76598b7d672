"""The child process that reads Parquet, Arrow, saved datasets and the Hugging Face hub.

Started as ``python -m core.worker.datasets_reader``; the one place that imports ``datasets``. Only a hub id makes it
use the network. Files are read batch by batch, and only the columns that can hold text.
"""

from __future__ import annotations

import datetime
import decimal
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any

from core.child import Message, serve
from core.dataset.columns import Columns
from core.dataset.importing.opening import MOST_ROWS, Opened, open_rows, too_many_rows
from core.dataset.importing.source import FILE_ENDINGS, Source
from core.dataset.importing.taking import Tell, in_words, take
from core.dataset.json_rows import Row
from core.dataset.lines import LONGEST_LINE, start_of, unreadable
from core.dataset.records import RowError
from core.errors import ExamplesFileError

_AT_ONCE = 200
_ANSWER_SECONDS = 15.0
_RETRIES = 3  # of each piece of a dataset that does not come
_MOST_FILES = 10_000
_TABLES = (".parquet", ".arrow")
_SPLIT_NAME = re.compile(r"(?<![^\W_])(train|test|validation|valid|dev|eval)(?![^\W_])", re.IGNORECASE)
_DEFAULT = "default"
_TRAIN = "train"


def work(request: Message, tell: Tell) -> None:
    """See :class:`core.dataset.importing.reading.Reading`."""
    source = Source.from_json(request["source"])
    with in_words(source):
        try:
            with _opened(source, Columns(request["mapping"])) as opened:
                take(opened, source, request, tell)
        except OSError as error:
            if source.path is None:
                raise _no_hub(source, error) from error
            raise unreadable(source.path, error) from error


@contextmanager
def _opened(source: Source, columns: Columns) -> Iterator[Opened]:
    path = source.path
    if path is None:
        yield _of_hub(source)
    elif path.is_dir():
        if (path / "dataset_dict.json").is_file() or (path / "state.json").is_file():
            yield _saved(path, source)
            return
        tables, others = _files(path)
        if tables:
            yield _of_folder(tables, source)
            return
        if len(others) != 1:
            names = ", ".join(other.name for other in others[:10])
            raise ExamplesFileError(
                f"{path.name} is not the folder of a dataset.",
                reason=f"It holds several files: {names}." if others else "It holds no files of examples.",
                hint="Import the files one by one." if others else "Choose a file, or another folder.",
            )
        with open_rows(others[0], columns, sheet=source.sheet, header=source.header) as opened:
            yield opened
    else:
        start_of(path)
        yield _of_files([path], "Parquet" if path.suffix.lower() == ".parquet" else "Arrow")


# --- Files ------------------------------------------------------------------------------------------------------------


def _files(folder: Path) -> tuple[list[Path], list[Path]]:
    """The Parquet and Arrow files in a folder, and the other files of examples."""
    tables, others, seen = [], [], 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            seen += 1
            if seen > _MOST_FILES:
                raise ExamplesFileError(f"{folder.name} holds more than {_MOST_FILES:,} files.")
            path = Path(place, name)
            if path.suffix.lower() in _TABLES:
                tables.append(path)
            elif path.suffix.lower() in FILE_ENDINGS and path.suffix.lower() != ".txt" and name != "dataset_infos.json":
                others.append(path)
    return tables, others


def _of_folder(tables: Sequence[Path], source: Source) -> Opened:
    splits: dict[str, list[Path]] = {}
    for path in tables:
        found = _SPLIT_NAME.search(path.stem)
        splits.setdefault(found[1].lower() if found else _TRAIN, []).append(path)
    split = _chosen(source.split, list(splits), source, "split")
    for path in splits[split]:
        start_of(path)
    return _of_files(splits[split], "Dataset folder", tuple(splits), split)


def _of_files(paths: Sequence[Path], words: str, splits: tuple[str, ...] = (), split: str = "") -> Opened:
    """Tables of the same columns, one after another."""
    import pyarrow as pa  # type: ignore[import-untyped]

    stack = ExitStack()
    try:
        tables = [_table(path, stack) for path in paths]
        total = sum(rows for _, rows, _ in tables)
        if total > MOST_ROWS:
            raise too_many_rows(paths[0].name)
        schema = tables[0][0]
        wanted = _readable(schema)
        names = _label_names(schema)
        batches = chain.from_iterable(table(wanted) for _, _, table in tables)
        at = [0]
        return Opened(
            words,
            _broken_off(_rows((batch.to_pylist() for batch in batches), names, at), paths[0]),
            tuple(wanted),
            total,
            lambda: at[0],
            splits=splits if len(splits) > 1 else (),
            chosen=("", "", split),
        )
    except (pa.ArrowException, ValueError) as error:
        raise _damaged(paths[0], 0, error) from error


def _table(path: Path, stack: ExitStack) -> tuple[Any, int, Any]:
    """The schema of a file, how many rows it has (0 if it does not say), and what yields batches of columns of it."""
    import pyarrow as pa
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    try:
        if path.suffix.lower() == ".parquet":
            parquet = stack.enter_context(pq.ParquetFile(path))
            return (
                parquet.schema_arrow,
                parquet.metadata.num_rows,
                lambda wanted: parquet.iter_batches(batch_size=_AT_ONCE, columns=wanted),
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
        raise _damaged(path, 0, error) from error


def _pieces(batches: Iterable[Any], wanted: Sequence[str]) -> Iterator[Any]:
    for batch in batches:
        batch.validate(full=True)
        few = batch.select(list(wanted))
        for start in range(0, few.num_rows, _AT_ONCE):
            yield few.slice(start, _AT_ONCE)


def _broken_off(rows: Iterator[Row], path: Path) -> Iterator[Row]:
    """The rows, with words for where a damaged file ends."""
    import pyarrow as pa

    number = 0
    try:
        for number, row in rows:
            yield number, row
    except (pa.ArrowException, ValueError, OSError) as error:
        raise _damaged(path, number, error) from error


def _readable(schema: Any) -> list[str]:
    """The columns that may hold text: no pictures, no sound."""
    return [field.name for field in schema if "binary" not in str(field.type)]


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


# --- Saved datasets and the hub ---------------------------------------------------------------------------------------


def _saved(folder: Path, source: Source) -> Opened:
    """A folder made by ``Dataset.save_to_disk``."""
    import datasets

    try:
        found = datasets.load_from_disk(str(folder))
    except (ValueError, OSError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder, 0, error) from error
    splits: tuple[str, ...] = ()
    split = ""
    if isinstance(found, datasets.DatasetDict):
        splits = tuple(found)
        split = _chosen(source.split, splits, source, "split")
        found = found[split]
    if len(found) > MOST_ROWS:
        raise too_many_rows(folder.name)
    wanted = _readable(found.features.arrow_schema)
    names = _class_names(found.features)
    batches = found.select_columns(wanted).with_format("arrow").iter(_AT_ONCE)
    at = [0]
    rows = _broken_off(_rows((batch.to_pylist() for batch in batches), names, at), folder)
    splits = splits if len(splits) > 1 else ()
    chosen = ("", "", split)
    return Opened("Saved dataset", rows, tuple(wanted), len(found), lambda: at[0], splits=splits, chosen=chosen)


def _of_hub(source: Source) -> Opened:
    """A dataset of the hub, read as it comes in; nothing of it is kept."""
    import datasets

    datasets.disable_progress_bars()
    datasets.config.STREAMING_READ_MAX_RETRIES = _RETRIES
    try:
        _look_up(source.hub_id)
        configs = datasets.get_dataset_config_names(source.hub_id)
        config = _chosen(source.config, configs, source, "configuration")
        splits = datasets.get_dataset_split_names(source.hub_id, config)
        split = _chosen(source.split, splits, source, "split")
        found = datasets.load_dataset(source.hub_id, config, split=split, streaming=True)
        features = found.features or found._resolve_features().features
        wanted = _readable(features.arrow_schema)
        names = _class_names(features)
        rows = islice(found.select_columns(wanted), MOST_ROWS + 1)
    except ExamplesFileError:
        raise
    except Exception as error:  # of whichever library met it first: requests, fsspec, huggingface_hub, datasets
        raise _no_hub(source, error) from error
    return Opened(
        "Dataset of the Hugging Face hub",
        _rows(([row] for row in _fetched(rows, source)), names, [0]),
        tuple(wanted),
        configs=tuple(configs) if len(configs) > 1 else (),
        splits=tuple(splits) if len(splits) > 1 else (),
        chosen=("", config if config != _DEFAULT or len(configs) > 1 else "", split),
    )


def _look_up(hub_id: str) -> None:
    """Ask once whether there is such a dataset; ``datasets`` itself tries for half a minute."""
    from huggingface_hub import HfApi

    HfApi().dataset_info(hub_id, timeout=_ANSWER_SECONDS)


def _fetched(rows: Iterable[dict[str, Any]], source: Source) -> Iterator[dict[str, Any]]:
    try:
        yield from rows
    except MemoryError:
        raise
    except Exception as error:  # as above
        raise _no_hub(source, error) from error


def _class_names(features: Mapping[str, Any]) -> dict[str, list[str]]:
    found = {column: getattr(feature, "names", None) for column, feature in features.items()}
    return {column: list(names) for column, names in found.items() if isinstance(names, list)}


# --- Rows -------------------------------------------------------------------------------------------------------------


def _rows(batches: Iterable[list[dict[str, Any]]], names: Mapping[str, list[str]], at: list[int]) -> Iterator[Row]:
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


def _chosen(wanted: str, choices: Sequence[str], source: Source, kind: str) -> str:
    if wanted:
        if wanted not in choices:
            there = ", ".join(choices[:20])
            raise ExamplesFileError(f"{source.name} has no {kind} named {wanted!r}.", reason=f"It has {there}.")
        return wanted
    if not choices:
        raise ExamplesFileError(f"{source.name} holds no examples.")
    return next((name for name in (_DEFAULT, _TRAIN) if name in choices), choices[0])


def _damaged(path: Path, rows: int, error: Exception) -> ExamplesFileError:
    return ExamplesFileError(
        f"{path.name} cannot be read.",
        reason=f"It is damaged after row {rows:,}." if rows else "It is damaged, or not what its name says.",
        hint="Get or export the file once more.",
        details=f"{type(error).__name__}: {error}"[:2000],
    )


def _no_hub(source: Source, error: Exception) -> ExamplesFileError:
    kind = type(error).__name__
    reason, hint = "The hub did not answer, or there is no connection.", "Check the connection and try again."
    if kind in ("DatasetNotFoundError", "RepositoryNotFoundError", "HFValidationError", "EmptyDatasetError"):
        reason, hint = "There is no such public dataset, or it has no files that can be read.", "Check its name."
    elif kind == "GatedRepoError" or "gated" in str(error):
        reason, hint = "Its owner lets only people in who asked.", "Ask on its page, sign in with `hf auth login`."
    elif "Dataset scripts are no longer supported" in str(error):
        reason, hint = "It comes as a program, and programs from the hub are never run.", "Look for a Parquet version."
    elif not isinstance(error, OSError) and "onnection" not in f"{kind} {error}" and "imeout" not in f"{kind} {error}":
        reason, hint = "It is in a form that cannot be read.", "Download one of its files and import that."
    return ExamplesFileError(
        f"{source.name} cannot be read from the hub.", reason=reason, hint=hint, details=f"{kind}: {error}"[:2000]
    )


if __name__ == "__main__":
    sys.exit(serve(work))
