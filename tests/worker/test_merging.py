"""A merged model of any architecture says what its base model says with the adapter put on it."""

import pytest
import torch
from peft import get_peft_model_state_dict
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM

from core.base_models.facts import ModelFacts
from core.errors import ModelError
from core.export import adapter_config
from core.recipe.recipe import with_settings
from core.recipe.schema import ModelSettings, Recipe
from core.worker import device
from core.worker.lora import add_lora
from core.worker.merging import Merge
from core.worker.model import load_base
from core.worker.reference import logits

IDS = [5, 9, 40, 7, 100, 3]
SIZES = {
    **{"vocab_size": 400, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2},
    **{"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 128, "head_dim": 16},
}
KINDS = {
    "mistral": SIZES,
    "qwen2": {**SIZES, "tie_word_embeddings": True},
    "qwen3": SIZES,
    "gemma2": SIZES,
    "gemma3_text": SIZES,
    "phi3": {**SIZES, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1},
    "gpt_neox": {**SIZES, "bos_token_id": 1, "eos_token_id": 1},
    "gpt2": {"vocab_size": 400, "n_embd": 64, "n_layer": 2, "n_head": 4, "bos_token_id": 1, "eos_token_id": 1},
    "qwen2_moe": {**SIZES, "num_experts": 4, "moe_intermediate_size": 32, "shared_expert_intermediate_size": 32},
}


def make(folder, kind, quantization, **settings):
    """A random base model, held as asked, with a random adapter on it and saved beside it."""
    torch.manual_seed(1)
    config = AutoConfig.for_model(kind, **KINDS[kind])
    AutoModelForCausalLM.from_config(config).save_pretrained(folder / "base")
    changes = {"model.base": str(folder / "base"), "lora.rank": 4, "model.quantization": quantization, **settings}
    recipe = with_settings(Recipe(), changes)
    held = load_base(folder / "base", recipe.model, device.choose())
    adapted = add_lora(held, recipe, ModelFacts.read(folder / "base")).eval()
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(0, 0.3)
    (folder / "adapter").mkdir()
    state = {name: tensor.contiguous() for name, tensor in get_peft_model_state_dict(adapted).items()}
    save_file(state, folder / "adapter" / "adapter_model.safetensors", metadata={"format": "pt"})
    text = adapter_config.dumps(adapted.peft_config["default"].to_dict(), base="somebody/base")
    (folder / "adapter" / "adapter_config.json").write_text(text, encoding="utf-8")
    return held, adapted


@pytest.mark.parametrize("quantization", ["nf4", "none"])
@pytest.mark.parametrize("kind", KINDS)
def test_it_says_the_same(tmp_path, kind, quantization):
    held, adapted = make(tmp_path, kind, quantization)
    expected = logits(adapted, IDS, len(IDS))
    merged = Merge(tmp_path / "base", tmp_path / "adapter", held if quantization == "nf4" else None)
    (tmp_path / "merged").mkdir()
    save_file(dict(merged), tmp_path / "merged" / "model.safetensors", metadata={"format": "pt"})
    (tmp_path / "merged" / "config.json").write_bytes((tmp_path / "base" / "config.json").read_bytes())
    plain = load_base(tmp_path / "merged", ModelSettings(quantization="none"), device.choose())
    assert logits(plain, IDS, len(IDS)) == pytest.approx(expected, abs=1e-5)
    base = load_base(tmp_path / "base", ModelSettings(quantization="none"), device.choose())
    assert (logits(base, IDS, len(IDS)) - expected).abs().max() > 1e-3, "the adapter does something"


def test_what_is_not_found_under_its_name_is_no_merge(tmp_path):
    make(tmp_path, "qwen3", "none")
    weights = tmp_path / "adapter" / "adapter_model.safetensors"
    matrices = {f"base_model.model.model.extra.lora_{letter}.weight": torch.zeros(4, 4) for letter in "AB"}
    save_file(matrices, weights, metadata={"format": "pt"})
    with pytest.raises(ModelError, match="cannot be merged") as caught:
        Merge(tmp_path / "base", tmp_path / "adapter", None)
    assert "model.extra" in caught.value.reason
