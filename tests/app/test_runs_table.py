"""All runs as a table: values, sorting, ticks, what stays over a refresh."""

from __future__ import annotations

from pathlib import Path

import pytest
from form_bench import shown
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot
from run_factory import new_run

from app.models.runs_table import MOST_TICKS, RUN_ROLE, Column, Row, RunsTable
from app.widgets.runs_list import RunsList
from core.runs.events import Failed
from core.runs.folder import Progress, RunFolder, State
from core.runs.notes import Notes
from core.runs.overview import Summary


def row(
    run: RunFolder,
    state: State = State.FINISHED,
    difference: str = "",
    said: dict[str, object] | None = None,
    **progress: object,
) -> Row:
    made = Progress(state=state, **progress)  # type: ignore[arg-type]
    return Row(Summary(run, made, 1000.0 * run.number, run.recipe(), None, Notes(**(said or {}))), difference)


@pytest.fixture
def runs(tmp_path: Path) -> list[RunFolder]:
    return [new_run(tmp_path / "runs") for _ in range(7)]


@pytest.fixture
def table(qtbot: QtBot, runs: list[RunFolder]) -> RunsTable:
    made = RunsTable()
    made.set_rows([row(run, step=run.number * 10, steps=100, loss=1 / run.number) for run in runs])
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal, made)
    return made


def text(table: RunsTable, number: int, column: Column) -> str:
    return str(table.index(number, column).data())


def test_a_row_tells_a_run(table: RunsTable, runs: list[RunFolder]) -> None:
    table.set_rows([row(runs[0], step=1500, loss=0.1234, heldout_loss=None, difference="Rank 8, Seed 7"), *()])
    assert [text(table, 0, column) for column in Column if column is not Column.CREATED] == [
        "1",
        "Harbour letters",
        "Finished",
        "1,500",
        "0.123",
        "–",
        "Rank 8, Seed 7",
    ]
    assert table.index(0, Column.DIFFERENCE).data(Qt.ItemDataRole.ToolTipRole) == "Rank 8\nSeed 7"


def test_a_failure_is_told_in_the_tip(table: RunsTable, runs: list[RunFolder]) -> None:
    table.set_rows([row(runs[0], State.FAILED, error=Failed(kind="x", message="The memory is full."))])
    assert table.index(0, Column.STATE).data(Qt.ItemDataRole.ToolTipRole) == "The memory is full."


def test_the_newest_run_is_on_top_and_losses_sort_as_numbers(qtbot: QtBot, table: RunsTable) -> None:
    view = RunsList(table)
    qtbot.addWidget(view)
    model = view.model()
    assert model.index(0, Column.NUMBER).data() == "7"
    view.sortByColumn(Column.LOSS, Qt.SortOrder.AscendingOrder)
    assert [model.index(n, Column.NUMBER).data() for n in range(3)] == ["7", "6", "5"]


def test_a_run_without_a_loss_sorts_last(qtbot: QtBot, table: RunsTable, runs: list[RunFolder]) -> None:
    table.set_rows([row(runs[0], loss=None), row(runs[1], loss=3.0), row(runs[2], loss=0.5)])
    view = RunsList(table)
    qtbot.addWidget(view)
    view.sortByColumn(Column.LOSS, Qt.SortOrder.AscendingOrder)
    assert [view.model().index(n, Column.NUMBER).data() for n in range(3)] == ["3", "2", "1"]


def test_with_a_sixth_tick_the_first_goes(table: RunsTable, runs: list[RunFolder]) -> None:
    for number in range(6):
        assert table.setData(table.index(number, Column.NUMBER), Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)
    assert table.ticks == runs[1:6]
    assert len(table.ticks) == MOST_TICKS
    table.setData(table.index(3, Column.NUMBER), Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole)
    assert runs[3] not in table.ticks


def test_choice_and_ticks_survive_a_refresh_with_a_new_run(
    qtbot: QtBot, table: RunsTable, runs: list[RunFolder]
) -> None:
    view = RunsList(table)
    shown(qtbot, view)
    view.choose(runs[2])
    table.set_ticks([runs[1]])
    table.set_rows([row(run) for run in runs[:5]])
    assert view.run == runs[2]
    assert table.ticks == [runs[1]]
    resets: list[int] = []
    table.modelReset.connect(lambda: resets.append(1))
    table.set_rows([row(run, State.PAUSED) for run in runs[:5]])
    assert resets == []
    assert text(table, 0, Column.STATE) == "Paused"


def test_keys_open_and_tick(qtbot: QtBot, table: RunsTable, runs: list[RunFolder]) -> None:
    view = RunsList(table)
    shown(qtbot, view)
    view.choose(runs[4])
    with qtbot.waitSignal(view.opened) as heard:
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert heard.args == [runs[4]]
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert table.ticks == [runs[4]]
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert table.ticks == []
    assert view.currentIndex().data(RUN_ROLE) == runs[4]


def test_long_names_and_states_are_shown_in_full_where_there_is_room(qtbot: QtBot, table: RunsTable) -> None:
    view = RunsList(table)
    qtbot.addWidget(view)
    view.resize(1400, 300)
    view.show()
    said = {"title": "Learning rate 0.00005, Rank 16, Seed 1234"}
    table.set_rows([row(run, State.QUEUED, said=said) for run in [summary.run for summary in table.summaries()]])
    for column in (Column.NAME, Column.STATE):
        assert view.columnWidth(column) >= view.sizeHintForColumn(column)
    view.resize(600, 300)
    assert view.columnWidth(Column.NAME) == 144
    view.setColumnWidth(Column.NAME, 200)  # by hand
    view.resize(1400, 300)
    assert view.columnWidth(Column.NAME) == 200
