"""A comparison in its own process: started, stopped, taken up, joined by whoever comes later."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from core.child import Stopped
from core.dataset.example import Example
from core.errors import RunError
from core.evaluation import comparison as comparing
from core.evaluation.comparison import Case, Comparison, ComparisonFolder, System
from core.evaluation.job import ComparisonJob, Doing, State, problem, state
from core.evaluation.results import Results
from core.recipe.schema import ModelSettings
from core.runs import heavy


@pytest.fixture
def folder(tmp_path: Path, tiny_model: Path, tiny_examples: list[Example], trained_run) -> ComparisonFolder:
    project = tmp_path / "letters"
    shutil.copytree(trained_run.adapter, project / "adapter")
    return comparing.create(
        project,
        Comparison(
            base=str(tiny_model),
            model=ModelSettings(base=str(tiny_model)),
            systems=[
                System(key="base", kind="base", title="Base model"),
                System(key="adapters/a", kind="adapter", title="A", folder="adapter"),
            ],
            cases=[Case(frozen=example.frozen()) for example in tiny_examples],
            max_new_tokens=64,
        ),
    )


@pytest.mark.slow
def test_stopped_and_taken_up_it_is_complete(folder: ComparisonFolder) -> None:
    results = Results(folder)
    assert state(results) is State.INCOMPLETE
    job = ComparisonJob(folder)
    told: list[Doing] = []

    def follow_until_it_loads() -> None:
        for doing in job.messages():
            told.append(doing)
            if doing.words == "Loading the base model":
                process = folder.job.worker_process()
                assert process is not None
                process.suspend()  # so that it is not done before this test is
                _has_the_machine(results)
                job.stop()

    with pytest.raises(Stopped):
        follow_until_it_loads()
    assert told[0].words == "Starting the process"
    assert state(results) is State.INCOMPLETE
    assert problem(folder) is None
    with pytest.raises(Stopped):  # a job that was stopped once starts nothing more
        list(job.messages())

    other = ComparisonJob(folder)
    messages = other.messages()
    next(messages)
    passing = ComparisonJob(folder)
    seen = passing.messages()
    next(seen)
    passing.leave()  # closing a project does not end what was begun elsewhere
    with pytest.raises(Stopped):
        list(seen)
    assert state(results) is State.RUNNING
    joined = list(ComparisonJob(folder).messages())  # somebody else follows the same process to its end
    assert joined[-1] == replace(joined[-1], words="Done", share=1.0)
    assert len({(type(row), repr(row)) for doing in joined for row in doing.rows}) == results.work().total
    list(messages)
    results.update()
    assert state(results) is State.COMPLETE
    assert heavy.holder() is None


def _has_the_machine(results: Results) -> None:
    assert state(results) is State.RUNNING
    holder = heavy.holder()
    assert holder is not None
    assert holder.words == "a comparison in letters"
    with pytest.raises(heavy.MachineBusy, match="A comparison is being"), heavy.starting(results.folder.job):
        pass


@pytest.mark.slow
def test_what_went_wrong_is_told_and_kept(folder: ComparisonFolder) -> None:
    shutil.rmtree(folder.project / "adapter")
    with pytest.raises(RunError):
        list(ComparisonJob(folder).messages())
    results = Results(folder)
    assert state(results) is State.FAILED
    assert problem(folder) is not None
