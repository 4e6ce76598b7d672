"""The parts of the import window: the columns and their fields, the counts, the parts of a source, the hub."""

from __future__ import annotations

import pytest
from import_fakes import shape, summary
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QPushButton, QVBoxLayout
from pytestqt.qtbot import QtBot

from app.widgets.column_mapping import ColumnMapping, missing
from app.widgets.hub_source import HubSource, hub_id
from app.widgets.import_counts import ImportCounts
from app.widgets.part_choice import PartChoice
from app.widgets.plain_table import PlainTable


@pytest.fixture
def mapping(qtbot: QtBot) -> ColumnMapping:
    widget = ColumnMapping()
    qtbot.addWidget(widget)
    widget.show()
    return widget


def choose(mapping: ColumnMapping, field: str, column: str) -> None:
    """As a click in the list does."""
    choice = mapping.fields[field].choice
    choice.set_value(column)
    choice.value_changed.emit(column)


def test_fields_show_their_column_and_its_first_value(mapping: ColumnMapping) -> None:
    found = shape("question", "reply", "tags", mapping={"instruction": "question", "output": "reply", "tags": "tags"})
    mapping.set_columns(found.columns, found.mapping)
    assert mapping.fields["instruction"].choice.value == "question"
    assert mapping.fields["output"].sample.text() == "reply 1"
    assert [field for field, part in mapping.fields.items() if part.isVisible()] == [
        "instruction",
        "input",
        "output",
        "tags",
    ]
    assert not mapping.missing.isVisible()


def test_a_choice_tells_the_whole_mapping(qtbot: QtBot, mapping: ColumnMapping) -> None:
    found = shape("a", "b", mapping={"instruction": "a"})
    mapping.set_columns(found.columns, found.mapping)
    assert "output" in mapping.missing.text()
    with qtbot.waitSignal(mapping.changed) as told:
        choose(mapping, "output", "b")
    (wanted,) = told.args
    assert {field: column for field, column in wanted.items() if column} == {"instruction": "a", "output": "b"}
    assert wanted["system"] == ""
    assert not mapping.missing.isVisible()
    with qtbot.waitSignal(mapping.changed) as told:
        choose(mapping, "output", "")
    assert told.args[0]["output"] == ""


def test_more_fields_come_on_demand(mapping: ColumnMapping) -> None:
    found = shape("instruction", "output", "Anmerkung")
    mapping.set_columns(found.columns, {"instruction": "instruction", "output": "output"})
    assert not mapping.fields["note"].isVisible()
    mapping.more.click()
    assert mapping.fields["note"].isVisible()
    assert not mapping.more.isVisible()


def test_a_column_of_conversations_is_enough() -> None:
    assert missing({"messages": "chat"}) == ""
    assert missing({"input": "text", "output": "label"}) == ""
    assert "instruction" in missing({"output": "label"})


def test_names_of_columns_are_plain_text(mapping: ColumnMapping) -> None:
    hostile = "<img src=file:///etc/passwd>"
    found = shape(hostile, "", mapping={"instruction": hostile})
    mapping.set_columns(found.columns, found.mapping)
    choice = mapping.fields["instruction"].choice
    assert choice.value == hostile
    assert "&lt;img" in choice.toolTip()
    assert mapping.fields["instruction"].sample.textFormat() == Qt.TextFormat.PlainText


# --- Counts -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def counts(qtbot: QtBot) -> ImportCounts:
    widget = ImportCounts()
    qtbot.addWidget(widget)
    widget.show()
    return widget


def test_counts_grow_and_then_say_all(counts: ImportCounts) -> None:
    assert not counts.is_known
    counts.show_read(1200)
    assert counts.figures["taken"].accessibleName() == "1,200 read so far"
    counts.show_summary(summary(1198, twice=3, known=5, skipped=2, duplicates=7, incomplete=1))
    assert [figure.accessibleName() for figure in counts.figures.values()] == [
        "1,198 will be imported",
        "2 skipped",
        "3 there twice",
        "5 in the project already",
    ]
    assert counts.remark.text() == "1 has no instruction or no output and comes in as a draft."


