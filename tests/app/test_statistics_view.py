"""The statistics view counts in the background while it is in sight, says one sentence, and leads to the examples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from example_bench import make_project, until
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.pages.statistics_view import StatisticsView
from app.session import Session
from core.dataset.example import Example, Status
from core.recipe.recipe import with_settings

SIXTY = [
    Example(
        f"Greet guest {i}", "from Kiel" if i % 3 == 0 else "", "Ahoy! " * (i % 5 + 1), tags=("<b>sea</b>",) * (i % 2)
    )
    for i in range(60)
]


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    made = Session()
    yield made
    made.close()


@pytest.fixture
def view(qtbot: QtBot, session: Session) -> StatisticsView:
    made = StatisticsView(session)
    qtbot.addWidget(made)
    made.resize(1000, 700)
    return made


def settled(qtbot: QtBot, view: StatisticsView) -> None:
    until(qtbot, lambda: not view.busy, "still counting")


def wanted(view: StatisticsView) -> list[tuple[tuple[int, ...], str]]:
    found: list[tuple[tuple[int, ...], str]] = []
    view.show_wanted.connect(lambda ids, words: found.append((ids, words)))
    return found


def open_with(session: Session, folder: Path, examples: list[Example]) -> None:
    session.open(make_project(folder / "project", examples))


def test_bars_lead_to_their_examples(qtbot: QtBot, session: Session, view: StatisticsView, tmp_path: Path) -> None:
    open_with(session, tmp_path, [*SIXTY, Example("Half done")])
    view.show()
    settled(qtbot, view)
    assert view.advice.text() == "61 examples, 60 ready for training; enough to teach a tone, two hundred teach a task."
    found = wanted(view)
    cards = view.cards
    assert cards is not None
    cards.lists["tags"].rows[0].click()
    cards.lists["status"].rows[1].click()
    assert found == [
        (tuple(range(2, 61, 2)), "30 tagged <b>sea</b>"),
        ((61,), "1 marked draft"),
    ]
    assert cards.lists["sources"].rows[0].share.name == "Written here"
    split = [row.share for row in cards.lists["split"].rows]
    assert sum(share.count for share in split) == 60
    assert split[1].count == 10
    found.clear()
    chart = cards.histograms["input"]
    assert chart.readout.startswith("20 have one: ")
    qtbot.keyClick(chart, Qt.Key.Key_Right)
    qtbot.keyClick(chart, Qt.Key.Key_Return)
    ((ids, words),) = found
    assert ids == tuple(range(1, 61, 3))
    assert words.endswith(" tokens in the input")
    assert cards.cards["system"].isHidden()
    total = sum(column.count for column in cards.histograms["whole"].columns)
    assert total == 60
    view.scope.button("all").click()
    settled(qtbot, view)
    assert sum(column.count for column in cards.histograms["whole"].columns) == 61


def test_it_follows_examples_and_settings(qtbot: QtBot, session: Session, view: StatisticsView, tmp_path: Path) -> None:
    open_with(session, tmp_path, SIXTY[:3])
    view.show()
    settled(qtbot, view)
    assert view.advice.text() == "3 examples; twenty good ones teach a tone, two hundred teach a task."
    store = session.project.store
    session.apply(store.add([Example("Tell it all", "", "word " * 100)]))
    until(qtbot, lambda: view.advice.text().startswith("4 examples"))
    assert view.long.isHidden()
    session.set_recipe(with_settings(session.recipe, {"training.max_length": 64}))
    assert view.advice.text() == "4 examples; 1 is longer than 64 tokens and would be left out."
    found = wanted(view)
    view.long.click()
    assert found == [((4,), "1 longer than 64 tokens")]
    session.apply(store.update(4, status=Status.EXCLUDED))
    until(qtbot, lambda: "3 ready" in view.advice.text())
    assert view.long.isHidden()


def test_what_another_program_changed_is_seen_when_the_view_comes_back(
    qtbot: QtBot, session: Session, view: StatisticsView, tmp_path: Path
) -> None:
    open_with(session, tmp_path, SIXTY[:3])
    view.show()
    settled(qtbot, view)
    view.hide()
    session.project.store.add(SIXTY[3:5])
    view.show()
    until(qtbot, lambda: view.advice.text().startswith("5 examples"))


def test_nothing_is_looked_at_while_nobody_looks(
    qtbot: QtBot, session: Session, view: StatisticsView, tmp_path: Path
) -> None:
    open_with(session, tmp_path, SIXTY[:3])
    assert not view.lookout.busy
    assert view.cards is None


def test_without_examples_it_says_what_it_is_for(
    qtbot: QtBot, session: Session, view: StatisticsView, tmp_path: Path
) -> None:
    open_with(session, tmp_path, [])
    view.show()
    until(qtbot, view.empty.isVisible)
    settled(qtbot, view)
    session.apply(session.project.store.add(SIXTY[:1]))
    until(qtbot, view.content.isVisible)
    settled(qtbot, view)


def test_without_a_model_it_shows_the_rest_and_says_why(
    qtbot: QtBot, session: Session, view: StatisticsView, tmp_path: Path
) -> None:
    open_with(session, tmp_path, SIXTY[:3])
    session.set_recipe(with_settings(session.recipe, {"model.base": str(tmp_path / "nowhere")}))
    view.show()
    until(qtbot, lambda: view.banner.title == "Tokens cannot be counted now.")
    settled(qtbot, view)
    assert view.cards.cards["whole"].isHidden()
    assert view.cards.lists["status"].rows[0].share.count == 3
    session.set_recipe(with_settings(session.recipe, {"model.base": "starter"}))
    until(qtbot, lambda: not view.cards.cards["whole"].isHidden())
    assert view.banner.title == ""


def test_what_the_review_found_is_in_the_sentence(
    qtbot: QtBot, session: Session, view: StatisticsView, tmp_path: Path
) -> None:
    open_with(session, tmp_path, SIXTY[:3])
    view.show()
    settled(qtbot, view)
    near = SimpleNamespace(rule=SimpleNamespace(id="near-duplicates"), examples=(1, 3))
    other = SimpleNamespace(rule=SimpleNamespace(id="placeholders"), examples=(2,))
    view.set_report(SimpleNamespace(groups=(near, other)))
    assert view.advice.text().startswith("3 examples, 2 of them near-duplicates;")
    found = wanted(view)
    view.near.click()
    assert found == [((1, 3), "2 near-duplicates")]
    view.set_report(None)
    assert view.near.isHidden()


def test_another_project_begins_anew(qtbot: QtBot, session: Session, view: StatisticsView, tmp_path: Path) -> None:
    open_with(session, tmp_path, SIXTY)
    view.show()
    session.open(make_project(tmp_path / "other", SIXTY[:2]))
    until(qtbot, lambda: view.advice.text().startswith("2 examples"))
    settled(qtbot, view)
    session.close()
    assert view.advice.text() == ""
