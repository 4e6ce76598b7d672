"""Rows of a file as rows of the staging file, a lot at a time: the work that is done for each of millions of rows.

A lot is made of texts, numbers, tuples and lists alone, so that it can be passed between processes.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from typing import Any

from core.dataset.columns import Columns, missing
from core.dataset.example import Split, Status
from core.dataset.importing.staging import Row as StagedRow
from core.dataset.importing.staging import staged
from core.dataset.json_rows import Row
from core.dataset.records import RowError, Skipped, example_of
from core.dataset.rows import SHOWN, SPLIT_ORDER, columns_of, prompt_of
from core.dataset.text import sort_key

Lot = tuple[int, list[StagedRow], list[tuple[int, str, str]]]
"""How many rows were looked at; those that are examples, as ``staging.staged`` has them; those that are none: number,
column, reason."""

_TEXTS = ("instruction", "input", "output", "system", "note")
_READY, _AUTO = Status.READY.value, Split.AUTO.value
_SHOWN_READY, _SHOWN_DRAFT, _SIDE = SHOWN[Status.READY], SHOWN[Status.DRAFT], SPLIT_ORDER[Split.AUTO]
_MOST = 1000
_NULS = 4  # between and after the texts that are hashed
_blake2b = hashlib.blake2b
_number = struct.Struct(">q").unpack


class Maker:
    """Makes lots of the rows of one source."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._places: dict[tuple[str, ...], tuple[str | None, ...] | None] = {}

    def lot(self, rows: Iterable[Row]) -> Lot:
        """All of these rows."""
        taken: list[StagedRow] = []
        skipped: list[tuple[int, str, str]] = []
        plain = self._plain
        for number, row in rows:
            try:
                if isinstance(row, RowError):
                    raise row
                taken.append(plain(number, row) or staged(number, columns_of(example_of(row, self._columns))))
            except RowError as error:
                found = Skipped.of(number, error)
                skipped.append((found.row, found.column, found.reason))
        return len(taken) + len(skipped), taken, skipped

    def _plain(self, number: int, row: dict[str, Any]) -> StagedRow | None:
        """The quick way for a row whose wanted cells are all texts; None where more care is needed."""
        names = tuple(row)
        try:
            places = self._places[names]
        except KeyError:
            places = self._found(names)
        if places is None:
            return None
        instruction, input, output, system, note = [row[name] if name is not None else "" for name in places]
        if not (
            instruction.__class__ is str
            and input.__class__ is str
            and output.__class__ is str
            and system.__class__ is str
            and note.__class__ is str
        ):
            return None
        # What ``rows.content_of`` hashes; it tells at once whether all can be stored.
        content = f"{instruction}\0{input}\0{output}\0{system}\0"
        try:
            digest = _blake2b(content.encode(), digest_size=8).digest()
        except UnicodeEncodeError:
            return None
        if content.count("\0") != _NULS or (note and not _is_plain(note)):
            return None
        if content.isascii():
            asked = " ".join(f"{instruction}\n{input}".lower().split())
            prompt = _number(_blake2b(asked.encode(), digest_size=8).digest())[0]
        else:
            prompt = prompt_of(instruction, input, "")
        asks = (instruction and not instruction.isspace()) or (input and not input.isspace())
        complete = asks and output and not output.isspace()
        if not complete and not (asks or output.strip() or system or note):
            return None
        return (
            number,
            instruction,
            input,
            output,
            system,
            "",
            "",
            note,
            _READY,
            _AUTO,
            "",
            _SHOWN_READY if complete else _SHOWN_DRAFT,
            _SIDE,
            len(instruction) + len(input) + len(output),
            sort_key(instruction),
            sort_key(input) if input else "",
            sort_key(output),
            _number(digest)[0],
            prompt,
        )

    def _found(self, names: tuple[str, ...]) -> tuple[str | None, ...] | None:
        used = self._columns.of(names)
        if len(self._places) > _MOST:
            self._places.clear()
        plain = set(used) <= set(_TEXTS) and not missing(used) and "instruction" in used
        self._places[names] = tuple(used.get(field) for field in _TEXTS) if plain else None
        return self._places[names]


def _is_plain(text: str) -> bool:
    """Whether it can be stored."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
