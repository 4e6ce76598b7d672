"""The table model lists what was asked last, fetches rows where somebody looks, and forgets changed ones."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QThreadPool
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from app.models import example_listing
from app.models.example_cells import Column
from app.models.example_listing import Wish
from app.models.example_table import ExampleTable, ranges
from app.models.token_counter import TokenCounter
from core.dataset.example import Example, Split, Status
from core.dataset.store import Counts, Query

_ALL = Query()


class Rows:
    """A store in memory that notes what it is asked, and can be made to wait."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self.examples = {number: replace(example, id=number) for number, example in enumerate(examples, 1)}
        self.asked: list[Query] = []
        self.first_asked: list[Query] = []
        self.out: frozenset[int] = frozenset()
        self.fetched: list[int] = []
        self.threads: set[int] = set()
        self.gate = threading.Event()
        self.gate.set()

    def ids(self, query: Query = _ALL) -> array[int]:
        self.asked.append(query)
        self.threads.add(threading.get_ident())
        assert self.gate.wait(10)
        found = [id for id, example in self.examples.items() if query.search in example.instruction]
        return array("q", sorted(found, reverse=query.descending))

    def first_ids(self, query: Query = _ALL, limit: int = 200) -> array[int]:
        found = self.ids(query)
        self.asked.pop()
        self.first_asked.append(query)
        return found[:limit]

    def heldout(self, share: float) -> frozenset[int]:
        return self.out

    def rows(self, ids: Sequence[int]) -> list[Example]:
        self.fetched += ids
        return [self.examples[id] for id in ids if id in self.examples]

    def counts(self) -> Counts:
        return Counts(total=len(self.examples), ready=0, draft=0, excluded=0)


@pytest.fixture
def many() -> Rows:
    return Rows([Example(instruction=f"instruction {n}", output=f"output {n}") for n in range(1, 1001)])


@pytest.fixture
def table(qtbot: QtBot, many: Rows) -> ExampleTable:
    table = ExampleTable()
    QAbstractItemModelTester(table, QAbstractItemModelTester.FailureReportingMode.Fatal, table)
    table.set_source(many)
    settled(qtbot, table)
    return table


def settled(qtbot: QtBot, table: ExampleTable) -> None:
    """Wait until all is listed, and nobody is asked any more."""
    qtbot.waitUntil(lambda: table.is_whole and not table.busy)
    assert QThreadPool.globalInstance().waitForDone(10_000)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.MetaCall)


def text(table: ExampleTable, row: int, column: Column) -> str:
    return table.index(row, column).data()


def listed(qtbot: QtBot, table: ExampleTable, act: Callable[[], object]) -> None:
    with qtbot.waitSignal(table.listed):
        act()


def test_shows_what_the_store_has(table: ExampleTable, many: Rows) -> None:
    assert table.rowCount() == 1000
    assert text(table, 0, Column.NUMBER) == "1"
    assert text(table, 999, Column.INSTRUCTION) == "instruction 1000"
    assert text(table, 999, Column.OUTPUT) == "output 1000"
    assert table.counts.total == 1000
    assert threading.get_ident() not in many.threads  # the list is never made on the drawing thread


def test_fetches_pages_and_keeps_few_rows(qtbot: QtBot) -> None:
    rows = Rows([Example(instruction=str(n)) for n in range(5000)])
    table = ExampleTable()
    table.set_source(rows)
    settled(qtbot, table)
    text(table, 100, Column.INSTRUCTION)
    assert rows.fetched == list(range(65, 129))  # its page, once
    text(table, 101, Column.OUTPUT)
    assert len(rows.fetched) == 64
    for row in range(0, 5000, 50):
        text(table, row, Column.INSTRUCTION)
    rows.fetched.clear()
    text(table, 100, Column.INSTRUCTION)
    assert rows.fetched == list(range(65, 129))  # long out of sight, so it was let go


