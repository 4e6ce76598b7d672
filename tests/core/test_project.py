"""Making, opening, locking and changing projects, and saying what is wrong with a folder."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from filelock import FileLock

from core import paths, project_file
from core.dataset.example import Example, Split
from core.errors import ProjectError, RunError
from core.project import Project
from core.recipe.presets import base_recipe
from core.recipe.recipe import with_settings
from core.recipe.schema import STARTER, Recipe

PLACES = ["plain", "Größe 数据 #1 %20 'x'", 'a"b', "x" * 200, "100% ?&=;", "~", "-rf", " leading"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A closed project with one example."""
    path = tmp_path / "letters"
    with Project.create(path) as project:
        project.store.add([Example("i", "", "o")])
    return path


def _state(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("place", PLACES)
def test_a_whole_life_in_any_folder(tmp_path: Path, place: str) -> None:
    path = tmp_path / place / "project"
    recipe = with_settings(Recipe(), {"lora.rank": 8, "lora.target_modules": ["q_proj"], "model.base": "C:\\mödel"})
    with Project.create(path, name="Meine Briefe", recipe=recipe) as project:
        project.store.add(Example(f"question {number}", "", "answer") for number in range(60))
    with Project.open(path) as project:
        assert (project.name, project.recipe, project.read_only) == ("Meine Briefe", recipe, False)
        assert project.store.counts().ready == 60
        run = project.create_run()
        assert run.name == "0001-meine-briefe"
        assert [found.path for found in project.runs()] == [run.path]
        assert run.recipe() == recipe
    with Project.open(path / "project.toml", read_only=True) as project:
        assert len(project.store.ids()) == 60


def test_names(tmp_path: Path) -> None:
    with Project.create(tmp_path / "my letters") as project:
        assert project.name == "my letters"
        project.rename("  New\n\tname \u202etxt.exe\0 ")
        assert project.name == "New name txt.exe\ufffd"
        project.rename("  ")
        project.rename("x" * 500)
    with Project.open(tmp_path / "my letters") as project:
        assert project.name == "x" * 120


def test_a_second_window_is_refused_until_the_first_is_closed(folder: Path) -> None:
    first = Project.open(folder)
    with pytest.raises(ProjectError, match="open in another window"):
        Project.open(folder)
    first.close()
    first.close()
    Project.open(folder).close()


def test_commands_may_look_while_a_window_is_open(folder: Path) -> None:
    with Project.open(folder) as window, Project.open(folder, read_only=True) as command:
        window.store.update(1, output="newer")
        assert command.store.get(1).output == "newer"
        for change in (lambda: command.rename("x"), lambda: command.set_recipe(Recipe()), command.store.undo):
            with pytest.raises(ProjectError, match="reading only"):
                change()


def _child(folder: Path) -> subprocess.Popen[str]:
    code = (
        "import sys; from pathlib import Path; from core.project import Project; from core.errors import ProjectError\n"
        "try:\n    project = Project.open(Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()\n"
        "except ProjectError as error:\n    print(error.title, flush=True)"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    environment = {**os.environ, "PYTHONPATH": str(paths.package_root())}
    return subprocess.Popen([sys.executable, "-c", code, str(folder)], text=True, env=environment, **pipes)  # type: ignore[call-overload, no-any-return]


def test_the_lock_holds_between_processes_and_ends_with_a_killed_one(folder: Path) -> None:
    holder = _child(folder)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "open\n"
    with pytest.raises(ProjectError, match="open in another window"):
        Project.open(folder)
    holder.kill()
    holder.communicate()
    with Project.open(folder) as project:
        assert project.store.get(1) == Example("i", "", "o")
        other = _child(folder)
        said, _ = other.communicate(timeout=30)
        assert said == "This project is open in another window.\n"


def test_a_folder_that_is_taken_is_left_alone(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("x")
    before = _state(tmp_path)
    for place, said in (("mine", "not empty"), ("letters", "project in this folder"), ("file", "A file of this name")):
        with pytest.raises(ProjectError, match=said):
            Project.create(tmp_path / place)
    with pytest.raises(ProjectError, match="could not be made"):
        Project.create(tmp_path / "file" / "below")
    assert _state(tmp_path) == before
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".DS_Store").write_bytes(b"")
    Project.create(tmp_path / "empty").close()


def test_a_creation_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(project_file, "write_atomically", full)
    for place in ("new/deep", "empty"):
        with pytest.raises(ProjectError, match="No space left"):
            Project.create(tmp_path / place)
    assert not (tmp_path / "new" / "deep").exists()
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_path_too_long_for_the_database_is_said(tmp_path: Path) -> None:
    place = tmp_path.joinpath(*["数" * 70] * 3)
    with pytest.raises(ProjectError, match="too long"):
        Project.create(place)
    assert not place.exists()


DAMAGES = [
    ("", "does not say its format"),
    ('name = "x"', "does not say its format"),
    ("format = true", "does not say its format"),
    ("format = 1\nname = 5", "name is not a text"),
    ("format = 1\nrecipe = 5", "recipe is not a table"),
    ("format = = 1", "damaged"),
    ("format = 1\nformat = 1", "damaged"),
    (b"\xff\xfe\x00", "not UTF-8"),
    (b"\0" * 600, "damaged"),
    ("x" * (1 << 21), "too large"),
    ("a = " + "[" * 5000, "damaged"),
    ("format = 1\n[recipe.lora]\nrank = -4", "lora.rank"),
    ("format = 1\n[recipe.lora]\nrnak = 4", "lora.rnak"),
    ("format = 99\nanything = 1", "newer version"),
]


@pytest.mark.parametrize(("content", "said"), DAMAGES)
def test_a_damaged_project_file_is_said_and_nothing_touched(folder: Path, content: str | bytes, said: str) -> None:
    (folder / "project.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
    before = _state(folder)
    for read_only in (False, True):
        with pytest.raises(ProjectError) as caught:
            Project.open(folder, read_only=read_only)
        assert said in str(caught.value)
    assert _state(folder) == before


def test_what_is_no_project_is_said(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for place, said in (
        (tmp_path / "gone", "is not there"),
        (tmp_path / "photos", "is not a project"),
        (folder / "examples.db", "is not a project"),
    ):
        with pytest.raises(ProjectError, match=said) as caught:
            Project.open(place)
        assert caught.value.hint
    (folder / "examples.db").unlink()
    with pytest.raises(ProjectError, match="examples of this project are missing"):
        Project.open(folder)
    assert not (folder / "examples.db").exists()


def test_a_failed_opening_releases_the_lock(folder: Path) -> None:
    good = (folder / "examples.db").read_bytes()
    (folder / "examples.db").write_bytes(b"nonsense")
    with pytest.raises(ProjectError, match="cannot be read"):
        Project.open(folder)
    (folder / "examples.db").write_bytes(good)
    Project.open(folder).close()


def test_what_the_user_wrote_into_the_file_stays(folder: Path) -> None:
    file = folder / "project.toml"
    text = file.read_text(encoding="utf-8").replace("rank = 16", "rank = 16  # as Ana suggested")
    file.write_text(text + '\n# my note\n[purpose]\ngoal = "letters"\n[mine]\nx = 1\n', encoding="utf-8")
    with Project.open(folder) as project:
        project.set_recipe(with_settings(project.recipe, {"training.epochs": 5.5}))
        project.rename("Neuer Name")
    text = file.read_text(encoding="utf-8")
    assert "# as Ana suggested" in text
    assert "# my note" in text
    found = tomllib.loads(text)
    assert (found["purpose"], found["mine"], found["name"]) == ({"goal": "letters"}, {"x": 1}, "Neuer Name")
    assert found["recipe"]["training"]["epochs"] == 5.5
    with Project.open(folder) as project:
        assert project.recipe.training.epochs == 5.5


def test_a_new_project_has_the_settings_that_suit_its_model(tmp_path: Path) -> None:
    with Project.create(tmp_path / "new") as project:
        assert project.recipe == base_recipe(STARTER)
        assert project.recipe != Recipe()


def test_settings_are_durable_at_once_and_kept_where_the_file_has_none(folder: Path) -> None:
    (folder / "project.toml").write_text("format = 1\n", encoding="utf-8")
    changed = with_settings(Recipe(), {"training.learning_rate": 3e-05, "lora.target_modules": "attention"})
    with Project.open(folder) as project:
        assert (project.name, project.recipe) == ("letters", Recipe())
        project.set_recipe(changed)
        with Project.open(folder, read_only=True) as other:
            assert other.recipe == changed


def test_a_copy_of_the_project_file_is_kept_for_bad_days(folder: Path) -> None:
    Project.open(folder).close()
    (folder / "project.toml").write_text("format = ", encoding="utf-8")
    with pytest.raises(ProjectError) as caught:
        Project.open(folder)
    assert "backups/project.toml" in caught.value.hint
    (folder / "project.toml").write_bytes((folder / "backups" / "project.toml").read_bytes())
    Project.open(folder).close()


def test_settings_that_cannot_be_written_are_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Project.open(folder) as project:

        def full(*_args: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(project_file, "write_atomically", full)
        before = project.recipe
        with pytest.raises(ProjectError, match="No space left"):
            project.set_recipe(with_settings(before, {"lora.rank": 4}))
        assert project.recipe == before


def test_a_run_has_the_ready_examples_divided(folder: Path) -> None:
    with Project.open(folder) as project:
        project.store.update(1, status="draft")
        with pytest.raises(RunError, match="nothing to train on"):
            project.create_run()
        project.store.add(Example(f"q {number}", "", "a") for number in range(100))
        project.store.add([Example("only a question"), Example("kept out", "", "a", split=Split.HELDOUT)])
        run = project.create_run(name="Größer & besser", recipe=with_settings(Recipe(), {"heldout.share": 0.2}))
        train, heldout = run.train_examples(), run.heldout_examples()
        assert len(train) + len(heldout) == 101
        assert "kept out" in [example.instruction for example in heldout]
        assert 10 <= len(heldout) < 50
        assert all(example.id > 1 for example in train + heldout)
        assert project.create_run().number == run.number + 1


_READ_ONLY = """
import os, sys
from pathlib import Path
from core.errors import ProjectError
from core.project import Project
folder = Path(sys.argv[1])
Project.open(folder).close()  # all that is imported late is imported now
for path in (folder, *folder.rglob("*")):
    path.chmod(0o555 if path.is_dir() else 0o444)
if os.geteuid() == 0:
    os.setegid(65534), os.seteuid(65534)
try:
    Project.open(folder)
except ProjectError as error:
    print(error.title)
with Project.open(folder, read_only=True) as project:
    print(project.store.get(1).output)
"""


@pytest.mark.skipif(os.name == "nt", reason="folders are made read-only otherwise there")
def test_a_folder_that_cannot_be_written_can_be_read(folder: Path) -> None:
    for parent in folder.parents:
        if parent.is_relative_to("/tmp") and parent != Path("/tmp"):
            parent.chmod(0o755)
    before = _state(folder)
    environment = {**os.environ, "PYTHONPATH": str(paths.package_root())}
    command = [sys.executable, "-c", _READ_ONLY, str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    assert done.stdout == "The project's folder cannot be written.\no\n", done.stderr
    assert {name: hash for name, hash in _state(folder).items() if name in before} == before


def test_commands_look_at_a_project_of_an_earlier_version(folder: Path) -> None:
    def make_older() -> None:
        connection = sqlite3.connect(folder / "examples.db")
        connection.executescript("ALTER TABLE examples DROP COLUMN rejected; PRAGMA user_version = 2;")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.close()

    with Project.open(folder) as project:
        project.store.add([Example("a", "", "b")])
    make_older()
    with Project.open(folder, read_only=True) as project:
        assert [example.instruction for example in project.store.iterate()][-1] == "a"
    assert [path for path in (folder / "backups").iterdir() if "before version" in path.name]
    make_older()
    window = FileLock(folder / ".lock")  # of a program of that version
    with window, pytest.raises(ProjectError, match="older version"):
        Project.open(folder, read_only=True)
