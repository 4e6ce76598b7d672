"""The command that looks after adapters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from foreign_adapters import foreign
from library_bench import adapter_in, checkpoint_of

from core.project import Project
from core.recipe.recipe import with_settings
from core.runs.folder import RunFolder


@pytest.fixture
def runs(project: Path) -> list[RunFolder]:
    """Two runs with adapters, of other settings."""
    with Project.open(project) as opened:
        found = opened.create_runs(
            [("Warm", opened.recipe), ("Cold", with_settings(opened.recipe, {"lora.rank": 4, "lora.alpha": 8}))]
        )
    for number, run in enumerate(found):
        adapter_in(run.adapter, at=1_000_000.0 + number)
    return found


def test_list_names_keys_and_what_was_said(cli, project, runs) -> None:
    assert "No adapter yet" not in cli("adapters", project, "list").out
    assert cli("adapters", project, "note", "1", "--tags", "warm, letters", "--star").code == 0
    out = cli("adapters", project, "list").out
    assert "0002-cold" in out.splitlines()[1]
    assert "* Run 1 · Warm" in out
    assert "warm, letters" in out
    (one,) = json.loads(cli("adapters", project, "list", "--tag", "WARM", "--json").out)
    assert (one["key"], one["run"], one["starred"]) == ("0001-warm", "0001-warm", True)
    assert len(json.loads(cli("adapters", project, "list", "--starred", "--json").out)) == 1


def test_an_empty_project_says_so(cli, project) -> None:
    assert cli("adapters", project, "list").out == "No adapter yet.\n"
    assert json.loads(cli("adapters", project, "list", "--json").out) == []


def test_import_takes_a_folder_and_says_how_it_matches(cli, project, tmp_path) -> None:
    outcome = cli("adapters", project, "import", foreign(tmp_path / "Hers"), "--name", "From her")
    assert outcome.out.startswith("Imported From her as adapters/from-her. It was trained on tunesmith-starter")
    found = json.loads(cli("adapters", project, "show", "adapters/from-her", "--json").out)
    assert found["imported"]["source"] == "Hers"
    assert found["base"] == "starter"


def test_import_of_another_models_adapter_wants_a_word_more(cli, project, tmp_path) -> None:
    source = foreign(tmp_path / "x", base_model_name_or_path="her/model")
    outcome = cli("adapters", project, "import", source)
    assert outcome.code == 1
    assert outcome.err.rstrip().endswith("If you know that it is the same model, add --anyway.")
    assert cli("adapters", project, "import", source, "--anyway").code == 0
    assert cli("adapters", project, "import", source, "--base", "nowhere/model").code == 1


def test_rename_and_note_are_kept(cli, project, runs) -> None:
    assert cli("adapters", project, "rename", "1", "The warm one").out == (
        "0001-warm is called Run 1 · The warm one now.\n"
    )
    cli("adapters", project, "note", "1", "--text", "Keep this.", "--json")
    out = cli("adapters", project, "show", "1").out
    assert "Run 1 · The warm one (0001-warm)" in out
    assert out.rstrip().endswith("Keep this.")
    assert cli("adapters", project, "note", "1").code == 2
    checkpoint_of(runs[0], 5)
    assert cli("adapters", project, "rename", "1@5", "x").code == 1


def test_remove_and_restore(cli, project, runs) -> None:
    outcome = cli("adapters", project, "remove", "2")
    assert f"tunesmith adapters {project} restore 0002-cold" in outcome.out
    assert "0002" not in cli("adapters", project, "list").out
    assert cli("adapters", project, "restore", "2").out == "Run 2 · Cold is back.\n"
    assert cli("adapters", project, "restore", "0002-cold").code == 1


def test_diff_names_settings_and_examples(cli, project, runs) -> None:
    out = cli("adapters", project, "diff", "1", "2").out
    assert "Rank:" in out
    assert "-> 4" in out
    assert "The examples are the same." in out
    with Project.open(project) as opened:
        opened.store.update(1, output="Another answer")
        adapter_in(opened.create_run(name="Third").adapter)
    found = json.loads(cli("adapters", project, "diff", "1", "3", "--json").out)
    assert found["settings"] == []
    assert found["examples"]["changed"] == 1


def test_what_is_not_there_is_told(cli, project, runs) -> None:
    outcome = cli("adapters", project, "show", "9")
    assert outcome.code == 1
    assert "There are: 0002-cold, 0001-warm" in outcome.err
