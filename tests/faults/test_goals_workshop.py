"""What the workshop promises for bad days: R2, R12, R13 and R15 of the reliability goals, each by its name.

R1 is test_kill_window.py's, S10 test_text_is_text_on_screen.py's. R17 (one window at a time, a lock that ends with its
process) is tests/core/test_project.py's and, for the window itself, test_kill_window.py's.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook
from pytestqt.qtbot import QtBot

from core.cli.main import main
from core.dataset import backups, files
from core.dataset.example import Example, Split, Status, Turn
from core.dataset.importing.reading import Reading
from core.dataset.importing.source import Source
from core.dataset.importing.staging import Staging
from core.dataset.store import ExampleStore
from core.dataset.tagging import change_tags
from core.dataset.versions import Versions
from core.errors import ProjectError
from core.project import EXAMPLES_FILE, Project

AWKWARD = "Größe 数据 #1 %20 'x'"
MANY = backups.MANY


# --- R2: what is typed is durable within a second of the last key -----------------------------------------------------


def test_r2_what_is_typed_is_stored_by_itself_within_a_second(qtbot: QtBot, tmp_path: Path) -> None:
    from app.models.autosave import Autosave
    from app.session import Session

    with Project.create(tmp_path / "letters") as made:
        made.store.add([Example("Greet Anna")])
    session = Session()
    session.open(tmp_path / "letters")
    autosave = Autosave(session.write)
    assert session.project is not None
    autosave.set_store(session.project.store)
    assert autosave._pause.interval() <= 500  # from the last key; the rest of the second is the disk's
    assert autosave._longest.interval() <= 1000  # for who types without a pause
    autosave.edit(1, "output", "Ahoy")
    assert autosave._pause.isActive()
    assert autosave._longest.isActive()
    qtbot.waitUntil(lambda: not autosave.busy)  # nobody asked for it
    with Project.open(tmp_path / "letters", read_only=True) as another:
        assert another.store.get(1).output == "Ahoy"
    session.close()


# --- R12: a thousand operations, taken back and done again ------------------------------------------------------------


class Hands:
    """Does something at random to the examples of a store."""

    def __init__(self, seed: int, folder: Path) -> None:
        self._dice = random.Random(seed)
        self._folder = folder
        self._staged = 0
        self.acts = (
            *(self.add, self.update, self.update, self.turns, self.update_many, self.update_each),
            *(self.delete, self.duplicate, self.tag, self.add_staged, self.travel),
        )

    def do_something(self, store: ExampleStore) -> None:
        """One operation."""
        ids = list(store.ids())
        some = self._dice.sample(ids, min(len(ids), self._dice.randint(1, 6)))
        (self._dice.choice(self.acts) if some else self.add)(store, some)

    def add(self, store: ExampleStore, _some: list[int]) -> None:
        store.add(self._example() for _ in range(self._dice.randint(1, 4)))

    def update(self, store: ExampleStore, some: list[int]) -> None:
        field = self._dice.choice(("instruction", "input", "output", "system", "note"))
        store.update(some[0], **{field: self._text()})

    def turns(self, store: ExampleStore, some: list[int]) -> None:
        store.update(some[0], history=(Turn("user", self._text()), Turn("assistant", "ok")))

    def update_many(self, store: ExampleStore, some: list[int]) -> None:
        store.update_many(some, status=self._dice.choice(list(Status)), split=self._dice.choice(list(Split)))

    def update_each(self, store: ExampleStore, some: list[int]) -> None:
        store.update_each(((id, {"output": self._text()}) for id in some), label="Replace in {count} examples")

    def delete(self, store: ExampleStore, some: list[int]) -> None:
        store.delete(some)

    def duplicate(self, store: ExampleStore, some: list[int]) -> None:
        store.duplicate(some)

    def tag(self, store: ExampleStore, some: list[int]) -> None:
        change_tags(store, some, add=[self._dice.choice("abc")], remove=[self._dice.choice("abc")])

    def add_staged(self, store: ExampleStore, _some: list[int]) -> None:
        self._staged += 1
        path = self._folder / f"staged-{self._staged}"
        with Staging(path) as staging:
            for row in range(self._dice.randint(1, 5)):
                staging.add(row, self._example())
        leave_out = self._dice.choice(((), ("twice",), ("twice", "known")))
        store.add_staged(path, label="Import {count} examples", leave_out=leave_out)
        path.unlink()

    def travel(self, store: ExampleStore, _some: list[int]) -> None:
        for _ in range(self._dice.randint(1, 3)):
            store.undo()
        for _ in range(self._dice.randint(0, 2)):
            store.redo()

    def _example(self) -> Example:
        return Example(self._text(), self._text(), self._text(), tags=(self._dice.choice("abc"),))

    def _text(self) -> str:
        return "".join(self._dice.choices("ab é数\n\"'=📦<>", k=self._dice.randint(0, 12)))


def exported(store: ExampleStore, path: Path) -> bytes:
    """What an export of all examples holds, and their ids."""
    files.write(path, (replace(example, id=0) for example in store.iterate()))
    return path.read_bytes() + str(list(store.ids())).encode()


@pytest.mark.slow
def test_r12_a_thousand_operations_taken_back_and_done_again_are_byte_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.dataset.store.back_up_before", lambda *_: None)  # a hundred imports; backups are R13's
    database, file = tmp_path / EXAMPLES_FILE, tmp_path / "all.jsonl"
    store = ExampleStore(database)
    beginning = exported(store, file)
    hands = Hands(12, tmp_path)
    for number in range(1000):
        hands.do_something(store)
        if number == 500:
            store.close()
            store = ExampleStore(database)
    while store.redo():
        pass
    end = exported(store, file)
    steps = 0
    while store.undo():
        steps += 1
    assert exported(store, file) == beginning
    store.close()
    store = ExampleStore(database)
    for _ in range(steps):
        assert store.redo() is not None
    assert exported(store, file) == end
    assert steps > 300
    store.close()


# --- R13: backups -----------------------------------------------------------------------------------------------------


def test_r13_a_copy_is_made_at_open_when_it_is_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / AWKWARD
    with Project.create(project) as made:
        made.store.add([Example("first")])
    for _ in range(2):  # the second finds that of today
        with Project.open(project) as opened:
            opened.store.settle()
    (first,) = backups.all_backups(project / EXAMPLES_FILE)

    class Tomorrow(date):
        @classmethod
        def today(cls) -> date:
            return first.day + timedelta(days=1)

    left = project / "backups" / ".tmp-1.db"
    left.write_bytes(b"of a process that was killed")
    with Project.open(project) as opened:
        assert not left.exists()
        opened.store.settle()
        opened.store.add([Example("second")])
    monkeypatch.setattr(backups, "date", Tomorrow)
    with Project.open(project) as opened:
        opened.store.settle()
    found = backups.all_backups(project / EXAMPLES_FILE)
    assert len(found) == 2
    assert found[0].revision > found[1].revision


def _staged(folder: Path) -> Path:
    path = folder / ".staging-test"
    with Staging(path) as staging:
        staging.add(1, Example("staged"))
    return path


BULK: dict[str, Callable[[ExampleStore, range, Path], object]] = {
    "update_many": lambda store, ids, _: store.update_many(ids, note="changed"),
    "update_each": lambda store, ids, _: store.update_each(((id, {"note": "changed"}) for id in ids), label="Replace"),
    "tags": lambda store, ids, _: change_tags(store, ids, add=["changed"]),
    "delete": lambda store, ids, _: store.delete(ids),
    "import": lambda store, _, folder: store.add_staged(_staged(folder), label="Import"),
    "version": lambda store, _, folder: Versions(folder).restore(store, Versions(folder).all()[0]),
}


@pytest.mark.parametrize("kind", BULK)
def test_r13_a_copy_is_made_before_a_bulk_operation_and_gives_the_examples_back(tmp_path: Path, kind: str) -> None:
    database = tmp_path / EXAMPLES_FILE
    store = ExampleStore(database)
    store.add(Example(f"example {n}", "", "x") for n in range(MANY))
    Versions(tmp_path).save(store, "all")
    store.update(1, output="the newest words")
    before = list(store.iterate())
    BULK[kind](store, range(1, MANY + 1), tmp_path)
    assert list(store.iterate()) != before
    newest = backups.all_backups(database)[0]
    assert ("before an import" if kind == "import" else "before a large change") in newest.path.name
    store.close()
    backups.restore(newest.path, database)
    store = ExampleStore(database)
    assert list(store.iterate()) == before
    assert store.undo_label == "Edit output of example 1"
    store.close()


def test_r13_a_flipped_byte_is_refused(tmp_path: Path) -> None:
    database = tmp_path / EXAMPLES_FILE
    store = ExampleStore(database)
    store.add(Example(f"example {n}", "", "words " * 50) for n in range(100))
    backup = backups.make(store._database).path
    store.close()
    whole, now = backup.read_bytes(), database.read_bytes()
    dice = random.Random(13)
    for place in [whole.index(b"words"), *(dice.randrange(len(whole)) for _ in range(40))]:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << dice.randrange(8)
        backup.write_bytes(damaged)
        with pytest.raises(ProjectError, match="could not be put back"):
            backups.restore(backup, database)
        assert database.read_bytes() == now
    assert [path.name for path in tmp_path.glob(".restoring-*")] == []
    backup.write_bytes(whole)
    backups.restore(backup, database)


def test_r13_a_copy_and_its_hash_go_together(tmp_path: Path) -> None:
    database = tmp_path / EXAMPLES_FILE
    store = ExampleStore(database)
    for number in range(8):
        store.add([Example(str(number))])
        backups.make(store._database, why=f"before {number}")
    store.close()
    folder = backups.folder_of(database)
    copies = {path.name for path in folder.glob("*.db")}
    assert {path.name for path in folder.glob("*.sha256")} == {f"{name}.sha256" for name in copies}
    (folder / ".tmp-1.db").write_bytes(b"of a process that was killed")
    backups.clear_stale(database)
    assert not (folder / ".tmp-1.db").exists()
    assert {path.name for path in folder.glob("*.db")} == copies


# --- R15: paths -------------------------------------------------------------------------------------------------------


def _long(folder: Path) -> Path:
    """A folder whose path has 200 characters."""
    while len(str(folder)) < 150:
        folder = folder / ("a long name " * 4).strip()
    return folder / ("n" * (199 - len(str(folder))))


@pytest.fixture(params=["awkward", "long"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder that programs stumble over."""
    folder = tmp_path / AWKWARD if request.param == "awkward" else _long(tmp_path)
    folder.mkdir(parents=True)
    assert request.param == "awkward" or len(str(folder)) == 200
    return folder


