"""The import window shows what the reader tells, reads again as the user wishes, and never keeps a staging file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from example_bench import until
from import_fakes import END, FakeReader, FakeReading, first, shape, summary
from PySide6.QtCore import QThreadPool
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.widgets.import_dialog import ImportDialog
from core.dataset.example import Example, Split, Status, Turn
from core.dataset.importing.reading import Progress
from core.dataset.importing.source import Source
from core.dataset.records import Skipped
from core.errors import ExamplesFileError, UserError

ROWS = first(Example("Greet Anna", "", "<b>Ahoy</b>, Anna!"), Example("Greet Ben", "from\nKiel", "Ahoy, Ben!"))
Script = Callable[[FakeReader, Mapping[str, str] | None], object]
Opened = tuple[ImportDialog, FakeReading]
Open = Callable[[Script], Opened]


@pytest.fixture
def opened(qtbot: QtBot, tmp_path: Path) -> Open:
    def open_with(script: Script) -> Opened:
        reading = FakeReading(tmp_path, script)
        dialog = ImportDialog(reading)
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog, reading

    return open_with


def whole(reader: FakeReader, _mapping: Mapping[str, str] | None) -> None:
    """A file of 200 examples without anything odd."""
    reader.tell(shape("instruction", "input", "output"), ROWS, summary(200), END)


def closed(dialog: ImportDialog, folder: Path) -> None:
    """Close the window; nothing is left."""
    dialog.reject()
    assert QThreadPool.globalInstance().waitForDone(10_000)
    assert list(folder.iterdir()) == []


def test_nothing_is_offered_before_there_is_a_source(opened: Open) -> None:
    dialog, _reading = opened(whole)
    assert dialog.source.isVisible()
    assert not dialog.button.isVisible()


def test_a_file_is_shown_as_it_will_be_stored(qtbot: QtBot, tmp_path: Path, opened: Open) -> None:
    dialog, _reading = opened(whole)
    dialog.open_source(Source(Path("letters.jsonl")))
    until(qtbot, lambda: dialog.button.text() == "Import 200 examples")
    assert dialog.button.isEnabled()
    assert dialog.preview.rows.cells() == [
        ["Greet Anna", "", "<b>Ahoy</b>, Anna!"],
        ["Greet Ben", "from Kiel", "Ahoy, Ben!"],
    ]
    assert not dialog.preview.skipped.isVisible()
    with qtbot.waitSignal(dialog.import_wanted):
        dialog.button.click()
    staging, leave_out = dialog.take()
    assert leave_out == ()
    assert staging.staged.exists()
    assert dialog.chosen_columns is None
    staging.stop()
    closed(dialog, tmp_path)


def test_fields_that_are_rare_are_shown_where_there_are_any(qtbot: QtBot, tmp_path: Path, opened: Open) -> None:
    odd = Example("a", "", "b", "be kind", (Turn("user", "x"),), ("t", "u"), "hm", Status.DRAFT, Split.HELDOUT)
    dialog, _reading = opened(lambda reader, _mapping: reader.tell(shape("a"), first(odd), summary(1), END))
    dialog.open_source(Source(Path("x.jsonl")))
    until(qtbot, lambda: dialog.button.text() == "Import 1 example")
    assert dialog.preview.rows.cells() == [["a", "", "b", "be kind", "1 turn", "t, u", "hm", "Draft", "Held-out"]]
    closed(dialog, tmp_path)


def test_skipped_rows_have_row_column_and_reason(qtbot: QtBot, tmp_path: Path, opened: Open) -> None:
    skipped = (Skipped(7, "output", "is null"), Skipped(1201, "", "is empty"))
    found = summary(3, *skipped, skipped=2500)
    dialog, _reading = opened(lambda reader, _mapping: reader.tell(shape("output"), ROWS, found, END))
    dialog.open_source(Source(Path("x.jsonl")))
    until(qtbot, lambda: dialog.preview.skipped.isVisible())
    assert dialog.preview.skipped.cells() == [["7", "output", "Is null"], ["1,201", "", "Is empty"]]
    assert dialog.preview.skipped_words.text() == "Skipped: 2,500 rows; the first 2 are listed"
    closed(dialog, tmp_path)


def test_counts_grow_while_it_is_read(qtbot: QtBot, tmp_path: Path, opened: Open) -> None:
    dialog, _reading = opened(lambda reader, _mapping: reader.tell(shape("output"), ROWS, Progress(1200, 5, 10)))
    dialog.open_source(Source(Path("x.jsonl")))
    until(qtbot, lambda: dialog.progress.words == "Reading: 1,200 rows")
    assert not dialog.button.isEnabled()
    closed(dialog, tmp_path)


def test_nothing_is_taken_before_the_reader_has_let_go(qtbot: QtBot, tmp_path: Path, opened: Open) -> None:
    dialog, reading = opened(lambda reader, _mapping: reader.tell(shape("output"), ROWS, summary(2)))
    dialog.open_source(Source(Path("x.jsonl")))
    until(qtbot, lambda: dialog.preview.counts.is_known)
    assert not dialog.button.isEnabled()
    reading.readers[0].tell(END)
    until(qtbot, lambda: dialog.button.isEnabled())
    closed(dialog, tmp_path)


def test_leaving_out_duplicates(qtbot: QtBot, tmp_path: Path, opened: Open) -> None:
    found = summary(10, twice=2, known=3, duplicates=4)
    dialog, _reading = opened(lambda reader, _mapping: reader.tell(shape("output"), ROWS, found, END))
    dialog.open_source(Source(Path("x.jsonl")))
    until(qtbot, lambda: dialog.button.text() == "Import 10 examples")
    dialog.preview.counts.leave_out.click()
    assert dialog.button.text() == "Import 6 examples"
    dialog.button.click()
    staging, leave_out = dialog.take()
    assert set(leave_out) == {"twice", "known"}
    staging.stop()
    closed(dialog, tmp_path)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (2, "The first rows; all are duplicates, and none will be stored"),
        (1, "The first rows, as they will be stored; duplicates among them are left out"),
    ],
)
def test_the_rows_say_what_becomes_of_duplicates(
    qtbot: QtBot, tmp_path: Path, opened: Open, known: int, words: str
) -> None:
    found = summary(2, known=known)
    dialog, _reading = opened(lambda reader, _mapping: reader.tell(shape("output"), ROWS, found, END))
    dialog.open_source(Source(Path("x.jsonl")))
    until(qtbot, lambda: dialog.button.text() == "Import 2 examples")
    assert dialog.preview.rows_words.text() == "The first rows, as they will be stored"
    dialog.preview.counts.leave_out.click()
    assert dialog.preview.rows_words.text() == words
    dialog.preview.counts.leave_out.click()
    assert dialog.preview.rows_words.text() == "The first rows, as they will be stored"
    closed(dialog, tmp_path)


def test_columns_are_chosen_where_the_names_say_nothing(qtbot: QtBot, tmp_path: Path, opened: Open) -> None:
    def script(reader: FakeReader, mapping: Mapping[str, str] | None) -> None:
        if mapping and mapping["instruction"] and mapping["output"]:
            reader.tell(shape("a", "b", mapping=mapping), ROWS, summary(2), END)
        else:
            reader.tell(shape("a", "b", missing=("instruction", "output"), mapping=mapping or {"x": ""}), END)

    dialog, reading = opened(script)
    dialog.open_source(Source(Path("x.csv")))
    until(qtbot, lambda: dialog.preview.rows.cells() == [["a 1", "b 1"], ["a 2", "b 2"], ["a 3", "b 3"]])
    assert not dialog.button.isEnabled()
    for field, column in (("instruction", "a"), ("output", "b")):
        choice = dialog.preview.mapping.fields[field].choice
        choice.set_value(column)
        choice.value_changed.emit(column)
    until(qtbot, lambda: dialog.button.text() == "Import 2 examples")
    assert [{f: c for f, c in (mapping or {}).items() if c} for _source, mapping in reading.asked] == [
        {},
        {"instruction": "a"},
        {"instruction": "a", "output": "b"},
    ]
    names, chosen = dialog.chosen_columns or ([], {})
    assert names == ["a", "b"]
    assert chosen["output"] == "b"
    assert len(list(tmp_path.iterdir())) == 1  # those of the earlier readings are gone
    closed(dialog, tmp_path)


def test_rows_that_cannot_be_stored_yet_are_shown_as_they_are(qtbot: QtBot, tmp_path: Path, opened: Open) -> None:
    rows = (("a 1", ""), ("", "b\n2"), ("a 3", ""))
    raw = shape("a", "b", missing=("instruction", "output"), mapping={"x": ""}, rows=rows)
    dialog, _reading = opened(lambda reader, _mapping: reader.tell(raw, END))
    dialog.open_source(Source(Path("x.csv")))
    until(qtbot, lambda: dialog.preview.rows.cells() == [["a 1", ""], ["", "b 2"], ["a 3", ""]])
    closed(dialog, tmp_path)


def test_another_part_is_read_from_its_beginning(qtbot: QtBot, tmp_path: Path, opened: Open) -> None:
    sheets = shape("output", sheets=("One", "Two"), chosen=("One", "", ""))
    dialog, reading = opened(lambda reader, _mapping: reader.tell(sheets, ROWS, summary(2), END))
    dialog.open_source(Source(Path("x.xlsx")))
    until(qtbot, lambda: dialog.button.isEnabled())
    dialog.preview.part.choices["sheet"].set_value("Two")
    dialog.preview.part.choices["sheet"].value_changed.emit("Two")
    until(qtbot, lambda: dialog.button.isEnabled() and len(reading.asked) == 2)
    assert [source.sheet for source, _mapping in reading.asked if isinstance(source, Source)] == ["", "Two"]
    closed(dialog, tmp_path)


def test_a_file_that_is_none_says_why(qtbot: QtBot, tmp_path: Path, opened: Open) -> None:
    error = ExamplesFileError("x.json holds no examples.", reason="It is empty.")
    dialog, _reading = opened(lambda reader, _mapping: reader.tell(error))
    dialog.open_source(Source(Path("x.json")))
    until(qtbot, lambda: dialog.banner.title == "x.json holds no examples.")
    assert dialog.source.isVisible()
    closed(dialog, tmp_path)


def test_a_failure_after_the_columns_are_known_leaves_them_to_be_changed(
    qtbot: QtBot, tmp_path: Path, opened: Open
) -> None:
    error = ExamplesFileError("None of the first rows is an example.")
    dialog, _reading = opened(lambda reader, _mapping: reader.tell(shape("a"), error))
    dialog.open_source(Source(Path("x.json")))
    until(qtbot, lambda: dialog.banner.title)
    assert dialog.preview.mapping.isVisible()
    assert not dialog.button.isEnabled()
    closed(dialog, tmp_path)


@pytest.mark.parametrize("told", [0, 1, 2, 3, 4])
def test_closing_at_any_moment_leaves_nothing(qtbot: QtBot, tmp_path: Path, opened: Open, told: int) -> None:
    messages = (shape("a"), ROWS, Progress(9, 1, 2), summary(9), END)[: told + 1]
    dialog, reading = opened(lambda reader, _mapping: reader.tell(*messages))
    dialog.open_source(Source(Path("x.json")))
    until(qtbot, lambda: reading.readers[0].told.empty())
    closed(dialog, tmp_path)


def test_a_window_that_is_destroyed_leaves_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    reading = FakeReading(tmp_path, whole)
    dialog = ImportDialog(reading)
    dialog.open_source(Source(Path("x.json")))
    until(qtbot, lambda: dialog.button.isEnabled())
    dialog.deleteLater()
    until(qtbot, reading.readers[0].closed.is_set)
    assert list(tmp_path.iterdir()) == []


def test_something_else_can_be_chosen(qtbot: QtBot, tmp_path: Path, opened: Open) -> None:
    dialog, reading = opened(whole)
    dialog.open_source(Source(Path("x.json")))
    until(qtbot, lambda: dialog.button.isEnabled())
    dialog.preview.other.click()
    assert dialog.source.isVisible()
    assert not dialog.button.isVisible()
    until(qtbot, reading.readers[0].closed.is_set)
    dialog.source.hub.field.setText("owner/name")
    dialog.source.hub.button.click()
    until(qtbot, lambda: dialog.button.isEnabled())
    assert reading.asked[-1] == (Source(hub_id="owner/name"), None)
    closed(dialog, tmp_path)


def test_pasting(qtbot: QtBot, tmp_path: Path, opened: Open) -> None:
    dialog, reading = opened(whole)
    QGuiApplication.clipboard().clear()
    dialog.source.paste()
    assert "no text" in dialog.banner.title
    QGuiApplication.clipboard().setText("instruction\toutput\na\tb")
    dialog.source.paste()
    until(qtbot, lambda: dialog.button.isEnabled())
    assert reading.asked == [("instruction\toutput\na\tb", None)]
    assert dialog.banner.title == ""
    closed(dialog, tmp_path)


def test_a_second_source_is_refused_during_the_import(qtbot: QtBot, tmp_path: Path, opened: Open) -> None:
    dialog, reading = opened(whole)
    dialog.open_source(Source(Path("x.json")))
    until(qtbot, lambda: dialog.button.isEnabled())
    dialog.button.click()
    assert not dialog.preview.mapping.isEnabled()
    dialog.open_source(Source(Path("y.json")))
    assert dialog.banner.title == "One import at a time."
    assert len(reading.asked) == 1
    dialog.show_progress(50, 200)
    assert dialog.progress.words == "Importing: 50 of 200"
    closed(dialog, tmp_path)


def test_a_failed_import_can_be_tried_again(qtbot: QtBot, tmp_path: Path, opened: Open) -> None:
    dialog, _reading = opened(whole)
    dialog.open_source(Source(Path("x.json")))
    until(qtbot, lambda: dialog.button.isEnabled())
    dialog.button.click()
    staging, _leave_out = dialog.take()
    dialog.give_back(staging, UserError("The disk is full."))
    assert dialog.banner.title == "The disk is full."
    assert dialog.button.isEnabled()
    with qtbot.waitSignal(dialog.import_wanted):
        dialog.button.click()
    closed(dialog, tmp_path)
