"""Imports and exports of the Examples page with the real reader: all or nothing at any moment, one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from example_bench import THREE, make_project, stored, until
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from app.leaving import Leaving
from app.models.example_table import ExampleTable
from app.models.token_counter import TokenCounter
from app.pages.example_files import ExampleFiles
from app.session import Session
from app.widgets.example_browser import ExampleBrowser
from app.widgets.import_dialog import ImportDialog
from app.widgets.toast import Toast
from core.dataset import files
from core.dataset.example import Example
from core.dataset.store import Change, ExampleStore
from core.project import Project


class Bench:
    """The verbs beside a table, as the page has them."""

    def __init__(self, qtbot: QtBot, session: Session) -> None:
        self.session = session
        self.page = QWidget()
        qtbot.addWidget(self.page)
        self.page.resize(1000, 700)
        self.table = ExampleTable(TokenCounter(self.page), self.page)
        self.browser = ExampleBrowser(self.table)
        self.browser.setParent(self.page)
        self.files = ExampleFiles(session, self.browser, self.page)
        self.imported: list[Change] = []
        self.files.imported.connect(self.imported.append)
        self.page.show()

    @property
    def toasts(self) -> list[str]:
        return [toast.text for toast in self.page.findChildren(Toast)]


@pytest.fixture
def session(qtbot: QtBot, tmp_path: Path) -> Iterator[Session]:
    session = Session()
    session.open(make_project(tmp_path / "project", THREE))
    yield session
    session.close()


@pytest.fixture
def bench(qtbot: QtBot, session: Session) -> Bench:
    made = Bench(qtbot, session)
    assert session.project is not None
    made.table.set_source(session.project.store)
    until(qtbot, lambda: made.table.counts.total == 3)
    return made


def letters(folder: Path, amount: int = 50) -> Path:
    file = folder / "letters.jsonl"
    rows = ({"instruction": f"Greet {n}", "input": "", "output": "Ahoy!"} for n in range(amount))
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def ready(qtbot: QtBot, bench: Bench, source: Path | str) -> ImportDialog:
    """The window with everything read."""
    dialog = bench.files.import_examples(source)
    assert dialog is not None
    until(qtbot, dialog.button.isEnabled, "nothing to import")
    return dialog


def staging_files(session: Session) -> list[str]:
    assert session.project is not None
    return [path.name for path in session.project.path.glob(".staging-*")]


def test_imports_tell_what_is_new_and_are_one_step(qtbot: QtBot, bench: Bench, tmp_path: Path) -> None:
    announced: list[int] = []
    bench.session.examples_changed.connect(lambda *_: announced.append(len(bench.imported)))
    ready(qtbot, bench, letters(tmp_path)).button.click()
    until(qtbot, lambda: bench.imported)
    assert bench.imported[0].added == tuple(range(4, 54))
    assert announced == [1]  # the page knows before the list hears of the change
    assert bench.toasts == ["Imported 50 examples."]
    assert bench.session.project is not None
    assert bench.session.project.store.undo_label == "Import letters.jsonl"
    bench.session.undo()
    assert stored(bench.session) == list(THREE)
    until(qtbot, lambda: staging_files(bench.session) == [])


def test_duplicates_are_left_out(qtbot: QtBot, bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "twice.json"
    rows = [{"instruction": "Greet Anna", "output": "Ahoy, Anna!"}, *[{"instruction": "New", "output": "Yes"}] * 3]
    file.write_text(json.dumps(rows), encoding="utf-8")
    dialog = ready(qtbot, bench, file)
    assert dialog.button.text() == "Import 4 examples"
    dialog.preview.counts.leave_out.click()
    assert dialog.button.text() == "Import 1 example"
    dialog.button.click()
    until(qtbot, lambda: bench.imported)
    assert stored(bench.session)[3:] == [Example("New", "", "Yes")]


def test_a_choice_of_columns_is_remembered(qtbot: QtBot, bench: Bench, tmp_path: Path) -> None:
    table = "Frage\tAntwort\nWie?\tSo.\n"
    dialog = bench.files.import_text(table)
    assert dialog is not None
    until(qtbot, lambda: dialog.preview.rows.cells() == [["Wie?", "So."]])
    for field, column in (("instruction", "Frage"), ("output", "Antwort")):
        choice = dialog.preview.mapping.fields[field].choice
        choice.set_value(column)
        choice.value_changed.emit(column)
    until(qtbot, dialog.button.isEnabled)
    dialog.button.click()
    until(qtbot, lambda: bench.imported)
    again = ready(qtbot, bench, "Frage\tAntwort\nWer?\tIch.\n")
    assert again.preview.rows.cells() == [["Wer?", "", "Ich."]]
    again.reject()
    assert stored(bench.session)[3:] == [Example("Wie?", "", "So.")]


def test_pasting_rows_or_a_copied_file(qtbot: QtBot, bench: Bench, tmp_path: Path) -> None:
    clipboard = QGuiApplication.clipboard()
    clipboard.clear()
    assert bench.files.paste() is None
    assert "nothing to paste" in bench.toasts[0]
    clipboard.setText("instruction\toutput\na\tb\nc\td\n")
    dialog = bench.files.paste()
    assert dialog is not None
    until(qtbot, lambda: dialog.button.text() == "Import 2 examples")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(letters(tmp_path, 5)))])
    clipboard.setMimeData(data)
    assert bench.files.paste() is dialog  # one window; it takes the newer source
    until(qtbot, lambda: dialog.button.text() == "Import 5 examples")
    dialog.reject()


class Held:
    """Holds the writing thread at a moment of an import: 0 before its first row, 1 after some rows, 2 at its end."""

    def __init__(self) -> None:
        self.moment = -1
        self.problem: Exception | None = None
        self._there, self._go_on = Event(), Event()

    def at(self, moment: int) -> None:
        if moment == self.moment:
            self._there.set()
            assert self._go_on.wait(20)
            if self.problem is not None:
                raise self.problem

    def reached(self) -> None:
        assert self._there.wait(20)

    def go_on(self) -> None:
        self._go_on.set()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    held = Held()
    add = ExampleStore.add_staged

    def slow(store: ExampleStore, path: Path, **options: Any) -> Change:
        def told(done: int, total: int) -> None:
            held.at(1)
            progress(done, total)

        progress = options.pop("progress")
        held.at(0)
        change = add(store, path, progress=told, **options)
        held.at(2)
        return change

    monkeypatch.setattr(ExampleStore, "add_staged", slow)
    return held


@pytest.mark.parametrize("moment", [0, 1, 2])
def test_cancelling_at_any_moment_leaves_nothing(
    qtbot: QtBot, bench: Bench, tmp_path: Path, held: Held, moment: int
) -> None:
    held.moment = moment
    dialog = ready(qtbot, bench, letters(tmp_path))
    dialog.button.click()
    held.reached()
    dialog.reject()
    held.go_on()
    until(qtbot, lambda: bench.toasts == ["The import was cancelled; nothing was imported."])
    assert stored(bench.session) == list(THREE)
    assert bench.imported == []
    until(qtbot, lambda: staging_files(bench.session) == [])


def test_a_failed_import_leaves_nothing_and_can_be_tried_again(
    qtbot: QtBot, bench: Bench, tmp_path: Path, held: Held
) -> None:
    held.moment, held.problem = 1, OSError(28, "No space left on device")
    held.go_on()
    dialog = ready(qtbot, bench, letters(tmp_path))
    dialog.button.click()
    until(qtbot, lambda: dialog.banner.title)
    assert stored(bench.session) == list(THREE)
    held.problem = None
    dialog.button.click()
    until(qtbot, lambda: bench.imported)
    assert len(stored(bench.session)) == 53


@pytest.mark.parametrize("way", ["window", "project"])
def test_closing_during_an_import_breaks_it_off(
    qtbot: QtBot, bench: Bench, tmp_path: Path, held: Held, way: str
) -> None:
    held.moment = 0
    dialog = ready(qtbot, bench, letters(tmp_path))
    dialog.button.click()
    held.reached()
    dialog.cancelled.connect(held.go_on)
    assert bench.session.project is not None
    folder = bench.session.project.path
    if way == "window":
        assert Leaving(bench.session, {}, bench.page).allowed(lambda: None)
        assert stored(bench.session) == list(THREE)
    bench.session.close()
    assert bench.page.findChildren(ImportDialog) == [] or not dialog.isVisible()
    bench.session.open(folder)
    assert stored(bench.session) == list(THREE)
    until(qtbot, lambda: staging_files(bench.session) == [])


def test_two_imports_at_once_are_refused(qtbot: QtBot, bench: Bench, tmp_path: Path, held: Held) -> None:
    held.moment = 0
    dialog = ready(qtbot, bench, letters(tmp_path))
    dialog.button.click()
    held.reached()
    assert bench.files.import_text("instruction\toutput\na\tb\n") is dialog
    assert dialog.banner.title == "One import at a time."
    held.go_on()
    until(qtbot, lambda: bench.imported)
    assert len(stored(bench.session)) == 53


def test_nothing_comes_into_a_project_that_can_only_be_read(qtbot: QtBot, bench: Bench, tmp_path: Path) -> None:
    bench.session.close()
    bench.session.use(Project.open(tmp_path / "project", read_only=True))
    assert bench.files.import_examples(letters(tmp_path)) is None
    assert "can only be read" in bench.toasts[0]


# --- Out --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file dialog says to write to."""
    folder = tmp_path / "out"
    folder.mkdir()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(folder / "mine"), ""))
    return folder


