"""What the user can do with projects, and the dialog that asks for a name and a place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from example_bench import make_project, top_level, until
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QWidget
from pytestqt.qtbot import QtBot

from app.projects import Projects
from app.session import Session
from app.widgets.new_project_dialog import NewProjectDialog, folder_name, free_name, is_free
from core import paths
from core.project import Project


@pytest.fixture
def session(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setattr(paths, "documents", lambda: tmp_path)
    session = Session()
    yield session
    session.close()


@pytest.fixture
def projects(qtbot: QtBot, session: Session) -> Projects:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    return Projects(session, window)


def asked(qtbot: QtBot) -> NewProjectDialog:
    until(qtbot, lambda: any(isinstance(w, NewProjectDialog) and w.isVisible() for w in QApplication.topLevelWidgets()))
    dialog = top_level(NewProjectDialog)
    until(qtbot, lambda: dialog.note.text())
    return dialog


def test_a_new_project(qtbot: QtBot, session: Session, projects: Projects, tmp_path: Path) -> None:
    projects.new()
    dialog = asked(qtbot)
    assert dialog.name.text() == "My project"
    dialog.name.setText("Letters: to the port / harbour")
    until(qtbot, dialog.create_button.isEnabled)
    assert dialog.note.text() == f"Will be made as {tmp_path / 'letters-to-the-port-harbour'}"
    dialog.create_button.click()
    until(qtbot, lambda: session.project is not None)
    assert session.project.name == "Letters: to the port / harbour"
    assert session.project.path == tmp_path / "letters-to-the-port-harbour"


def test_a_project_from_a_sample(qtbot: QtBot, session: Session, projects: Projects) -> None:
    projects.new_from_sample("harbour-letters", "Harbour letters")
    dialog = asked(qtbot)
    assert dialog.windowTitle() == "New project from a sample"
    until(qtbot, dialog.create_button.isEnabled)
    dialog.create_button.click()
    until(qtbot, lambda: session.project is not None)
    assert session.project.store.counts().total >= 200


def test_a_name_that_is_taken_cannot_be_used(qtbot: QtBot, projects: Projects, tmp_path: Path) -> None:
    make_project(tmp_path / "my-project")
    projects.new()
    dialog = asked(qtbot)
    assert dialog.name.text() == "My project 2"  # the first free one is proposed
    dialog.name.setText("My project")
    until(qtbot, lambda: "exists already" in dialog.note.text())
    assert not dialog.create_button.isEnabled()
    dialog.accept()
    assert dialog.isVisible()
    dialog.reject()


@pytest.mark.parametrize(
    ("name", "folder", "said"),
    [
        ("  ", "/tmp", "Give the project a name"),
        ("///", "/tmp", "name"),
        ("x", " ", "Choose where"),
        ("x", "a/b", "full path"),
    ],
)
def test_what_is_missing_is_said(qtbot: QtBot, projects: Projects, name: str, folder: str, said: str) -> None:
    projects.new()
    dialog = asked(qtbot)
    dialog.folder.setText(folder)
    dialog.name.setText(name)
    assert said in dialog.note.text()
    assert not dialog.create_button.isEnabled()
    dialog.reject()


def test_a_place_where_nothing_can_be_made_is_said(
    qtbot: QtBot, session: Session, projects: Projects, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    projects.new()
    dialog = asked(qtbot)
    dialog.folder.setText(str(tmp_path / "file"))
    until(qtbot, dialog.create_button.isEnabled)
    with qtbot.waitSignal(session.problem) as problem:
        dialog.create_button.click()
    assert problem.args[0].title == "The project could not be made."
    assert session.project is None


def test_opening_a_folder(
    qtbot: QtBot, session: Session, projects: Projects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_project(tmp_path / "letters")
    monkeypatch.setattr(QFileDialog, "open", lambda dialog: dialog.fileSelected.emit(str(path)))
    projects.open()
    until(qtbot, lambda: session.project is not None)
    assert session.project.path == path


def test_opening_a_wrong_folder(
    qtbot: QtBot, session: Session, projects: Projects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "picture.png").write_bytes(b"x")
    monkeypatch.setattr(QFileDialog, "open", lambda dialog: dialog.fileSelected.emit(str(tmp_path / "holiday")))
    with qtbot.waitSignal(session.problem) as problem:
        projects.open()
    assert problem.args[0].title == "holiday is not a project."
    assert [file.name for file in (tmp_path / "holiday").iterdir()] == ["picture.png"]


def test_renaming(qtbot: QtBot, session: Session, projects: Projects, tmp_path: Path) -> None:
    projects.rename()  # nothing is open: nothing is asked
    session.open(make_project(tmp_path / "letters"))
    projects.rename()
    dialog = top_level(QInputDialog)
    dialog.setTextValue("Letters")
    with qtbot.waitSignal(session.name_changed):
        dialog.accept()
    assert session.project.name == "Letters"


def test_showing_the_folder(
    session: Session, projects: Projects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", shown.append)
    projects.show_folder()
    session.open(make_project(tmp_path / "letters"))
    projects.show_folder()
    assert [url.toLocalFile() for url in shown] == [str(tmp_path / "letters")]


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("My project", "my-project"),
        ('a<b>:"/\\|?*c', "a-b-c"),
        ("  ..  ", ""),
        ("Übung ß 翻訳", "übung-ß-翻訳"),
        ("a\nb", "a-b"),
    ],
)
def test_folder_names(name: str, folder: str) -> None:
    assert folder_name(name) == folder


def test_free_places(tmp_path: Path) -> None:
    make_project(tmp_path / "taken")
    (tmp_path / "empty").mkdir()
    assert is_free(tmp_path / "new")
    assert is_free(tmp_path / "empty")
    assert not is_free(tmp_path / "taken")
    assert not is_free(tmp_path / "taken" / "project.toml")
    assert free_name(tmp_path, "Taken") == "Taken 2"


def test_looking_for_a_free_name_ends_where_nothing_can_be_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.widgets.new_project_dialog.is_free", lambda _path: False)
    assert free_name(tmp_path, "Name") == "Name"


def test_a_project_made_in_an_empty_folder(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    session.create_soon(tmp_path / "empty", name="In here")
    until(qtbot, lambda: session.project is not None)
    session.close()
    with Project.open(tmp_path / "empty") as project:
        assert project.name == "In here"