def test_only_the_newest_of_many_wishes_is_carried_out(qtbot: QtBot, table: ExampleTable, many: Rows) -> None:
    many.gate.clear()
    many.asked.clear()
    lists = []
    table.listed.connect(lambda: lists.append(list(table.ids)))
    table.set_query(search="instruction 1")
    qtbot.waitUntil(lambda: len(many.asked) == 1)
    for letters in ("instruction 10", "instruction 100", "instruction 1000"):
        table.set_query(search=letters)
    many.gate.set()
    qtbot.waitUntil(lambda: not table.busy)
    assert [query.search for query in many.asked] == ["instruction 1", "instruction 1000"]
    assert lists == [[1000]]


def test_sorting_by_a_column_asks_the_store(qtbot: QtBot, table: ExampleTable, many: Rows) -> None:
    listed(qtbot, table, lambda: table.sort(Column.NUMBER, Qt.SortOrder.DescendingOrder))
    assert text(table, 0, Column.NUMBER) == "1000"
    listed(qtbot, table, lambda: table.sort(Column.LENGTH))
    assert many.asked[-1] == Query(sort="length")


def test_a_changed_example_is_fetched_again(table: ExampleTable, many: Rows, qtbot: QtBot) -> None:
    assert text(table, 4, Column.OUTPUT) == "output 5"
    many.examples[5] = replace(many.examples[5], output="mended")
    with qtbot.waitSignal(table.dataChanged):
        table.touch([5])
    assert text(table, 4, Column.OUTPUT) == "mended"


def test_an_example_deleted_under_the_list_is_blank_until_the_next_list(
    qtbot: QtBot, table: ExampleTable, many: Rows
) -> None:
    del many.examples[5]
    table.touch([5])
    assert table.index(4, Column.INSTRUCTION).data() is None
    listed(qtbot, table, table.refresh)
    assert text(table, 4, Column.NUMBER) == "6"
    assert table.row_of(5) == -1


def test_counting_again_leaves_the_list(qtbot: QtBot, table: ExampleTable, many: Rows) -> None:
    many.asked.clear()
    many.examples[1001] = Example(id=1001)
    with qtbot.waitSignal(table.counted):
        table.count_again()
    assert table.counts.total == 1001
    assert many.asked == []
    assert table.rowCount() == 1000


def test_words_of_a_row(qtbot: QtBot) -> None:
    rows = Rows(
        [
            Example("Say\n\n hello", "to\tme", "<b>Hello</b>", status=Status.READY, split=Split.HELDOUT),
            Example("Say hello", "", ""),
            Example("Say", "", "no", status=Status.EXCLUDED),
        ]
    )
    rows.out = frozenset({1})
    table = ExampleTable()
    table.set_source(rows)
    settled(qtbot, table)
    assert text(table, 0, Column.INSTRUCTION) == "Say hello · to me"
    assert text(table, 0, Column.OUTPUT) == "<b>Hello</b>"
    assert [text(table, row, Column.STATUS) for row in range(3)] == ["Ready", "Draft", "Excluded"]
    assert [text(table, row, Column.SPLIT) for row in range(3)] == ["Held-out", "", ""]  # the others are not ready
    tips = [table.index(row, Column.STATUS).data(Qt.ItemDataRole.ToolTipRole) for row in range(3)]
    assert tips == ["Ready, held-out", "Draft", "Excluded"]
    assert text(table, 2, Column.LENGTH) == "5"
    assert table.headerData(Column.LENGTH, Qt.Orientation.Horizontal) == "Length"


class Words:
    """A tokenizer of words, in place of a base model's."""

    def encode(self, example: Example) -> object:
        words = [*example.prompt.split(), *example.output.split()]
        return type("Encoded", (), {"ids": list(range(len(words)))})()


def test_tokens_come_when_they_are_counted(qtbot: QtBot) -> None:
    rows = Rows([Example("one two", "", "three")])
    tokens = TokenCounter()
    table = ExampleTable(tokens)
    table.set_source(rows)
    settled(qtbot, table)
    tokens.set_format(Words())  # type: ignore[arg-type]
    assert table.headerData(Column.LENGTH, Qt.Orientation.Horizontal) == "Tokens"
    with qtbot.waitSignal(tokens.counted):
        assert text(table, 0, Column.LENGTH) == ""
    assert text(table, 0, Column.LENGTH) == "3"
    rows.examples[1] = replace(rows.examples[1], output="three four")
    table.touch([1])
    with qtbot.waitSignal(tokens.counted):
        assert text(table, 0, Column.LENGTH) == ""
    assert text(table, 0, Column.LENGTH) == "4"


