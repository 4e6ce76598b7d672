"""The best prompt and the style rule of a project: kept in project.toml, survives what a person does to that file."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ProjectError
from core.evaluation.style import StyleRule
from core.project import Project
from core.project_file import PROJECT_FILE
from core.prompt.best import BestPrompt


def test_it_is_kept(tmp_path: Path) -> None:
    best = BestPrompt(system='You are "kind".\nAnd brief.\t\\o/', examples=5)
    with Project.create(tmp_path / "letters") as project:
        assert project.best_prompt == BestPrompt()
        project.set_best_prompt(best)
        assert project.best_prompt == best
    with Project.open(tmp_path / "letters", read_only=True) as project:
        assert project.best_prompt == best
        with pytest.raises(ProjectError):
            project.set_best_prompt(BestPrompt())


def test_broken_characters_do_not_stop_it(tmp_path: Path) -> None:
    with Project.create(tmp_path / "letters") as project:
        project.set_best_prompt(BestPrompt(system="half \ud83d of one \x00"))
    with Project.open(tmp_path / "letters") as project:
        assert project.best_prompt.system.startswith("half ")


def test_a_table_of_the_users_own_is_kept_and_a_damaged_one_counts_as_none(tmp_path: Path) -> None:
    Project.create(tmp_path / "letters").close()
    file = tmp_path / "letters" / PROJECT_FILE
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole + '\n[prompt]\nsystem = "Be kind." # mine\nexamples = 99\n', encoding="utf-8")
    with Project.open(tmp_path / "letters") as project:
        assert project.best_prompt == BestPrompt()
        project.set_best_prompt(BestPrompt(system="Be kind.", examples=2))
    assert "# mine" in file.read_text(encoding="utf-8")
    file.write_text("prompt = 3\n" + whole, encoding="utf-8")
    with Project.open(tmp_path / "letters") as project:
        project.set_best_prompt(BestPrompt(examples=0))
        assert project.best_prompt.is_empty


def test_a_style_rule_is_kept(tmp_path: Path) -> None:
    with Project.create(tmp_path / "letters") as project:
        assert project.style_rule.is_empty
        project.set_style_rule(StyleRule(kind="words", text="Dear, yours"))
        project.set_best_prompt(BestPrompt(system="Be kind."))
    with Project.open(tmp_path / "letters") as project:
        assert project.style_rule == StyleRule(kind="words", text="Dear, yours")
        assert project.style_rule.holds("Dear Ann, yours, Bo")
        assert project.best_prompt.system == "Be kind."
