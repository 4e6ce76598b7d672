"""Try the prompt first: what is written is kept, tried on held-out examples, and told in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from example_bench import make_project
from fake_comparison import FakeComparisonJob, rows
from pytestqt.qtbot import QtBot

from app.pages.prompt_view import PromptView
from app.session import Session
from core.dataset.example import Example
from core.errors import RunError
from core.evaluation.comparison import ComparisonFolder, comparisons
from core.project import Project
from core.prompt.best import BestPrompt

ANSWERS = {"base": "Hello, answer {id}", "prompt": "Ahoy, answer {id}"}
LOSSES = {"base": 3.0, "prompt": 2.0}


class Bench:
    """A session on a real project."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.qtbot = qtbot
        self.folder = folder
        self.session = Session()

    @property
    def project(self) -> Project:
        assert self.session.project is not None
        return self.session.project

    def until(self, condition: Callable[[], object], seconds: float = 10) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=int(seconds * 1000))


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(qtbot, tmp_path)
    yield made
    made.session.close()


def view_of(place: Bench, *, fails: RunError | None = None, waits: bool = False, examples: int = 60) -> PromptView:
    def job(folder: ComparisonFolder) -> FakeComparisonJob:
        return FakeComparisonJob(folder, rows(folder.read(), LOSSES, ANSWERS), fails=fails, waits=waits)

    view = PromptView(place.session, make=job)
    place.qtbot.addWidget(view)
    view.resize(1000, 700)
    written = [Example(f"Question {i}", "", f"Ahoy, answer {i}") for i in range(examples)]
    place.session.use(Project.open(make_project(place.folder / "project", written)))
    view.show()
    view.enter()
    place.until(lambda: view._found is not None)
    return view


def write(view: PromptView, text: str) -> None:
    view.panel.system.setPlainText(text)
    view.panel.system.edited.emit()
    view.panel.hand_over()


def test_what_is_written_is_kept_without_a_save_button(place: Bench) -> None:
    view = view_of(place)
    write(view, "Answer like a sailor.")
    view.panel.examples.setValue(2)
    place.until(lambda: place.project.best_prompt == BestPrompt(system="Answer like a sailor.", examples=2))
    view.panel.system.setPlainText("Be brief.")
    view.panel.system.edited.emit()
    view.hide()  # before the half second is over
    place.until(lambda: place.project.best_prompt.system == "Be brief.")


def test_the_prompt_is_tried_and_said_in_words(place: Bench) -> None:
    view = view_of(place)
    assert view.faces.currentWidget() is view.empty
    write(view, "Answer like a sailor.")
    assert view.panel.button.text().startswith("Try it on ")
    view.panel.button.click()
    place.until(lambda: not view.comparing.busy and bool(view.summary.text), 20)
    place.until(lambda: "brings the answers closer" in view.summary.text)
    assert [row[0] for row in view.scores.cells] == ["Base model", "Base model with the best prompt"]
    assert len(view.answers.blocks) > 1
    tried = comparisons(place.project.path)[0].read()
    assert all(case.answered and case.side == "heldout" for case in tried.cases)
    assert len(tried.cases) <= 10
    assert tried.system("prompt").prompt == place.project.best_prompt
    write(view, "Answer like a pirate.")
    view.enter()
    place.until(lambda: "earlier wording" in view.summary.text)


def test_a_trial_can_be_stopped(place: Bench) -> None:
    view = view_of(place, waits=True)
    view.try_it()
    place.until(lambda: view.comparing.results is not None and view.panel.stop.isVisible())
    view.panel.stop.click()
    place.until(lambda: not view.comparing.busy and view.panel.button.isVisible())


def test_what_went_wrong_is_said_and_it_can_be_tried_again(place: Bench) -> None:
    view = view_of(place, fails=RunError("The memory is full.", hint="Close other programs."))
    view.try_it()
    place.until(lambda: view.banner.title == "The memory is full.")
    assert view.panel.button.isVisible()


def test_without_held_out_examples_it_says_what_to_do(place: Bench) -> None:
    view = view_of(place, examples=3)
    assert not view.panel.button.isEnabled()
    assert "No example is held out yet" in view.panel._note.text()


def test_a_prompt_that_is_too_long_is_not_kept_and_says_so(place: Bench) -> None:
    view = view_of(place)
    write(view, "x" * 20_001)
    assert "1 characters too long" in view.panel._problem.text()
    assert place.project.best_prompt.system == ""
