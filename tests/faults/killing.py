"""Kills the real window again and again at random moments, and looks at what is on disk then."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import paths
from core.dataset.example import Example
from core.dataset.rows import FIELDS, columns_of, content_hash
from core.dataset.store import ExampleStore
from core.project import EXAMPLES_FILE, Project

Columns = tuple[str, ...]
Examples = dict[int, Columns]
_KILLS_A_PROJECT = 10
_BEGINNING = 8  # examples of a new project
_MOST_LINES = 50  # that the window may tell before it is killed
_DEADLINE = 60.0  # for the children of a killed window to end
_EMPTY = columns_of(Example())


@dataclass
class Figures:
    """What came of it.

    Attributes:
        kills: how often the window was killed.
        edits: what was told as durable and looked for after a kill.
        lost: what was not there, or not as it was told, in words.
        corrupt: what was wrong with the database, its history, or the folder.
        moments: what the window was at when it was killed.
    """

    kills: int = 0
    edits: int = 0
    lost: list[str] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)
    moments: Counter[str] = field(default_factory=Counter)


@dataclass
class Told:
    """What is known of the examples from what the window told until it was killed."""

    examples: Examples
    typing: dict[int, dict[str, str]] = field(default_factory=dict)  # texts on their way: what a field may hold
    stored: Examples = field(default_factory=dict)  # the least that examples in ``typing`` hold
    doing: dict[str, Any] | None = None
    edits: int = 0

    def hear(self, message: dict[str, Any]) -> None:
        """One more line."""
        match message:
            case {"typing": id, "field": name, "text": text}:
                self.typing.setdefault(id, {})[name] = text
            case {"saved": id, "columns": columns, "new": new}:
                self.edits += 1
                if new and self.typing:
                    self._adopt(id)
                self.stored[id] = tuple(columns)
            case {"doing": _}:
                self.doing = message
            case {"done": _, "columns": columns, "gone": gone}:
                self.edits += 1
                self._settle({int(id): tuple(values) for id, values in columns.items()}, gone)
                for id, row in zip(message.get("added", ()), rows_of(message), strict=bool(message.get("added"))):
                    self.examples[id] = row

    def _adopt(self, id: int) -> None:
        """The example that was being written for the first time has this id."""
        new = [number for number in self.typing if number < 0]
        if new:
            self.typing[id] = self.typing.pop(new[-1])

    def _settle(self, columns: Examples, gone: list[int]) -> None:
        self.examples.update(columns)
        for id in gone:
            self.examples.pop(id, None)
        self.typing.clear()
        self.stored.clear()
        self.doing = None

    @property
    def moment(self) -> str:
        """What the window was at."""
        if self.doing is not None:
            return "reading a file" if self.doing.get("reading") else str(self.doing["doing"])
        return "typing" if self.typing else "nothing"


def rows_of(message: dict[str, Any]) -> Iterator[Columns]:
    """The examples in the file of an import."""
    if "file" in message:
        for line in Path(message["file"]).read_text(encoding="utf-8").splitlines():
            yield columns_of(Example(**json.loads(line)))


class Killer:
    """Has the window opened on projects in a folder, and kills it."""

    def __init__(self, folder: Path, dice: random.Random) -> None:
        self._folder, self._dice = folder, dice
        self.figures = Figures()
        surroundings = {
            "QT_QPA_PLATFORM": "offscreen",
            "OMP_WAIT_POLICY": "passive",
            "QT_LOGGING_RULES": "*=false",
            "TUNESMITH_HOME": str(folder / "home"),
            "PYTHONPATH": os.pathsep.join((str(paths.package_root()), os.environ["PYTHONPATH"])),
        }
        self._server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("killed_window.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **surroundings},
        )

    def close(self) -> None:
        """End what opens the windows."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(_DEADLINE)
        self._server.stdout.close()

    def kill(self, project: Path) -> None:
        """Once more: open, let it work, kill, look."""
        with Project.open(project) as opened:
            told = Told({example.id: columns_of(example) for example in opened.store.iterate()})
        group = self._run(project, told)
        self.figures.kills += 1
        self.figures.edits += told.edits
        self.figures.moments[told.moment] += 1
        where = f"kill {self.figures.kills} while {told.moment}"
        self.figures.lost += [f"{where}: {problem}" for problem in look_at_examples(project, told)]
        self.figures.corrupt += [f"{where}: {problem}" for problem in look_at_folder(project, group)]

    def _run(self, project: Path, told: Told) -> int:
        """The window's life; returns its process group."""
        pipe_in, pipe_out = self._server.stdin, self._server.stdout
        assert pipe_in is not None
        assert pipe_out is not None
        asked = {"project": str(project), "seed": self._dice.randrange(1 << 30)}
        pipe_in.write(json.dumps(asked).encode() + b"\n")
        pipe_in.flush()
        pid = int(json.loads(pipe_out.readline())["pid"])
        for _ in range(self._dice.randint(1, _MOST_LINES)):
            message = json.loads(pipe_out.readline())
            assert "stuck" not in message, message
            told.hear(message)
        at_import = (told.doing or {}).get("doing") == "import"
        time.sleep(self._dice.uniform(0, 0.3 if at_import else 0.02))  # any moment after the last word
        os.kill(pid, 9)
        while (line := pipe_out.readline()) != b"over\n":
            with contextlib.suppress(ValueError):  # the line in which it was killed
                told.hear(json.loads(line))
        return pid


