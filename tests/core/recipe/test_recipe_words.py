"""Settings in words."""

from __future__ import annotations

import pytest

from core.recipe.recipe import with_settings
from core.recipe.reference import setting_named
from core.recipe.schema import Recipe
from core.recipe.words import difference, value


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("training.learning_rate", 2e-4, "2e-4"),
        ("training.learning_rate", 0.00015, "1.5e-4"),
        ("training.epochs", 3.0, "3"),
        ("lora.dropout", 0.0, "0"),
        ("lora.rank", 16, "16"),
        ("model.quantization", "nf4", "4-bit (NF4)"),
        ("model.double_quantization", True, "on"),
        ("lora.target_modules", "all-linear", "All linear layers"),
        ("lora.target_modules", ["q_proj", "v_proj"], "q_proj, v_proj"),
        ("lora.modules_to_save", [], "none"),
        ("lora.layers", "", "all layers"),
    ],
)
def test_values(name: str, content: object, expected: str) -> None:
    assert value(setting_named(name), content) == expected


def test_what_differs_is_named_in_the_order_of_the_form() -> None:
    changed = with_settings(Recipe(), {"training.epochs": 5, "lora.rank": 8})
    assert difference(Recipe(), changed) == ["Rank 8", "Epochs 5"]
    assert difference(changed, changed) == []
