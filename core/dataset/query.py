"""What can be asked of the store, and the SQL that answers it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from core.dataset.example import Split, Status
from core.dataset.rows import SHOWN, SPLIT_ORDER
from core.dataset.text import clean, fold

Part = Literal["all", "indexed", "rest"]
LARGEST_ID = 2**63 - 1  # SQLite's

_SORTS = {
    "id": "l.id",
    "instruction": "l.instruction",
    "input": "l.input",
    "output": "l.output",
    "status": "l.shown",
    "split": "l.split",
    "updated": "l.updated",
    "length": "l.length",
}
_WORD = re.compile(r'"([^"]+)"?|(\S+)')
_PLAIN_COLUMNS = ("instruction", "input", "output", "system", "tags", "note")
_SEARCHABLE = "searchable(e.instruction, e.input, e.output, e.system, e.history, e.tags, e.note)"
_MOST_PIECES = 40  # three-letter pieces of one word asked of the index; the rest is compared
_MOST_WORDS = 50
_LONGEST_WORD = 2000  # characters; SQLite takes patterns of up to 50,000 bytes


@dataclass(frozen=True)
class Query:
    """Which examples, in which order.

    Attributes:
        search: words that all occur somewhere in the example, in any case; ``"two words"`` is a phrase.
        status: READY means ready for training; DRAFT also finds incomplete examples, whatever they are marked.
        tag: that they have; empty for any.
        split: as the user assigned it.
        among: only examples with these ids.
        without: no example with one of these ids.
        sort: id, instruction, input, output, status, split, updated or length (characters).
        descending: largest, last or newest first.
    """

    search: str = ""
    status: Status | None = None
    sort: str = "id"
    descending: bool = False
    tag: str = ""
    split: Split | None = None
    among: tuple[int, ...] | None = None
    without: tuple[int, ...] = ()

    @property
    def narrows(self) -> bool:
        """Whether it leaves any example out."""
        wanted = (self.status, self.split, self.among)
        return bool(self.search.strip() or self.tag or self.without or any(value is not None for value in wanted))


@dataclass(frozen=True)
class Counts:
    """How many examples there are, and of which status as shown (an incomplete one is a draft)."""

    total: int
    ready: int
    draft: int
    excluded: int


def words_of(search: str) -> list[str]:
    """The words and phrases that a search asks for; no character has a meaning of its own but paired quotes."""
    found = dict.fromkeys(clean(phrase or word)[:_LONGEST_WORD] for phrase, word in _WORD.findall(search))
    return list(found)[:_MOST_WORDS]


def select(columns: str, query: Query, searchable_to: int, part: Part = "all") -> tuple[str, list[Any]]:
    """The statement for a query, and its parameters.

    Args:
        columns: of ``l`` (listing) and ``e`` (examples).
        query: what is asked.
        searchable_to: examples with a higher id are not in the index and are compared one by one.
        part: only examples that the index of words has (a list by id then begins at once, however many have the
            word), or only the others; without words, ``indexed`` gives all and ``rest`` nothing.

    Raises:
        ValueError: an unknown order.
    """
    if query.sort not in _SORTS:
        raise ValueError(f"unknown order {query.sort!r}")
    words = words_of(query.search)
    source, parameters = "listing l", []
    pieces = [piece for word in words for piece in _pieces(fold(word))]
    found = " AND ".join(pieces)
    conditions = ["NOT l.removed"]
    if pieces and part == "all":
        source = (
            "(SELECT rowid AS id FROM search WHERE search MATCH ? UNION ALL SELECT id FROM listing WHERE id > ?) "
            "JOIN listing l USING (id)"
        )
        parameters = [found, searchable_to]
    elif pieces and part == "indexed":
        source = "search s CROSS JOIN listing l ON l.id = s.rowid"
        conditions.append("s.search MATCH ?")
        parameters = [found]
    elif part == "rest":
        conditions.append("l.id > ?")
        parameters = [searchable_to if pieces else LARGEST_ID]
    if words or query.tag or "e." in columns:
        source += " JOIN examples e ON e.id = l.id"
    if query.status is not None:
        conditions.append("l.shown = ?")
        parameters.append(SHOWN[query.status])
    if query.split is not None:
        conditions.append("l.split = ?")
        parameters.append(SPLIT_ORDER[query.split])
    if query.tag:
        conditions.append("e.tags <> '' AND instr(char(10) || e.tags || char(10), char(10) || ? || char(10))")
        parameters.append(query.tag)
    if query.among is not None:
        conditions.append("l.id IN (SELECT value FROM json_each(?))")
        parameters.append(json.dumps(query.among))
    if query.without:
        conditions.append("l.id NOT IN (SELECT value FROM json_each(?))")
        parameters.append(json.dumps(query.without))
    for word in words:
        condition, values = _contains(word)
        conditions.append(condition)
        parameters += values
    direction = " DESC" if query.descending else ""
    first = "s.rowid" if pieces and part == "indexed" and query.sort == "id" else _SORTS[query.sort]
    order = f"{first}{direction}" + (f", l.id{direction}" if query.sort != "id" else "")
    return f"SELECT {columns} FROM {source} WHERE {' AND '.join(conditions)} ORDER BY {order}", parameters


def _pieces(word: str) -> list[str]:
    """Three-letter pieces of a folded word as FTS5 strings; none for shorter words."""
    found = dict.fromkeys(word[start : start + 3] for start in range(len(word) - 2))
    step = max(1, len(found) // _MOST_PIECES)
    return ['"' + piece.replace('"', '""') + '"' for piece in list(found)[::step]]


def _contains(word: str) -> tuple[str, list[Any]]:
    """The condition that an example contains a word.

    LIKE is fast and ignores case in ASCII; what it does not find is compared in folded form. For one or two letters,
    where the index cannot help, that would be too slow: there LIKE tries the word's cases.
    """
    folded = fold(word)
    short = len(folded) < 3
    cases = (word, word.lower(), word.upper(), word.title()) if short and not word.isascii() else (word,)
    spellings = dict.fromkeys(cases)
    likes = [f"e.{column} LIKE ? ESCAPE '\\'" for _ in spellings for column in _PLAIN_COLUMNS]
    values: list[Any] = [_like(spelling) for spelling in spellings for _ in _PLAIN_COLUMNS]
    rest = f"instr({_SEARCHABLE}, ?)"
    if short:
        rest = f"(e.history <> '' AND {rest})"
    return f"({' OR '.join(likes)} OR {rest})", [*values, folded]


def _like(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
