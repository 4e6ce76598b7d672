"""The list of examples: what is chosen and in sight outlives every new list, and size costs nothing."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import pytest
from example_bench import until
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.models.example_cells import Column
from app.models.example_table import ExampleTable
from app.widgets.example_delegate import ROW_HEIGHT, monospace, runs_right_to_left, two_lines
from app.widgets.example_list import ExampleList
from core.dataset.example import Example
from core.dataset.store import Counts, Query


class Many:
    """So many examples, without a disk."""

    def __init__(self, count: int) -> None:
        self.there = list(range(1, count + 1))

    def ids(self, query: Query) -> array[int]:
        found = [id for id in self.there if query.search in f"instruction {id}"]
        return array("q", reversed(found) if query.descending else found)

    def first_ids(self, query: Query, limit: int) -> array[int]:
        return self.ids(query)[:limit]

    def heldout(self, share: float) -> frozenset[int]:
        return frozenset({2})

    def rows(self, ids: Sequence[int]) -> list[Example]:
        return [Example(f"instruction {id}", "", f"output {id}", id=id) for id in ids]

    def counts(self) -> Counts:
        return Counts(len(self.there), len(self.there), 0, 0)


class Watched(ExampleTable):
    """Counts how often Qt asks."""

    asked = 0

    def rowCount(self, *arguments: object) -> int:
        Watched.asked += 1
        return super().rowCount(*arguments)


@pytest.fixture
def source() -> Many:
    return Many(20_000)


@pytest.fixture
def view(qtbot: QtBot, source: Many) -> ExampleList:
    table = Watched()
    view = ExampleList(table)
    qtbot.addWidget(view)
    table.setParent(view)
    view.resize(600, 400)
    view.show()
    table.set_source(source)
    until(qtbot, lambda: not table.busy)
    return view


def again(qtbot: QtBot, view: ExampleList) -> None:
    with qtbot.waitSignal(view.model().listed):
        view.model().refresh()


def test_choosing_all_of_many_asks_for_few(qtbot: QtBot, view: ExampleList) -> None:
    view.grab()
    Watched.asked = 0
    view.selectAll()
    view.grab()
    assert Watched.asked < 2_000  # painting the header used to ask for every row
    assert len(view.chosen_ids()) == 20_000


def test_chosen_rows_stay_chosen(qtbot: QtBot, view: ExampleList, source: Many) -> None:
    view.go_to(100)
    for id in (102, 103):
        index = view.model().index(view.model().row_of(id), 0)
        view.selectionModel().select(
            index, view.selectionModel().SelectionFlag.Select | view.selectionModel().SelectionFlag.Rows
        )
    moved: list[int] = []
    view.current_changed.connect(moved.append)
    source.there = [id for id in source.there if id not in (1, 2, 3, 103)]
    again(qtbot, view)
    assert view.chosen_ids() == [100, 102]
    assert view.current_id() == 100
    assert moved == []  # nobody went anywhere


def test_all_chosen_means_all_that_come_later_too(qtbot: QtBot, view: ExampleList, source: Many) -> None:
    view.selectAll()
    source.there.append(20_001)
    again(qtbot, view)
    assert len(view.chosen_ids()) == 20_001


def test_what_is_in_sight_stays_there(qtbot: QtBot, view: ExampleList, source: Many) -> None:
    view.verticalScrollBar().setValue(5_000 * ROW_HEIGHT + 7)
    first = view.model().id_at(view.rowAt(0))
    source.there = source.there[10:]
    again(qtbot, view)
    assert view.model().id_at(view.rowAt(0)) == first
    assert view.verticalScrollBar().value() % ROW_HEIGHT == 7


def test_a_search_shows_the_current_example_if_it_is_among_the_found(qtbot: QtBot, view: ExampleList) -> None:
    view.go_to(19_999)
    with qtbot.waitSignal(view.model().listed):
        view.model().set_query(search="instruction 19")
    row = view.currentIndex().row()
    assert view.current_id() == 19_999
    assert view.rowAt(0) <= row <= view.rowAt(view.viewport().height() - 1)


def test_keys(qtbot: QtBot, view: ExampleList) -> None:
    view.go_to(5)
    with qtbot.waitSignal(view.open_wanted):
        QTest.keyClick(view, Qt.Key.Key_Return)
    with qtbot.waitSignal(view.delete_wanted):
        QTest.keyClick(view, Qt.Key.Key_Delete)
    with qtbot.waitSignal(view.current_changed) as moved:
        QTest.keyClick(view, Qt.Key.Key_Down)
    assert moved.args == [6]
    view.let_go()
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert view.chosen_ids() == []


def test_columns_follow_the_width(qtbot: QtBot, view: ExampleList) -> None:
    view.resize(420, 400)
    assert view.isColumnHidden(Column.SPLIT)
    assert not view.model().status_in_words
    view.resize(1000, 400)
    assert not view.isColumnHidden(Column.SPLIT)
    assert view.model().status_in_words
    view.share = 0.7
    assert view.columnWidth(Column.INSTRUCTION) > view.columnWidth(Column.OUTPUT)
    view.horizontalHeader().resizeSection(Column.INSTRUCTION, 200)
    until(qtbot, lambda: view.share < 0.5)


@pytest.mark.parametrize("descending", [False, True])
def test_long_numbers_have_room_in_a_short_list(
    qtbot: QtBot, view: ExampleList, source: Many, descending: bool
) -> None:
    source.there = [19_998, 19_999]
    with qtbot.waitSignal(view.model().listed):
        view.model().set_query(search="instruction 1999", descending=descending)
    figures = QFontMetrics(monospace(view.font().key()))
    assert view.columnWidth(Column.NUMBER) >= figures.horizontalAdvance("19999") + 16  # the cell's padding


def test_two_lines_of_any_script(qtbot: QtBot, view: ExampleList) -> None:
    font = view.font().key()
    assert two_lines("short", 200, font) == (("short",), False)
    lines, leftwards = two_lines("a long sentence that has to be broken and then cut at its end", 120, font)
    assert len(lines) == 2
    assert lines[1].endswith("…")
    assert not leftwards
    assert two_lines("مرحبا بالعالم", 300, font)[1]
    emoji, _ = two_lines("👩‍🚀" * 60, 100, font)
    assert "\ufffd" not in "".join(emoji)


@pytest.mark.parametrize(
    ("text", "leftwards"),
    [("", False), ("123", False), ("abc", False), ("שלום", True), ("1) مرحبا", True), ("a שלום", False)],
)
def test_direction(text: str, leftwards: bool) -> None:
    assert runs_right_to_left(text) == leftwards
