"""new, import, export-examples, preview: what they make, print and refuse."""

import json

import pytest

from core import paths
from core.project import Project

SAMPLE_INDEX = """
[[sample]]
id = "first"
title = "First"
description = "The first one."
file = "first.json"
style_pattern = "^Aye"
style_words = "Answers begin with Aye."

[[sample]]
id = "second"
title = "Second"
description = "The second one."
file = "second.json"
style_pattern = "^No"
style_words = "Answers begin with No."
"""


@pytest.fixture
def samples(tmp_path, monkeypatch):
    """Two sample datasets of one and two examples."""
    folder = tmp_path / "samples"
    folder.mkdir()
    (folder / "index.toml").write_text(SAMPLE_INDEX, encoding="utf-8")
    for name, count in (("first", 1), ("second", 2)):
        rows = [{"instruction": f"{name} {n}", "input": "", "output": "Aye"} for n in range(count)]
        (folder / f"{name}.json").write_text(json.dumps(rows), encoding="utf-8")
    monkeypatch.setattr(paths, "samples", lambda: folder)


def examples_of(path):
    with Project.open(path, read_only=True) as project:
        return list(project.store.iterate())


def test_a_new_project(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = cli("new", "a b", "--name", "My letters")
    assert outcome.code == 0
    assert "0 examples" in outcome.out
    assert "tunesmith import 'a b' FILE" in outcome.out
    with Project.open(tmp_path / "a b") as project:
        assert project.name == "My letters"
        assert project.recipe.model.base == "starter"
        assert project.recipe.training.learning_rate == pytest.approx(2e-3), "what suits the starter"


def test_a_new_project_as_json(cli, tmp_path):
    outcome = cli("new", tmp_path / "p", "--json")
    assert (outcome.code, json.loads(outcome.out)) == (0, {"project": str(tmp_path / "p")})


@pytest.mark.parametrize(("options", "count"), [(["--sample"], 1), (["--sample-id", "second"], 2)])
def test_a_sample_project(options, count, cli, samples, tmp_path):
    outcome = cli("new", tmp_path / "p", *options)
    assert outcome.code == 0
    assert f"with {count} examples" in outcome.out
    assert "tunesmith train" in outcome.out
    assert len(examples_of(tmp_path / "p")) == count


def test_an_unknown_sample_names_the_known_ones_and_makes_nothing(cli, samples, tmp_path):
    outcome = cli("new", tmp_path / "p", "--sample-id", "third")
    assert outcome.code == 1
    assert "first, second" in outcome.err
    assert not (tmp_path / "p").exists()


def test_nothing_is_made_over_what_is_there(cli, project, tmp_path):
    assert cli("new", project).code == 1
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file.txt").write_text("mine", encoding="utf-8")
    outcome = cli("new", tmp_path / "full")
    assert (outcome.code, outcome.out) == (1, "")
    assert "not empty" in outcome.err
    assert len(examples_of(project)) == 61


def test_import_says_what_it_took_and_what_not(cli, project, tmp_path):
    rows = [
        {"instruction": "New 1", "input": "", "output": "A"},
        {"instruction": "New 1", "input": "", "output": "A"},
        {"instruction": 7},
        {"input": "no instruction"},
    ]
    file = tmp_path / "rows.json"
    file.write_text(json.dumps(rows), encoding="utf-8")
    outcome = cli("import", project, file, "--json")
    result = json.loads(outcome.out)
    assert outcome.code == 0
    assert result["imported"] == 2
    assert result["duplicates"] == 1
    assert [item["row"] for item in result["skipped"]] == [3, 4]
    assert all(set(item) == {"row", "column", "reason"} and item["reason"] for item in result["skipped"])
    assert len(examples_of(project)) == 63
    told = cli("import", project, file).out.splitlines()
    assert told[0] == "Imported 2 examples."
    assert told[1:] == [
        "2 of them were in the project already.",
        "Left out row 3: instruction is a number, not text.",
        "Left out row 4: output is missing.",
    ]


def test_import_maps_columns(cli, project, tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("Frage,Antwort\nWie geht es?,Gut\n", encoding="utf-8")
    outcome = cli("import", project, file, "--map", "instruction=Frage", "--map", "output=Antwort", "--json")
    assert json.loads(outcome.out)["imported"] == 1
    newest = examples_of(project)[-1]
    assert (newest.instruction, newest.output) == ("Wie geht es?", "Gut")


@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl", "rows.csv", "rows.docx", "gone.json"])
def test_a_bad_file_changes_nothing(name, cli, project, tmp_path):
    if not name.startswith("gone"):
        (tmp_path / name).write_bytes(b"\x00\xff{ not that" * 9)
    outcome = cli("import", project, tmp_path / name)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("tunesmith: ")
    assert outcome.err.count("\n") == 1
    assert len(examples_of(project)) == 61


@pytest.mark.parametrize("ending", ["json", "jsonl", "csv"])
def test_what_is_exported_can_be_imported(ending, cli, project, tmp_path):
    file = tmp_path / f"out.{ending}"
    outcome = cli("export-examples", project, file, "--json")
    assert (outcome.code, json.loads(outcome.out)) == (0, {"path": str(file), "examples": 61})
    cli("new", tmp_path / "copy")
    assert json.loads(cli("import", tmp_path / "copy", file, "--json").out)["imported"] == 61
    pairs = zip(examples_of(project), examples_of(tmp_path / "copy"), strict=True)
    assert all((a.instruction, a.input, a.output) == (b.instruction, b.input, b.output) for a, b in pairs)


def test_an_export_of_an_unknown_kind_is_refused(cli, project, tmp_path):
    assert cli("export-examples", project, tmp_path / "out.docx").code == 1
    assert not (tmp_path / "out.docx").exists()


def test_preview_as_json(cli, project):
    result = json.loads(cli("preview", project, "--id", "3", "--json").out)
    assert result["id"] == 3
    assert result["length"] == len(result["tokens"])
    assert result["supervised"] == sum(token["supervised"] for token in result["tokens"])
    assert 0 < result["supervised"] < result["length"]
    assert {"id", "text", "role", "supervised"} == set(result["tokens"][0])
    assert "Question 2" in result["text"]
    learnt = "".join(token["text"] for token in result["tokens"] if token["supervised"])
    assert learnt.startswith("Answer 2")


def test_preview_marks_what_is_learnt(cli, project):
    outcome = cli("preview", project)
    assert outcome.code == 0
    assert "[Answer 0" in outcome.out
    assert "tokens are learnt (in brackets)" in outcome.out


def test_preview_of_nothing(cli, project, tmp_path):
    outcome = cli("preview", project, "--id", "999")
    assert (outcome.code, outcome.err) == (1, "tunesmith: There is no example 999 in this project.\n")
    cli("new", tmp_path / "empty")
    outcome = cli("preview", tmp_path / "empty")
    assert outcome.code == 1
    assert "no ready example" in outcome.err


def test_reading_commands_work_while_the_project_is_open_elsewhere(cli, project, tmp_path):
    (tmp_path / "one.json").write_text('[{"instruction": "x", "input": "", "output": "y"}]', encoding="utf-8")
    with Project.open(project):
        assert cli("preview", project).code == 0
        assert cli("runs", project).code == 0
        assert cli("export-examples", project, tmp_path / "out.json").code == 0
        outcome = cli("import", project, tmp_path / "one.json")
    assert outcome.code == 1
    assert "open in another window" in outcome.err
