"""A histogram can be pointed at, clicked, and used from the keyboard; rows of bars likewise."""

from __future__ import annotations

import pytest
from example_bench import until
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollArea
from pytestqt.qtbot import QtBot

from app.widgets.bar_list import BarList, Share
from app.widgets.histogram import Column, Histogram

TEN = [
    Column(0, 10, 5, "0 to 9 tokens", "0"),
    Column(10, 20, 0, "10 to 19 tokens", "10"),
    Column(20, 30, 1000, "20 to 29 tokens", "20"),
    Column(30, float("inf"), 1, "30 tokens and more", "30+", True),
]


@pytest.fixture
def chart(qtbot: QtBot) -> Histogram:
    made = Histogram("Whole example", "Tokens")
    qtbot.addWidget(made)
    made.resize(400, 240)
    made.show_columns(TEN, summary="Half have up to 22 tokens.", limit=(25, "Maximum length 24"))
    made.show()
    qtbot.waitExposed(made)
    return made


def chosen(chart: Histogram | BarList) -> list[int]:
    found: list[int] = []
    chart.chosen.connect(found.append)
    return found


def test_the_keyboard_walks_through_filled_bars_and_chooses(qtbot: QtBot, chart: Histogram) -> None:
    found = chosen(chart)
    assert chart.readout == "Half have up to 22 tokens."
    qtbot.keyClick(chart, Qt.Key.Key_Return)
    assert found == []
    said = []
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left):
        qtbot.keyClick(chart, key)
        said.append(chart.accessibleDescription())
    assert said == [
        "0 to 9 tokens: 5 examples",
        "20 to 29 tokens: 1,000 examples",
        "30 tokens and more: 1 example",
        "30 tokens and more: 1 example",
        "20 to 29 tokens: 1,000 examples",
    ]
    qtbot.keyClick(chart, Qt.Key.Key_Space)
    qtbot.keyClick(chart, Qt.Key.Key_End)
    qtbot.keyClick(chart, Qt.Key.Key_Return)
    qtbot.keyClick(chart, Qt.Key.Key_Home)
    qtbot.keyClick(chart, Qt.Key.Key_Enter)
    assert found == [2, 3, 0]
    qtbot.keyClick(chart, Qt.Key.Key_Escape)
    assert chart.readout == "Half have up to 22 tokens."


def test_a_click_on_a_bar_chooses_it_and_one_beside_none(qtbot: QtBot, chart: Histogram) -> None:
    found = chosen(chart)
    for index in (0, 3, 1):
        place = chart.place_of(index).toPoint()
        qtbot.mouseMove(chart.viewport, place)
        assert chart.readout.startswith(TEN[index].words)
        qtbot.mouseClick(chart.viewport, Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseClick(chart.viewport, Qt.MouseButton.LeftButton, pos=QPoint(2, 2))
    assert found == [0, 3]


def test_the_wheel_scrolls_the_page_and_never_zooms(qtbot: QtBot) -> None:
    area = QScrollArea()
    qtbot.addWidget(area)
    chart = Histogram("Whole example", "Tokens")
    chart.show_columns(TEN, summary="")
    chart.setMinimumHeight(900)
    area.setWidget(chart)
    area.resize(400, 300)
    area.show()
    qtbot.waitExposed(area)
    before = chart.place_of(2) - chart.place_of(0)
    assert area.verticalScrollBar().maximum() > 0
    QTest.wheelEvent(area.windowHandle(), QPointF(200, 120), QPoint(0, -240))
    until(qtbot, lambda: area.verticalScrollBar().value() > 0)
    assert chart.place_of(2) - chart.place_of(0) == before


def test_none_and_one_column_are_shown_too(chart: Histogram) -> None:
    chart.show_columns([], summary="No example has one.")
    assert chart.readout == "No example has one."
    chart.show_columns([Column(7, 8, 3, "7 tokens", "7")], summary="7 tokens", limit=(100, "Maximum"))
    assert not chart.grab().isNull()


def test_rows_of_bars_are_buttons_that_show_names_as_they_are(qtbot: QtBot) -> None:
    rows = BarList("Tags")
    qtbot.addWidget(rows)
    found = chosen(rows)
    shares = [Share("<b>polite</b>", 30, 40), Share("rare", 0, 40)]
    rows.show_shares([*shares, *(Share(f"tag {i}", 1, 40) for i in range(10))])
    rows.show()
    assert len(rows.rows) == 8
    first, second = rows.rows[:2]
    assert first.accessibleName() == "<b>polite</b>: 30 examples, 75 %"
    assert "&lt;b&gt;" in first.toolTip()
    assert not second.isEnabled()
    qtbot.keyClick(first, Qt.Key.Key_Space)
    rows.more.click()
    assert len(rows.rows) == 12
    rows.rows[11].click()
    assert found == [0, 11]
    rows.more.click()
    rows.show_shares(shares)
    assert [row.share for row in rows.rows] == shares
    assert rows.more.isHidden()
