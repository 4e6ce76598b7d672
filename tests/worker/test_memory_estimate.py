"""The bytes that the estimate counts for a layer are those that PyTorch keeps for the backward pass."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from core.base_models.facts import ModelFacts
from core.hardware.memory import _dora_bytes, _layer_bytes, _layers, estimate
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.worker.fused import use_fused_lora
from core.worker.lora import add_lora
from core.worker.model import parameter_counts


def llama(folder: Path, *, layers: int, hidden: int, between: int, heads: int) -> ModelFacts:
    config = LlamaConfig(
        hidden_size=hidden, intermediate_size=between, num_hidden_layers=layers, num_attention_heads=4,
        num_key_value_heads=heads, vocab_size=256,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return ModelFacts.read(folder)


def kept_bytes(folder: Path, recipe: Recipe, tokens: int, *, bf16: bool) -> int:
    """Bytes of the tensors that one forward pass keeps, weights aside."""
    base = LlamaForCausalLM.from_pretrained(folder, dtype=torch.bfloat16 if bf16 else torch.float32)
    model = add_lora(base, recipe, ModelFacts.read(folder)).train()
    use_fused_lora(model)
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.untyped_storage().data_ptr() not in weights:
            kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    ids = torch.zeros((1, tokens), dtype=torch.long)
    precision = torch.autocast("cpu", torch.bfloat16) if bf16 else nullcontext()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), precision:
        model(input_ids=ids, use_cache=False, logits_to_keep=1)
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


@pytest.mark.parametrize("dora", [False, True])
@pytest.mark.parametrize("bf16", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.05])
@pytest.mark.parametrize(("hidden", "between", "heads"), [(64, 160, 4), (128, 256, 2)])
def test_a_layer_keeps_what_the_estimate_says(
    tmp_path: Path, hidden: int, between: int, heads: int, dropout: float, bf16: bool, dora: bool
) -> None:
    changes = {"lora.dropout": dropout, "lora.rank": 8, "model.quantization": "none", "lora.use_dora": dora}
    recipe = with_settings(Recipe(), changes)
    grown, fixed = [], []
    for layers in (1, 2):
        facts = llama(tmp_path / str(layers), layers=layers, hidden=hidden, between=between, heads=heads)
        more, less = (kept_bytes(tmp_path / str(layers), recipe, tokens, bf16=bf16) for tokens in (96, 32))
        grown.append((more - less) / 64)
        fixed.append(less - 32 * grown[-1])
    counted = _layer_bytes(facts, recipe, 2 if bf16 else 4, _layers(facts, recipe)[0])
    # Softmax sums of attention and the norms' scales, a few bytes a head, are not counted.
    assert counted == pytest.approx(grown[1] - grown[0], rel=0.02)
    if dora:
        width, layer = 2 if bf16 else 4, _layers(facts, recipe)[0]
        # Norms of the weights' rows, and copies of the LoRA matrices in 16 bits, are not counted.
        assert _dora_bytes(recipe, width, layer) == pytest.approx(fixed[1] - fixed[0], rel=0.25)


def test_the_parameters_are_those_of_the_loaded_model(tmp_path: Path) -> None:
    recipe = with_settings(Recipe(), {"lora.rank": 4})
    facts = llama(tmp_path, layers=2, hidden=64, between=160, heads=2)
    model = add_lora(LlamaForCausalLM.from_pretrained(tmp_path), recipe, facts)
    found = estimate(facts, recipe, "cpu")
    assert (found.trainable_parameters, found.trainable_parameters + found.total_parameters) == parameter_counts(model)


def test_logits_are_counted_a_slice_at_a_time_where_they_are_made_so(tmp_path: Path) -> None:
    facts = replace(llama(tmp_path, layers=1, hidden=64, between=160, heads=2), vocab_size=128_256)
    recipe = Recipe()
    sliced = estimate(facts, recipe, "cuda").parts["predictions"]
    whole = estimate(replace(facts, model_type="gemma2"), recipe, "cuda").parts["predictions"]
    assert sliced < 0.3e9 < 3e9 < whole
