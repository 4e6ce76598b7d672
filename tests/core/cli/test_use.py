"""generate: the right model is asked, the right words are printed."""

import argparse
import json

import pytest

from core.cli import output, use
from core.errors import RunError
from core.generation.client import Token
from core.project import Project
from core.recipe.recipe import with_settings


@pytest.fixture
def project(tmp_path):
    from core.dataset.example import Example

    with Project.create(tmp_path / "letters") as project:
        project.store.add([Example(instruction=f"Question {n}", output="Answer") for n in range(3)])
        for name in ("first", "second", "third"):
            project.create_run(name=name)
        for run in project.runs()[:2]:
            run.adapter.mkdir()
        project.set_recipe(with_settings(project.recipe, {"model.quantization": "int8"}))
        yield project


@pytest.fixture
def run(project):
    """Runs a command line; the exit code."""
    parser = argparse.ArgumentParser()
    use.register(parser.add_subparsers(required=True))

    def run(*argv):
        args = parser.parse_args([argv[0], str(project.path), *argv[1:]])
        return args.handler(args)

    return run


@pytest.fixture
def asked(monkeypatch):
    """What model processes were asked; they answer without a model."""
    seen = []

    class Process:
        def __init__(self, base, model):
            self.model = model

        def __enter__(self):
            return self

        def __exit__(self, *_):
            seen.append("closed")

        def wait_until_ready(self):
            return True

        def generate(self, example, **options):
            seen.append((example, self.model.quantization, options))
            yield Token(text=" Sehr ")
            yield Token(text="geehrte 🐄\n")
            yield Token(tokens=9, seconds=0.25, end="end")

    monkeypatch.setattr(use, "ModelProcess", Process)
    return seen


def test_the_newest_adapter_answers(run, asked, project, capsys):
    code = run("generate", "--prompt", "Write", "--input", "a letter", "--system", "Be kind", "--json")
    assert code == 0
    assert json.loads(capsys.readouterr().out) == {"text": "Sehr geehrte 🐄", "tokens": 9, "seconds": 0.25}
    (example, quantization, options), closed = asked
    assert (example.instruction, example.input, example.system) == ("Write", "a letter", "Be kind")
    assert quantization == "nf4", "held as it was in training"
    assert options["adapter"] == project.runs()[1].adapter
    assert options["temperature"] == 0
    assert closed == "closed"


def test_people_read_the_answer_as_it_comes(run, asked, capsys):
    assert run("generate", "--prompt", "Write", "--run", "1") == 0
    printed = capsys.readouterr()
    assert printed.out == " Sehr geehrte 🐄\n\n"
    assert "Loading" in printed.err


def test_the_base_model_alone(run, asked):
    run("generate", "--prompt", "Write", "--base", "--max-tokens", "5", "--temperature", "0.7", "--seed", "4", "--json")
    _, quantization, options = asked[0]
    assert quantization == "int8", "as the project's settings say"
    assert options["adapter"] is None
    assert (options["max_new_tokens"], options["temperature"], options["seed"]) == (5, 0.7, 4)


def test_runs_that_cannot_answer_are_told(run, asked, project):
    with pytest.raises(RunError, match="has no adapter"):
        run("generate", "--prompt", "Write", "--run", "3")
    with pytest.raises(RunError, match="no run 9"):
        run("generate", "--prompt", "Write", "--run", "9")
    for folder in [one.adapter for one in project.runs()[:2]]:
        folder.rmdir()
    with pytest.raises(RunError, match="No run of this project has an adapter") as caught:
        run("generate", "--prompt", "Write")
    assert "--base" in caught.value.hint
    assert asked == []


@pytest.mark.parametrize(
    "argv",
    [
        ["generate"],
        ["generate", "--prompt", "x", "--run", "1", "--base"],
        ["generate", "--prompt", "x", "--max-tokens", "0"],
        ["generate", "--prompt", "x", "--temperature", "-1"],
        ["generate", "--prompt", "x", "--seed", "-1"],
    ],
)
def test_wrong_use(run, argv, capsys):
    with pytest.raises(SystemExit) as caught:
        run(*argv)
    assert caught.value.code == output.WRONG_USE
