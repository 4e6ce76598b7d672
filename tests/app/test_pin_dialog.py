"""Choosing the held-out examples that runs answer, in the dialog and on the Train page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.pages.page import Page
from app.pages.sample_choice import SampleChoice
from app.session import Session
from app.widgets.pin_dialog import PinDialog
from core.dataset.example import Example
from core.project import Project

EXAMPLES = [Example(f"Question {id}\nin two lines", "", "a", id=id) for id in range(1, 7)]


def dialog(qtbot: QtBot, examples: list[Example], chosen: tuple[int, ...] = ()) -> PinDialog:
    made = PinDialog(examples, chosen, most=3)
    qtbot.addWidget(made)
    made.show()
    return made


def visible(made: PinDialog) -> list[str]:
    return [item.text() for item in made._items() if not item.isHidden()]


def test_examples_are_chosen_with_space_and_enter_and_taken_back(qtbot: QtBot) -> None:
    made = dialog(qtbot, EXAMPLES, (2,))
    assert made.chosen == (2,)
    assert visible(made)[0] == "Question 1 in two lines"
    qtbot.keyClick(made.list, Qt.Key.Key_Space)
    qtbot.keyClick(made.list, Qt.Key.Key_Down)
    qtbot.keyClick(made.list, Qt.Key.Key_Return)
    assert made.chosen == (1,)
    assert made.isVisible()
    with qtbot.waitSignal(made.wanted) as heard:
        qtbot.mouseClick(made.button, Qt.MouseButton.LeftButton)
    assert heard.args == [(1,)]


def test_it_says_how_many_and_refuses_too_many(qtbot: QtBot) -> None:
    made = dialog(qtbot, EXAMPLES, (1, 2, 3))
    assert made.button.text() == "Answer 3 examples"
    assert made._words.text() == "3 of 6 examples chosen."
    made.list.item(3).setCheckState(Qt.CheckState.Checked)
    assert not made.button.isEnabled()
    assert "a run answers up to 3" in made._words.text()
    made.none.click()
    assert made.button.isEnabled()
    assert made.button.text() == "Let the run choose"
    assert not made.none.isEnabled()


def test_a_search_narrows_the_list_and_keeps_the_choice(qtbot: QtBot) -> None:
    made = dialog(qtbot, EXAMPLES, (5,))
    made.search.setText("question 3")
    made.search.returnPressed.emit()
    assert visible(made) == ["Question 3 in two lines"]
    assert made.chosen == (5,)


def test_without_held_out_examples_it_says_what_to_do(qtbot: QtBot) -> None:
    made = dialog(qtbot, [])
    assert "From 50 ready examples up" in made._words.text()
    assert not made.button.isEnabled()


@pytest.fixture
def page(qtbot: QtBot, tmp_path: Path) -> Iterator[Page]:
    session = Session()
    with Project.create(tmp_path / "letters") as project:
        project.store.add(Example(f"q {number}", "", "a") for number in range(80))
    session.open(tmp_path / "letters")
    made = Page(session)
    qtbot.addWidget(made)
    made.show()
    yield made
    session.close()


def until(qtbot: QtBot, condition: Callable[[], bool]) -> None:
    qtbot.waitUntil(condition, timeout=10_000)


def test_the_choice_is_kept_in_the_project_and_sets_how_many_are_answered(qtbot: QtBot, page: Page) -> None:
    choice = SampleChoice(page)
    choice.ask()
    choice.ask()
    until(qtbot, lambda: choice.dialog is not None)
    made, project = choice.dialog, page.session.project
    assert made is not None
    assert project is not None
    assert made.list.count() == len(project.store.heldout(page.session.recipe.heldout.share))
    for row in (4, 2):
        made.list.item(row).setCheckState(Qt.CheckState.Checked)
    wanted = made.chosen
    made.button.click()
    until(qtbot, lambda: project.pinned == wanted)
    assert page.session.recipe.heldout.sample_answers == 2
    until(qtbot, lambda: choice.dialog is None)
    choice.ask()
    until(qtbot, lambda: choice.dialog is not None)
    assert choice.dialog is not None
    assert choice.dialog.chosen == wanted
    choice.dialog.reject()


def test_in_a_project_open_for_reading_only_nothing_is_asked(qtbot: QtBot, page: Page) -> None:
    project = page.session.project
    assert project is not None
    with Project.open(project.path, read_only=True) as other:
        page.session.project = other
        choice = SampleChoice(page)
        choice.ask()
        assert choice._task is None
        page.session.project = project
