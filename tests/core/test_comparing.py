"""What differs between versions, today and a run's frozen data, found in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core import comparing
from core.child import Stopped
from core.comparing import CompareJob, Comparison, State
from core.dataset.example import Example, Split, Turn
from core.dataset.versions import Versions
from core.errors import UserError
from core.project import Project

LETTERS = [
    Example("Greet Anna", "", "Ahoy!", tags=("x", "y"), history=(Turn("user", "Hi"), Turn("assistant", "Hi!"))),
    Example("Greet Ben", "from Kiel", "Ahoy <b>!"),
    Example("Greet Cem", "", "Ahoy!"),
]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "letters") as project:
        project.store.add(LETTERS)
        yield project


def compared(project: Project, old: State, new: State) -> Comparison:
    *_, found = CompareJob(project.path, old, new).messages()
    assert isinstance(found, Comparison)
    return found


def test_a_version_and_today(project: Project) -> None:
    version = Versions(project.path).save(project.store, "First")
    saved = State("version", str(version.path))
    assert not compared(project, saved, State()).any
    before = project.store.get(1)
    project.store.update(1, tags=("x",))
    project.store.delete([2])
    project.store.add([Example("Greet Dora", "", "Ahoy!", split=Split.HELDOUT)])
    found = compared(project, saved, State())
    assert found.changed == ((before, replace(before, tags=("x",))),)
    assert [example.id for example in found.added] == [4]
    assert found.added[0] == Example("Greet Dora", "", "Ahoy!", split=Split.HELDOUT)
    assert found.removed == (LETTERS[1],)
    assert (found.changed_ids, found.added_ids, found.removed_ids, found.same) == ((1,), (4,), (2,), 1)
    assert found.any


def test_what_a_run_was_trained_on_and_today(project: Project) -> None:
    project.store.update(2, split=Split.HELDOUT)
    run = project.create_run()
    frozen = State("run", str(run.path))
    assert compared(project, frozen, State()).same == 3
    project.store.update(1, tags=(), note="of no importance to a run")
    project.store.update(2, output="Moin!")
    found = compared(project, frozen, State())
    assert found.changed_ids == (2,)
    assert (found.changed[0][0].output, found.changed[0][1].output) == ("Ahoy <b>!", "Moin!")
    assert "tags" not in found.fields


def test_only_the_first_of_very_many_come_with_their_texts(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, object]] = []
    monkeypatch.setattr(comparing, "SHOWN", 1)
    monkeypatch.setattr(comparing, "_TELL_SECONDS", 0.0)
    version = Versions(project.path).save(project.store, "First")
    project.store.delete([1, 2, 3])
    request = {"project": str(project.path), "old": ["version", str(version.path)], "new": ["today", ""]}
    comparing.work(request, told.append)
    assert told[:-1] == [{"done": 1}, {"done": 2}, {"done": 3}]
    assert len(told[-1]["removed"]) == 1
    assert told[-1]["removed_ids"] == [1, 2, 3]


def test_what_cannot_be_read_is_said(project: Project) -> None:
    with pytest.raises(UserError, match="not there any more"):
        compared(project, State("version", str(project.path / "versions" / "0009-x.jsonl.gz")), State())
    job = CompareJob(project.path, State(), State())
    job.stop()
    with pytest.raises(Stopped):
        list(job.messages())
