"""Rule S9: a token that lies about is in nothing that the program prints, logs or writes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core import paths
from core.errors import RecipeError
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe

TOKEN = "hf_" + "PlantedSecret" + "0123456789" * 2
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Runs the program with the token in its environment, in all the names that libraries look at."""
    said: list[str] = []
    environment = {
        **os.environ,
        **dict.fromkeys(("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_TOKEN"), TOKEN),
        "TUNESMITH_HOME": str(tmp_path / "home"),
        "PYTHONPATH": os.pathsep.join((str(paths.package_root()), os.environ["PYTHONPATH"])),
    }

    def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, "-m", "core", *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            check=False,
        )
        said.append(done.stdout + done.stderr)
        return done

    yield run
    assert said
    assert not any(TOKEN in text for text in said)


def files_with_token(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]


def test_a_token_in_the_environment_and_in_a_datasets_path_goes_nowhere(tmp_path: Path, run: Run) -> None:
    hidden = tmp_path / TOKEN
    hidden.mkdir()
    rows = [{"instruction": f"Say {n}", "input": "", "output": f"It is {n}."} for n in range(12)]
    (hidden / "data.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert run("new", "letters").returncode == 0
    assert run("import", "letters", hidden / "data.jsonl", "--json").returncode == 0
    missing = run("import", "letters", hidden / "nothing.jsonl")
    assert (missing.returncode, "nothing.jsonl" in missing.stderr) == (1, True)
    (hidden / "broken.xlsx").write_bytes(b"no such thing")
    assert run("import", "letters", hidden / "broken.xlsx").returncode == 1
    (hidden / "data.jsonl").unlink()
    (hidden / "broken.xlsx").unlink()
    assert run("check", "letters", "--json").returncode == 0
    assert files_with_token(tmp_path) == []


def test_a_token_in_the_settings_is_refused_and_not_repeated(tmp_path: Path, run: Run) -> None:
    with pytest.raises(RecipeError, match="access token") as raised:
        with_settings(Recipe(), {"model.base": f"/models/{TOKEN}"})
    assert TOKEN not in f"{raised.value} {raised.value.details} {raised.value.problems}"
    assert run("new", "letters").returncode == 0
    assert run("train", "letters", "--model", TOKEN).returncode != 0
    assert run("estimate", "letters", "--set", f"model.base={TOKEN}").returncode != 0
    assert run("models", "info", TOKEN).returncode == 1
    assert files_with_token(tmp_path) == []


@pytest.mark.slow
def test_a_run_and_its_export_hold_no_token_of_the_environment(tmp_path: Path, run: Run) -> None:
    rows = [{"instruction": f"Say {n}", "input": "", "output": f"It is {n}."} for n in range(12)]
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert run("new", "letters").returncode == 0
    assert run("import", "letters", "data.jsonl").returncode == 0
    trained = run("train", "letters", "--set", "training.epochs=1", "--set", "lora.rank=4", "--json")
    assert trained.returncode == 0, trained.stderr
    name = json.loads(trained.stdout.splitlines()[-1])["run"]
    assert run("export", "letters", name, "--as", "adapter", tmp_path / "out").returncode == 0
    assert (tmp_path / "out").exists()
    assert any(path.name == "README.md" for path in (tmp_path / "out").rglob("*"))
    assert files_with_token(tmp_path) == []