def test_another_store_begins_anew(qtbot: QtBot, table: ExampleTable) -> None:
    table.set_query(search="instruction 10")
    table.set_source(None)
    assert (table.rowCount(), table.query, table.busy) == (0, Query(), False)


def test_unbroken_stretches_of_rows() -> None:
    assert list(ranges([5, 1, 2, 3, 9])) == [(1, 3), (5, 5), (9, 9)]
    assert list(ranges([])) == []


# --- Very many --------------------------------------------------------------------------------------------------------


@pytest.fixture
def long(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, many: Rows) -> ExampleTable:
    """A table for which a thousand is very many."""
    monkeypatch.setattr(example_listing, "_SHORT", 500)
    table = ExampleTable()
    QAbstractItemModelTester(table, QAbstractItemModelTester.FailureReportingMode.Fatal, table)
    table.set_source(many)
    settled(qtbot, table)
    return table


def test_the_first_rows_of_many_are_there_before_the_others(qtbot: QtBot, long: ExampleTable, many: Rows) -> None:
    told: list[tuple[int, bool]] = []
    long.listed.connect(lambda: told.append((long.rowCount(), long.is_whole)))
    with qtbot.waitSignal(long.rowsInserted) as inserted:
        long.set_query(search="instruction")
    assert inserted.args[1:] == [200, 999]
    settled(qtbot, long)
    assert told == [(200, False), (1000, True)]
    told.clear()
    long.refresh()  # the same question: what is there stays until all is new
    settled(qtbot, long)
    assert told == [(1000, True)]


def test_a_new_question_does_not_wait_for_the_rest_of_the_last(qtbot: QtBot, long: ExampleTable, many: Rows) -> None:
    long.set_query(search="instruction 1")
    qtbot.waitUntil(lambda: not long.is_whole or many.asked[-1].search == "instruction 1")
    long.set_query(search="instruction 99")
    settled(qtbot, long)
    assert list(long.ids) == [99, *range(990, 1000)]
    assert long.listed_query.search == "instruction 99"


def test_examples_that_come_at_the_end_move_nothing(qtbot: QtBot, table: ExampleTable, many: Rows) -> None:
    many.examples[1001] = Example("instruction 1001", id=1001)
    with qtbot.waitSignal(table.rowsInserted) as inserted:
        table.refresh()
    assert inserted.args[1:] == [1000, 1000]
    assert text(table, 1000, Column.NUMBER) == "1001"


# --- Sides ------------------------------------------------------------------------------------------------------------


def test_the_side_where_a_run_would_put_an_example(qtbot: QtBot, table: ExampleTable, many: Rows) -> None:
    assert text(table, 1, Column.SPLIT) == "Training"
    many.out = frozenset({2})
    with qtbot.waitSignal(table.dataChanged):
        table.count_again()
    assert [text(table, row, Column.SPLIT) for row in range(3)] == ["Training", "Held-out", "Training"]


@pytest.mark.parametrize(
    ("query", "side", "expected"),
    [
        (Query(), Split.HELDOUT, Query(among=(3, 5))),
        (Query(among=(5, 6)), Split.HELDOUT, Query(among=(5,))),
        (Query(), Split.TRAIN, Query(status=Status.READY, without=(3, 5))),
        (Query(status=Status.DRAFT), Split.TRAIN, Query(status=Status.DRAFT, among=())),
    ],
)
def test_a_side_is_asked_of_the_store_by_its_examples(
    qtbot: QtBot, table: ExampleTable, many: Rows, query: Query, side: Split, expected: Query
) -> None:
    many.out = frozenset({5, 3})
    table.set_wish(Wish(query, side))
    settled(qtbot, table)
    assert many.asked[-1] == table.listed_query == expected
    assert not table.is_in_plain_order
