"""Looks at examples kept between reviews, by the hash of what was looked at; safe to delete at any time.

What is kept of a project's texts stays in the project's folder.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.dataset.review.looks import VERSION
from core.dataset.review.marks import Look, Mark, Same

FILE = ".review-cache"  # in a project
_SAME = len(Same._fields)
_TABLES = """
CREATE TABLE looks (
    content INTEGER PRIMARY KEY, marks TEXT, exact INTEGER, prompt INTEGER, bare INTEGER, answer INTEGER, words BLOB,
    length INTEGER, ending INTEGER, language TEXT, size INTEGER, turns INTEGER
);
CREATE TABLE pairs (a INTEGER, b INTEGER, near INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID;
CREATE TABLE lengths (
    model TEXT, content INTEGER, tokens INTEGER, exact INTEGER, PRIMARY KEY (model, content)
) WITHOUT ROWID;
"""


class Cache:
    """The cache of a project; where no file can be written, it is kept in memory for this time."""

    def __init__(self, project: Path) -> None:
        try:
            self.connection = _opened(project / FILE)
        except sqlite3.OperationalError:  # it cannot be written, or another process is at it
            self.connection = _opened(None)
        except sqlite3.DatabaseError:  # damaged
            with contextlib.suppress(OSError):
                (project / FILE).unlink(missing_ok=True)
            try:
                self.connection = _opened(project / FILE)
            except sqlite3.Error:
                self.connection = _opened(None)

    def keep(self, looks: Iterable[tuple[int, Look]]) -> None:
        """Keep looks by the hash of their contents."""
        rows = ((content, _written(look.marks), *look.same, *look[2:]) for content, look in looks)
        with self._writing():
            self.connection.executemany(
                "INSERT OR REPLACE INTO looks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
            )

    def looks(self) -> Iterator[tuple[int, Look]]:
        """All looks."""
        for content, marks, *rest in self.connection.execute("SELECT * FROM looks"):
            yield content, Look(_read(marks), Same(*rest[:_SAME]), *rest[_SAME:])

    def forget(self, contents: Iterable[int]) -> None:
        """Let go of looks at what is not there any more."""
        with self._writing():
            self.connection.executemany("DELETE FROM looks WHERE content = ?", ((content,) for content in contents))

    def pairs(self, contents: NDArray[np.int64]) -> NDArray[np.int64]:
        """What is known of pairs of contents (a row each): 1 near-duplicates, 0 not, -1 not compared yet."""
        known = {(one, other): near for one, other, near in self.connection.execute("SELECT a, b, near FROM pairs")}
        return np.array([known.get((one, other), -1) for one, other in contents.tolist()], dtype=np.int64)

    def keep_pairs(self, contents: NDArray[np.int64], verdicts: NDArray[np.int64]) -> None:
        """Keep what is known of these pairs, and of no others."""
        rows = ((one, other, near) for (one, other), near in zip(contents.tolist(), verdicts.tolist(), strict=True))
        with self._writing():
            self.connection.execute("DELETE FROM pairs")
            self.connection.executemany("INSERT OR REPLACE INTO pairs VALUES (?, ?, ?)", rows)

    def lengths(self, model: str) -> dict[int, tuple[int, bool]]:
        """Numbers of tokens by content, and whether they are exact."""
        found = self.connection.execute("SELECT content, tokens, exact FROM lengths WHERE model = ?", (model,))
        return {content: (tokens, bool(exact)) for content, tokens, exact in found}

    def keep_lengths(self, model: str, lengths: Mapping[int, tuple[int, bool]]) -> None:
        """Keep numbers of tokens of one model, and of no other."""
        with self._writing():
            self.connection.execute("DELETE FROM lengths WHERE model <> ?", (model,))
            rows = ((model, content, tokens, exact) for content, (tokens, exact) in lengths.items())
            self.connection.executemany("INSERT OR REPLACE INTO lengths VALUES (?, ?, ?, ?)", rows)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction; what cannot be written (a full disk, another process) is not kept."""
        with contextlib.suppress(sqlite3.OperationalError), self.connection:
            yield

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


def _opened(path: Path | None) -> sqlite3.Connection:
    connection = sqlite3.connect(path or ":memory:", timeout=5)
    try:
        # A look that is lost is taken again; nobody needs to wait for the disk.
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute("PRAGMA synchronous = OFF")
        if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            drop = "".join(f"DROP TABLE {name};" for (name,) in tables)
            connection.executescript(f"BEGIN IMMEDIATE;{drop}{_TABLES}PRAGMA user_version = {VERSION};COMMIT;")
    except BaseException:  # whatever stopped it: nobody else has the connection to close it
        connection.close()
        raise
    return connection


def _written(marks: tuple[Mark, ...]) -> str:
    return json.dumps(marks, ensure_ascii=True) if marks else ""


def _read(text: str) -> tuple[Mark, ...]:
    return tuple(Mark(*fields) for fields in json.loads(text)) if text else ()
