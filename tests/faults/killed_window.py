"""The real window with somebody at it who never stops, to be killed (started by killing.py; no test).

    python killed_window.py

For each line on its standard input, ``{"project": FOLDER, "seed": NUMBER}``, it forks a process that opens the window
on that project, works in it, and tells what it is about to do and what has become durable, a JSON object a line:

    {"pid": 1}                                        the process to be killed
    {"ready": true}                                   the window is there
    {"typing": ID, "field": NAME, "text": TEXT}       keys are about to be pressed; then the field has this text
    {"saved": ID, "columns": [...], "number": -1}     autosave says so in the middle of the typing
    {"doing": KIND, ...}                              a step is about to be made
    {"done": KIND, "columns": {ID: [...]}, "gone": [ID, ...], ...}    it is durable, as far as the window says
    {"stuck": WHAT}                                   something that was waited for never came

``over`` follows when the process has ended. The imports of Qt and the app are made once, before the first fork: a kill
costs a third of a second and not two.
"""

from __future__ import annotations

import gc
import json
import os
import random
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest

from app import __main__, stations, window
from app.pages.examples import ExamplesPage
from core.dataset.change import Change
from core.dataset.rows import columns_of
from core.dataset.store import ExampleStore

Condition = Callable[[], object]
_PATIENCE = 60.0  # seconds, after which something waited for will never come
_LETTERS = "abcdefghij .,"
_MANY = 2500  # rows of a large file


