"""check: findings on the command line, in words and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.dataset.example import Example
from core.project import Project


@pytest.fixture
def flawed(tmp_path: Path) -> Path:
    with Project.create(tmp_path / "flawed") as project:
        project.store.add(
            [
                Example("Greet the guest.", output="Good morning. "),
                Example("Greet the guest.", output="Good morning."),
                Example("Say good-bye.", output="Dear [Your Name], good-bye."),
                *(Example(f"Say {word}.", output=f"{word}\n") for word in ("red", "green", "blue", "grey", "pink")),
            ]
        )
        return project.path


def test_findings_as_json(cli, flawed: Path) -> None:
    result = json.loads(cli("check", flawed, "--json").out)
    placeholder = next(finding for finding in result["findings"] if finding["rule"] == "placeholders")
    assert placeholder == {
        "rule": "placeholders",
        "severity": "error",
        "examples": [3],
        "message": "“[Your Name]” was to be filled in.",
        "field": "output",
        "start": 5,
        "end": 16,
    }
    assert {finding["rule"] for finding in result["findings"]} == {"placeholders", "duplicates", "stray-whitespace"}
    assert (result["examples"], result["flagged"], result["ignored"], result["problem"]) == (8, 8, 0, "")


def test_findings_in_words(cli, flawed: Path) -> None:
    outcome = cli("check", flawed)
    assert (outcome.code, outcome.err) == (0, "")
    assert "Duplicates (duplicates): 2\n  Word for word the same example." in outcome.out
    assert "  examples 2, 1: " not in outcome.out
    assert "  examples 1, 2: The same twice.\n" in outcome.out
    assert "  example 1, output: Ends with spaces or empty lines.\n" in outcome.out
    assert "  and 1 more\n" in outcome.out
    assert outcome.out.endswith("\n\n8 examples; 8 need a look.\n")


def test_only_one_rule(cli, flawed: Path) -> None:
    result = json.loads(cli("check", flawed, "--json", "--rule", "placeholders").out)
    assert [finding["rule"] for finding in result["findings"]] == ["placeholders"]
    assert result["flagged"] == 1
    assert cli("check", flawed, "--rule", "no-such-rule").code == 2


def test_nothing_found(cli, project: Path) -> None:
    result = cli("check", project, "--rule", "secrets")
    assert (result.code, result.out) == (0, "61 examples; nothing that needs a look.\n")


def test_what_could_not_be_looked_at_is_said(cli, tmp_path: Path) -> None:
    with Project.create(tmp_path / "p") as project:
        project.store.add([Example("a", output="b")])
        recipe = project.recipe
        project.set_recipe(recipe.model_copy(update={"model": recipe.model.model_copy(update={"base": "no/model"})}))
    outcome = cli("check", tmp_path / "p")
    assert outcome.code == 0
    assert "1 example; nothing that needs a look.\nLengths in tokens could not be looked at: " in outcome.out
    assert "no/model is not on this machine" in outcome.out
