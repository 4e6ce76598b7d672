"""Where adapters come from, what differs between two, and what comparisons found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from foreign_adapters import foreign
from library_bench import run_of

from core.dataset.example import Example
from core.evaluation import comparison
from core.evaluation.comparison import Answered, Case, Comparison, Measured, System, dump_row
from core.export import base_file, sums
from core.library import entries, lineage
from core.library.importing import Wish, import_adapter
from core.library.scores import scores
from core.project import Project
from core.recipe.recipe import with_settings
from core.recipe.schema import ModelSettings


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "project") as made:
        yield made


def test_of_a_run_settings_and_examples_are_known(project: Project) -> None:
    run = run_of(project, "letters")
    base_file.write(run.adapter, "starter", "a" * 64)
    found = lineage.of(entries.find(project, "1"))
    assert found.recipe == run.recipe()
    assert (found.data.train, found.data.heldout) == (len(run.train_examples()), len(run.heldout_examples()))
    assert (found.base.name, found.base.sha256) == ("tunesmith-starter", "a" * 64)
    assert found.size > 0


def test_the_same_examples_have_the_same_hash(project: Project) -> None:
    first, second = run_of(project, "one"), run_of(project, "two")
    project.store.add([Example(instruction="One more", output="Answer")])
    third = run_of(project, "three")
    hashes = [lineage.of(entries.of_run(run)).data.sha256 for run in (first, second, third)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_between_two_runs_every_setting_is_compared(project: Project) -> None:
    run_of(project, "one")
    project.set_recipe(with_settings(project.recipe, {"lora.rank": 4, "training.epochs": 7}))
    run_of(project, "two")
    changes = lineage.settings_between(entries.find(project, "1"), entries.find(project, "2"))
    assert {change.title: change.after for change in changes} == {"Rank": "4", "Epochs": "7"}


def test_of_an_imported_one_its_files_tell(project: Project, tmp_path: Path) -> None:
    for number, rank in enumerate((4, 4)):
        folder = foreign(tmp_path / str(number), lora_alpha=8 * (number + 1), r=rank)
        import_adapter(project.path, Wish(folder, ModelSettings()))
    first, second = sorted(entries.adapters(project), key=lambda adapter: adapter.key)
    found = lineage.of(first)
    assert found.data is None
    assert found.origin.source == "0"
    assert [(change.title, change.before, change.after) for change in lineage.settings_between(first, second)] == [
        ("Alpha", "8", "16")
    ]


def test_a_run_and_an_imported_one_are_compared_by_their_files(project: Project, tmp_path: Path) -> None:
    run_of(project, "letters")
    import_adapter(project.path, Wish(foreign(tmp_path / "x"), ModelSettings()))
    changes = lineage.settings_between(entries.find(project, "1"), entries.find(project, "adapters/x"))
    assert [change.title for change in changes] == ["Target modules"]


def test_scores_come_from_comparisons(project: Project) -> None:
    run = run_of(project, "letters")
    cases = [Case(frozen=Example(id=n, instruction="q", output="a word").frozen()) for n in (1, 2)]
    weights = run.adapter / "adapter_model.safetensors"
    mine = {"folder": f"runs/{run.name}/adapter", "sha256": sums.hash_file(weights)}
    systems = [
        System(key="base", kind="base", title="Base"),
        System(key=run.name, kind="adapter", title="Mine", **mine),
    ]
    folder = comparison.create(
        project.path,
        Comparison(base="starter", model=ModelSettings(), systems=systems, cases=cases, max_new_tokens=8),
    )
    assert list(scores(project.path, run.name)) == []  # it has not begun
    with open(folder.rows_file, "ab") as file:
        for case in cases:
            for system, text, loss in (("base", "xx", 6.0), (run.name, "a word", 2.0)):
                row = {"example": case.id, "system": system}
                file.write(dump_row(Answered(**row, text=text, tokens=2, prompt_tokens=3, end="end")))
                file.write(dump_row(Measured(**row, loss=loss, targets=2)))
    (found,) = scores(project.path, run.name)
    assert (found.answers, found.exact, found.loss, found.base_loss) == (2, 2, 1.0, 3.0)
    assert found.chrf == pytest.approx(100)
    assert found.base_chrf < 50
    assert list(scores(project.path, "0002-other")) == []
    assert "2 held-out examples" in found.verdict
    weights.write_bytes(b"trained further")
    assert list(scores(project.path, run.name)) == [], "they were those of another adapter"
