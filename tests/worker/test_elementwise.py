"""Norms and rotary embeddings with fewer passes give what Transformers' own give."""

import importlib

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

from core.worker.elementwise import _FAMILIES, use_lean_elementwise

SMALL = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
}


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    """The rotary functions are globals of Transformers: each test leaves them as they were."""
    for family in _FAMILIES:
        source = importlib.import_module(f"transformers.models.{family}.modeling_{family}")
        monkeypatch.setattr(source, "apply_rotary_pos_emb", source.apply_rotary_pos_emb)


def adapted(family, dtype=torch.float32, **lora):
    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **SMALL), dtype=dtype)
    for name, parameter in base.named_parameters():
        if "norm" in name:
            torch.nn.init.normal_(parameter, mean=1.0, std=0.3)
    model = get_peft_model(base, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM", **lora))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    return model.train()


def loss_and_gradient(model):
    ids = torch.randint(0, 97, (2, 21), generator=torch.Generator().manual_seed(3))
    model.zero_grad()
    loss = model(input_ids=ids, labels=ids, use_cache=False).loss
    loss.backward()
    return loss.detach(), torch.cat([p.grad.flatten() for p in model.parameters() if p.requires_grad])


@pytest.mark.parametrize("family", _FAMILIES)
def test_loss_and_gradients_are_the_same(family):
    model = adapted(family)
    before = loss_and_gradient(model)
    norms = 5 + 4 * (family == "qwen3")  # Qwen3 has two more in each attention
    assert use_lean_elementwise(model) == norms + 1
    after = loss_and_gradient(model)
    torch.testing.assert_close(after[0], before[0], atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(after[1], before[1], atol=1e-5 * float(before[1].abs().max()), rtol=1e-4)


def test_without_gradients_everything_is_transformers_own():
    model = adapted("llama").eval()
    ids = torch.tensor([[1, 2, 3, 4]])
    with torch.no_grad():
        before = model(input_ids=ids).logits
        use_lean_elementwise(model)
        assert torch.equal(model(input_ids=ids).logits, before)


def test_other_precisions_go_the_plain_way():
    model = adapted("llama", torch.bfloat16)
    before = loss_and_gradient(model)
    use_lean_elementwise(model)
    after = loss_and_gradient(model)
    assert torch.equal(after[1], before[1])


def test_norms_that_are_trained_go_the_plain_way():
    model = adapted("llama", modules_to_save=["model.norm"])
    before = loss_and_gradient(model)
    use_lean_elementwise(model)
    after = loss_and_gradient(model)
    torch.testing.assert_close(after[1], before[1], atol=1e-5 * float(before[1].abs().max()), rtol=1e-4)


def test_models_of_other_families_are_left_alone():
    model = adapted("olmo2")
    assert use_lean_elementwise(model) == 0
