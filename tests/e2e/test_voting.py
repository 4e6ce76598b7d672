"""The verdict in the real window: read, turned by ten blind votes; the answers are read, the votes taken away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from comparison_factory import ADAPTER, comparison
from heartbeat import Heartbeat
from person import Person
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from app.pages.compare import ComparePage
from core.dataset.example import Example
from core.evaluation import votes
from core.project import Project


def test_the_verdict_is_read_and_ten_votes_turn_it(
    person: Person, heartbeat: Heartbeat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = person.window
    path = tmp_path / "Parcels"
    with Project.create(path) as project:
        project.store.add([Example(f"Where is parcel {id}?", output=f"Ahoy {id}") for id in range(1, 19)])
    folder = comparison(path)

    heartbeat.doing = "reading the verdict"
    window.session.open_soon(path)
    person.sees(lambda: window.station == "examples", "the project")
    person.presses(Qt.Key.Key_6, Qt.KeyboardModifier.ControlModifier)
    person.reads("Fine-tuning beat your best prompt, on 12 held-out examples.")
    person.reads("Use the adapter")
    page = window.page()
    assert isinstance(page, ComparePage)

    heartbeat.doing = "looking at the answers"
    person.clicks("Answers (12)")
    person.reads("Held-out example 1 of 12")
    person.sees(lambda: page.verdict.parts.answers.blocks[0].texts[1].marked, "words that were not expected")

    heartbeat.doing = "voting"
    person.clicks("Blind test")
    person.clicks("Start the blind test")
    for number in range(1, 11):
        person.reads(f"Pair {number} of 10")
        assert not any(name in label for label in _labels(page) for name in ("Run 1 · voice", "Best prompt"))
        good_is_left = page.verdict.parts.blind.test.left_text.text().startswith("Ahoy")
        person.presses(Qt.Key.Key_2 if good_is_left else Qt.Key.Key_1)
    person.reads("Run 1 · voice: better in 0")
    window.session.wait()
    assert votes.tally(votes.read(folder.votes_file), first=ADAPTER, second="prompt").losses == 10

    heartbeat.doing = "taking the votes away"
    target = tmp_path / "pairs.jsonl"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    person.clicks("Export the votes…")
    person.sees(target.exists, "the file")
    assert len([json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]) == 10

    heartbeat.doing = "reading the verdict again"
    person.clicks("Verdict")
    person.reads("You preferred those of your best prompt to the fine-tuned answers")


def _labels(page: ComparePage) -> list[str]:
    """What can be read in the ballot."""
    from PySide6.QtWidgets import QLabel

    return [label.text() for label in page.verdict.parts.blind.findChildren(QLabel) if label.isVisible()]
