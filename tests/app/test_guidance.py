"""Is fine-tuning right for this? Questions, advice, and answers that are kept without a Save button."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from example_bench import make_project, top_level, until
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.guidance import Guidance
from app.projects import Projects
from app.session import Session
from app.widgets.guidance_dialog import GuidanceDialog
from app.widgets.new_project_dialog import NewProjectDialog
from app.widgets.question_field import QuestionField
from core import paths
from core.guidance.purpose import Purpose
from core.project import Project


@pytest.fixture
def session(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setattr(paths, "documents", lambda: tmp_path)
    session = Session()
    yield session
    session.close()


@pytest.fixture
def guidance(qtbot: QtBot, session: Session) -> Guidance:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    return Guidance(session, Projects(session, window), window)


def dialog_of(guidance: Guidance) -> GuidanceDialog:
    assert guidance.dialog is not None
    return guidance.dialog


def test_a_single_answer_is_given_changed_and_taken_back(qtbot: QtBot) -> None:
    field = QuestionField("Really?", "It matters.", {"no": "No", "yes": "Yes"})
    qtbot.addWidget(field)
    told: list[tuple[str, ...]] = []
    field.answered.connect(told.append)
    for id in ("no", "yes", "yes"):
        field.buttons[id].click()
    assert told == [("no",), ("yes",), ()]
    assert not any(button.isChecked() for button in field.buttons.values())
    field.set_answer(("no", "unknown"))
    assert field.answer == ("no",)
    assert len(told) == 3


def test_several_answers_keep_the_order_shown(qtbot: QtBot) -> None:
    field = QuestionField("Which?", "It matters.", {"a": "A", "b": "B", "c": "C"}, several=True)
    qtbot.addWidget(field)
    for id in ("c", "a", "b", "b"):
        field.buttons[id].click()
    assert field.answer == ("a", "c")


def test_every_answer_changes_the_advice_and_is_told(qtbot: QtBot) -> None:
    dialog = GuidanceDialog(Purpose())
    qtbot.addWidget(dialog)
    dialog.show()
    told: list[Purpose] = []
    dialog.purpose_changed.connect(told.append)
    assert dialog.advice.title.text().startswith("Answer the first question")
    dialog.fields["lacks"].buttons["tone"].click()
    dialog.fields["prompt"].buttons["careful"].click()
    assert dialog.advice.title.text() == "Fine-tune: it suits what you want."
    assert "1." in dialog.advice.text
    assert told[-1].answers == {"lacks": ("tone",), "prompt": ("careful",)}
    dialog.goal.setPlainText("Letters")
    dialog.reject()
    assert told[-1].goal == "Letters"  # typed a moment ago


def test_answers_are_the_purpose_of_the_open_project(
    qtbot: QtBot, session: Session, guidance: Guidance, tmp_path: Path
) -> None:
    session.use(Project.open(make_project(tmp_path / "project")))
    session.guidance_wanted.emit()
    dialog = dialog_of(guidance)
    assert not dialog.start.isVisible()
    assert dialog.try_prompt.isVisible()
    with qtbot.waitSignal(session.purpose_changed):
        dialog.fields["sources"].buttons["yes"].click()
    assert session.project is not None
    assert session.project.purpose.has("sources", "yes")
    with qtbot.waitSignal(session.prompt_wanted):
        dialog.try_prompt.click()
    until(qtbot, lambda: guidance.dialog is None)
    session.guidance_wanted.emit()
    assert dialog_of(guidance).fields["sources"].answer == ("yes",)
    dialog_of(guidance).reject()


def test_answers_without_a_project_go_into_the_one_that_is_made(
    qtbot: QtBot, session: Session, guidance: Guidance
) -> None:
    guidance.ask()
    dialog_of(guidance).fields["lacks"].buttons["task"].click()
    dialog_of(guidance).reject()
    guidance.ask()
    dialog = dialog_of(guidance)
    assert dialog.fields["lacks"].answer == ("task",)  # not lost by closing
    dialog.start.click()
    until(qtbot, lambda: top_level(NewProjectDialog).create_button.isEnabled())
    new = top_level(NewProjectDialog)
    assert not new.ask.isVisible()
    new.create_button.click()
    until(qtbot, lambda: session.project is not None and session.project.purpose.has("lacks", "task"))
    assert guidance.dialog is None


def test_a_new_project_asks_what_it_is_for_if_the_user_wants(
    qtbot: QtBot, session: Session, guidance: Guidance
) -> None:
    guidance._projects.new()
    until(qtbot, lambda: top_level(NewProjectDialog).create_button.isEnabled())
    new = top_level(NewProjectDialog)
    assert new.asks
    new.create_button.click()
    until(qtbot, lambda: guidance.dialog is not None)
    qtbot.keyClick(dialog_of(guidance), Qt.Key.Key_Escape)
    until(qtbot, lambda: guidance.dialog is None)


def test_the_questions_of_a_read_only_project_can_only_be_read(qtbot: QtBot) -> None:
    dialog = GuidanceDialog(Purpose(answers={"lacks": ("tone",)}), project="Mine", read_only=True)
    qtbot.addWidget(dialog)
    dialog.show()
    assert not dialog.fields["lacks"].isEnabled()
    assert dialog.goal.isReadOnly()
    assert not dialog.try_prompt.isVisible()
