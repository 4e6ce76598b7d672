"""Reading a source of examples in a child process, which writes a staging file and tells what it finds."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.child import Child
from core.child import Message as ChildMessage
from core.dataset.columns import Columns
from core.dataset.example import Example
from core.dataset.importing.source import Source
from core.dataset.importing.staging import PREFIX
from core.dataset.records import Skipped
from core.dataset.rows import example_of

_READER = "core.dataset.importing.child"
_DATASETS_READER = "core.worker.datasets_reader"
_MEGABYTES = 4096
_DATASETS_MEGABYTES = 4096


@dataclass(frozen=True)
class SourceColumn:
    """A column of the source with up to three of its first values as text."""

    name: str
    samples: tuple[str, ...]


@dataclass(frozen=True)
class Shape:
    """What the source looks like, told before anything is read on.

    Attributes:
        format: in words: "JSON lines", "Table, semicolons, Windows-1252".
        columns: of the first rows.
        mapping: the column of each field, as given, remembered or proposed; besides ``rows.FIELDS`` there may be
            ``messages``, a column that holds whole conversations.
        missing: fields that no example can do without and that have no column; nothing is read on then.
        sheets, configs, splits: what there is to choose from, where there is a choice.
        chosen: the sheet, configuration and split that are read; empty where there is none.
        recalled: whether the mapping is one that was remembered.
        rows: the first five, or fewer, as they are there: a cell for each of ``columns``, empty where there is nothing.
    """

    format: str
    columns: tuple[SourceColumn, ...]
    mapping: dict[str, str]
    missing: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    configs: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    chosen: tuple[str, str, str] = ("", "", "")
    recalled: bool = False
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class FirstRows:
    """The first examples, as they will be stored; up to 50."""

    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Progress:
    """``rows`` were looked at; ``done`` of ``total`` (bytes of a file, or rows; 0 where the end is not known)."""

    rows: int
    done: int
    total: int


@dataclass(frozen=True)
class Summary:
    """What the whole source holds.

    Attributes:
        examples: how many the staging file holds.
        skipped: rows that are none.
        skipped_rows: the first thousand of those.
        twice: examples whose content an earlier one of the source has.
        known: examples whose content the project has.
        duplicates: examples of either kind.
        incomplete: examples without an output or an instruction; they are drafts.
    """

    examples: int
    skipped: int
    skipped_rows: tuple[Skipped, ...]
    twice: int
    known: int
    duplicates: int
    incomplete: int


Message = Shape | FirstRows | Progress | Summary


class Reading:
    """One reading of a source into a staging file, which lies at ``staged`` until :meth:`close`."""

    def __init__(
        self, source: Source, *, mapping: Mapping[str, str] | None = None, project: Path | None = None
    ) -> None:
        """Prepare; the process starts with :meth:`messages`.

        Args:
            source: what to read.
            mapping: columns by field; an empty column means that the source does not hold the field, and fields that
                are not named are found by their usual names. None: as remembered from the last source with the same
                columns, else by usual names.
            project: the open project's folder: its examples are compared with, and the staging file lies there.

        Raises:
            ValueError: ``mapping`` names a field that there is not.
        """
        Columns(mapping)
        name = f"{PREFIX}{secrets.token_hex(6)}.db"
        self._folder = None if project is not None else Path(tempfile.mkdtemp(prefix="tunesmith-"))
        self.staged = (self._folder or project or Path()) / name
        request: ChildMessage = {
            "source": source.to_json(),
            "mapping": None if mapping is None else dict(mapping),
            "project": None if project is None else str(project),
            "staged": str(self.staged),
        }
        if _needs_datasets(source):
            offline = "0" if source.hub_id else "1"
            environment = {"HF_HUB_OFFLINE": offline, "HF_DATASETS_OFFLINE": offline, "HF_HUB_DISABLE_TELEMETRY": "1"}
            self._child = Child(_DATASETS_READER, request, megabytes=_DATASETS_MEGABYTES, environment=environment)
        else:
            self._child = Child(_READER, request, megabytes=_MEGABYTES)

    def messages(self) -> Iterator[Message]:
        """Read, and tell what is found: a shape, first rows, progress now and then, and a summary last.

        Raises:
            core.child.Stopped: :meth:`stop` was called.
            UserError: the source as a whole cannot be read, or the process died.
        """
        for message in self._child.messages():
            yield _decoded(message)

    def stop(self) -> None:
        """End the reading now; callable from any thread."""
        self._child.stop()

    def close(self) -> None:
        """Stop, and remove the staging file; callable from any thread, any number of times."""
        self.stop()
        with contextlib.suppress(OSError):
            self.staged.unlink()
        if self._folder is not None:
            with contextlib.suppress(OSError):
                self._folder.rmdir()


def _needs_datasets(source: Source) -> bool:
    path = source.path
    return path is None or path.suffix.lower() in (".parquet", ".arrow") or os.path.isdir(path)


def _decoded(message: dict[str, Any]) -> Message:
    (kind, values), *_ = message.items()
    match kind:
        case "shape":
            values["columns"] = tuple(SourceColumn(name, tuple(samples)) for name, samples in values["columns"])
            for name in ("missing", "sheets", "configs", "splits", "chosen"):
                values[name] = tuple(values[name])
            values["rows"] = tuple(map(tuple, values["rows"]))
            return Shape(**values)
        case "first":
            return FirstRows(tuple(example_of((0, *columns)) for columns in values))
        case "progress":
            return Progress(*values)
    values["skipped_rows"] = tuple(Skipped(*item) for item in values["skipped_rows"])
    return Summary(**values)
