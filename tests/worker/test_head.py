"""The loss that is computed slice by slice is the loss, and its gradient is the gradient."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

from core.base_models.families import PLAIN_HEADS
from core.worker import head
from core.worker.batches import Tokens, pack
from core.worker.head import has_fused_head, use_fused_head
from core.worker.loop import summed_loss

SMALL = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "pad_token_id": 0,
}


def adapted(kind="llama", *, lora=None, **config):
    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **SMALL, **config), dtype=torch.float32)
    model = get_peft_model(base, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM", **(lora or {})))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    return model.train()


def row():
    generator = torch.Generator().manual_seed(3)
    ids = [torch.randint(1, 97, (length,), generator=generator).tolist() for length in (5, 21, 2, 40)]
    (packed,) = pack([Tokens(part, [index > len(part) // 3 for index in range(len(part))]) for part in ids], 1000)
    return packed


def loss_and_gradient(model, scale=1.0):
    model.zero_grad()
    loss = summed_loss(model, row())
    (loss * scale).backward()
    return loss.detach(), torch.cat([p.grad.flatten() for p in model.parameters() if p.requires_grad])


def assert_same(before, after):
    torch.testing.assert_close(after[0], before[0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(after[1], before[1], atol=1e-5 * float(before[1].abs().max()), rtol=1e-4)


@pytest.mark.parametrize("kind", sorted(PLAIN_HEADS))
def test_loss_and_gradient_are_those_of_the_logits(kind):
    model = adapted(kind)
    before = loss_and_gradient(model, 0.25)
    assert not has_fused_head(model)
    assert use_fused_head(model.get_base_model())
    assert has_fused_head(model)
    assert_same(before, loss_and_gradient(model, 0.25))


def test_slices_make_no_difference(monkeypatch):
    model = adapted()
    before = loss_and_gradient(model)
    monkeypatch.setattr(head, "logits_at_once", lambda _kind: 300)
    use_fused_head(model.get_base_model())
    assert_same(before, loss_and_gradient(model))


def test_without_a_gradient_only_the_loss_is_computed():
    model = adapted()
    before = loss_and_gradient(model)[0]
    use_fused_head(model.get_base_model())
    with torch.no_grad():
        torch.testing.assert_close(summed_loss(model, row()), before)


def test_products_in_16_bit_stay_close():
    model = adapted()
    before = loss_and_gradient(model)
    use_fused_head(model.get_base_model(), products=torch.bfloat16)
    loss, gradient = loss_and_gradient(model)
    assert abs(float(loss / before[0]) - 1) < 1e-3
    assert float(torch.cosine_similarity(gradient, before[1], dim=0)) > 0.999


def test_a_model_still_gives_logits_and_answers():
    model = adapted()
    ids = torch.tensor([[1, 2, 3, 4]])
    options = {"attention_mask": torch.ones_like(ids), "max_new_tokens": 5, "do_sample": False}
    logits, answer = model.eval()(input_ids=ids).logits, model.generate(input_ids=ids, **options)
    use_fused_head(model.get_base_model())
    assert torch.equal(model(input_ids=ids).logits, logits)
    assert torch.equal(model.generate(input_ids=ids, **options), answer)


def test_a_head_that_is_trained_goes_the_plain_way():
    model = adapted(lora={"modules_to_save": ["lm_head"]})
    assert not use_fused_head(model.get_base_model())
    loss_and_gradient(model)


@pytest.mark.parametrize(("kind", "config"), [("granite", {"logits_scaling": 4.0}), ("gemma2", {"head_dim": 8})])
def test_models_that_change_their_logits_go_the_plain_way(kind, config):
    assert not use_fused_head(adapted(kind, **config).get_base_model())
