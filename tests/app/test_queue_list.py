"""Rows of the queue: chosen ones stay chosen, and move by keyboard and by dragging."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractItemView
from pytestqt.qtbot import QtBot

from app.widgets.queue_list import QueueList, QueueWords


def rows(letters: str) -> list[QueueWords]:
    return [QueueWords(letter, f"Run {letter}", "10 examples") for letter in letters]


@pytest.fixture
def widget(qtbot: QtBot) -> QueueList:
    made = QueueList()
    qtbot.addWidget(made)
    made.resize(300, 400)
    made.set_rows(rows("abcd"))
    made.show()
    return made


def choose(widget: QueueList, *letters: str) -> None:
    widget.clearSelection()
    for letter in letters:
        widget.item(widget.keys.index(letter)).setSelected(True)


def test_the_first_is_chosen_and_numbers_tell_the_turns(widget: QueueList) -> None:
    assert widget.chosen == ["a"]
    assert [widget.item(row).text() for row in range(2)] == ["1.  Run a\n10 examples", "2.  Run b\n10 examples"]


def test_what_is_chosen_stays_chosen(widget: QueueList) -> None:
    choose(widget, "b", "c")
    widget.set_rows(rows("cab"))
    assert widget.chosen == ["c", "b"]
    widget.set_rows(rows("a"))
    assert widget.chosen == ["a"], "its neighbour, when it is gone"
    widget.set_rows([])
    assert widget.chosen == []


def test_alt_and_arrows_ask_for_another_place(qtbot: QtBot, widget: QueueList) -> None:
    choose(widget, "b")
    asked: list[tuple[str, int]] = []
    widget.moved.connect(lambda key, place: asked.append((key, place)))
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
        qtbot.keyClick(widget, key, Qt.KeyboardModifier.AltModifier)
    choose(widget, "a")
    qtbot.keyClick(widget, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    choose(widget, "a", "b")
    qtbot.keyClick(widget, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert asked == [("b", 0), ("b", 2)]
    assert widget.keys == ["a", "b", "c", "d"], "shown once it has its place"


def test_delete_and_enter(qtbot: QtBot, widget: QueueList) -> None:
    choose(widget, "c")
    with qtbot.waitSignal(widget.delete_wanted):
        qtbot.keyClick(widget, Qt.Key.Key_Delete)
    with qtbot.waitSignal(widget.opened) as heard:
        qtbot.keyClick(widget, Qt.Key.Key_Return)
    assert heard.args == ["c"]


@pytest.mark.parametrize(
    ("dragged", "over", "where", "place"),
    [
        ("a", "c", "AboveItem", 1),
        ("a", "c", "BelowItem", 2),
        ("d", "b", "AboveItem", 1),
        ("d", "a", "AboveItem", 0),
        ("a", "", "OnViewport", 3),
        ("b", "b", "AboveItem", None),
        ("b", "a", "BelowItem", None),
    ],
)
def test_dragging_asks_for_another_place(
    widget: QueueList, monkeypatch: pytest.MonkeyPatch, dragged: str, over: str, where: str, place: int | None
) -> None:
    choose(widget, dragged)
    asked: list[tuple[str, int]] = []
    widget.moved.connect(lambda key, to: asked.append((key, to)))
    indicator = getattr(QAbstractItemView.DropIndicatorPosition, where)
    monkeypatch.setattr(widget, "dropIndicatorPosition", lambda: indicator)
    spot = widget.visualItemRect(widget.item(widget.keys.index(over))).center() if over else widget.rect().bottomLeft()
    event = QDropEvent(
        QPointF(spot), Qt.DropAction.MoveAction, QMimeData(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    widget.dropEvent(event)
    assert asked == ([] if place is None else [(dragged, place)])
    assert event.dropAction() == Qt.DropAction.IgnoreAction, "the list takes no row away by itself"


def test_in_a_read_only_project_nothing_moves(qtbot: QtBot, widget: QueueList) -> None:
    widget.set_movable(False)
    choose(widget, "b")
    asked: list[str] = []
    widget.moved.connect(lambda key, place: asked.append(key))
    qtbot.keyClick(widget, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert asked == []
    assert widget.dragDropMode() == QAbstractItemView.DragDropMode.NoDragDrop
