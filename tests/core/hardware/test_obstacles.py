"""What cannot be trained is said before the start, setting by setting, with what would help."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core import paths
from core.base_models.facts import ModelFacts
from core.errors import RecipeError
from core.hardware.obstacles import check, obstacles
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe


def found(facts: ModelFacts | None = None, device: str = "", **settings: object) -> dict[str, str]:
    changes = {name.replace("__", "."): value for name, value in settings.items()}
    return obstacles(with_settings(Recipe(), changes), facts=facts, device=device)


@pytest.fixture(scope="module")
def starter() -> ModelFacts:
    return ModelFacts.read(paths.starter_model())


def test_the_defaults_can_be_trained_anywhere_but_on_an_apple_gpu(starter: ModelFacts) -> None:
    for device in ("", "cuda", "xpu", "cpu"):
        assert found(starter, device) == {}
    assert set(found(starter, "mps")) == {"model.quantization"}
    assert found(starter, "mps", model__quantization="none") == {}


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"lora__initialisation": "loftq", "model__quantization": "none"}, "lora.initialisation"),
        ({"lora__initialisation": "loftq", "model__quantization": "int8"}, "lora.initialisation"),
        ({"lora__initialisation": "pissa"}, "lora.initialisation"),
        ({"lora__initialisation": "loftq", "lora__use_dora": True}, "lora.initialisation"),
        (
            {"lora__initialisation": "pissa", "model__quantization": "none", "lora__use_dora": True},
            "lora.initialisation",
        ),
        ({"lora__initialisation": "pissa", "model__quantization": "none", "lora__rank": 300}, "lora.rank"),
        ({"lora__initialisation": "orthogonal", "lora__rank": 5}, "lora.rank"),
        ({"training__schedule": "reduce_lr_on_plateau", "heldout__share": 0}, "training.schedule"),
    ],
)
def test_settings_that_exclude_each_other(settings: dict[str, object], name: str) -> None:
    assert set(found(**settings)) == {name}


@pytest.mark.parametrize(
    "settings",
    [
        {"lora__initialisation": "loftq"},
        {"lora__initialisation": "pissa", "model__quantization": "none"},
        {"lora__initialisation": "orthogonal", "lora__use_dora": True},
        {"lora__initialisation": "gaussian", "model__quantization": "int8"},
    ],
)
def test_settings_that_go_together(settings: dict[str, object]) -> None:
    assert found(**settings) == {}


def test_what_the_device_does_not_have() -> None:
    assert set(found(device="cpu", model__quantization="int8", lora__use_dora=True)) == {"lora.use_dora"}
    assert found(device="cuda", model__quantization="int8", lora__use_dora=True) == {}
    assert set(found(device="mps", model__quantization="none", training__optimizer="lion_8bit")) == {
        "training.optimizer"
    }


@pytest.mark.parametrize(
    ("settings", "name", "says"),
    [
        ({"lora__target_modules": ["query_key_value"]}, "lora.target_modules", "q_proj"),
        ({"lora__layers": "40-50"}, "lora.layers", "layers 0 to"),
        ({"lora__modules_to_save": ["wte"]}, "lora.modules_to_save", "embed_tokens"),
    ],
)
def test_what_the_base_model_does_not_have_is_named_with_what_it_has(
    starter: ModelFacts, settings: dict[str, object], name: str, says: str
) -> None:
    problems = found(starter, **settings)
    assert set(problems) == {name}
    assert says in problems[name]


def test_a_tied_head_is_trained_by_the_name_of_the_embeddings(starter: ModelFacts) -> None:
    others = {path: count for path, count in starter.others.items() if path != "lm_head"}
    problems = found(replace(starter, tied=True, others=others), lora__modules_to_save=["lm_head"])
    assert "embed_tokens trains both" in problems["lora.modules_to_save"]


def test_all_are_told_at_once() -> None:
    recipe = with_settings(Recipe(), {"lora.initialisation": "pissa", "training.optimizer": "adamw_8bit"})
    with pytest.raises(RecipeError) as caught:
        check(recipe, device="mps")
    assert set(caught.value.problems) == {"lora.initialisation", "model.quantization", "training.optimizer"}
