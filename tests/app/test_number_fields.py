"""Numbers in the form: typed, stepped, refused in words; the wheel scrolls the page."""

from __future__ import annotations

import pytest
from form_bench import retype, roll, shown
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from app.widgets.choice_field import ChoiceField
from app.widgets.integer_field import IntegerField
from app.widgets.number_field import NumberField, ladder, parse, written


@pytest.fixture
def rank(qtbot: QtBot) -> IntegerField:
    field = IntegerField("Rank", minimum=1, maximum=512)
    field.set_value(16)
    shown(qtbot, field)
    return field


@pytest.fixture
def rate(qtbot: QtBot) -> NumberField:
    field = NumberField("Learning rate", minimum=0, maximum=0.1)
    field.set_value(2e-4)
    shown(qtbot, field)
    return field


def test_a_whole_number_is_taken_with_enter(qtbot: QtBot, rank: IntegerField) -> None:
    with qtbot.waitSignal(rank.value_changed) as heard:
        retype(qtbot, rank, "32")
        qtbot.keyClick(rank, Qt.Key.Key_Return)
    assert heard.args == [32]


def test_a_whole_number_is_taken_on_leaving_the_field(qtbot: QtBot, rank: IntegerField) -> None:
    retype(qtbot, rank, "8")
    with qtbot.waitSignal(rank.value_changed) as heard:
        qtbot.keyClick(rank, Qt.Key.Key_Tab)
    assert heard.args == [8]


def test_a_whole_number_out_of_bounds_is_refused_in_words_and_the_old_one_comes_back(
    qtbot: QtBot, rank: IntegerField
) -> None:
    problems: list[str] = []
    rank.problem_changed.connect(problems.append)
    retype(qtbot, rank, "600")
    assert rank.text() == "600"
    assert problems == ["Between 1 and 512."]
    with qtbot.assertNotEmitted(rank.value_changed), qtbot.waitSignal(rank.put_back) as told:
        qtbot.keyClick(rank, Qt.Key.Key_Tab)
    assert told.args == ["600", "Between 1 and 512."]
    assert rank.text() == "16"
    assert problems[-1] == ""


@pytest.mark.parametrize("how", ["enter", "confirm"])
def test_a_whole_number_is_not_put_back_without_a_word(qtbot: QtBot, rank: IntegerField, how: str) -> None:
    retype(qtbot, rank, "0")
    with qtbot.waitSignal(rank.put_back) as told:
        if how == "enter":
            qtbot.keyClick(rank, Qt.Key.Key_Return)
        else:
            rank.confirm()
    assert told.args == ["0", "Between 1 and 512."]
    with qtbot.assertNotEmitted(rank.put_back):  # once is enough
        qtbot.keyClick(rank, Qt.Key.Key_Tab)


def test_letters_cannot_be_typed_into_a_whole_number(qtbot: QtBot, rank: IntegerField) -> None:
    retype(qtbot, rank, "1x2")
    assert rank.text() == "12"


def test_large_whole_numbers_have_separators_and_can_be_typed_without(qtbot: QtBot) -> None:
    field = IntegerField("Tokens", minimum=64, maximum=1_000_000, step=64)
    shown(qtbot, field)
    field.set_value(4096)
    assert field.text().replace(",", "") == "4096"
    retype(qtbot, field, "16384")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert field.value() == 16384


def test_showing_a_number_says_nothing(qtbot: QtBot, rank: IntegerField, rate: NumberField) -> None:
    with qtbot.assertNotEmitted(rank.value_changed), qtbot.assertNotEmitted(rate.value_changed):
        rank.set_value(64)
        rate.set_value(1e-3)


