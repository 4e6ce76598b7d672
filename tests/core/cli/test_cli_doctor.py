"""doctor: words, JSON and exit code."""

import json

import pytest

from core.cli import doctor
from core.hardware.checks import Check

GOOD = Check("Python", True, "3.11.7")
NOTE = Check("graphics card", False, "none", "Get one.", essential=False)
BAD = Check("peft", False, "not installed", "Install it again, " + "very " * 30 + "well.")


@pytest.fixture
def found(monkeypatch):
    def use(*checks):
        monkeypatch.setattr(doctor.checks, "check_all", lambda: iter(checks))

    return use


def test_all_well(cli, found):
    found(GOOD)
    outcome = cli("doctor")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == ["ok      Python                3.11.7", "", "Training works here."]


def test_notes_are_no_failure(cli, found):
    found(GOOD, NOTE)
    outcome = cli("doctor")
    assert outcome.code == 0
    assert "note    graphics card         none\n                              Get one.\n" in outcome.out
    assert json.loads(cli("doctor", "--json").out)["ok"] is True


def test_failures(cli, found):
    found(GOOD, BAD)
    outcome = cli("doctor")
    assert outcome.code == 1
    assert "FAILED  peft" in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 120
    assert outcome.out.splitlines()[-1] == "Training cannot work yet: mend peft."


def test_as_json(cli, found):
    found(GOOD, NOTE, BAD)
    outcome = cli("doctor", "--json")
    result = json.loads(outcome.out)
    assert (outcome.code, result["ok"]) == (1, False)
    assert [set(check) for check in result["checks"]] == [{"name", "ok", "detail", "fix", "essential"}] * 3
    assert [check["name"] for check in result["checks"]] == ["Python", "graphics card", "peft"]
