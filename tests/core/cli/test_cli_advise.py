"""advise: says what suits the examples better and why, and changes the settings only when it is told to."""

from __future__ import annotations

import json

from core.dataset.example import Example
from core.project import Project
from core.recipe import presets
from core.recipe.recipe import with_settings


def test_advice_is_said_with_its_reason_and_applied_on_request(cli, project):
    long = "A long answer. " * 90
    with Project.open(project) as opened:
        opened.store.add([Example("Tell a story", "", long)])
        opened.set_recipe(with_settings(presets.base_recipe("starter"), {"heldout.share": 0.0}))
    outcome = cli("advise", project)
    assert outcome.code == 0, outcome.err
    assert "Maximum length " in outcome.out
    assert "  1 example of yours is longer than 256 tokens and would be left out; " in outcome.out
    assert "Held-out share 0.1\n  Of 61 examples some can be spared" in outcome.out
    assert outcome.out.endswith("Next: tunesmith advise " + str(project) + " --apply changes the project's settings.\n")
    told = json.loads(cli("advise", project, "--json").out)
    assert {advice["id"] for advice in told["advice"]} == {"length", "heldout"}
    assert told["applied"] is False
    with Project.open(project) as opened:
        assert opened.recipe.training.max_length == 256
    applied = cli("advise", project, "--apply")
    assert "The project's settings were changed." in applied.out
    with Project.open(project) as opened:
        assert opened.recipe.training.max_length > 256
        assert opened.recipe.heldout.share == 0.1
    assert cli("advise", project).out == "The settings suit the examples.\n"


def test_unusual_settings_are_remarked_on(cli, project):
    with Project.open(project) as opened:
        opened.set_recipe(with_settings(opened.recipe, {"training.batch_size": 128}))
    told = json.loads(cli("advise", project, "--json").out)
    assert "training.batch_size" in told["remarks"]


def test_without_ready_examples_there_is_nothing_to_go_by(cli, tmp_path):
    with Project.create(tmp_path / "empty"):
        pass
    assert cli("advise", tmp_path / "empty").out == "No example is ready yet, so there is nothing to go by.\n"
