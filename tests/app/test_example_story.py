"""The history of an example: what changed, when, in words and signs, and what can be put back."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import pytest
from pytestqt.qtbot import QtBot

from app.widgets.example_story import ExampleStory, compared
from app.widgets.word_diff import DiffSection, WordDiffView, spoken
from core.dataset.example import Example, Split, Status, Turn
from core.dataset.word_diff import Piece, differences

OLD = Example("Greet Anna", "", "Ahoy!", id=7)
NEW = replace(OLD, output="Ahoy <b>there</b>!")


@dataclass(frozen=True)
class Moment:
    """One step, as the store tells it."""

    at: float
    label: str
    before: Example | None
    after: Example | None
    undone: bool = False


def _moments() -> list[Moment]:
    now = time.time()
    return [
        Moment(now - 5, "Edit note of example 7", NEW, replace(NEW, note="n"), undone=True),
        Moment(now - 300, "Edit output of example 7", OLD, NEW),
        Moment(now - 9000, "Import 212 examples", None, OLD),
    ]


@pytest.fixture
def story(qtbot: QtBot) -> ExampleStory:
    story = ExampleStory()
    qtbot.addWidget(story)
    story.resize(430, 500)
    story.show()
    story.set_moments(_moments(), NEW)
    return story


def test_changes_are_listed_with_words(story: ExampleStory) -> None:
    rows = [story.list.item(row) for row in range(story.list.count())]
    assert [row.text() for row in rows] == ["Edit note (taken back)", "Edit output", "Import 212 examples"]
    assert rows[1].data(0x0100) == "5 minutes ago"


def test_what_a_change_did_is_shown_as_text(qtbot: QtBot, story: ExampleStory) -> None:
    story.list.setCurrentRow(1)
    qtbot.waitUntil(lambda: "there" in story.view.toPlainText())
    assert story.view.toPlainText() == "Output\nAhoy +<b>there</b>!"
    assert story.view.accessibleDescription() == "Added: <b>there</b>"


def test_the_old_version_is_put_back(story: ExampleStory) -> None:
    wanted: list[Example] = []
    story.put_back_wanted.connect(wanted.append)
    story.list.setCurrentRow(1)
    assert story.button.text() == "Put the old version back"
    story.button.click()
    assert wanted == [OLD]


def test_what_was_taken_back_can_be_put_back(story: ExampleStory) -> None:
    wanted: list[Example] = []
    story.put_back_wanted.connect(wanted.append)
    assert story.button.text() == "Put this version back"
    story.button.click()
    assert wanted[0].note == "n"


def test_nothing_to_put_back_is_said(story: ExampleStory) -> None:
    story.list.setCurrentRow(2)
    assert not story.button.isEnabled()
    assert story._hint.text() == "There is no older version."
    story.set_moments([Moment(1.0, "Edit output of example 7", NEW, OLD)], NEW)
    assert not story.button.isEnabled()
    assert story._hint.text() == "The example is like that now."


def test_a_newer_change_leaves_the_choice(story: ExampleStory) -> None:
    story.list.setCurrentRow(1)
    story.set_moments([Moment(time.time(), "Edit input of example 7", NEW, NEW), *_moments()], NEW)
    assert story.list.currentItem().text() == "Edit output"


def test_very_many_changes(story: ExampleStory) -> None:
    story.set_moments([Moment(1.0, "Edit output of example 7", OLD, NEW)] * 2000, NEW)
    assert story.list.count() == 500
    assert story._words.text() == "The newest 500 of 2,000 changes."
    assert story._words.isVisible()
    story.set_moments(_moments(), NEW)
    assert not story._words.isVisible()


def test_without_a_past(story: ExampleStory) -> None:
    story.set_moments([], NEW)
    assert not story.list.isVisible()
    assert "Nothing is known" in story._words.text()


def test_reading_only(story: ExampleStory) -> None:
    story.set_read_only(True)
    assert not story.button.isVisible()


def test_every_field_has_words() -> None:
    turns = (Turn("user", "Hi"), Turn("assistant", "Ho"))
    new = replace(OLD, history=turns, tags=("a", "b"), status=Status.DRAFT, split=Split.TRAIN, system="Be kind.")
    sections = {section.heading: section.pieces for section in compared(OLD, new)}
    assert sections["Earlier turns"] == [Piece("new", "User: Hi\n\nAssistant: Ho")]
    assert sections["Status"] == [Piece("gone", "Ready"), Piece("new", "Draft")]
    assert list(sections) == ["System prompt", "Earlier turns", "Tags", "Status", "Split"]
    added = {section.heading: section.pieces for section in compared(None, OLD)}
    assert added["Instruction"] == [Piece("same", "Greet Anna")]
    assert compared(OLD, OLD)[0].pieces == [Piece("same", "Nothing in this example.")]


def test_changes_are_signed_and_spoken(qtbot: QtBot) -> None:
    view = WordDiffView()
    qtbot.addWidget(view)
    view.set_sections([DiffSection("", differences("one two", "one three")), DiffSection("B", differences("a", "a\n"))])
    assert view.toPlainText() == "one \u2212two+three\nB\na+\u21b5\n"
    assert view.accessibleDescription() == "Removed: two. Added: three. Added: spaces or line ends"
    assert len(spoken([Piece("new", "word " * 1000)])) == 400