class Driver(QObject):
    """Acts in turns of the event loop; ``_script`` yields what it waits for."""

    def __init__(self, of: window.Window, seed: int, folder: Path) -> None:
        super().__init__(of)
        self._window, self._dice, self._folder = of, random.Random(seed), folder
        self._seed, self._files = seed, 0
        self._changes: list[Change] = []
        self._touched: set[int] = set()
        self._waiting: Condition = lambda: True
        self._since = time.monotonic()
        self._acts = self._script()
        of.session.examples_changed.connect(lambda change, _source: self._changes.append(change))
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._turn)
        self._timer.start(1)

    def _turn(self) -> None:
        if self._waiting():
            self._waiting, self._since = next(self._acts), time.monotonic()
        elif time.monotonic() - self._since > _PATIENCE:
            tell(stuck=str(self._waiting))
            os._exit(1)

    def _script(self) -> Iterator[Condition]:
        yield lambda: self._window.session.project is not None and self._window.station == "examples"
        yield lambda: self.page.table.counts.total == self.store.counts().total
        self.page.desk.autosave.saved.connect(self._saved)
        tell(ready=True)
        acts = [self._type] * 6 + [self._new] * 2 + [self._go, self._change, self._delete, self._duplicate]
        acts += [self._undo] * 2 + [self._redo] * 2 + [self._import] * 2
        while True:
            yield from self._dice.choice(acts)()

    @property
    def page(self) -> ExamplesPage:
        page = self._window.pages["examples"]
        assert isinstance(page, ExamplesPage)
        return page

    @property
    def store(self) -> ExampleStore:
        project = self._window.session.project
        assert project is not None
        return project.store

    # --- Typing -------------------------------------------------------------------------------------------------------

    def _type(self) -> Iterator[Condition]:
        """Some words at the end of a field; now and then the person waits, moves on, or leaves the field."""
        if self.page.desk.shown is None:
            return
        self._touched = set()
        yield from self._burst(self._dice.choice(("instruction", "input", "output")))
        yield from self._quiet()

    def _new(self) -> Iterator[Condition]:
        """An example that is written for the first time."""
        self.page.new()
        self._touched = set()
        for field in ("instruction", "output"):
            yield from self._burst(field)
        yield from self._quiet()

    def _burst(self, field: str) -> Iterator[Condition]:
        desk, editor = self.page.desk, self.page.form.fields[field].editor
        editor.setFocus()
        for _ in range(self._dice.randint(1, 8)):
            if desk.shown is None:
                return
            editor.moveCursor(QTextCursor.MoveOperation.End)
            keys = "".join(self._dice.choices(_LETTERS, k=self._dice.randint(1, 6)))
            self._touched.add(desk.shown)
            tell(typing=desk.shown, field=field, text=editor.text() + keys)
            QTest.keyClicks(editor, keys)
            if self._dice.random() < 0.1:
                desk.autosave.flush()  # as when the list is clicked
            yield self._pause(self._dice.choice((0.0, 0.0, 0.01, 0.05, 0.35)))
        if self._dice.random() < 0.8:
            self.page.form.left.emit()  # as when the focus goes elsewhere

    def _quiet(self) -> Iterator[Condition]:
        """Until all that was typed is durable; what the form shows is what must be there after a kill."""
        yield lambda: not self.page.desk.autosave.busy
        form = self.page.form.example()
        columns = {}
        for id in self._touched | {form.id}:
            if id > 0:
                columns[id] = columns_of(form if id == form.id else self.store.get(id))
        tell(done="typing", columns=columns, gone=[])

    def _saved(self, change: Change) -> None:
        """In the middle of the typing: what is stored now is the least that must be there after a kill."""
        for id in (*change.added, *change.changed):
            self._touched.add(id)
            tell(saved=id, columns=columns_of(self.store.get(id)), new=bool(change.added))

    # --- Steps --------------------------------------------------------------------------------------------------------

    def _go(self) -> Iterator[Condition]:
        """To another example."""
        self._dice.choice((self.page.desk.next, self.page.desk.previous))()
        yield self._pause(0.0)

    def _change(self) -> Iterator[Condition]:
        """Tags, which are stored at once."""
        if self._is_stored():
            yield from self._step(
                "tags", lambda: self.page.form.details.tags_changed.emit((f"t{self._dice.random():.6f}",))
            )

    def _delete(self) -> Iterator[Condition]:
        if self._is_stored():
            yield from self._step("delete", lambda: self.page.verbs.delete_these([self.page.desk.shown or 0]))

    def _duplicate(self) -> Iterator[Condition]:
        if self._is_stored():
            yield from self._step("duplicate", lambda: self.page.verbs.duplicate_these([self.page.desk.shown or 0]))

    def _undo(self) -> Iterator[Condition]:
        for _ in range(self._dice.randint(1, 3)):
            if self.store.undo_label is not None:
                yield from self._step("undo", self._window.steps.undo)

    def _redo(self) -> Iterator[Condition]:
        for _ in range(self._dice.randint(1, 3)):
            if self.store.redo_label is not None:
                yield from self._step("redo", self._window.steps.redo)

    def _import(self) -> Iterator[Condition]:
        """A file through the import window, small or large."""
        self._files += 1
        file = self._folder / f"rows-{self._seed}-{self._files}.jsonl"
        amount = _MANY if self._dice.random() < 0.3 else self._dice.randint(1, 40)
        rows = ({"instruction": f"{file.stem}, row {n}", "input": "", "output": "x" * 200} for n in range(amount))
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        tell(doing="import", file=str(file), reading=True)
        dialog = self.page.files.import_examples(file)
        assert dialog is not None
        yield dialog.button.isEnabled
        yield from self._step("import", dialog.button.click, file=str(file))
        yield lambda: not self._window.findChildren(type(dialog))

    def _step(self, kind: str, act: Callable[[], object], **more: Any) -> Iterator[Condition]:
        self._changes.clear()
        tell(doing=kind, **more)
        act()
        yield lambda: self._changes
        change = self._changes[0]
        there = () if kind == "import" else self.store.rows((*change.added, *change.changed))
        columns = {example.id: columns_of(example) for example in there}
        tell(done=kind, columns=columns, gone=change.removed, added=change.added if kind == "import" else (), **more)
        yield self._pause(self._dice.choice((0.0, 0.005)))

    def _is_stored(self) -> bool:
        return (self.page.desk.shown or 0) > 0

    def _pause(self, seconds: float) -> Condition:
        until = time.monotonic() + seconds
        return lambda: time.monotonic() >= until


def tell(**message: Any) -> None:
    """One line on the standard output, without a buffer that a kill would empty."""
    line = json.dumps(message).encode() + b"\n"
    try:
        while line:
            line = line[os.write(1, line) :]
    except BrokenPipeError:  # nobody is there any more to kill this window
        os._exit(1)


def work(project: Path, seed: int) -> None:
    """Open the window as the program does, with somebody at it."""

    class Used(window.Window):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
            self.driver = Driver(self, seed, project.parent)

    window.Window = Used  # type: ignore[misc]
    __main__.open_window(project)


def main() -> None:
    """Fork a window for every line that is asked for."""
    for station in stations.STATIONS:
        station.page_class()
    gc.freeze()
    while line := sys.stdin.readline():
        asked = json.loads(line)
        pid = os.fork()
        if not pid:
            os.setsid()
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            tell(pid=os.getpid())
            try:
                work(Path(asked["project"]), asked["seed"])
            except BaseException:  # noqa: BLE001 - it is printed; this process must not go on as the one it was forked from
                traceback.print_exc()
            finally:
                os._exit(1)
        os.waitpid(pid, 0)
        os.write(1, b"\nover\n")


if __name__ == "__main__":
    main()
