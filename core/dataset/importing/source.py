"""What examples are read from: a file, a folder, pasted text, or a dataset of the Hugging Face hub."""

from __future__ import annotations

import csv
import os
import re
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import ExamplesFileError

FILE_ENDINGS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".parquet", ".arrow")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_LONGEST_ID = 200


@dataclass(frozen=True)
class Source:
    """One place that examples come from.

    Attributes:
        path: a file, or the folder of a saved dataset; None for a hub id.
        hub_id: a dataset on the Hugging Face hub ("databricks/databricks-dolly-15k"); reading it uses the network.
        config: which of a dataset's configurations; the first unless given.
        split: which of a dataset's splits; "train" or the first unless given.
        sheet: which sheet of a spreadsheet; the first that is not empty unless given.
        header: in a table, whether the first row names the columns; without, they are called A, B, C.
        name: what the user calls it, for messages; the file's name or the hub id unless given.
    """

    path: Path | None = None
    hub_id: str = ""
    config: str = ""
    split: str = ""
    sheet: str = ""
    header: bool = True
    name: str = ""

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            ExamplesFileError: the hub id is not of that form.
        """
        if (self.path is None) == (not self.hub_id):
            raise ValueError("a source is a path or a hub id")
        if self.hub_id and (
            not _HUB_ID.fullmatch(self.hub_id) or len(self.hub_id) > _LONGEST_ID or ".." in self.hub_id
        ):
            raise ExamplesFileError(
                f"{self.hub_id[:80]!r} is not the name of a dataset.",
                hint="Names on the hub look like owner/dataset; copy it from the top of the dataset's page.",
            )
        if not self.name:
            object.__setattr__(self, "name", self.hub_id or (self.path.name if self.path else ""))

    @classmethod
    def from_text(cls, text: str, folder: Path | None = None, *, name: str = "The pasted text") -> Source:
        """Pasted text: a table copied from a spreadsheet, CSV, or JSON; kept in a file until it was read.

        Args:
            text: as it came from the clipboard.
            folder: where to keep the file; the system's for temporary files unless given.
            name: what to call it in messages.

        Raises:
            ExamplesFileError: there is nothing in it.
        """
        text = text.removeprefix("\ufeff")
        if not text.strip():
            raise ExamplesFileError("There is no text to import.", hint="Copy rows of a table first.")
        ending = _ending(text)
        handle, path = tempfile.mkstemp(prefix="tunesmith-pasted-", suffix=ending, dir=folder)
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="") as file:
            file.write(text)
        return cls(Path(path), name=name)

    def to_json(self) -> dict[str, Any]:
        """What :meth:`from_json` takes; it is read in a process that works in another folder."""
        return {**asdict(self), "path": None if self.path is None else str(self.path.absolute())}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Source:
        """The source of :meth:`to_json`."""
        path = values["path"]
        return cls(**{**values, "path": None if path is None else Path(path)})


def looks_like_a_table(text: str) -> bool:
    """Whether pasted text is rows of several columns, or JSON, rather than prose."""
    start = text.lstrip()[:1]
    if start in ("[", "{"):
        return True
    lines = [line for line in text[:20_000].splitlines() if line.strip()]
    return len(lines) > 1 and "\t" in lines[0]


def _ending(text: str) -> str:
    first = text.lstrip("\r\n").split("\n", 1)[0]
    columns = next(csv.reader([first], delimiter="\t"), [])
    return ".tsv" if len(columns) > 1 and first.lstrip()[:1] not in ("[", "{") else ".txt"
