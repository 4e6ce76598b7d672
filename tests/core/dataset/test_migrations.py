"""Databases of other versions, other programs, and damaged ones; backups and the way back."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pytest

from core.dataset import backups, schema
from core.dataset.example import Example, Turn
from core.dataset.rows import columns_of, content_hash, listing_of, prompt_hash
from core.dataset.store import ExampleStore
from core.errors import ProjectError


def _state(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _filled(database: Path, *texts: str) -> None:
    store = ExampleStore(database)
    for text in texts:
        store.add([Example(text, "", "x")])
    store.close()


def test_a_newer_version_is_refused_and_not_touched(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as newer:
        newer.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, "ALTER TABLE examples ADD COLUMN mood TEXT;"))
        newer.setattr("core.dataset.store.MIGRATIONS", schema.MIGRATIONS)
        _filled(database, "a")
    before = _state(database.parent)
    for read_only in (False, True):
        with pytest.raises(ProjectError, match="newer version"):
            ExampleStore(database, read_only=read_only)
    assert _state(database.parent) == before


def test_an_older_version_is_migrated_after_a_verified_backup(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _filled(database, "a", "b")
    newer = (*schema.MIGRATIONS, "ALTER TABLE examples ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm';")
    monkeypatch.setattr(schema, "MIGRATIONS", newer)
    monkeypatch.setattr("core.dataset.store.MIGRATIONS", newer)
    with pytest.raises(ProjectError, match="older version"):
        ExampleStore(database, read_only=True)
    store = ExampleStore(database)
    assert [example.instruction for example in store.iterate()] == ["a", "b"]
    assert schema.version_in_file(database) == len(newer)
    store.close()
    (backup,) = backups.all_backups(database)
    assert f"before version {len(newer)}" in backup.path.name
    assert schema.version_in_file(backup.path) == len(newer) - 1


def test_version_1_gets_its_hashes(database: Path) -> None:
    examples = [Example("Ask  it", "", "yes", history=(Turn("user", "ä"), Turn("assistant", "b"))), Example("b", "c")]
    connection = sqlite3.connect(database)
    connection.executescript(f"PRAGMA journal_mode = WAL; {schema.MIGRATIONS[0]} PRAGMA user_version = 1;")
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    for id, example in enumerate(examples, start=1):
        columns = columns_of(example)
        older = columns[:9]  # what an example had then
        connection.execute(f"INSERT INTO examples VALUES (?{', ?' * len(older)}, 0.0)", (id, *older))
        listed = listing_of((id, *columns), 0.0)[:8]
        connection.execute("INSERT INTO listing VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?)", listed)
    connection.commit()
    connection.close()
    store = ExampleStore(database)
    assert list(store.iterate()) == examples
    with store._database.read() as reader:
        found = reader.execute("SELECT content, prompt FROM listing ORDER BY id").fetchall()
    assert found == [(content_hash(example), prompt_hash(example)) for example in examples]
    store.close()


def test_a_migration_that_fails_leaves_the_old_version(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _filled(database, "a")
    broken = (*schema.MIGRATIONS, "CREATE TABLE half (x); INSERT INTO nowhere VALUES (1);")
    with monkeypatch.context() as newer:
        newer.setattr(schema, "MIGRATIONS", broken)
        newer.setattr("core.dataset.store.MIGRATIONS", broken)
        with pytest.raises(ProjectError):
            ExampleStore(database)
    store = ExampleStore(database)
    assert store.get(1).instruction == "a"
    with store._database.read() as connection:
        assert connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'half'").fetchone() is None
    store.close()


def test_other_files_are_refused_and_not_touched(database: Path) -> None:
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE somebody (elses INTEGER)")
    connection.commit()
    connection.close()
    foreign = database.read_bytes()
    _filled(database.with_name("ours.db"), *"abc")
    half = database.with_name("ours.db").read_bytes()[:50]
    for content in (foreign, b"not a database", half, os.urandom(5000)):
        database.write_bytes(content)
        with pytest.raises(ProjectError, match="cannot be read"):
            ExampleStore(database)
        assert database.read_bytes() == content


def test_a_damaged_page_is_said_with_the_way_back(database: Path) -> None:
    store = ExampleStore(database)
    store.add(Example(f"{number}", "", "x" * 500) for number in range(300))
    store.close()
    store = ExampleStore(database)
    store.settle()
    store.close()
    data = bytearray(database.read_bytes())
    for page in range(4096, len(data), 4096):
        data[page : page + 64] = b"\xff" * 64
    database.write_bytes(data)

    def look() -> None:
        broken = ExampleStore(database)
        try:
            list(broken.iterate())
        finally:
            broken.close()

    with pytest.raises(ProjectError) as caught:
        look()
    assert "backups/examples" in caught.value.hint


def test_a_copy_is_made_once_a_day_after_opening(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _filled(database, "a")
    ExampleStore(database).close()
    days = []
    for day in range(3):
        today = date.today() + timedelta(days=day)
        _set_today(monkeypatch, today)
        for _ in range(2):  # opened twice that day
            store = ExampleStore(database)
            store.settle()
            store.add([Example(str(day))])
            store.close()
        days.append(today)
    found = backups.all_backups(database)
    assert len(found) == 3
    assert len({backup.revision for backup in found}) == 3
    _set_today(monkeypatch, days[-1] + timedelta(days=9))
    store = ExampleStore(database)
    store.settle()
    store.settle()
    store.close()
    store = ExampleStore(database)  # nothing has changed since
    store.settle()
    store.close()
    assert len(backups.all_backups(database)) <= 4


def _set_today(monkeypatch: pytest.MonkeyPatch, today: date) -> None:
    class Day(date):
        @classmethod
        def today(cls) -> date:
            return today

    monkeypatch.setattr(backups, "date", Day)
    monkeypatch.setattr(backups.time, "strftime", lambda form: f"{today.isoformat()} 120000" if " " in form else "1")


def test_a_copy_is_made_before_a_large_change(store: ExampleStore, database: Path) -> None:
    ids = store.add(Example(str(number)) for number in range(1200)).added
    store.update_many(ids[:5], note="few")
    store.settle()
    before = len(backups.all_backups(database))
    store.delete(ids)
    newest = backups.all_backups(database)[0]
    assert len(backups.all_backups(database)) == before + 1
    assert "before a large change" in newest.path.name
    copy = ExampleStore(newest.path, read_only=True)
    assert copy.counts().total == 1200
    copy.close()


def test_a_copy_that_differs_is_not_kept(store: ExampleStore, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add([Example("a")])
    copy = backups._copy

    def worse(source: sqlite3.Connection, path: Path) -> None:
        copy(source, path)
        other = sqlite3.connect(path)
        other.execute("UPDATE examples SET output = 'changed on the way'")
        other.commit()
        other.close()

    monkeypatch.setattr(backups, "_copy", worse)
    with pytest.raises(ProjectError, match="could not be copied"):
        backups.make(store._database)
    assert list(backups.folder_of(database).iterdir()) == []


def test_restoring_brings_everything_back_with_history(database: Path) -> None:
    store = ExampleStore(database)
    store.add([Example("a", "", "b")])
    store.update(1, output="c")
    backup = backups.make(store._database)
    store.delete([1])
    store.close()
    earlier = backups.restore(backup.path, database)
    assert earlier.exists()
    again = ExampleStore(database)
    assert again.get(1).output == "c"
    again.undo()
    assert again.get(1).output == "b"
    again.close()
    backup.path.write_bytes(backup.path.read_bytes()[:5000])
    before = database.read_bytes()
    with pytest.raises(ProjectError, match="could not be put back"):
        backups.restore(backup.path, database)
    assert database.read_bytes() == before


def test_copies_are_thinned_by_age_and_size(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = backups.folder_of(database)
    folder.mkdir()
    today = date.today()

    def fill() -> None:
        for age in range(400):
            day = (today - timedelta(days=age)).isoformat()
            (folder / f"examples {day} 080000 r{400 - age}.db").write_bytes(b"x" * 10)

    fill()
    (folder / "mine.db").write_bytes(b"")
    backups.thin(database)
    kept = [(today - backup.day).days for backup in backups.all_backups(database)]
    assert kept[:3] == [0, 1, 2]
    assert 8 <= len(kept) <= 14
    assert 90 < kept[-1] < 200
    assert (folder / "mine.db").exists()
    fill()
    monkeypatch.setattr(backups, "_ROOM", 45)
    backups.thin(database)
    assert [(today - backup.day).days for backup in backups.all_backups(database)][:3] == [0, 1, 2]
    assert len(backups.all_backups(database)) == 4
    monkeypatch.setattr(backups, "_ROOM", 0)
    backups.thin(database)
    assert len(backups.all_backups(database)) == 2
