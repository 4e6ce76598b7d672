"""The memory estimate without loading anything: its parts, what they depend on, and what makes a run fit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core import paths
from core.base_models.facts import ModelFacts
from core.hardware.fitting import Verdict, fit
from core.hardware.memory import estimate, is_checkpointing, longest_row
from core.hardware.usage import MemoryUse
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe

GB = 10**9


def llama_8b() -> ModelFacts:
    """The shapes of an 8B Llama 3."""
    shapes = {
        **dict.fromkeys(("self_attn.q_proj", "self_attn.o_proj"), (4096, 4096)),
        **dict.fromkeys(("self_attn.k_proj", "self_attn.v_proj"), (1024, 4096)),
        **dict.fromkeys(("mlp.gate_proj", "mlp.up_proj"), (14336, 4096)),
        "mlp.down_proj": (4096, 14336),
    }
    linear = {f"model.layers.{layer}.{name}": shape for layer in range(32) for name, shape in shapes.items()}
    facts = ModelFacts.read(paths.starter_model())
    return replace(facts, parameters=8_030_261_248, layers=32, hidden_size=4096, vocab_size=128_256, linear=linear)


def test_an_8b_model_in_4_bit_fits_a_card_of_12_gb_and_not_in_16_bit() -> None:
    card = MemoryUse("a card", used=GB // 2, total=12 * GB)
    recipe = with_settings(Recipe(), {"training.tokens_per_pass": 2048, "training.max_length": 2048})
    found = fit(llama_8b(), recipe, card)
    assert found.verdict is not Verdict.TOO_LARGE
    assert 5 * GB < found.needs.parts["base_model"] < 6.2 * GB  # 4-bit layers, 16-bit embeddings and head
    assert found.needs.trainable_parameters == 41_943_040  # as PEFT prints for rank 16 on all linear layers
    wide = fit(llama_8b(), with_settings(recipe, {"model.quantization": "none"}), card)
    assert wide.verdict is Verdict.TOO_LARGE
    assert wide.changes is not None
    assert wide.changes["model.quantization"] == "nf4"
    assert found.needs.full_fine_tuning > 100 * GB


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"lora.rank": 32}, "optimizer"),
        ({"training.tokens_per_pass": 16384, "training.max_length": 4096}, "activations"),
        ({"training.gradient_checkpointing": "off"}, "activations"),
        ({"model.double_quantization": False}, "base_model"),
        ({"model.quantization": "int8"}, "base_model"),
        ({"training.optimizer": "adamw_torch"}, "optimizer"),
    ],
)
def test_what_costs_more_is_counted_as_more(change: dict, part: str) -> None:
    before = estimate(llama_8b(), Recipe(), "cuda")
    after = estimate(llama_8b(), with_settings(Recipe(), change), "cuda")
    assert after.parts[part] > before.parts[part]


def test_a_row_is_never_longer_than_its_batch_nor_shorter_than_an_example() -> None:
    short = with_settings(Recipe(), {"training.batch_size": 2, "training.max_length": 128})
    assert longest_row(short) == 256
    long = with_settings(Recipe(), {"training.max_length": 8192, "training.tokens_per_pass": 512})
    assert longest_row(long) == 8192


def test_the_changes_proposed_do_make_it_fit_and_cost_as_little_as_can_be() -> None:
    card = MemoryUse("a card", used=0, total=12 * GB)
    big = with_settings(Recipe(), {"training.tokens_per_pass": 32768, "training.batch_size": 64})
    found = fit(llama_8b(), big, card)
    assert found.verdict is Verdict.TOO_LARGE
    assert set(found.changes or {}) == {"training.tokens_per_pass"}
    after = fit(llama_8b(), with_settings(big, found.changes or {}), card)
    assert after.verdict is Verdict.FITS
    assert after.changes is None


def test_what_can_never_fit_is_said_so() -> None:
    assert fit(llama_8b(), Recipe(), MemoryUse("a small card", used=0, total=4 * GB)).changes == {}


def test_checkpointing_is_on_by_itself_where_there_is_a_card() -> None:
    assert is_checkpointing(Recipe(), "cuda")
    assert not is_checkpointing(Recipe(), "cpu")
    assert is_checkpointing(with_settings(Recipe(), {"training.gradient_checkpointing": "on"}), "cpu")
