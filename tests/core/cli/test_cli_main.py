"""The command line as a whole: wrong use, failures in one line, nothing heavy loaded, any folder."""

import json
import os
import subprocess
import sys

import pytest

from core import paths
from core.cli import training
from core.cli.main import main

COMMANDS = (
    *("demo", "new", "import", "export-examples", "preview", "train", "runs", "resume", "stop", "pause"),
    *("generate", "export", "doctor"),
)
HEAVY = ("torch", "transformers", "peft", "bitsandbytes", "datasets", "PySide6", "matplotlib", "numpy", "core.worker")


def run(*command, cwd=None, **environment):
    """Python in a process of its own, perhaps in another folder."""
    return subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "PYTHONPATH": str(paths.package_root()), **environment},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, cli):
    outcome = cli(command, "--help")
    assert outcome.code == 0
    assert outcome.out.startswith(f"usage: tunesmith {command} ")
    assert "--json" in outcome.out


def test_help_lists_every_command(cli):
    outcome = cli("--help")
    assert outcome.code == 0
    assert [word for word in COMMANDS if f"\n    {word}" not in outcome.out] == []


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("knit",),
        ("new",),
        ("import", "p"),
        ("import", "p", "f.json", "--map", "instruction"),
        ("import", "p", "f.json", "--map", "colour=c"),
        ("export-examples", "p"),
        ("preview",),
        ("preview", "p", "--id", "one"),
        ("train",),
        ("train", "p", "--speed", "9"),
        ("train", "p", "--set", "lora.rank"),
        ("train", "p", "--set", "=8"),
        ("runs",),
        ("resume", "p"),
        ("stop", "p"),
        ("pause", "p"),
        ("generate", "p"),
        ("export", "p", "1"),
        ("demo", "a", "b"),
        ("doctor", "now"),
    ],
)
def test_wrong_use(arguments, cli):
    assert cli(*arguments).code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("import", "gone", "file.json"),
        ("export-examples", "gone", "file.json"),
        ("preview", "gone"),
        ("train", "gone"),
        ("runs", "gone"),
        ("resume", "gone", "1"),
        ("stop", "gone", "1"),
        ("pause", "gone", "1"),
        ("generate", "gone", "--prompt", "x"),
        ("export", "gone", "1", "--as", "adapter", "target"),
    ],
)
def test_a_missing_project_or_file_is_one_clear_line(arguments, cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = cli(*arguments)
    assert outcome.code == 1
    assert outcome.out == ""
    assert outcome.err.startswith("tunesmith: ")
    assert outcome.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_version(cli):
    outcome = cli("--version")
    assert (outcome.code, outcome.out.split()[0]) == (0, "Tunesmith")


def test_an_error_of_the_system_is_told_with_its_file(cli, project, monkeypatch):
    def full(*_args, **_options):
        raise OSError(28, "No space left on device", "/disk/file")

    monkeypatch.setattr(training.Project, "runs", full)
    outcome = cli("runs", project)
    assert (outcome.code, outcome.err) == (1, "tunesmith: No space left on device (/disk/file).\n")


def test_ctrl_c_anywhere_ends_quietly(cli, project, monkeypatch):
    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(training.Project, "runs", interrupted)
    outcome = cli("runs", project)
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["runs", "PROJECT", "--json"], ["train", "PROJECT", "--set", "x.y=1"]]
)
def test_nothing_heavy_is_loaded(arguments, project):
    arguments = [str(project) if word == "PROJECT" else word for word in arguments]
    code = (
        "import json, sys\n"
        "from core.cli.main import main\n"
        f"main({arguments!r})\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]), file=sys.stderr)\n"
    )
    done = run("-c", code)
    assert done.stderr.splitlines()[-1] == "[]"


def test_it_works_from_any_folder_with_relative_paths(project):
    folder = project / "exports"
    folder.mkdir()
    done = run("-m", "core", "runs", "..", "--json", cwd=folder)
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


@pytest.mark.skipif(os.name == "nt", reason="pipes break otherwise on Windows")
def test_a_reader_that_leaves_early_is_no_crash(project):
    command = f'"{sys.executable}" -m core preview letters --json; echo "code $?" >&2'
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=project.parent,
        env={**os.environ, "PYTHONPATH": str(paths.package_root())},
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(write)
    assert done.stderr == "code 1\n"


def test_text_that_the_terminal_lacks_ends_nothing(project):
    done = run("-m", "core", "preview", str(project), PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "Question 0" in done.stdout


def test_no_arguments_show_the_help(capsys):
    assert main([]) == 2
    assert "usage: tunesmith" in capsys.readouterr().out