def look_at_examples(project: Path, told: Told) -> Iterator[str]:
    """What is neither as told nor as after the whole of what the window was at."""
    with Project.open(project) as opened:  # the lock is free
        found = {example.id: columns_of(example) for example in opened.store.iterate()}
        if list(project.glob(".staging-*")):
            yield "a staging file is left"
    if told.typing:
        yield from differences(found, told)
    elif found == {**told.examples, **told.stored}:
        return
    elif told.doing is None or told.doing.get("reading") or told.stored:
        yield f"differs in {_different(found, told.examples)[:5]}"
    else:
        # The step that it was at was made as a whole; taken back, everything is as it was told.
        with copied(project) as store:
            _ = store.redo() if told.doing["doing"] == "undo" else store.undo()
            before = {example.id: columns_of(example) for example in store.iterate()}
        if before != told.examples:
            yield f"half of a step: {_different(before, told.examples)[:5]}"


def differences(found: Examples, told: Told) -> Iterator[str]:
    """What is neither as told nor on its way there."""
    new = [number for number in told.typing if number < 0]
    for id in sorted(found.keys() | told.examples.keys() | told.stored.keys()):
        there = found.get(id)
        least = told.stored.get(id, told.examples.get(id))
        if there is None:
            yield f"example {id} is gone"
            continue
        if least is None:
            if not new:
                yield f"example {id} came from nowhere"
                continue
            number, least = new.pop(), _EMPTY
        else:
            number = id
        most = told.typing.get(number, {})
        for name, text, lower in zip(FIELDS, there, least, strict=True):
            if text != lower and not (text.startswith(lower) and most.get(name, "").startswith(text)):
                yield f"{name} of example {id} is {text!r} and not {lower!r} to {most.get(name)!r}"


def look_at_folder(project: Path, group: int) -> Iterator[str]:
    """What is wrong with the database, its history, and what lies beside it."""
    wait_for_end(group)
    with Project.open(project):
        left = [path.name for path in (*project.glob(".staging-*"), *(project / "backups").glob(".tmp-*"))]
        if left:
            yield f"{left} are left"
    with contextlib.closing(sqlite3.connect(project / EXAMPLES_FILE)) as connection:
        said = connection.execute("PRAGMA integrity_check").fetchall()
        if said != [("ok",)]:
            yield f"{said[:3]}"
    with copied(project) as store:
        yield from look_at_history(store)


def look_at_history(store: ExampleStore) -> Iterator[str]:
    """Undo all, redo all: the same examples; the list knows them as they are."""
    now = list(store.iterate())
    with store._database.read() as connection:
        listed = dict(connection.execute("SELECT id, content FROM listing WHERE NOT removed"))
    if listed != {example.id: content_hash(example) for example in now}:
        yield "the list and the examples differ"
    again = 0
    while store.redo():  # what the window had taken back
        again += 1
    end = list(store.iterate())
    steps = 0
    while store.undo():
        steps += 1
    if store.counts().total:
        yield f"{store.counts().total} examples are there before the first step"
    for _ in range(steps):
        store.redo()
    if _with_ids(store.iterate()) != _with_ids(end):
        yield f"{steps} steps back and forth give other examples"
    for _ in range(again):
        store.undo()
    if _with_ids(store.iterate()) != _with_ids(now):
        yield f"{again} steps forth and back give other examples"


def _with_ids(examples: Any) -> list[tuple[int, Columns]]:
    return [(example.id, columns_of(example)) for example in examples]


def _different(one: Examples, other: Examples) -> list[int]:
    return sorted(id for id in one.keys() | other.keys() if one.get(id) != other.get(id))


@contextlib.contextmanager
def copied(project: Path) -> Iterator[ExampleStore]:
    """A store on a copy of a closed project's database."""
    place = project.with_name("copy")
    place.mkdir()
    for path in project.glob(f"{EXAMPLES_FILE}*"):
        shutil.copyfile(path, place / path.name)
    store = ExampleStore(place / EXAMPLES_FILE)
    try:
        yield store
    finally:
        store.close()
        shutil.rmtree(place)


def wait_for_end(group: int) -> None:
    """The processes that the killed window had started end by themselves."""
    until = time.monotonic() + _DEADLINE
    with contextlib.suppress(ProcessLookupError):
        while True:
            os.killpg(group, 0)
            assert time.monotonic() < until, "a process outlives the window"
            time.sleep(0.01)


def kill_many(
    folder: Path, kills: int, *, seed: int, each: Callable[[Figures], object] = lambda figures: None
) -> Figures:
    """Kill the window so many times, with a new project now and then.

    Args:
        folder: empty; takes everything that is made.
        kills: how many times.
        seed: of the moments and of what the person at the window does.
        each: told the figures after every kill.
    """
    killer = Killer(folder, random.Random(seed))
    try:
        for number in range(kills):
            project = folder / f"project {number // _KILLS_A_PROJECT}"
            if not project.exists():
                with Project.create(project) as made:
                    made.store.add(Example(f"example {n}", "", f"output {n}") for n in range(_BEGINNING))
            killer.kill(project)
            each(killer.figures)
            if (number + 1) % _KILLS_A_PROJECT == 0:
                shutil.rmtree(project)
                for file in folder.glob("rows-*.jsonl"):
                    file.unlink()
    finally:
        killer.close()
    return killer.figures
