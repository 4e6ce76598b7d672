"""The session opens one project at a time, writes in order, and tells everybody before the project closes."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from example_bench import THREE, WordFormat, make_project, stored, until
from pytestqt.qtbot import QtBot

from app import disk
from app.session import Session
from core import recent
from core.dataset.example import Example
from core.errors import ModelError, ProjectError, UserError
from core.project import Project


@pytest.fixture
def session(qtbot: QtBot) -> Session:
    session = Session()
    yield session
    session.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "letters", THREE)


@pytest.fixture
def problems(session: Session) -> list[UserError]:
    found: list[UserError] = []
    session.problem.connect(found.append)
    return found


def opened(qtbot: QtBot, session: Session, path: Path) -> None:
    session.open_soon(path)
    until(qtbot, lambda: session.project is not None and session.project.path == path)


def can_be_opened(path: Path) -> bool:
    try:
        Project.open(path).close()
    except ProjectError:
        return False
    return True


def state(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name != ".lock"}


# --- Opening and closing ----------------------------------------------------------------------------------------------


def test_opens_in_the_background_and_closes(qtbot: QtBot, session: Session, project: Path) -> None:
    names: list[str] = []
    session.opening.connect(names.append)
    with qtbot.waitSignal(session.project_changed):
        session.open_soon(project)
    assert session.project is not None
    assert session.project.name == "Harbour letters"
    assert names == ["letters", ""]
    assert not can_be_opened(project)
    with qtbot.waitSignal(session.project_changed):
        session.close()
    assert session.project is None
    assert can_be_opened(project)


def test_the_project_file_may_be_named_in_place_of_its_folder(qtbot: QtBot, session: Session, project: Path) -> None:
    session.open_soon(project / "project.toml")
    until(qtbot, lambda: session.project is not None and session.project.path == project)


def test_the_open_project_is_not_opened_again(
    qtbot: QtBot, session: Session, project: Path, problems: list[UserError]
) -> None:
    opened(qtbot, session, project)
    before = session.project
    with qtbot.waitSignal(session.already_open):
        session.open_soon(project.parent / "." / project.name)
    assert session.project is before
    assert problems == []


def test_two_clicks_open_once(qtbot: QtBot, session: Session, project: Path, problems: list[UserError]) -> None:
    changes: list[None] = []
    session.project_changed.connect(lambda: changes.append(None))
    session.open_soon(project)
    session.open_soon(project)
    until(qtbot, lambda: session.project is not None)
    qtbot.wait(50)
    assert len(changes) == 1
    assert problems == []


def test_of_two_projects_the_one_asked_for_last_is_opened(
    qtbot: QtBot, session: Session, project: Path, tmp_path: Path
) -> None:
    other = make_project(tmp_path / "other")
    session.open_soon(project)
    session.open_soon(other)
    until(qtbot, lambda: session.project is not None and session.project.path == other)
    until(qtbot, lambda: can_be_opened(project), "the first one was let go")
    assert session.project.path == other


def test_a_project_that_is_ready_after_the_window_closed_is_let_go(
    qtbot: QtBot, session: Session, project: Path
) -> None:
    session.open_soon(project)
    session.close()
    until(qtbot, lambda: can_be_opened(project))
    assert session.project is None


def test_another_project_takes_the_place(qtbot: QtBot, session: Session, project: Path, tmp_path: Path) -> None:
    opened(qtbot, session, project)
    session.create_soon(tmp_path / "new", name="New one")
    until(qtbot, lambda: session.project is not None and session.project.name == "New one")
    assert can_be_opened(project)


def test_a_sample_brings_its_examples(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    session.create_soon(tmp_path / "sample", name="Mine", sample="harbour-letters")
    until(qtbot, lambda: session.project is not None)
    assert session.project.name == "Mine"
    assert len(stored(session)) >= 200


def test_what_was_opened_is_remembered(qtbot: QtBot, session: Session, project: Path) -> None:
    opened(qtbot, session, project)
    session.wait()
    assert [item.path for item in recent.recent()] == [project]


def _no_project(folder: Path) -> None:
    (folder / "project.toml").unlink()


def _newer_settings(folder: Path) -> None:
    file = folder / "project.toml"
    text = file.read_text(encoding="utf-8")
    assert "format = 1" in text
    file.write_text(text.replace("format = 1", "format = 99"), encoding="utf-8")


def _newer_examples(folder: Path) -> None:
    with sqlite3.connect(folder / "examples.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def _no_examples(folder: Path) -> None:
    (folder / "examples.db").unlink()


def _damaged_examples(folder: Path) -> None:
    (folder / "examples.db").write_bytes(b"this is no database at all, only words " * 100)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_no_project, "is not a project"),
        (_newer_settings, "newer"),
        (_newer_examples, "newer"),
        (_no_examples, "missing"),
        (_damaged_examples, "not a database"),
    ],
)
def test_what_cannot_be_opened_is_said_and_left_alone(
    qtbot: QtBot, session: Session, project: Path, tmp_path: Path, problems: list[UserError], spoil: Any, said: str
) -> None:
    good = make_project(tmp_path / "good")
    opened(qtbot, session, good)
    spoil(project)
    before = state(project)
    session.open_soon(project)
    until(qtbot, lambda: problems)
    assert said in str(problems[0])
    assert problems[0].hint
    assert state(project) == before
    assert session.project is not None
    assert session.project.path == good


def test_a_project_open_elsewhere_is_said(
    qtbot: QtBot, session: Session, project: Path, problems: list[UserError]
) -> None:
    with Project.open(project):
        session.open_soon(project)
        until(qtbot, lambda: problems)
    assert "open in another window" in problems[0].title
    opened(qtbot, session, project)  # and can be opened once it is free


def test_a_folder_that_cannot_be_written_is_opened_for_reading(
    qtbot: QtBot, session: Session, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk.os, "access", lambda path, mode: mode != os.W_OK or Path(path) != project)
    opened(qtbot, session, project)
    assert session.project.read_only
    assert len(stored(session)) == 3


# --- Writing in order -------------------------------------------------------------------------------------------------


def test_what_pages_hold_back_is_written_before_a_step_is_taken_back(
    qtbot: QtBot, session: Session, project: Path
) -> None:
    opened(qtbot, session, project)
    store = session.project.store
    typed = [lambda: store.update(1, output="Moin, Anna!")]
    session.hand_over.connect(lambda: typed and session.write(typed.pop()))
    with qtbot.waitSignal(session.examples_changed):
        session.undo()
    assert store.get(1).output == "Ahoy, Anna!"
    with qtbot.waitSignal(session.examples_changed):
        session.redo()
    assert store.get(1).output == "Moin, Anna!"


def test_undo_with_nothing_to_undo_tells_nobody(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    opened(qtbot, session, make_project(tmp_path / "empty"))
    changes: list[object] = []
    session.examples_changed.connect(lambda change, _source: changes.append(change))
    session.undo()
    session.redo()
    session.wait()
    assert changes == []


def test_everybody_is_told_before_the_project_closes(qtbot: QtBot, session: Session, project: Path) -> None:
    opened(qtbot, session, project)
    told: list[str] = []
    session.examples_changed.connect(lambda change, _source: told.append(change.label))
    session.project_changed.connect(lambda: told.append("closed"))
    session.undo()
    session.close()
    qtbot.wait(20)
    assert told == ["Add 3 examples", "closed"]


def test_waiting_also_waits_for_what_an_answer_sets_going(qtbot: QtBot, session: Session, project: Path) -> None:
    opened(qtbot, session, project)
    order: list[int] = []

    def next_step(_result: object) -> None:
        order.append(2)
        session.write(lambda: order.append(3), done=lambda _: order.append(4))

    session.write(lambda: order.append(1), done=next_step)
    session.wait()
    assert order == [1, 2, 3, 4]


def test_a_failed_write_is_told(qtbot: QtBot, session: Session, project: Path, problems: list[UserError]) -> None:
    def full() -> None:
        raise UserError("The disk is full.")

    opened(qtbot, session, project)
    session.write(full)
    own: list[UserError] = []
    session.write(full, failed=own.append)
    session.wait()
    assert [error.title for error in problems] == ["The disk is full."]
    assert len(own) == 1


def test_renaming(qtbot: QtBot, session: Session, project: Path) -> None:
    opened(qtbot, session, project)
    with qtbot.waitSignal(session.name_changed):
        session.rename("  Letters of the port ")
    session.rename("   ")
    session.close()
    with Project.open(project) as again:
        assert again.name == "Letters of the port"


# --- Settings ---------------------------------------------------------------------------------------------------------


def test_settings_are_announced_once_and_kept(qtbot: QtBot, session: Session, project: Path) -> None:
    opened(qtbot, session, project)
    sources: list[object] = []
    session.recipe_changed.connect(sources.append)
    changed = session.recipe.model_copy(
        update={"training": session.recipe.training.model_copy(update={"max_length": 200})}
    )
    session.set_recipe(changed, source="form")
    session.set_recipe(changed, source="form")
    assert sources == ["form"]
    session.close()
    assert session.recipe.training.max_length != 200  # of no project: the defaults
    with Project.open(project) as again:
        assert again.recipe.training.max_length == 200


def test_a_run_started_in_a_terminal_keeps_another_from_being_started(
    qtbot: QtBot, session: Session, project: Path, problems: list[UserError]
) -> None:
    opened(qtbot, session, project)
    session.project.store.add([Example(instruction=f"Greet {n}.", output="Ahoy!") for n in range(4)])
    run = session.project.create_run(name="in a terminal")
    run.claim(os.getpid())  # this process stands for the worker
    session.start_run()
    until(qtbot, lambda: problems)
    assert problems[0].title == f"{run.name} is being trained already."
    assert session.project.runs() == [run]
    assert not session.is_training


def _with_base(session: Session, base: str) -> Any:
    return session.recipe.model_copy(update={"model": session.recipe.model.model_copy(update={"base": base})})


def test_the_base_models_format_is_read_once_in_the_background(
    qtbot: QtBot, session: Session, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    formats = {"starter": WordFormat(), "other": WordFormat()}

    def read(base: str, template: str) -> WordFormat:
        asked.append(base + template)
        return formats[base]

    monkeypatch.setattr(disk, "prompt_format", read)
    assert session.prompt_format() is None  # without a project
    opened(qtbot, session, project)
    with qtbot.waitSignal(session.prompt_format_changed):
        assert session.prompt_format() is None
        assert session.prompt_format() is None
    assert session.prompt_format() is formats["starter"]
    with qtbot.waitSignals([session.prompt_format_changed] * 2):  # the base changed; it has been read
        session.set_recipe(_with_base(session, "other"))
        session.prompt_format()
    assert session.prompt_format() is formats["other"]
    with qtbot.waitSignals([session.prompt_format_changed] * 2):  # another template is another format
        model = session.recipe.model.model_copy(update={"chat_template": "vicuna"})
        session.set_recipe(session.recipe.model_copy(update={"model": model}))
        session.prompt_format()
    assert asked == ["starter", "other", "othervicuna"]
    until(qtbot, lambda: formats["starter"].closed)


def test_a_missing_base_model_is_told_and_asked_for_again(
    qtbot: QtBot, session: Session, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[WordFormat] = []

    def read(_base: str, _template: str) -> WordFormat:
        if not there:
            raise ModelError("The base model is missing.")
        return there[0]

    monkeypatch.setattr(disk, "prompt_format", read)
    opened(qtbot, session, project)
    with qtbot.waitSignal(session.prompt_format_failed) as failed:
        session.prompt_format()
    assert failed.args[0].title == "The base model is missing."
    there.append(WordFormat())
    with qtbot.waitSignal(session.prompt_format_changed):
        session.prompt_format()
    assert session.prompt_format() is there[0]


# --- Runs -------------------------------------------------------------------------------------------------------------


def test_a_run_that_cannot_be_made_is_told(
    qtbot: QtBot, session: Session, tmp_path: Path, problems: list[UserError]
) -> None:
    opened(qtbot, session, make_project(tmp_path / "drafts", [Example("only a question")]))
    session.start_run()
    assert session.is_training
    until(qtbot, lambda: problems)
    assert not session.is_training
    assert problems[0].hint
