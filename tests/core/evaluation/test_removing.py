from pathlib import Path

import pytest
from comparison_factory import comparison

from core.errors import RunError
from core.evaluation.comparison import ComparisonFolder, comparisons
from core.evaluation.removing import put_back, remove
from core.runs.folder import RunFolder


def test_a_comparison_is_taken_out_and_put_back_as_it_was(tmp_path: Path) -> None:
    folder = comparison(tmp_path)
    before = {path.name: path.read_bytes() for path in folder.path.iterdir()}
    place = remove(folder)
    assert comparisons(tmp_path) == []
    assert put_back(place) == folder
    assert {path.name: path.read_bytes() for path in folder.path.iterdir()} == before
    assert comparisons(tmp_path) == [folder]


def test_its_number_is_not_given_again(tmp_path: Path) -> None:
    remove(comparison(tmp_path))
    assert comparison(tmp_path).name == "0002"


def test_only_the_last_one_can_be_put_back(tmp_path: Path) -> None:
    first, second = comparison(tmp_path), comparison(tmp_path)
    place = remove(first)
    remove(second)
    with pytest.raises(RunError, match="cannot be put back"):
        put_back(place)


def test_one_that_is_being_computed_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = comparison(tmp_path)
    monkeypatch.setattr(RunFolder, "worker_is_alive", lambda _self: True)
    with pytest.raises(RunError, match="being computed"):
        remove(folder)
    assert ComparisonFolder(folder.path).file.is_file()


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    folder = comparison(tmp_path)
    remove(folder)
    with pytest.raises(RunError, match="could not be removed"):
        remove(folder)
