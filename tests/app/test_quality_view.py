"""The quality view shows what the review found, leads to the examples, fixes and ignores, and looks again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from example_bench import make_project, until
from page_fakes import FakeGateJob
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

import core.dataset
from app.pages.quality_view import QualityView
from app.session import Session
from app.widgets.toast import Toast
from core.dataset.example import Example
from core.dataset.store import ExampleStore
from core.errors import UserError
from core.prompt.gate import Checked, Offender
from core.prompt.proof import Flaw


@dataclass(frozen=True)
class Rule:
    id: str
    title: str
    explanation: str
    severity: str
    fix: str = ""
    can_ignore: bool = True


@dataclass(frozen=True)
class Finding:
    rule: str
    severity: str
    examples: tuple[int, ...]
    message: str
    field: str = ""
    start: int = -1
    end: int = -1


@dataclass(frozen=True)
class Group:
    rule: Rule
    findings: tuple[Finding, ...]
    examples: tuple[int, ...]


@dataclass(frozen=True)
class Report:
    groups: tuple[Group, ...]
    examples: int
    revision: int
    flagged: int
    ignored: int = 0
    problem: str = ""


@dataclass(frozen=True)
class Progress:
    done: int
    total: int


SPACES = Rule("whitespace", "Stray spaces", "The model learns to write them too.", "hint", "Trim the spaces")
EMPTY = Rule("empty", "No output", "There is nothing to learn from.", "error")


class FakeReview(ModuleType):
    """Finds outputs that begin with spaces or are empty; what is ignored is kept in memory."""

    def __init__(self) -> None:
        super().__init__("core.dataset.review")
        self.ignored: set[tuple[str, int]] = set()
        self.refuses = False
        self.problem = ""
        outer = self

        class ReviewJob:
            def __init__(self, project: Path) -> None:
                self.project = project

            def messages(self) -> Iterator[Any]:
                yield Progress(1, 2)
                yield outer.report(self.project)

            def stop(self) -> None:
                pass

        self.ReviewJob = ReviewJob

    def report(self, project: Path) -> Report:
        store = ExampleStore(project / "examples.db", read_only=True)
        examples = list(store.iterate())
        revision = store.revision
        store.close()
        groups = []
        for rule, found in (
            (SPACES, [e for e in examples if e.output.startswith("  ")]),
            (EMPTY, [e for e in examples if not e.output]),
        ):
            ids = tuple(e.id for e in found if (rule.id, e.id) not in self.ignored)
            findings = tuple(Finding(rule.id, rule.severity, (id,), "Two spaces", "output", 0, 2) for id in ids)
            if ids:
                groups.append(Group(rule, findings, ids))
        flagged = {id for group in groups for id in group.examples}
        return Report(tuple(groups), len(examples), revision, len(flagged), len(self.ignored), self.problem)

    def fix(self, store: ExampleStore, group: Group) -> Any:
        if self.refuses:
            raise UserError("The disk is full.")
        return store.update_each(
            [(id, {"output": store.get(id).output.strip()}) for id in group.examples], label="Trim 3 outputs"
        )

    def ignore(self, _folder: Path, _store: ExampleStore, findings: tuple[Finding, ...]) -> set[Any]:
        new = {(finding.rule, finding.examples[0]) for finding in findings} - self.ignored
        self.ignored |= new
        return new

    def restore_ignored(self, _folder: Path, only: set[Any] | None = None) -> None:
        self.ignored -= set(self.ignored) if only is None else only


@pytest.fixture
def review(monkeypatch: pytest.MonkeyPatch) -> FakeReview:
    fake = FakeReview()
    monkeypatch.setitem(sys.modules, "core.dataset.review", fake)
    monkeypatch.setattr(core.dataset, "review", fake, raising=False)
    monkeypatch.setattr("app.gate.make_job", lambda _project, _recipe: FakeGateJob())
    return fake


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    made = Session()
    yield made
    made.close()


@pytest.fixture
def view(qtbot: QtBot, session: Session, review: FakeReview) -> QualityView:
    made = QualityView(session)
    qtbot.addWidget(made)
    made.resize(1000, 700)
    return made


EXAMPLES = [Example(f"Greet {i}", "", "  <b>Ahoy</b>") for i in range(3)] + [
    Example("Half"),
    Example("Fine", "", "Ahoy"),
]


def open_with(session: Session, folder: Path, examples: list[Example]) -> None:
    session.open(make_project(folder / "project", examples))


def heard(view: QualityView) -> list[Any]:
    found: list[Any] = []
    view.show_wanted.connect(lambda ids, words: found.append((ids, words)))
    view.counted.connect(found.append)
    return found


def test_findings_stand_worst_first_and_lead_to_their_examples(
    qtbot: QtBot, session: Session, view: QualityView, tmp_path: Path
) -> None:
    open_with(session, tmp_path, EXAMPLES)
    found = heard(view)
    view.show()
    until(qtbot, lambda: view.report is not None)
    assert view.summary.text() == "5 examples; 4 need a look."
    assert found == [4]
    assert [card.title for card in (view.groups["empty"], view.groups["whitespace"])] == ["No output", "Stray spaces"]
    until(qtbot, lambda: view.groups["empty"].y() < view.groups["whitespace"].y())
    spaces = view.groups["whitespace"]
    until(qtbot, lambda: "<b>Ahoy</b>" in spaces.rows[0].line.accessibleName())
    spaces.show_all.click()
    qtbot.keyClick(spaces.rows[1].line, Qt.Key.Key_Space)
    assert found[1:] == [((1, 2, 3), "Stray spaces: 3 examples"), ((2,), "Stray spaces: example 2")]
    assert view.groups["empty"].fix.isHidden()


def test_a_fix_is_one_step_that_can_be_taken_back(
    qtbot: QtBot, session: Session, view: QualityView, tmp_path: Path
) -> None:
    open_with(session, tmp_path, EXAMPLES)
    found = heard(view)
    view.show()
    until(qtbot, lambda: "whitespace" in view.groups)
    view.groups["whitespace"].fix.click()
    until(qtbot, lambda: "whitespace" not in view.groups)
    assert session.project.store.get(1).output == "<b>Ahoy</b>"
    assert found == [4, 1]
    view.findChild(Toast).button.click()
    until(qtbot, lambda: "whitespace" in view.groups)
    assert session.project.store.get(1).output == "  <b>Ahoy</b>"


def test_a_fix_that_fails_is_told_and_can_be_tried_again(
    qtbot: QtBot, session: Session, view: QualityView, review: FakeReview, tmp_path: Path
) -> None:
    open_with(session, tmp_path, EXAMPLES)
    view.show()
    until(qtbot, lambda: "whitespace" in view.groups)
    review.refuses = True
    view.groups["whitespace"].fix.click()
    until(qtbot, lambda: view.banner.title == "The disk is full.")
    assert view.groups["whitespace"].fix.isEnabled()


def test_what_is_ignored_goes_and_nothing_left_is_said(
    qtbot: QtBot, session: Session, view: QualityView, tmp_path: Path
) -> None:
    open_with(session, tmp_path, EXAMPLES[:3])
    view.show()
    until(qtbot, lambda: "whitespace" in view.groups)
    view.groups["whitespace"].rows[1].ignore.click()
    until(qtbot, lambda: view.groups["whitespace"].count.text() == "2 examples")
    view.groups["whitespace"].ignore.click()
    until(qtbot, view.clean.isVisible)
    assert view.summary.text() == "3 examples; nothing else that needs a look."
    assert view.clean._title.text() == "Nothing else found; 3 ignored"
    assert "No duplicates" not in view.clean._text.text()
    assert view.restore.text() == "Report 3 ignored findings again"
    view.restore.click()
    until(qtbot, lambda: "whitespace" in view.groups)
    assert view.restore.isHidden()


def test_ignoring_can_be_taken_back_and_leaves_alone_what_was_ignored_before(
    qtbot: QtBot, session: Session, view: QualityView, tmp_path: Path
) -> None:
    open_with(session, tmp_path, EXAMPLES[:3])
    view.show()
    until(qtbot, lambda: "whitespace" in view.groups)
    view.groups["whitespace"].rows[1].ignore.click()
    until(qtbot, lambda: view.groups["whitespace"].count.text() == "2 examples")
    view.groups["whitespace"].ignore.click()
    until(qtbot, view.clean.isVisible)
    (toast,) = [toast for toast in view.findChildren(Toast) if toast.text == "Ignored 2 findings."]
    toast.button.click()
    until(qtbot, lambda: "whitespace" in view.groups)
    assert view.groups["whitespace"].count.text() == "2 examples"
    assert view.restore.text() == "Report 1 ignored finding again"


def test_what_could_not_be_looked_at_is_told(
    qtbot: QtBot, session: Session, view: QualityView, review: FakeReview, tmp_path: Path
) -> None:
    review.problem = "The base model has no tokenizer."
    open_with(session, tmp_path, EXAMPLES)
    view.show()
    until(qtbot, lambda: view.banner.title == "Not everything could be looked at.")
    review.problem = ""
    view.lookout.look_again()
    until(qtbot, lambda: view.banner.title == "")


def test_without_examples_it_says_what_it_is_for(
    qtbot: QtBot, session: Session, view: QualityView, tmp_path: Path
) -> None:
    open_with(session, tmp_path, [])
    view.show()
    until(qtbot, view.empty.isVisible)
    session.apply(session.project.store.add(EXAMPLES[:1]))
    until(qtbot, lambda: "whitespace" in view.groups)
    session.close()
    assert view.report is None
    assert view.groups == {}


def test_the_real_review_is_understood(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    view = QualityView(session)
    qtbot.addWidget(view)
    view.resize(1000, 700)
    open_with(session, tmp_path, [*EXAMPLES, EXAMPLES[-1]])
    view.show()
    until(qtbot, lambda: not view.lookout.busy and view.report is not None)
    assert view.report.examples == 6
    fixable = [card for card in view.groups.values() if not card.fix.isHidden()]
    assert fixable
    fixable[0].fix.click()
    until(qtbot, lambda: fixable[0] not in view.groups.values())
    first = next(iter(view.groups))
    view.groups[first].ignore.click()
    until(qtbot, lambda: first not in view.groups)
    view.restore.click()
    until(qtbot, lambda: first in view.groups)
    until(qtbot, lambda: not view.lookout.busy)


def test_what_cannot_be_trained_is_found_as_well_and_cannot_be_ignored(
    qtbot: QtBot, session: Session, view: QualityView, review: FakeReview, tmp_path: Path, monkeypatch
) -> None:
    flaw = Offender(5, Flaw.CUT, "Fine", "The template cuts it.", "Choose another model.")
    job = FakeGateJob(Checked(1, 4, (5,), (flaw,)))
    monkeypatch.setattr("app.gate.make_job", lambda _project, _recipe: job)
    told = heard(view)
    open_with(session, tmp_path, EXAMPLES)
    view.show()
    until(qtbot, lambda: "cannot-be-trained" in view.groups)
    card = view.groups["cannot-be-trained"]
    assert card.fix.text() == "Exclude them"
    assert card.ignore.isHidden()
    assert card.rows[0].ignore.isHidden()
    assert not view.groups["whitespace"].ignore.isHidden()
    assert told[-1] == 5
    card.rows[0].line.click()
    assert told[-1] == ((5,), "Cannot be trained with this base model: example 5")
