"""The held-out examples that runs answer: chosen, kept in the project, first in every run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core import pinned
from core.dataset.example import Example
from core.errors import ProjectError, UserError
from core.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "letters") as made:
        made.store.add(Example(f"q {number}", "", "a") for number in range(100))
        yield made


def share(project: Project) -> float:
    return project.recipe.heldout.share


def test_what_is_chosen_comes_first_in_every_run_and_stays_in_the_project(project: Project) -> None:
    plain = [example.id for example in project.create_run().heldout_examples()]
    chosen = [plain[7], plain[2]]
    project.set_pinned(chosen)
    assert [example.id for example in pinned.listed(project, share(project))][:2] == chosen
    ordered = [example.id for example in project.create_run().heldout_examples()]
    assert ordered == [*chosen, *(id for id in plain if id not in chosen)]
    with Project.open(project.path, read_only=True) as other:
        assert other.pinned == tuple(chosen)
        with pytest.raises(ProjectError):
            other.set_pinned([])
    project.set_recipe(pinned.answering(project.recipe, chosen))
    assert project.recipe.heldout.sample_answers == 2
    assert pinned.answering(project.recipe, []) == project.recipe


def test_one_that_is_gone_or_no_longer_held_out_is_passed_over(project: Project) -> None:
    plain = [example.id for example in pinned.listed(project, share(project))]
    project.set_pinned([9999, plain[4]])
    assert pinned.listed(project, share(project))[0].id == plain[4]
    assert project.create_run().heldout_examples()[0].id == plain[4]


def test_only_held_out_examples_can_be_chosen_and_not_too_many(project: Project) -> None:
    held_out = [example.id for example in pinned.listed(project, share(project))]
    assert pinned.check(project, [held_out[1], held_out[0], held_out[1]], share(project)) == [held_out[1], held_out[0]]
    other = next(id for id in project.store.ids() if id not in held_out)
    with pytest.raises(UserError, match="is not held out"):
        pinned.check(project, [other], share(project))
    with pytest.raises(UserError, match="too many"):
        pinned.check(project, range(1, pinned.most() + 2), share(project))


def test_what_somebody_wrote_there_by_hand_does_no_harm(project: Project) -> None:
    project.set_pinned([3])
    file = project.path / "project.toml"
    text = file.read_text(encoding="utf-8")
    for other in ('pinned = "all"', 'pinned = [3, "x", true, 5]', "nothing = 1"):
        file.write_text(text.replace("pinned = [3]", other), encoding="utf-8")
        with Project.open(project.path, read_only=True) as found:
            assert found.pinned == ((3, 5) if "5" in other else ())
