"""Home: recent projects, samples, advice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from example_bench import make_project, until
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.pages import home as home_page
from app.pages.home import HomePage
from app.session import Session
from app.widgets.card_grid import even_columns
from app.widgets.recent_row import RecentRow
from core import recent, samples
from core.errors import UserError
from core.project import Project


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


@pytest.fixture
def page(qtbot: QtBot, session: Session) -> HomePage:
    page = HomePage(session)
    qtbot.addWidget(page)
    page.resize(1000, 700)
    page.show()
    return page


def remembered(*paths: Path) -> None:
    for path in paths:
        with Project.open(path) as project:
            recent.remember(project)
        time.sleep(0.001)  # the list is in the order of time


def rows(page: HomePage) -> list[RecentRow]:
    return page.findChildren(RecentRow)


def test_the_first_start_says_what_this_is_for(qtbot: QtBot, page: HomePage) -> None:
    page.enter()
    until(qtbot, page.welcome.isVisible)
    assert not page.recent_card.isVisible()
    words = " ".join(label.text() for label in page.findChildren(QLabel))
    assert "Is fine-tuning right for this?" in words
    assert "Try a better prompt first" in words


def test_recent_projects_are_listed_newest_first(
    qtbot: QtBot, session: Session, page: HomePage, tmp_path: Path
) -> None:
    first, second = make_project(tmp_path / "first", name="First"), make_project(tmp_path / "second", name="<b>2</b>")
    remembered(first, second)
    page.enter()
    until(qtbot, lambda: [row.name for row in rows(page)] == ["<b>2</b>", "First"])
    assert not page.welcome.isVisible()
    rows(page)[1].click()
    until(qtbot, lambda: session.project is not None)
    assert session.project.path == first


def test_coming_back_leaves_the_rows_in_place(qtbot: QtBot, page: HomePage, tmp_path: Path) -> None:
    remembered(make_project(tmp_path / "first"))
    page.enter()
    until(qtbot, lambda: rows(page))
    (row,) = rows(page)
    page.enter()
    until(qtbot, lambda: not page._recent.busy)
    assert rows(page) == [row]


def test_a_project_that_is_gone_says_so_and_can_be_forgotten(qtbot: QtBot, page: HomePage, tmp_path: Path) -> None:
    gone = make_project(tmp_path / "gone", name="Gone")
    stays = make_project(tmp_path / "stays", name="Stays")
    remembered(gone, stays)
    gone.rename(tmp_path / "elsewhere")
    page.enter()
    until(qtbot, lambda: len(rows(page)) == 2)
    row = rows(page)[1]
    assert row.accessibleName() == "Gone, not found"
    row.setFocus()
    QTest.keyClick(row, Qt.Key.Key_Delete)
    until(qtbot, lambda: [row.name for row in rows(page)] == ["Stays"])
    rows(page)[0].forget_button.click()
    until(qtbot, page.welcome.isVisible)
    assert stays.is_dir()  # the folder stays


def test_samples_are_offered(qtbot: QtBot, page: HomePage) -> None:
    until(qtbot, lambda: page.samples.cards())
    known = samples.all_samples()
    assert len(page.samples.cards()) == len(known) >= 3
    with qtbot.waitSignal(page.sample_chosen) as chosen:
        page.samples.cards()[1].button.click()
    assert chosen.args == [known[1].id, known[1].title]


def test_samples_that_cannot_be_read_are_said(qtbot: QtBot, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise UserError("The samples cannot be read.")

    monkeypatch.setattr(home_page, "_all_samples", broken)
    page = HomePage(session)
    qtbot.addWidget(page)
    page.show()
    until(qtbot, lambda: page.banner.title == "The samples cannot be read.")
    assert not page._samples_heading.isVisible()


def test_nothing_is_wider_than_the_smallest_window(qtbot: QtBot, page: HomePage) -> None:
    until(qtbot, lambda: page.samples.cards())
    page.resize(1100 - 216, 650)
    qtbot.wait(10)
    area = page.findChild(home_page.QScrollArea)
    assert area.widget().minimumSizeHint().width() <= area.viewport().width()


@pytest.mark.parametrize(
    ("cards", "width", "columns"),
    [(4, 720, 2), (4, 540, 2), (4, 960, 4), (3, 720, 3), (5, 720, 3), (4, 100, 1), (0, 500, 0)],
)
def test_columns_are_even(cards: int, width: int, columns: int) -> None:
    assert even_columns(cards, width) == columns
