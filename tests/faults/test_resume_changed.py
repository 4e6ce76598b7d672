"""What a run is made from was changed since its last checkpoint: it is always noticed, and the user chooses."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from forked_runs import finish, log, new_run
from safetensors.torch import load_file, save_file

from core.recipe.file import save
from core.recipe.recipe import with_settings
from core.runs.events import Failed, Finished, Notice, Resumed
from core.runs.folder import RunFolder

pytestmark = pytest.mark.slow


def change_example(run: RunFolder, _model: Path) -> None:
    text = run.train_file.read_text(encoding="utf-8")
    run.train_file.write_text(text.replace("woof", "wuff", 1), encoding="utf-8")


def change_heldout(run: RunFolder, _model: Path) -> None:
    text = run.heldout_file.read_text(encoding="utf-8")
    run.heldout_file.write_text(text.replace("woof", "wuff", 1), encoding="utf-8")


def change_setting(run: RunFolder, _model: Path) -> None:
    save(with_settings(run.recipe(), {"training.learning_rate": 5e-3}), run.recipe_file)


def change_weight(_run: RunFolder, model: Path) -> None:
    weights = load_file(model / "model.safetensors")
    weights["model.norm.weight"][0] += 0.5
    save_file(weights, model / "model.safetensors", metadata={"format": "pt"})


def change_tokenizer(_run: RunFolder, model: Path) -> None:
    (model / "generation_config.json").write_text("{}\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "fault", "said"),
    [
        (change_example, (), "the examples of the run"),
        (change_heldout, (), "the examples of the run"),
        (change_setting, (), "its settings"),
        (change_weight, (), "the base model"),
        (change_tokenizer, (), "the base model"),
        (None, ("another_version", "peft", "99.0"), "peft ("),
    ],
)
def test_a_change_is_told_and_resumed_only_when_the_user_says_so(
    runs: Path,
    model: Path,
    tmp_path: Path,
    change: Callable[[RunFolder, Path], None] | None,
    fault: tuple[str, ...],
    said: str,
) -> None:
    base = tmp_path / "base"
    shutil.copytree(model, base)
    run = new_run(runs, base)
    finish(run, "act_at", 6, "exit", 3)
    if change is not None:
        change(run, base)
    code, events = finish(run, *fault)
    failed = events[-1]
    assert isinstance(failed, Failed), log(run)
    assert (code, failed.kind) == (1, "changed")
    assert said in failed.reason
    run.consent()
    code, events = finish(run, *fault)
    assert code == 0, log(run)
    assert any(isinstance(event, Notice) and said in event.message for event in events)
    assert any(isinstance(event, Resumed) and event.step == 4 for event in events)
    assert isinstance(events[-1], Finished)
    assert not run.take_consent()


def test_settings_that_no_checkpoint_fits_are_refused_in_words(runs: Path, model: Path) -> None:
    run = new_run(runs, model)
    finish(run, "act_at", 6, "exit", 3)
    save(with_settings(run.recipe(), {"lora.rank": 2}), run.recipe_file)
    run.consent()
    _, events = finish(run)
    failed = events[-1]
    assert isinstance(failed, Failed)
    assert "rank" in failed.reason
    assert "Undo" in failed.hint


def test_a_model_is_read_again_only_when_it_has_changed(model: Path, tmp_path: Path, home: Path) -> None:
    from core.base_models.identity import content_hash

    base = tmp_path / "base"
    shutil.copytree(model, base)
    first = content_hash(base)
    assert first == content_hash(model) == content_hash(base)
    assert (home / "model-hashes.json").is_file()
    change_weight(new_run(tmp_path / "runs", base), base)
    assert content_hash(base) != first
