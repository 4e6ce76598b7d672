"""generate: the right model is asked, the right words are printed."""

import argparse
import json

import pytest
from library_bench import adapter_in, import_of

from core.cli import output, use
from core.errors import RunError, UserError
from core.generation.client import Token
from core.generation.sampling import Sampling
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
    assert options["adapters"] == [(project.runs()[1].adapter, 1.0)]
    assert options["sampling"] == Sampling()
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
    assert options["adapters"] == []
    assert options["sampling"] == Sampling(max_new_tokens=5, temperature=0.7, seed=4)


def test_every_sampling_setting_has_an_option(run, asked):
    run(
        *("generate", "--prompt", "Write", "--preset", "lively", "--top-p", "0.9", "--top-k", "40"),
        *("--repetition-penalty", "1.1", "--stop", "END", "--stop", "\n", "--json"),
    )
    assert asked[0][2]["sampling"] == Sampling(
        temperature=1.0, min_p=0.05, top_p=0.9, top_k=40, repetition_penalty=1.1, stop=("END", "\n")
    )


def test_adapters_are_named_by_keys_and_weighted(run, asked, project):
    first, second = (one.adapter for one in project.runs()[:2])
    for folder in (first, second):
        adapter_in(folder)
    run("generate", "--prompt", "Write", "--adapter", "1=0.25", "--adapter", "0002-second", "--json")
    assert asked[0][2]["adapters"] == [(first, 0.25), (second, 1.0)]
    run("generate", "--prompt", "Write", "--adapter", "0002-second=-0.5", "--json")
    assert asked[2][2]["adapters"] == [(second, -0.5)]
    with pytest.raises(RunError, match="no adapter nobody=x"):
        run("generate", "--prompt", "Write", "--adapter", "nobody=x")
    for weight in ("11", "nan", "inf"):
        with pytest.raises(output.WrongUse, match="weight"):
            run("generate", "--prompt", "Write", "--adapter", f"1={weight}")
    import_of(project, "stranger", base="some/other-model")
    with pytest.raises(UserError, match="beside the others"):
        run("generate", "--prompt", "Write", "--adapter", "1", "--adapter", "adapters/stranger")


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
        ["generate", "--prompt", "x", "--top-p", "0"],
        ["generate", "--prompt", "x", "--min-p", "a"],
        ["generate", "--prompt", "x", "--preset", "wild"],
        ["generate", "--prompt", "x", "--adapter", "1", "--base"],
    ],
)
def test_wrong_use(run, argv, capsys):
    with pytest.raises(SystemExit) as caught:
        run(*argv)
    assert caught.value.code == output.WRONG_USE
