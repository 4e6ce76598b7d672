"""The window is killed while somebody types and imports: nothing that was acknowledged is lost, nothing is half done.

``TUNESMITH_KILLS`` says how many times; ``benchmarks/kills.py`` does it 500 times.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from killing import Told, kill_many, look_at_examples, look_at_history

from core.dataset.example import Example
from core.dataset.rows import columns_of
from core.dataset.store import ExampleStore
from core.project import EXAMPLES_FILE, Project

BEFORE = (Example("one", "", "x"), Example("two", "", "y"), Example("three", "", "z"))


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the windows are forked")
def test_a_killed_window_loses_nothing(tmp_path: Path) -> None:
    figures = kill_many(tmp_path, int(os.environ.get("TUNESMITH_KILLS", "6")), seed=4)
    assert figures.lost == []
    assert figures.corrupt == []
    assert figures.edits > 6


# --- The look afterwards finds what it is for -------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Path:
    with Project.create(tmp_path / "project") as made:
        made.store.add(BEFORE)
    return tmp_path / "project"


@pytest.fixture
def told() -> Told:
    """A window that has opened the project."""
    return Told({id: columns_of(example) for id, example in enumerate(BEFORE, start=1)})


def edited(project: Path, id: int, text: str) -> None:
    with Project.open(project) as opened:
        opened.store.update(id, output=text)


def test_an_acknowledged_edit_that_is_not_there_is_found(project: Path, told: Told) -> None:
    told.hear({"typing": 1, "field": "output", "text": "xyz"})
    assert list(look_at_examples(project, told)) == []  # it may be on its way
    told.hear({"saved": 1, "columns": columns_of(Example("one", "", "xy")), "new": False})
    assert list(look_at_examples(project, told)) == ["output of example 1 is 'x' and not 'xy' to 'xyz'"]
    edited(project, 1, "xyz")
    assert list(look_at_examples(project, told)) == []
    told.hear({"done": "typing", "columns": {"1": columns_of(Example("one", "", "xyz!"))}, "gone": []})
    assert list(look_at_examples(project, told)) == ["differs in [1]"]


def test_another_example_that_changed_or_went_is_found(project: Path, told: Told) -> None:
    told.hear({"typing": 1, "field": "output", "text": "xyz"})
    edited(project, 2, "other")
    with Project.open(project) as opened:
        opened.store.delete([3])
        opened.store.add([Example("new")])
    assert [problem.split(" is")[0] for problem in look_at_examples(project, told)] == [
        "output of example 2",
        "example 3",
        "example 4 came from nowhere",
    ]


def test_half_of_a_step_is_found(project: Path, told: Told) -> None:
    told.hear({"doing": "delete"})
    with Project.open(project) as opened:
        opened.store.delete([1, 2])
    assert list(look_at_examples(project, told)) == []
    with Project.open(project) as opened:
        opened.store.delete([3])
    assert list(look_at_examples(project, told)) == ["half of a step: [1, 2]"]
    told.hear({"doing": "undo"})
    assert list(look_at_examples(project, told)) != []


def test_a_history_that_leads_elsewhere_is_found(project: Path) -> None:
    edited(project, 1, "newer")
    store = ExampleStore(project / EXAMPLES_FILE)
    assert list(look_at_history(store)) == []
    with store._database.write() as connection:
        connection.execute("UPDATE edits SET after = replace(after, 'newer', 'wrong')")
        connection.execute("UPDATE spans SET last = 2")
    assert "2 steps back and forth give other examples" in list(look_at_history(store))
    store.close()
