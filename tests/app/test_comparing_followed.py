"""The comparison under way: planned off the drawing thread, followed, stopped with what it found, forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from example_bench import make_project, until
from fake_comparison import ADAPTER, FakeComparisonJob, comparison, rows
from pytestqt.qtbot import QtBot

from app.comparing import Comparing
from app.session import Session
from core.errors import RunError
from core.evaluation.comparison import Comparison, ComparisonFolder, comparisons
from core.project import Project

LOSSES = {"base": 3.0, "prompt": 2.0, ADAPTER: 1.0}
ANSWERS = {"base": "Hello", "prompt": "Ahoy there", ADAPTER: "Ahoy, answer {id}"}
ROWS = rows(comparison(), LOSSES, ANSWERS)


class Heard:
    def __init__(self, comparing: Comparing) -> None:
        self.said: list[str] = []
        self.rows: list[int] = []
        comparing.began.connect(lambda: self.said.append("began"))
        comparing.told.connect(lambda doing: self.rows.append(len(doing.rows)))
        comparing.ended.connect(lambda: self.said.append("ended"))
        comparing.stopped.connect(lambda: self.said.append("stopped"))
        comparing.failed.connect(lambda error: self.said.append(str(error)))


@pytest.fixture
def session(qtbot: QtBot, tmp_path: Path) -> Iterator[Session]:
    session = Session()
    session.use(Project.open(make_project(tmp_path / "letters")))
    yield session
    session.close()


def plan(project: Project) -> Comparison:
    return comparison()


def test_a_comparison_from_its_plan_to_its_end(qtbot: QtBot, session: Session) -> None:
    comparing = Comparing(session, make=lambda folder: FakeComparisonJob(folder, ROWS[:20], ROWS[20:]))  # type: ignore[arg-type,return-value]
    heard = Heard(comparing)
    wanted: list[object] = []
    session.model_wanted.connect(wanted.append)
    comparing.start(plan)
    assert comparing.busy
    until(qtbot, lambda: "ended" in heard.said)
    assert heard.said == ["began", "ended"]
    assert heard.rows == [0, 20, len(ROWS) - 20, 0]
    assert comparing.results is not None
    assert comparing.results.loss(ADAPTER) == pytest.approx(1.1)
    assert len(comparing.results.answers) == 18
    assert session.project is not None
    assert comparing.results.folder == comparisons(session.project.path)[0]
    assert wanted == [comparing], "chat lets its model go"
    assert not comparing.busy


def test_stopped_it_keeps_what_was_found_and_can_go_on(qtbot: QtBot, session: Session) -> None:
    jobs = iter([partial(FakeComparisonJob, waits=True), FakeComparisonJob])
    batches = iter([ROWS[:7], ROWS[7:]])
    comparing = Comparing(session, make=lambda folder: next(jobs)(folder, next(batches)))  # type: ignore[arg-type,return-value]
    heard = Heard(comparing)
    comparing.start(plan)
    until(qtbot, lambda: 7 in heard.rows)
    comparing.stop()
    until(qtbot, lambda: "stopped" in heard.said)
    assert comparing.results is not None
    folder = comparing.results.folder
    assert len(comparing.results.losses) == 7
    comparing.resume(folder)
    until(qtbot, lambda: "ended" in heard.said)
    assert heard.said == ["began", "stopped", "began", "ended"]
    assert len(comparing.results.losses) + len(comparing.results.answers) == len(ROWS)


def test_what_cannot_be_planned_or_breaks_off_is_told(qtbot: QtBot, session: Session) -> None:
    error = RunError("The memory is full.")
    comparing = Comparing(session, make=lambda folder: FakeComparisonJob(folder, ROWS[:7], fails=error))  # type: ignore[arg-type,return-value]
    heard = Heard(comparing)

    def refuse(project: Project) -> Comparison:
        raise RunError("There is nothing to compare on.")

    comparing.start(refuse)
    until(qtbot, lambda: heard.said)
    assert heard.said == ["There is nothing to compare on."]
    assert comparing.results is None
    comparing.start(plan)
    until(qtbot, lambda: len(heard.said) == 3)
    assert heard.said[1:] == ["began", "The memory is full."]
    assert comparing.results is not None
    assert len(comparing.results.losses) == 7


def test_closing_the_project_ends_it(qtbot: QtBot, session: Session) -> None:
    jobs: list[FakeComparisonJob] = []

    def make(folder: ComparisonFolder) -> FakeComparisonJob:
        jobs.append(FakeComparisonJob(folder, ROWS[:7], waits=True))
        return jobs[-1]

    comparing = Comparing(session, make=make)  # type: ignore[arg-type]
    heard = Heard(comparing)
    comparing.start(plan)
    until(qtbot, lambda: 7 in heard.rows)
    session.close()
    assert [job.left for job in jobs] == [True], "one that was begun elsewhere goes on"
    assert not comparing.busy
    assert comparing.results is None
    assert heard.said == ["began"]
    comparing.start(plan)
    assert not comparing.busy
