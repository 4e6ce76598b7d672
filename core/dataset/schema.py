"""The tables of ``examples.db``, and how older files become new ones.

``examples`` holds what the user wrote; a row stays there while any undo or redo step may need it. ``listing`` is the
narrow table beside it from which lists, counts and orders are made, and the one place that knows whether an example is
removed: taking back an import of 100,000 examples touches a few megabytes, and no row is ever stored twice. Its
``content`` is a hash of what training sees, ``prompt`` the hash that decides the example's side.
``steps`` with ``spans`` (examples added or removed) and ``edits`` (fields changed) is the history. ``search`` is an
index of three-letter pieces; examples with an id over ``about.searchable_to`` are not in it yet. ``garbage`` names
examples that no step can bring back.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from core.errors import ProjectError

APPLICATION_ID = 0x54756E65  # "Tune": tells our files from other SQLite databases
_MAGIC = b"SQLite format 3\x00"

_FIRST = """
CREATE TABLE about (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO about VALUES ('revision', 0), ('searchable_to', 0);

CREATE TABLE examples (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    instruction TEXT NOT NULL,
    input TEXT NOT NULL,
    output TEXT NOT NULL,
    system TEXT NOT NULL,
    history TEXT NOT NULL,
    tags TEXT NOT NULL,
    note TEXT NOT NULL,
    status TEXT NOT NULL,
    split TEXT NOT NULL,
    created REAL NOT NULL
);
CREATE INDEX examples_tagged ON examples (tags) WHERE tags <> '';

CREATE TABLE listing (
    id INTEGER PRIMARY KEY,
    removed INTEGER NOT NULL DEFAULT 0,
    shown INTEGER NOT NULL,
    split INTEGER NOT NULL,
    length INTEGER NOT NULL,
    updated REAL NOT NULL,
    instruction TEXT NOT NULL,
    input TEXT NOT NULL,
    output TEXT NOT NULL
);

CREATE TABLE steps (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    label TEXT NOT NULL,
    began REAL NOT NULL,
    at REAL NOT NULL,
    merge TEXT NOT NULL DEFAULT '',
    undone INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE spans (step INTEGER NOT NULL, added INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL);
CREATE INDEX spans_of_step ON spans (step);
CREATE TABLE edits (step INTEGER NOT NULL, example INTEGER NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL);
CREATE INDEX edits_of_step ON edits (step);
CREATE TABLE garbage (first INTEGER NOT NULL, last INTEGER NOT NULL);

CREATE VIRTUAL TABLE search USING fts5 (text, content='', detail=none, tokenize='trigram case_sensitive 1');
"""

_SECOND = """
ALTER TABLE listing ADD COLUMN content INTEGER NOT NULL DEFAULT 0;
ALTER TABLE listing ADD COLUMN prompt INTEGER NOT NULL DEFAULT 0;
UPDATE listing SET
    content = (SELECT content_of(instruction, input, output, system, history) FROM examples e WHERE e.id = listing.id),
    prompt = (SELECT prompt_of(instruction, input, history) FROM examples e WHERE e.id = listing.id);
CREATE INDEX listing_content ON listing (content);
CREATE INDEX listing_shown ON listing (shown) WHERE NOT removed;
CREATE INDEX edits_of_example ON edits (example);
"""

_THIRD = """
ALTER TABLE examples ADD COLUMN rejected TEXT NOT NULL DEFAULT '';
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _SECOND, _THIRD)
"""``MIGRATIONS[n]`` makes version n + 1 of version n; released ones are never edited."""


def version_in_file(path: Path) -> int:
    """The version of a database file, read from its header without touching anything.

    Raises:
        ProjectError: it is not a database of this app.
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        header = file.read(108)
    if not header.startswith(_MAGIC) or len(header) < 108:
        raise damaged(path, "The file is not a database.")
    version = int.from_bytes(header[60:64], "big")
    made_by = int.from_bytes(header[68:72], "big")
    tables = int.from_bytes(header[103:105], "big")
    if made_by != APPLICATION_ID and (made_by or version or tables):  # a new file has none until its first checkpoint
        raise foreign(path)
    return version


def check_version(version: int, path: Path) -> None:
    """Refuse a database that a newer version of the app made.

    Raises:
        ProjectError: it is newer.
    """
    if version > len(MIGRATIONS):
        raise ProjectError(
            "This project was made by a newer version of Tunesmith.",
            reason=f"Its examples are stored in format {version}; this version knows formats up to {len(MIGRATIONS)}.",
            hint="Update Tunesmith, then open the project again. Nothing was changed.",
            details=str(path),
        )


def version_of(connection: sqlite3.Connection) -> int:
    """The version of an open database; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection) -> None:
    """Bring an open database to the newest version, in one transaction, and its header with it."""
    version = version_of(connection)
    script = "".join(MIGRATIONS[version:])
    if not script:
        return
    try:
        connection.executescript(
            f"BEGIN IMMEDIATE; {script} PRAGMA application_id = {APPLICATION_ID};"
            f"PRAGMA user_version = {len(MIGRATIONS)}; COMMIT;"
        )
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether nothing was ever stored in it."""
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None


def foreign(path: Path) -> ProjectError:
    """The words for a database of another program."""
    return damaged(path, "The database was not made by this app.")


def damaged(path: Path, reason: str) -> ProjectError:
    """The words for a database that cannot be read."""
    backups = path.parent / "backups"
    newest = max((file.name for file in backups.glob("*.db")), default="") if backups.is_dir() else ""
    hint = (
        f"Copy backups/{newest} over {path.name} to go back to that state."
        if newest
        else "If there is a copy of the project's folder elsewhere, open that."
    )
    return ProjectError("The examples of this project cannot be read.", reason=reason, hint=hint, details=str(path))
