"""Find and replace on the Examples page: every change is seen before it is made, and all are one step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from example_bench import WordFormat, make_project, stored, until
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from app import disk
from app.pages.example_replace import ExampleReplace
from app.pages.examples import ExamplesPage
from app.session import Session
from app.widgets import diff_list
from app.widgets.toast import Toast
from core.dataset.example import Example
from core.errors import UserError

LETTERS = [
    Example("Greet Anna", "", "Ahoy, Anna!"),
    Example("Greet Ben", "from Kiel", "Ahoy <b>Ben</b>!"),
    Example("Greet Cem", "", "Hello", note="ahoy"),
]


@pytest.fixture
def session(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setattr(disk, "prompt_format", lambda *_: WordFormat())
    session = Session()
    yield session
    session.close()


@pytest.fixture
def page(qtbot: QtBot, session: Session, tmp_path: Path) -> ExamplesPage:
    session.open(make_project(tmp_path / "letters", LETTERS))
    page = ExamplesPage(session)
    qtbot.addWidget(page)
    page.resize(1000, 700)
    page.show()
    until(qtbot, lambda: page.table.rowCount() == 3 and not page.table.busy)
    return page


@pytest.fixture
def replacing(qtbot: QtBot, page: ExamplesPage) -> Iterator[ExampleReplace]:
    replacing = page.verbs.find_and_replace()
    assert replacing is not None
    yield replacing
    if page.findChildren(QDialog):
        replacing.dialog.reject()


def look(qtbot: QtBot, replacing: ExampleReplace, find: str, by: str = "", **options: bool) -> None:
    dialog = replacing.dialog
    for name, on in options.items():
        dialog.options[name].setChecked(on)
    dialog.find_line.setText(find)
    dialog.by.setText(by)
    QTest.keyClick(dialog.find_line, Qt.Key.Key_Return)
    until(qtbot, lambda: not replacing.busy)


def test_every_change_is_shown_and_made_in_one_step(
    qtbot: QtBot, session: Session, page: ExamplesPage, replacing: ExampleReplace
) -> None:
    look(qtbot, replacing, "ahoy", "Moin")
    dialog = replacing.dialog
    assert dialog.summary.text() == "2 places in 2 examples will change."
    assert dialog.list.view.toPlainText().split("\n") == [
        *("Example 1, output", "−Ahoy+Moin, Anna!"),
        *("Example 2, output", "−Ahoy+Moin <b>Ben</b>!"),  # text is text
    ]
    assert dialog.button.text() == "Replace in 2 examples"
    dialog.button.click()
    until(qtbot, lambda: stored(session)[0].output == "Moin, Anna!")
    assert stored(session)[1].output == "Moin <b>Ben</b>!"
    until(qtbot, lambda: page.form.fields["output"].editor.text() == "Moin, Anna!")
    (toast,) = [toast for toast in page.window().findChildren(Toast) if toast.isVisible()]
    assert toast.text == "Replaced “ahoy” in 2 examples."
    toast.button.click()
    until(qtbot, lambda: stored(session) == LETTERS)


def test_where_to_look(qtbot: QtBot, page: ExamplesPage, replacing: ExampleReplace) -> None:
    dialog = replacing.dialog
    dialog.fields["note"].setChecked(True)
    look(qtbot, replacing, "ahoy")
    assert dialog.button.text() == "Replace in 3 examples"
    for box in dialog.fields.values():
        box.setChecked(False)
    until(qtbot, lambda: not replacing.busy and not dialog.button.isEnabled())
    assert not dialog.summary.isVisible()


def test_the_selected_ones_are_looked_in_at_first(qtbot: QtBot, page: ExamplesPage) -> None:
    page.browser.list.selectAll()
    replacing = page.verbs.find_and_replace()
    assert page.verbs.find_and_replace() is replacing  # one window is enough
    assert replacing.dialog.where.currentText() == "The 3 selected examples"
    replacing.dialog.where.set_value("all")
    assert replacing.dialog.where.currentText() == "All 3 examples"
    replacing.dialog.reject()
    page.browser.list.go_to(1)
    page.show_ids((2, 3), "some")
    until(qtbot, lambda: page.table.rowCount() == 2)
    page.browser.list.go_to(2)
    replacing = page.verbs.find_and_replace()
    assert replacing.dialog.where.currentText() == "The 2 examples in the list"
    look(qtbot, replacing, "ahoy")
    assert replacing.dialog.button.text() == "Replace in 1 example"
    replacing.dialog.reject()


def test_nothing_found_and_nothing_asked(qtbot: QtBot, replacing: ExampleReplace) -> None:
    look(qtbot, replacing, "zebra")
    assert not replacing.dialog.button.isEnabled()
    assert replacing.dialog._quiet.text().startswith("Nothing to replace")
    look(qtbot, replacing, "")
    assert replacing.dialog._quiet.text().startswith("Write what to find")


def test_a_pattern_that_cannot_be_read_is_explained(qtbot: QtBot, replacing: ExampleReplace) -> None:
    look(qtbot, replacing, "(ahoy", regular=True)
    assert replacing.dialog.banner.title == "The pattern cannot be read."
    assert replacing.dialog._pattern_help.isVisible()
    look(qtbot, replacing, r"(\w+), (\w+)", r"\2, \1", regular=True)
    assert replacing.dialog.banner.title == ""
    assert replacing.dialog.button.text() == "Replace in 1 example"


def test_what_is_typed_on_can_not_be_carried_out(qtbot: QtBot, replacing: ExampleReplace) -> None:
    look(qtbot, replacing, "Ahoy", "x")
    assert replacing.dialog.button.isEnabled()
    replacing.dialog.by.setText("y")
    assert not replacing.dialog.button.isEnabled()
    until(qtbot, lambda: replacing.dialog.button.isEnabled())  # after a pause in typing
    assert "+y" in replacing.dialog.list.view.toPlainText()


def test_more_is_shown_when_asked_for(qtbot: QtBot, replacing: ExampleReplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diff_list, "AT_ONCE", 1)
    monkeypatch.setattr("app.pages.example_replace.AT_ONCE", 1)
    look(qtbot, replacing, "Ahoy", "x")
    more = replacing.dialog.list.more
    assert more.text() == "Show 1 more of 1"
    more.click()
    until(qtbot, lambda: not replacing.busy and not more.isVisible())
    assert "Example 2, output" in replacing.dialog.list.view.toPlainText()


def test_what_goes_wrong_is_said_in_the_window(
    qtbot: QtBot, session: Session, replacing: ExampleReplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_fields: object) -> None:
        raise UserError("The disk is full.")

    look(qtbot, replacing, "Ahoy", "x")
    monkeypatch.setattr(session.project.store, "update_each", full)
    replacing.dialog.button.click()
    until(qtbot, lambda: replacing.dialog.banner.title == "The disk is full.")
    assert stored(session) == LETTERS
