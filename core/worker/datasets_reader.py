"""The child process that reads Parquet, Arrow, saved datasets and the Hugging Face hub.

Started as ``python -m core.worker.datasets_reader``; the one place that imports ``datasets``. Only a hub id makes it
use the network. Files are read batch by batch, and only the columns that can hold text.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from core.child import Message, serve
from core.dataset.columns import Columns
from core.dataset.importing.opening import MOST_ROWS, Opened, open_rows, too_many_rows
from core.dataset.importing.source import FILE_ENDINGS, Source
from core.dataset.importing.taking import Tell, in_words, take
from core.dataset.lines import start_of, unreadable
from core.errors import ExamplesFileError
from core.worker.arrow_tables import AT_ONCE, damaged, open_tables, readable, rows_of, until_damage

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
        yield open_tables([path], "Parquet" if path.suffix.lower() == ".parquet" else "Arrow")


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
    return open_tables(splits[split], "Dataset folder", tuple(splits), split)


# --- Saved datasets and the hub ---------------------------------------------------------------------------------------


def _saved(folder: Path, source: Source) -> Opened:
    """A folder made by ``Dataset.save_to_disk``."""
    import datasets

    try:
        found = datasets.load_from_disk(str(folder))
    except (ValueError, OSError, KeyError, TypeError, AttributeError) as error:
        raise damaged(folder, 0, error) from error
    splits: tuple[str, ...] = ()
    split = ""
    if isinstance(found, datasets.DatasetDict):
        splits = tuple(found)
        split = _chosen(source.split, splits, source, "split")
        found = found[split]
    if len(found) > MOST_ROWS:
        raise too_many_rows(folder.name)
    wanted = readable(found.features.arrow_schema)
    names = _class_names(found.features)
    batches = found.select_columns(wanted).with_format("arrow").iter(AT_ONCE)
    at = [0]
    rows = until_damage(rows_of((batch.to_pylist() for batch in batches), names, at), folder)
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
        wanted = readable(features.arrow_schema)
        names = _class_names(features)
        rows = islice(found.select_columns(wanted), MOST_ROWS + 1)
    except (ExamplesFileError, MemoryError):
        raise
    except Exception as error:  # of whichever library met it first: requests, fsspec, huggingface_hub, datasets
        raise _no_hub(source, error) from error
    return Opened(
        "Dataset of the Hugging Face hub",
        rows_of(([row] for row in _fetched(rows, source)), names, [0]),
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


def _chosen(wanted: str, choices: Sequence[str], source: Source, kind: str) -> str:
    if wanted:
        if wanted not in choices:
            there = ", ".join(choices[:20])
            raise ExamplesFileError(f"{source.name} has no {kind} named {wanted!r}.", reason=f"It has {there}.")
        return wanted
    if not choices:
        raise ExamplesFileError(f"{source.name} holds no examples.")
    return next((name for name in (_DEFAULT, _TRAIN) if name in choices), choices[0])


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
