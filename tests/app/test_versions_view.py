"""Versions: saved, compared, put back, renamed, deleted, each with a way back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from example_bench import THREE, WordFormat, make_project, stored, top_level, until
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog
from pytestqt.qtbot import QtBot

from app import disk
from app.pages.examples import ExamplesPage
from app.pages.versions_view import TODAY, VersionsView
from app.session import Session
from app.widgets.toast import Toast
from core.dataset.example import Example
from core.dataset.versions import Versions
from core.project import Project


@pytest.fixture
def session(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setattr(disk, "prompt_format", lambda *_: WordFormat())
    session = Session()
    yield session
    session.close()


@pytest.fixture
def view(qtbot: QtBot, session: Session, tmp_path: Path) -> VersionsView:
    session.open(make_project(tmp_path / "letters", THREE))
    view = VersionsView(session)
    qtbot.addWidget(view)
    view.resize(1000, 700)
    view.show()
    until(qtbot, lambda: view.empty.isVisible())
    return view


def calm(qtbot: QtBot, session: Session, view: VersionsView) -> None:
    session.wait()
    until(qtbot, lambda: not view.busy)


def saved(qtbot: QtBot, session: Session, view: VersionsView, name: str) -> None:
    count = len(view._states.versions)
    view.versions.save_wanted.emit(name)
    until(qtbot, lambda: len(view._states.versions) == count + 1)
    calm(qtbot, session, view)


def act(session: Session, view: VersionsView, change: object) -> None:
    session.apply(change)


def rows(view: VersionsView) -> list[str]:
    return [view.versions.list.item(row).text().split("\n")[0] for row in range(view.versions.list.count())]


def toast(view: VersionsView) -> Toast:
    (found,) = [toast for toast in view.window().findChildren(Toast) if toast.isVisible()]
    return found


def test_the_first_version(qtbot: QtBot, session: Session, view: VersionsView) -> None:
    view.empty.button.click()
    dialog = top_level(QInputDialog)
    assert dialog.textValue().startswith("Version of ")
    assert not view._states.versions
    dialog.setTextValue("Before the clean-up")
    dialog.accept()
    until(qtbot, lambda: view.versions.isVisible())
    calm(qtbot, session, view)
    assert rows(view) == ["Before the clean-up"]
    assert "with 3 examples" in toast(view).text
    assert view.compare.equal.isVisible()


def test_what_changed_since(qtbot: QtBot, session: Session, view: VersionsView) -> None:
    saved(qtbot, session, view, "Before <b>")
    store = session.project.store
    act(session, view, store.update(1, output="Moin, Anna!"))
    act(session, view, store.add([Example("Greet Dora", "", "Ahoy!")]))
    act(session, view, store.delete([3]))
    until(qtbot, lambda: view._comparison is not None and view._comparison.added_ids == (4,))
    calm(qtbot, session, view)
    assert [view.compare.kind.button(kind).text() for kind in ("changed", "added", "removed")] == [
        *("Changed 1", "Added 1", "Removed 1"),
    ]
    assert view.compare.list.view.toPlainText() == "Example 1, output\n−Ahoy+Moin, Anna!"
    view.compare.kind.button("added").click()
    calm(qtbot, session, view)
    assert view.compare.list.view.toPlainText() == "Example 4\n+Greet Dora\nAhoy!"
    with qtbot.waitSignal(view.show_wanted) as wanted:
        view.compare.to_table.click()
    assert wanted.args == [(4,), "1 added since Before <b>"]
    view.compare.kind.button("removed").click()
    calm(qtbot, session, view)
    assert view.compare.list.view.toPlainText() == "Example 3\n−Greet Cem"
    assert not view.compare.to_table.isVisible()  # they are not there any more


def test_a_version_just_saved_is_chosen_and_compared(qtbot: QtBot, session: Session, view: VersionsView) -> None:
    saved(qtbot, session, view, "One")
    session.apply(session.project.store.update(1, output="Moin!"))
    saved(qtbot, session, view, "Two")
    two, _one = view._states.versions
    assert view.versions.key == two
    assert view.compare.pair == (two, TODAY)
    until(qtbot, lambda: view.compare.equal.isVisible())
    calm(qtbot, session, view)


def test_any_two_can_be_compared(qtbot: QtBot, session: Session, view: VersionsView) -> None:
    saved(qtbot, session, view, "One")
    session.apply(session.project.store.update(1, output="Moin!"))
    run = session.project.create_run()
    session.runs_changed.emit()
    saved(qtbot, session, view, "Two")
    session.apply(session.project.store.update(1, output="Moin moin!"))
    until(qtbot, lambda: list(view._states.runs) == [str(run.path)])
    calm(qtbot, session, view)
    names = [view.compare.old.itemText(row).partition(" (")[0] for row in range(view.compare.old.count())]
    assert names[:3] == ["Today", "Two", "One"]
    assert names[3].startswith("Run 1")
    one, two = (key for key in reversed(view._states.versions))
    for old, new, expected in ((one, two, "−Ahoy, Anna+Moin!"), (str(run.path), TODAY, "Moin +moin!")):
        view.compare.old.set_value(old)
        view.compare.new.set_value(new)
        view.compare.wanted.emit()
        until(qtbot, lambda: view._comparison is not None)
        calm(qtbot, session, view)
        assert view.compare.list.view.toPlainText() == f"Example 1, output\n{expected}"
    view.compare.old.set_value(two)
    view.compare.new.set_value(two)
    view.compare.wanted.emit()
    until(qtbot, lambda: view.compare.equal.isVisible())


def test_going_back_is_one_step(qtbot: QtBot, session: Session, view: VersionsView) -> None:
    saved(qtbot, session, view, "Before")
    session.apply(session.project.store.delete([1]))
    session.apply(session.project.store.update(2, output="x"))
    changed = stored(session)
    calm(qtbot, session, view)
    view.versions.restore.click()
    until(qtbot, lambda: stored(session) == list(THREE))
    assert toast(view).text == "Went back to version “Before”."
    toast(view).button.click()
    until(qtbot, lambda: stored(session) == changed)
    calm(qtbot, session, view)


def test_renaming_and_deleting(qtbot: QtBot, session: Session, view: VersionsView) -> None:
    saved(qtbot, session, view, "Before")
    saved(qtbot, session, view, "After")
    view.versions.list.setCurrentRow(1)
    view.versions.rename.click()
    dialog = top_level(QInputDialog)
    assert dialog.textValue() == "Before"
    dialog.setTextValue("Long before")
    dialog.accept()
    until(qtbot, lambda: rows(view) == ["After", "Long before"])
    calm(qtbot, session, view)
    view.versions.list.setCurrentRow(0)
    QTest.keyClick(view.versions.list, Qt.Key.Key_Delete)
    until(qtbot, lambda: rows(view) == ["Long before"])
    assert toast(view).text == "Deleted the version “After”."
    toast(view).button.click()
    until(qtbot, lambda: rows(view) == ["After", "Long before"])
    calm(qtbot, session, view)


def test_a_damaged_version_is_said(qtbot: QtBot, session: Session, view: VersionsView) -> None:
    saved(qtbot, session, view, "Before")
    (version,) = view._states.versions.values()
    content = version.path.read_bytes()
    version.path.write_bytes(content[:-30])
    view.versions.list.setCurrentRow(-1)
    view.versions.choose(str(version.path))
    view.versions.restore.click()
    until(qtbot, lambda: view.versions.banner.title != "")
    assert stored(session) == list(THREE)
    calm(qtbot, session, view)


def test_a_project_for_reading_can_only_be_compared(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    path = make_project(tmp_path / "letters", THREE)
    with Project.open(path) as project:
        Versions(path).save(project.store, "Before")
    session.use(Project.open(path, read_only=True))
    view = VersionsView(session)
    qtbot.addWidget(view)
    view.show()
    until(qtbot, lambda: rows(view) == ["Before"])
    calm(qtbot, session, view)
    for button in (view.versions.save, view.versions.restore, view.versions.rename, view.versions.delete):
        assert not button.isEnabled()
    assert view.compare.equal.isVisible()


def test_on_the_page(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    session.open(make_project(tmp_path / "letters", THREE))
    page = ExamplesPage(session)
    qtbot.addWidget(page)
    page.show()
    until(qtbot, lambda: page.table.rowCount() == 3 and not page.table.busy)
    page.views.choice.button("versions").click()
    view = page.views.view("versions")
    assert isinstance(view, VersionsView)
    until(qtbot, lambda: view.empty.isVisible())
    view.show_wanted.emit((1,), "1 changed since Before")
    until(qtbot, lambda: page.table.rowCount() == 1)
    assert page.views.current == "write"
