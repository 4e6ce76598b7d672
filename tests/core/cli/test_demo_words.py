"""demo: what it prints and where it puts things, with a process that only writes events and answers from a table."""

import json
import os

import pytest

from core import paths
from core.cli import demo
from core.errors import ModelError
from core.evaluation.answers import Answer, Pair
from core.export.job import ExportResult, Progress
from core.project import Project
from core.runs.folder import State

INDEX = """
[[sample]]
id = "sailor"
title = "Sailor"
description = "Talks like a sailor."
file = "sailor.json"
style_pattern = "^Aye"
style_words = "Every answer begins with Aye."
"""


@pytest.fixture(autouse=True)
def shipped(tmp_path, monkeypatch):
    """One sample of 60 examples, a model that says No, and after training Aye to three questions of four."""
    folder = tmp_path / "samples"
    folder.mkdir()
    (folder / "index.toml").write_text(INDEX, encoding="utf-8")
    rows = [{"instruction": f"Question {n}", "input": "", "output": f"Aye,\n{n}"} for n in range(60)]
    (folder / "sailor.json").write_text(json.dumps(rows), encoding="utf-8")
    monkeypatch.setattr(paths, "samples", lambda: folder)

    class Process:
        def __init__(self, base, model):
            assert base == "starter"

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    def compare(process, examples, adapter, *, progress):
        assert adapter.is_dir()
        pairs = []
        for number, example in enumerate(examples):
            answer = Answer(example.output if number % 4 else "No", 3, 0.1)
            pairs.append(Pair(example, Answer("No", 1, 0.1), answer))
            if progress is not None:
                progress(number + 1, len(examples))
        return pairs

    def export(source, form, target, *, progress):
        assert form == "adapter"
        progress(Progress("Copying the files", 0.5))
        return ExportResult(target, ("README.md",), True, 0.0, True, target / "verify.json")

    monkeypatch.setattr(demo, "ModelProcess", Process)
    monkeypatch.setattr(demo, "compare", compare)
    monkeypatch.setattr(demo, "export", export)


def test_for_people(cli, fake_worker, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fake_worker("--steps", 12, "--seconds", 0)
    outcome = cli("demo")
    folder = tmp_path / "tunesmith-demo"
    assert outcome.code == 0, outcome.err
    assert "  The rule        Every answer begins with Aye.\n" in outcome.out
    assert "0 % before, 70 % after, of 10 answers each" in outcome.out
    assert outcome.out.count("  Asked ") == 3
    assert "  After           Aye,\n                  " in outcome.out, "line breaks of an answer stay"
    assert f"  Loss curve      {folder / 'runs' / '0001-sailor' / 'loss.png'}\n" in outcome.out
    assert "tunesmith generate tunesmith-demo --prompt 'Question" in outcome.out
    assert (folder / "runs" / "0001-sailor" / "loss.png").is_file()
    with Project.open(folder) as project:
        assert [run.progress().state for run in project.runs()] == [State.FINISHED]


def test_for_machines(cli, fake_worker, tmp_path):
    fake_worker("--steps", 12, "--seconds", 0)
    outcome = cli("demo", tmp_path / "new", "--json")
    result = json.loads(outcome.out)
    assert (outcome.code, outcome.err) == (0, "")
    assert result["project"] == str(tmp_path / "new")
    assert (result["style_rate_before"], result["style_rate_after"]) == (0.0, 0.7)
    assert result["loss_last"] < result["loss_first"]
    assert result["verified"] is True
    assert result["adapter"] == str(tmp_path / "new" / "exports" / "0001-sailor")
    assert {"run", "seconds", "chart"} <= set(result)


def test_an_export_that_is_not_verified_is_a_failure(cli, fake_worker, tmp_path, monkeypatch):
    def refuse(*_args, **_options):
        raise ModelError("The export does not give what was trained.")

    monkeypatch.setattr(demo, "export", refuse)
    fake_worker("--steps", 6, "--seconds", 0)
    outcome = cli("demo", tmp_path / "new", "--json")
    assert (outcome.code, outcome.out) == (1, "")
    assert "does not give what was trained" in outcome.err


def test_a_training_that_fails(cli, fake_worker, tmp_path):
    fake_worker("--steps", 6, "--seconds", 0, "--end", "fail")
    outcome = cli("demo", tmp_path / "new")
    assert outcome.code == 1
    assert "Before and after" not in outcome.out
    assert outcome.err.splitlines()[-1].startswith("tunesmith: ")


def test_nothing_is_written_over(cli, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    outcome = cli("demo", tmp_path / "mine")
    assert outcome.code == 1
    assert os.listdir(tmp_path / "mine") == ["file"]


def test_a_free_name_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert demo.new_folder() == tmp_path / "tunesmith-demo"
    (tmp_path / "tunesmith-demo").mkdir()
    (tmp_path / "tunesmith-demo-2").touch()
    assert demo.new_folder() == tmp_path / "tunesmith-demo-3"
    monkeypatch.setattr(demo.os, "access", lambda *_: False)
    assert demo.new_folder().parent == paths.documents()
