"""Which column of a file is which field of an example: by the user's word first, by usual names else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

FIELDS = ("instruction", "input", "output", "system", "history", "tags", "note", "status", "split", "rejected")
MESSAGES = "messages"  # a column with a whole conversation

_ALIASES = {
    "instruction": ("instruction", "prompt", "question", "query", "user"),
    "input": ("input", "context"),
    "output": ("output", "completion", "response", "answer", "target", "assistant"),
    "system": ("system", "system prompt"),
    "history": ("history",),
    "tags": ("tags", "tag", "category"),
    "note": ("note", "notes", "comment"),
    "status": ("status",),
    "split": ("split",),
    "rejected": ("rejected",),
    MESSAGES: ("messages", "conversations", "conversation"),
}
_INSIDE = {"instruction": ("instruction", "prompt", "question", "query"), "output": _ALIASES["output"]}
"""Words that make a longer name fit ("Customer question"), where no column has a usual name."""
_ABOUT = frozenset(
    {"id", "ids", "index", "number", "no", "count", "length", "len", "type", "date", "time", "score", "rating"}
    | {"url", "link", "lang", "language"}
)
"""Words of names that say something about a text ("question id") and do not hold it."""


class Columns:
    """Finds the fields of an example among a file's columns."""

    def __init__(self, mapping: Mapping[str, str] | None = None) -> None:
        """Take a mapping of fields to columns; an empty name means that the file does not hold the field.

        Raises:
            ValueError: it names a field that there is not.
        """
        self._mapping = dict(mapping or {})
        unknown = set(self._mapping) - set(FIELDS) - {MESSAGES}
        if unknown:
            raise ValueError(f"no such field: {', '.join(sorted(unknown))}")
        self._known: dict[tuple[str, ...], dict[str, str]] = {}

    def of(self, names: Sequence[str]) -> dict[str, str]:
        """The column of each field that has one among ``names``."""
        key = tuple(names)
        if key not in self._known:
            if len(self._known) > 1000:  # rows of a file have few shapes; hostile ones shall not fill the memory
                self._known.clear()
            self._known[key] = self._find(key)
        return self._known[key]

    def _find(self, names: tuple[str, ...]) -> dict[str, str]:
        by_words = {words(name): name for name in reversed(names)}
        found = {}
        for field, aliases in _ALIASES.items():
            wanted = self._mapping.get(field)
            if wanted:
                column = wanted if wanted in names else by_words.get(words(wanted))
            elif wanted is None:
                free = (by_words[alias] for alias in aliases if alias in by_words)
                column = next((name for name in free if name not in self._mapping.values()), None)
            else:
                column = None
            if column is not None:
                found[field] = column
        for field in missing(found):
            if field not in self._mapping:
                taken = {*found.values(), *self._mapping.values()}
                fitting = list(_fitting(field, [name for name in names if name not in taken]))
                if len(fitting) == 1:
                    found[field] = fitting[0]
        return {field: found[field] for field in _ALIASES if field in found}


def missing(used: Mapping[str, str]) -> tuple[str, ...]:
    """The fields that no example can do without and that have no column."""
    if MESSAGES in used:
        return ()
    wanted = [] if "instruction" in used or "input" in used else ["instruction"]
    return tuple(wanted if "output" in used else [*wanted, "output"])


def words(name: str) -> str:
    """A column's name as plain words: ``System_Prompt`` and ``system prompt`` are the same."""
    return " ".join(re.findall(r"[^\W_]+", name.casefold()))


def _fitting(field: str, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        said = set(words(name).split())
        if said & set(_INSIDE[field]) and not said & _ABOUT and len(said) <= 4:
            yield name
