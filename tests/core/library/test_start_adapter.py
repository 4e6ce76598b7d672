"""Starting from an adapter: which one is meant, settings that must be its own, another base model."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest
from library_bench import checkpoint_of, run_of

from core import paths
from core.base_models.facts import ModelFacts
from core.errors import RecipeError, RunError
from core.library import start_adapter
from core.library.importing import Wish, import_adapter
from core.project import Project
from core.recipe import file
from core.recipe.recipe import with_settings
from core.recipe.schema import ModelSettings, Recipe


@pytest.fixture(scope="module")
def facts() -> ModelFacts:
    return ModelFacts.read(paths.starter_model())


def recipe(**settings: object) -> Recipe:
    changes = {"lora.rank": 8, "lora.alpha": 16, "lora.start_from": "x"}
    return with_settings(Recipe(), {**changes, **{name.replace("__", "."): value for name, value in settings.items()}})


def adapter(folder: Path, facts: ModelFacts, lora_of: Recipe, **config: object) -> Path:
    """A folder with the headers of an adapter; its weights are zeros that nobody reads."""
    folder.mkdir(parents=True)
    shapes: dict[str, list[int]] = {}
    for path in facts.targeted(lora_of.lora):
        outputs, inputs = facts.linear[path]
        shapes[f"base_model.model.{path}.lora_A.weight"] = [lora_of.lora.rank, inputs]
        shapes[f"base_model.model.{path}.lora_B.weight"] = [outputs, lora_of.lora.rank]
    for path in facts.trained_in_full(lora_of.lora):
        shapes[f"base_model.model.{path}.weight"] = [facts.others[path]]
    write_header(folder / "adapter_model.safetensors", shapes)
    values = {
        "peft_type": "LORA",
        "r": lora_of.lora.rank,
        "lora_alpha": lora_of.lora.alpha,
        "target_modules": facts.target_names(),
        "base_model_name_or_path": "tunesmith-starter",
        **config,
    }
    (folder / "adapter_config.json").write_text(json.dumps(values), encoding="utf-8")
    return folder


def write_header(file: Path, shapes: Mapping[str, list[int]]) -> None:
    header, at = {}, 0
    for name, shape in shapes.items():
        size = 4
        for number in shape:
            size *= number
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    with open(file, "wb") as stream:
        stream.write(struct.pack("<Q", len(text)) + text)
        stream.truncate(8 + len(text) + at)


def problems(folder: Path, wanted: Recipe, facts: ModelFacts | None) -> dict[str, str]:
    try:
        start_adapter.check(folder, wanted, facts)
    except RecipeError as error:
        return error.problems
    return {}


def test_nothing_is_needed_without_the_setting(tmp_path: Path, facts: ModelFacts) -> None:
    assert start_adapter.files(Recipe(), tmp_path, facts) == []


def test_an_adapter_with_the_settings_of_the_run_fits(tmp_path: Path, facts: ModelFacts) -> None:
    folder = adapter(tmp_path / "a", facts, recipe())
    found = start_adapter.files(recipe(lora__start_from=str(folder)), tmp_path, facts)
    assert {path.name for path in found} == {"adapter_config.json", "adapter_model.safetensors"}


@pytest.mark.parametrize(
    ("settings", "name", "says"),
    [
        ({"lora__rank": 16}, "lora.rank", "rank 8"),
        ({"lora__alpha": 8}, "lora.alpha", "alpha 16"),
        ({"lora__use_dora": True}, "lora.use_dora", "off"),
        ({"lora__use_rslora": True}, "lora.use_rslora", "off"),
        ({"lora__initialisation": "gaussian"}, "lora.initialisation", "standard"),
        ({"lora__target_modules": ["q_proj"]}, "lora.target_modules", "up_proj"),
        ({"lora__layers": "0"}, "lora.target_modules", "up_proj"),
        ({"lora__modules_to_save": ["norm"]}, "lora.modules_to_save", "none"),
    ],
)
def test_settings_that_differ_are_named_with_what_the_adapter_has(
    tmp_path: Path, facts: ModelFacts, settings: dict[str, object], name: str, says: str
) -> None:
    found = problems(adapter(tmp_path / "a", facts, recipe()), recipe(**settings), facts)
    assert set(found) == {name}
    assert says in found[name]


def test_all_differences_are_told_at_once(tmp_path: Path, facts: ModelFacts) -> None:
    found = problems(adapter(tmp_path / "a", facts, recipe()), recipe(lora__rank=4, lora__alpha=4), facts)
    assert set(found) == {"lora.rank", "lora.alpha"}


def test_parts_trained_in_full_must_be_the_same(tmp_path: Path, facts: ModelFacts) -> None:
    wanted = recipe(lora__modules_to_save=["norm"])
    folder = adapter(tmp_path / "a", facts, wanted, modules_to_save=["model.norm"])
    assert problems(folder, wanted, facts) == {}
    assert set(problems(folder, recipe(), facts)) == {"lora.modules_to_save"}


def test_an_adapter_of_another_base_model_is_refused(tmp_path: Path, facts: ModelFacts) -> None:
    other = adapter(tmp_path / "a", facts, recipe(), base_model_name_or_path="org/other")
    assert "trained on other" in problems(other, recipe(), facts)["lora.start_from"]
    unnamed = adapter(tmp_path / "b", facts, recipe(), base_model_name_or_path=None)
    write_header(unnamed / "adapter_model.safetensors", {"base_model.model.x.q_proj.lora_A.weight": [8, 7]})
    assert "another base model" in problems(unnamed, recipe(), facts)["lora.start_from"]


def test_ranks_of_single_layers_cannot_be_said_in_settings(tmp_path: Path, facts: ModelFacts) -> None:
    folder = adapter(tmp_path / "a", facts, recipe(), rank_pattern={"q_proj": 4})
    assert set(problems(folder, recipe(), facts)) == {"lora.start_from"}


def test_what_is_not_there_is_said_so(tmp_path: Path, facts: ModelFacts) -> None:
    with pytest.raises(RunError, match="neither a folder"):
        start_adapter.files(recipe(lora__start_from="0009"), tmp_path, facts)
    run = tmp_path / "0001-first"
    run.mkdir()
    (run / "recipe.toml").write_text("", encoding="utf-8")
    with pytest.raises(RunError, match="has none"):
        start_adapter.files(recipe(lora__start_from="1"), tmp_path, facts)
    adapter(run / "adapter", facts, recipe())
    assert len(start_adapter.files(recipe(lora__start_from="1"), tmp_path, facts)) == 2


def test_the_settings_that_an_adapter_asks_for(tmp_path: Path, facts: ModelFacts) -> None:
    wanted = recipe(lora__modules_to_save=["norm"], lora__use_rslora=True)
    folder = adapter(tmp_path / "a", facts, wanted, modules_to_save=["model.norm"], use_rslora=True)
    changed = with_settings(Recipe(), {**start_adapter.settings_of(str(folder), tmp_path), "lora.start_from": "x"})
    assert problems(folder, changed, facts) == {}
    run = tmp_path / "0001-first"
    run.mkdir()
    file.save(recipe(lora__layers="0-1", lora__target_modules="attention"), run / "recipe.toml")
    adapter(run / "adapter", facts, recipe(lora__layers="0-1", lora__target_modules="attention"))
    found = start_adapter.settings_of("1", tmp_path)
    assert (found["lora.target_modules"], found["lora.layers"]) == ("attention", "0-1")
    assert problems(run / "adapter", with_settings(Recipe(), {**found, "lora.start_from": "1"}), facts) == {}


def test_an_imported_adapter_is_named_by_its_key(tmp_path: Path, facts: ModelFacts) -> None:
    runs = tmp_path / "project" / "runs"
    with Project.create(tmp_path / "project"):
        pass
    source = adapter(tmp_path / "Hers", facts, recipe(), base_model_name_or_path="her/model")
    folder = import_adapter(tmp_path / "project", Wish(source, ModelSettings(), anyway=True))
    assert start_adapter.find(runs, "adapters/hers") == folder
    assert start_adapter.settings_of("adapters/hers", runs)["lora.rank"] == 8
    assert start_adapter.settings_of("adapters/hers", runs)["model.chat_template"] == "own"
    # It was matched with this base model, whatever it names.
    assert problems(folder, recipe(), facts) == {}
    with pytest.raises(RunError, match="No adapter gone was imported"):
        start_adapter.find(runs, "adapters/gone")


def test_a_checkpoint_is_named_by_its_run_and_step(tmp_path: Path, facts: ModelFacts) -> None:
    with Project.create(tmp_path / "project") as project:
        run = run_of(project, "letters")
        checkpoint = checkpoint_of(run, 40)
        assert start_adapter.find(project.runs_folder, "1@40") == checkpoint
        assert start_adapter.settings_of("1@40", project.runs_folder)["lora.target_modules"] == "all-linear"
        with pytest.raises(RunError, match="no checkpoint of step 41"):
            start_adapter.find(project.runs_folder, f"{run.name}@41")
