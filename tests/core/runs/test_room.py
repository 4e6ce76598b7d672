"""A run is refused before it starts when its disk would be full before it is done."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from core import paths
from core.base_models.facts import ModelFacts
from core.dataset.example import Example
from core.errors import RunError
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import folder
from core.runs.folder import RunFolder
from core.runs.room import check_room


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    recipe = with_settings(Recipe(), {"model.base": str(paths.starter_model())})
    return folder.create(tmp_path / "runs", name="a", recipe=recipe, train=[Example("a", "", "b")], heldout=[])


def free(monkeypatch: pytest.MonkeyPatch, bytes: int) -> list[Path]:
    asked: list[Path] = []
    monkeypatch.setattr(shutil, "disk_usage", lambda path: asked.append(Path(path)) or SimpleNamespace(free=bytes))
    return asked


def needed(run: RunFolder) -> int:
    trainable = ModelFacts.read(paths.starter_model()).trainable_parameters(run.recipe().lora)
    return 3 * 12 * trainable + 200_000_000


def test_enough_is_enough_and_the_disk_of_the_run_is_asked(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = free(monkeypatch, needed(run))
    check_room(run)
    assert asked == [run.path]


def test_too_little_is_told_with_both_figures(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 120_000_000)
    with pytest.raises(RunError, match="120 MB are free") as told:
        check_room(run)
    assert f"about {round(needed(run) / 1e6)} MB" in told.value.reason


def test_what_its_checkpoints_take_already_is_not_asked_for_again(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = run.checkpoints / "step-00000004"
    step.mkdir(parents=True)
    (step / "optimizer.pt").write_bytes(bytes(50_000))
    free(monkeypatch, needed(run) - 50_000)
    check_room(run)


def test_a_base_model_that_is_not_here_is_for_the_process_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(monkeypatch, 1)
    check_room(RunFolder(tmp_path))
