"""A run's number is given once, whatever became of the run."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.dataset.example import Example
from core.project import Project
from core.recipe.schema import Recipe
from core.runs import folder, numbers

EXAMPLES = [Example(id=1, instruction="x", output="y")]


def new(runs):
    return folder.create(runs, name="harbour", recipe=Recipe(), train=EXAMPLES, heldout=[])


def test_the_number_of_a_run_that_is_gone_is_not_given_again(tmp_path):
    runs = tmp_path / "runs"
    first, second = new(runs), new(runs)
    trash = tmp_path / "trash"
    shutil.move(second.path, trash)
    third = folder.create_like(first, runs, name="harbour", recipe=Recipe())
    assert third.number == 3
    shutil.move(trash, second.path)
    assert [run.number for run in folder.all_runs(runs)] == [1, 2, 3]
    assert new(runs).number == 4


@pytest.mark.parametrize("content", [None, b"", b"\xff7", b"many"])
def test_without_what_was_remembered_the_folders_count(tmp_path, content):
    new(tmp_path)
    (tmp_path / numbers.FILE).unlink()
    if content is not None:
        (tmp_path / numbers.FILE).write_bytes(content)
    assert new(tmp_path).number == 2
    (tmp_path / "0009-copied-here").mkdir()
    assert new(tmp_path).number == 10


def test_a_project_from_before_remembers_from_the_first_opening_on(tmp_path):
    Project.create(tmp_path / "letters").close()
    runs = tmp_path / "letters" / "runs"
    run = new(runs)
    (runs / numbers.FILE).unlink()
    Project.open(tmp_path / "letters").close()
    shutil.rmtree(run.path)
    assert new(runs).number == 2


def test_a_number_that_cannot_be_remembered_is_not_given(tmp_path, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(numbers, "write_atomically", full)
    with pytest.raises(OSError, match="No space"):
        folder.new_folder(tmp_path, "x")
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_two_at_the_same_moment_get_two_numbers(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda name: folder.new_folder(tmp_path, name), "abcdefgh"))
    assert sorted(run.number for run in made) == list(range(1, 9))
