"""A program that is killed while it brings a run back loses no run, and leaves nothing behind for ever."""

import os
import time

import pytest

from core.project import Project
from core.runs import leftovers, numbers


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs"


def make(path):
    path.mkdir(parents=True)
    (path / "recipe.toml").write_text("", encoding="utf-8")
    return path


def names(runs):
    return sorted(path.name for path in runs.iterdir())


def test_a_run_that_was_put_aside_comes_back(runs):
    make(leftovers.earlier(runs / "0003-harbour"))
    leftovers.put_right(runs)
    assert names(runs) == ["0003-harbour"]


def test_opening_a_project_does_it(tmp_path):
    Project.create(tmp_path / "letters").close()
    runs = tmp_path / "letters" / "runs"
    make(leftovers.earlier(runs / "0003-harbour"))
    Project.open(tmp_path / "letters", read_only=True).close()
    assert names(runs) == [".0003-harbour.old"]
    Project.open(tmp_path / "letters").close()
    assert names(runs) == [numbers.FILE, "0003-harbour"]


def test_a_run_whose_place_was_taken_is_deleted(runs):
    (make(runs / "0003-harbour") / "new").touch()
    make(leftovers.earlier(runs / "0003-harbour"))
    leftovers.put_right(runs)
    assert names(runs) == ["0003-harbour"]
    assert (runs / "0003-harbour" / "new").exists()


def test_what_was_being_unpacked_long_ago_is_deleted(runs):
    left = make(runs / f"{leftovers.ADOPTING}1")
    make(runs / f"{leftovers.ADOPTING}2")
    before = time.time() - 2 * 24 * 60 * 60
    os.utime(left, (before, before))
    leftovers.put_right(runs)
    assert names(runs) == [f"{leftovers.ADOPTING}2"]


def test_there_may_be_no_runs(runs):
    leftovers.put_right(runs)
    assert not runs.exists()