@pytest.mark.parametrize(
    ("name", "file"),
    [("messages", "mine.jsonl"), (".tsv", "mine.tsv"), (".xlsx", "mine.xlsx"), (".parquet", "mine.parquet")],
)
def test_exporting_in_every_format(qtbot: QtBot, bench: Bench, place: Path, name: str, file: str) -> None:
    dialog = bench.files.export_examples()
    assert dialog is not None
    dialog.choose("all", name)
    dialog.button.click()
    until(qtbot, lambda: bench.toasts == [f"Exported 3 examples to {file}"])
    assert [path.name for path in place.iterdir()] == [file]
    if name == "messages":
        first = json.loads((place / file).read_text("utf-8").splitlines()[0])
        assert first["messages"][0] == {"role": "user", "content": "Greet Anna"}


def test_formulas_are_guarded_on_request(qtbot: QtBot, bench: Bench, place: Path) -> None:
    assert bench.session.project is not None
    bench.session.apply(bench.session.project.store.add([Example("=1+1", "", "- item")]))
    dialog = bench.files.export_examples()
    assert dialog is not None
    for name, offered in {".jsonl": False, ".tsv": True, ".xlsx": False, ".parquet": False, ".csv": True}.items():
        dialog.choose("all", name)  # JSON runs nothing, and the cells of the others are text
        assert dialog.guard.isVisible() == offered, name
    dialog.guard.setChecked(False)
    dialog.button.click()
    until(qtbot, (place / "mine.csv").exists)
    assert "\n=1+1,," in (place / "mine.csv").read_text("utf-8-sig").replace("\r", "")
    assert files.read(place / "mine.csv").examples[-1].instruction == "=1+1"


def test_cancelling_an_export_leaves_the_earlier_file(qtbot: QtBot, bench: Bench, place: Path) -> None:
    (place / "mine.jsonl").write_text("earlier", encoding="utf-8")
    dialog = bench.files.export_examples()
    assert dialog is not None
    dialog.button.click()
    dialog.reject()
    bench.session.wait()
    from PySide6.QtCore import QThreadPool

    assert QThreadPool.globalInstance().waitForDone(10_000)
    assert [path.name for path in place.iterdir()] == ["mine.jsonl"]
    assert (place / "mine.jsonl").read_text("utf-8") == "earlier"


def test_exporting_what_is_listed_as_it_was_asked(qtbot: QtBot, bench: Bench, place: Path) -> None:
    bench.table.set_query(search="Ben")
    until(qtbot, lambda: bench.table.rowCount() == 1)
    dialog = bench.files.export_examples()
    assert dialog is not None
    assert dialog.scope == "listed"
    dialog.button.click()
    until(qtbot, (place / "mine.jsonl").exists)
    assert [example.instruction for example in files.read(place / "mine.jsonl").examples] == ["Greet Ben"]