def test_r15_a_project_works_in_any_folder(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Project.create(place / "project") as project:
        store = project.store
        store.add([Example("Größe?", "数据", "'x' #1 %20")])
        store.update(1, output="=1+1")
        for source in (_csv(place), _xlsx(place)):
            reading = Reading(Source(source), project=project.path)
            list(reading.messages())
            store.add_staged(reading.staged, label=f"Import {source.name}")
            reading.close()
        assert [example.instruction for example in store.iterate()] == ["Größe?", "from csv", "from xlsx"]
        assert Versions(project.path).save(store, AWKWARD).count == 3
        assert backups.make(store._database).path.exists()
        expected = list(store.iterate())
    with Project.open(place / "project") as project:
        assert list(project.store.iterate()) == expected
    for ending in ("jsonl", "json", "csv", "xlsx"):
        file = place / f"{AWKWARD}.{ending}"
        assert main(["export-examples", str(place / "project"), str(file), "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"path": str(file), "examples": 3}
        again = [replace(example, id=0) for example in files.read(file).examples]
        assert [(e.instruction, e.input, e.output) for e in again] == [
            (e.instruction, e.input, e.output) for e in expected
        ]
    assert main(["import", str(place / "project"), str(place / f"{AWKWARD}.csv"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["imported"] == 3


def _csv(folder: Path) -> Path:
    path = folder / f"{AWKWARD} in.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("instruction", "output"), ("from csv", "Ahoy")])
    return path


def _xlsx(folder: Path) -> Path:
    path = folder / f"{AWKWARD} in.xlsx"
    book = Workbook()
    book.active.append(["instruction", "output"])
    book.active.append(["from xlsx", "Ahoy"])
    book.save(path)
    return path
