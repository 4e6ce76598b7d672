"""Which adapters a project has, and what each is called by other parts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from library_bench import adapter_in, checkpoint_of, import_of, run_of

from core.errors import RunError
from core.library import entries
from core.project import Project
from core.runs import notes
from core.runs.notes import Notes


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "project") as made:
        yield made


def test_runs_come_newest_first_and_imported_ones_after_them(project: Project) -> None:
    first = run_of(project, "letters")
    run_of(project, "not trained", trained=False)
    second = run_of(project, "shorter letters")
    import_of(project, "from-a-friend", base="other/base", title="From a friend")
    found = entries.adapters(project)
    assert [adapter.key for adapter in found] == [second.name, first.name, "adapters/from-a-friend"]
    assert [adapter.title for adapter in found] == ["Run 3 · Shorter letters", "Run 1 · Letters", "From a friend"]
    assert [adapter.base for adapter in found] == ["starter", "starter", "other/base"]
    assert found[1].folder == first.adapter
    assert found[1].run == first
    assert found[2].run is None


def test_each_is_found_by_its_key_and_runs_by_their_number(project: Project) -> None:
    run_of(project, "letters")
    import_of(project, "from-a-friend")
    for adapter in entries.adapters(project):
        assert entries.find(project, adapter.key) == adapter
    assert entries.find(project, "1").key == "0001-letters"


def test_a_name_of_ones_own_is_its_title(project: Project) -> None:
    run = run_of(project, "letters")
    folder = import_of(project, "from-a-friend", title="From a friend")
    notes.write(run, Notes(title="The good one"))
    notes.write_to(folder, Notes(title="Hers"))
    assert [adapter.title for adapter in entries.adapters(project)] == ["Run 1 · The good one", "Hers"]


def test_an_unknown_key_names_those_that_exist(project: Project) -> None:
    with pytest.raises(RunError, match="The project has no adapter yet"):
        entries.find(project, "7")
    run_of(project, "letters")
    with pytest.raises(RunError, match="There are: 0001-letters"):
        entries.find(project, "adapters/nothing")


@pytest.mark.parametrize("key", ["adapters/../runs/0001-letters/adapter", "adapters/", "adapters/.", "adapters/.."])
def test_a_key_never_leads_out_of_the_folder(project: Project, key: str) -> None:
    run_of(project, "letters")
    with pytest.raises(RunError):
        entries.find(project, key)


def test_a_run_without_an_adapter_says_when_it_has_one(project: Project) -> None:
    run_of(project, "letters", trained=False)
    with pytest.raises(RunError, match="when it has finished or was stopped"):
        entries.find(project, "1")


def test_whole_checkpoints_are_adapters_by_their_steps(project: Project) -> None:
    run = run_of(project, "letters")
    later, earlier = checkpoint_of(run, 1200), checkpoint_of(run, 50)
    found = entries.checkpoints(run)
    assert [adapter.key for adapter in found] == ["0001-letters@50", "0001-letters@1200"]
    assert [adapter.folder for adapter in found] == [earlier, later]
    assert found[1].title == "Run 1 · Letters, step 1,200"
    assert entries.find(project, "1@50") == found[0]
    with pytest.raises(RunError, match="It has those of the steps 50, 1200"):
        entries.find(project, "1@51")


def test_what_is_no_whole_checkpoint_is_passed_over(project: Project) -> None:
    run = run_of(project, "letters", trained=False)
    assert entries.checkpoints(run) == []
    (checkpoint_of(run, 1) / "optimizer.pt").unlink()
    (checkpoint_of(run, 2) / "adapter_model.safetensors").write_bytes(b"cut")
    (checkpoint_of(run, 3) / "manifest.json").write_text("[", encoding="utf-8")
    (checkpoint_of(run, 4) / "adapter_config.json").unlink()
    adapter_in(run.checkpoints / "step-00000005")
    (run.checkpoints / "step-00000006").write_bytes(b"")
    assert entries.checkpoints(run) == []


def test_damaged_runs_and_imports_are_left_out(project: Project) -> None:
    run_of(project, "letters").recipe_file.write_text("?", encoding="utf-8")
    (import_of(project, "a") / "imported.json").write_text("{}", encoding="utf-8")
    (import_of(project, "b") / "adapter_model.safetensors").unlink()
    good = import_of(project, "c")
    assert [adapter.key for adapter in entries.adapters(project)] == ["adapters/c"]
    shutil.rmtree(good)
    assert entries.adapters(project) == []