def test_duplicates_are_left_out_on_demand(qtbot: QtBot, counts: ImportCounts) -> None:
    counts.show_summary(summary(100, twice=3, known=5, duplicates=7))
    assert counts.amount == 100
    assert "7 duplicates" in counts.leave_out.text()
    with qtbot.waitSignal(counts.leaving_out_changed):
        counts.leave_out.click()
    assert counts.amount == 93
    counts.show_summary(summary(4))  # another file, without any: there is nothing to leave out
    assert not counts.leave_out.isVisible()
    assert not counts.leaving_out
    assert counts.amount == 4


@pytest.mark.parametrize(
    ("twice", "known", "duplicates", "words"),
    [
        (1, 0, 1, "Leave out 1 duplicate; the first of each stays"),
        (0, 1, 1, "Leave out 1 example that is in the project already"),
        (2, 19, 19, "Leave out 19 examples that are in the project already"),
        (3, 5, 7, "Leave out 7 duplicates: what the project has already, and all but the first of what is there twice"),
    ],
)
def test_what_would_be_left_out_is_said(
    counts: ImportCounts, twice: int, known: int, duplicates: int, words: str
) -> None:
    counts.show_summary(summary(20, twice=twice, known=known, duplicates=duplicates))
    assert counts.leave_out.text() == words


# --- Parts and the hub ------------------------------------------------------------------------------------------------


def test_parts_are_offered_where_there_are_several(qtbot: QtBot) -> None:
    part = PartChoice()
    qtbot.addWidget(part)
    part.show()
    part.show_shape(shape("a", configs=("en", "de"), splits=("train", "test"), chosen=("", "en", "test")))
    assert {name for name, choice in part.choices.items() if choice.isVisible()} == {"config", "split"}
    assert part.choices["split"].value == "test"
    with qtbot.waitSignal(part.wanted) as told:
        part.choices["config"].set_value("de")
        part.choices["config"].value_changed.emit("de")
    assert told.args == [{"config": "de", "split": ""}]
    part.show_shape(shape("a", sheets=("Only",), chosen=("Only", "", "")))
    assert not any(choice.isVisible() for choice in part.choices.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("owner/name", "owner/name"),
        (" squad ", "squad"),
        ("https://huggingface.co/datasets/owner/na-me.1/viewer/default/train?x=1", "owner/na-me.1"),
        ("huggingface.co/datasets/squad#readme", "squad"),
        ("https://example.org/owner/name", ""),
        ("a/b/c", ""),
        ("../x", ""),
        ("two words", ""),
    ],
)
def test_ids_of_the_hub(text: str, expected: str) -> None:
    assert hub_id(text) == expected


def test_enter_looks_the_dataset_up_and_clicks_nothing_else(qtbot: QtBot) -> None:
    dialog = QDialog()
    qtbot.addWidget(dialog)
    clicked: list[bool] = []
    first = QPushButton("Choose a file", dialog)
    first.clicked.connect(clicked.append)
    hub = HubSource()
    column = QVBoxLayout(dialog)
    column.addWidget(first)
    column.addWidget(hub)
    dialog.show()
    asked: list[str] = []
    hub.wanted.connect(asked.append)
    hub.field.setText("not an id")
    QTest.keyClick(hub.field, Qt.Key.Key_Return)
    assert (asked, clicked) == ([], [])
    hub.field.setText("owner/name")
    QTest.keyClick(hub.field, Qt.Key.Key_Return)
    assert (asked, clicked) == (["owner/name"], [])


def test_rows_to_look_at_can_be_copied(qtbot: QtBot) -> None:
    from PySide6.QtGui import QGuiApplication

    table = PlainTable("Rows")
    qtbot.addWidget(table)
    table.fill(["Row", "Why"], [["1", "Is null"], ["2", "Is empty"]], widths=[90, 0])
    table.selectAll()
    QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "1\tIs null\n2\tIs empty"
