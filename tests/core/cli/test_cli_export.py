"""export: the right adapter goes to the right form, and the right words are printed."""

import argparse
import json

import pytest

from core.cli import export as command
from core.cli import output
from core.errors import RunError
from core.export.form import Step
from core.export.job import ExportResult, Progress
from core.project import Project


@pytest.fixture
def project(tmp_path):
    from core.dataset.example import Example

    with Project.create(tmp_path / "letters") as project:
        project.store.add([Example(instruction=f"Question {n}", output="Answer") for n in range(3)])
        for name in ("first", "second"):
            project.create_run(name=name)
        adapter = project.runs()[0].adapter
        adapter.mkdir()
        for name in ("adapter_config.json", "adapter_model.safetensors"):
            (adapter / name).write_bytes(b"")
        yield project


@pytest.fixture
def run(project):
    """Runs a command line; the exit code."""
    parser = argparse.ArgumentParser()
    command.register(parser.add_subparsers(required=True))

    def run(*argv):
        args = parser.parse_args(["export", str(project.path), *argv])
        return args.handler(args)

    return run


@pytest.fixture
def exported(monkeypatch):
    """What was asked for; nothing is written."""
    asked = []

    def export(source, form, target, *, chosen, progress):
        asked.append((source.name, form, chosen))
        progress(Progress("Copying the files", 0.5))
        steps = (Step("Serve it with vLLM:", "vllm serve it"),)
        findings = {"form": form}
        return ExportResult(
            target, ("README.md", "verify.json"), True, 0.0, True, target / "verify.json", findings, steps
        )

    monkeypatch.setattr(command, "export", export)
    return asked


def test_what_was_verified_is_printed(run, exported, tmp_path, capsys):
    out = tmp_path / "out"
    assert run("1", "--as", "adapter", str(out), "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "path": str(out),
        "files": ["README.md", "verify.json"],
        "verified": True,
        "max_logit_difference": 0.0,
        "greedy_equal": True,
        "findings": {"form": "adapter"},
    }
    assert run("0001-first", "--as", "merged", str(out)) == 0
    printed = capsys.readouterr()
    assert "Verified: loaded again in a fresh process" in printed.out
    assert "  vllm serve it\n" in printed.out
    assert "Copying the files: 50 %" in printed.err
    assert exported == [("0001-first", "adapter", {}), ("0001-first", "merged", {})]


@pytest.mark.parametrize("argv", [["1", "target"], ["1", "--as", "soup", "target"]])
def test_wrong_use(run, argv):
    with pytest.raises(SystemExit) as caught:
        run(*argv)
    assert caught.value.code == output.WRONG_USE


def test_a_choice_without_a_value_is_wrong_use(run):
    with pytest.raises(output.WrongUse, match="into has no value"):
        run("1", "--as", "merged", "--choose", "into", "target")


def test_a_run_without_adapter_cannot_be_exported(run, tmp_path):
    with pytest.raises(RunError, match="0002-second has no adapter"):
        run("2", "--as", "adapter", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
