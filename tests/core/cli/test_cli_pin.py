"""pin: lists and chooses the held-out examples that runs answer."""

import json

from core.project import Project


def test_examples_are_chosen_listed_and_given_back(cli, project):
    listed = json.loads(cli("pin", project, "--json").out)
    assert listed["pinned"] == []
    first, second = listed["heldout"][3], listed["heldout"][1]
    assert cli("pin", project, first, second, "--json").code == 0
    found = json.loads(cli("pin", project, "--json").out)
    assert found["pinned"] == [first, second]
    assert found["heldout"][:2] == [first, second]
    assert f"* {first:>6}  Question" in cli("pin", project).out
    with Project.open(project, read_only=True) as opened:
        assert opened.recipe.heldout.sample_answers == 2
    outcome = cli("pin", project, "--none")
    assert outcome.code == 0
    assert "None is chosen" in outcome.out


def test_what_cannot_be_chosen_is_said(cli, project):
    outcome = cli("pin", project, 9999)
    assert outcome.code == 1
    assert "Example 9999 is not held out." in outcome.err
    assert cli("pin", project, 1, "--none").code == 2


def test_without_held_out_examples_it_says_why(cli, tmp_path):
    Project.create(tmp_path / "empty").close()
    assert "From 50 ready examples up" in cli("pin", tmp_path / "empty").out
