"""The quick way from a row of texts to the columns of an example; what it cannot take goes through ``records``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.dataset.columns import Columns, missing
from core.dataset.example import Split, Status

_TEXTS = ("instruction", "input", "output", "system", "note")
_READY, _AUTO = Status.READY.value, Split.AUTO.value
_MOST = 1000
Take = Callable[[dict[str, Any]], "tuple[str, ...] | None"]


class PlainRows:
    """Turns rows whose wanted cells are all texts into columns; None where more care is needed."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._places: dict[tuple[str, ...], tuple[str | None, ...] | None] = {}

    def __call__(self, row: dict[str, Any]) -> tuple[str, ...] | None:
        """The columns ``FIELDS`` of a row, or None if it is no plain example, or none at all."""
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
        joint = f"{instruction}{input}{output}{system}{note}"
        if "\0" in joint or not _storable(joint):
            return None
        if not joint or joint.isspace():
            return None
        return instruction, input, output, system, "", "", note, _READY, _AUTO

    def _found(self, names: tuple[str, ...]) -> tuple[str | None, ...] | None:
        used = self._columns.of(names)
        if len(self._places) > _MOST:
            self._places.clear()
        plain = set(used) <= set(_TEXTS) and not missing(used) and "instruction" in used
        self._places[names] = tuple(used.get(field) for field in _TEXTS) if plain else None
        return self._places[names]


def _storable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