@pytest.mark.parametrize("kind", ["integer", "number", "choice"])
def test_the_wheel_changes_no_value_and_takes_no_focus(qtbot: QtBot, kind: str) -> None:
    fields = {
        "integer": IntegerField("Rank", minimum=1, maximum=9),
        "number": NumberField("Rate", minimum=0, maximum=9, step=1),
        "choice": ChoiceField("Letter", {"a": "A", "b": "B"}),
    }
    field = fields[kind]
    window = shown(qtbot, field)
    window.findChild(QLineEdit).setFocus()
    before = field.currentIndex() if isinstance(field, ChoiceField) else field.text()
    roll(field)
    field.setFocus()
    roll(field)
    assert (field.currentIndex() if isinstance(field, ChoiceField) else field.text()) == before
    assert not field.focusPolicy() & Qt.FocusPolicy.WheelFocus & ~Qt.FocusPolicy.StrongFocus


@pytest.mark.parametrize(("text", "value"), [("0.001", 1e-3), ("0,001", 1e-3), ("1e-3", 1e-3), (" 5e-5 ", 5e-5)])
def test_a_number_is_taken_as_people_write_it(qtbot: QtBot, rate: NumberField, text: str, value: float) -> None:
    with qtbot.waitSignal(rate.value_changed) as heard:
        retype(qtbot, rate, text)
        qtbot.keyClick(rate, Qt.Key.Key_Return)
    assert heard.args == [value]


@pytest.mark.parametrize(
    ("text", "why"), [("soon", "This is not a number."), ("3", "Between 0 and 0.1."), ("nan", "This")]
)
def test_a_number_that_cannot_be_used_is_marked_and_put_back(
    qtbot: QtBot, rate: NumberField, text: str, why: str
) -> None:
    problems: list[str] = []
    rate.problem_changed.connect(problems.append)
    with qtbot.assertNotEmitted(rate.value_changed):
        retype(qtbot, rate, text)
        assert problems[-1].startswith(why)
        assert rate.property("wrong")
        with qtbot.waitSignal(rate.put_back) as told:
            qtbot.keyClick(rate, Qt.Key.Key_Tab)
        assert told.args == [text, problems[-2]]
    assert (rate.text(), rate.value, problems[-1]) == ("0.0002", 2e-4, "")


def test_escape_takes_back_what_was_typed(qtbot: QtBot, rate: NumberField) -> None:
    retype(qtbot, rate, "7")
    qtbot.keyClick(rate, Qt.Key.Key_Escape)
    assert rate.text() == "0.0002"


def test_arrow_keys_climb_a_ladder_for_learning_rates(qtbot: QtBot, rate: NumberField) -> None:
    rate.setFocus()
    for expected in ("0.0005", "0.001"):
        qtbot.keyClick(rate, Qt.Key.Key_Up)
        assert rate.text() == expected
    for _ in range(2):
        qtbot.keyClick(rate, Qt.Key.Key_Down)
    assert rate.value == 2e-4
    assert ladder(3e-4, -1) == pytest.approx(2e-4)
    assert ladder(0, 1) == 1e-6


def test_arrow_keys_stop_at_the_bounds(qtbot: QtBot) -> None:
    field = NumberField("Share", minimum=0, maximum=0.5, step=0.25)
    shown(qtbot, field)
    field.set_value(0.25)
    field.setFocus()
    for _ in range(3):
        qtbot.keyClick(field, Qt.Key.Key_Up)
    assert field.value == 0.5


def test_passing_through_a_field_rounds_nothing(qtbot: QtBot, rate: NumberField) -> None:
    rate.set_value(0.01234567890123)
    rate.setFocus()
    with qtbot.assertNotEmitted(rate.value_changed):
        qtbot.keyClick(rate, Qt.Key.Key_Tab)
        rate.confirm()
    assert rate.value == 0.01234567890123


def test_numbers_are_written_short_and_read_back() -> None:
    for value in (0.0, 3.0, 0.05, 2e-4, 0.00012345, 2e-5, 1.5e-7, 128.25, 1e9):
        assert parse(written(value)) == value
    assert written(0.1 + 0.2) == "0.3"
    assert written(2e-5) == "2e-5"
    assert parse("1e400") is None
