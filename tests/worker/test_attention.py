"""Attention by segments gives what attention with a mask over the whole row gives."""

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

from core.worker.attention import NAME, use_packed_attention
from core.worker.batches import Tokens, pack
from core.worker.loop import summed_loss

SMALL = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
}


def examples():
    generator = torch.Generator().manual_seed(3)
    made = []
    for length in (5, 21, 2, 40):
        ids = torch.randint(0, 97, (length,), generator=generator).tolist()
        made.append(Tokens(ids, [index > length // 3 for index in range(length)]))
    return made


def with_adapter(model):
    torch.manual_seed(5)
    adapted = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    return adapted.train()


def loss_and_gradient(model, rows):
    model.zero_grad()
    total = 0.0
    for row in rows:
        loss = summed_loss(model, row)
        loss.backward()
        total += float(loss.detach())
    return total, torch.cat([p.grad.flatten() for p in model.parameters() if p.requires_grad])


def test_packed_equals_one_by_one_in_loss_and_gradient():
    torch.manual_seed(0)
    model = with_adapter(LlamaForCausalLM(LlamaConfig(**SMALL)))
    alone = loss_and_gradient(model, pack(examples(), 1))
    masked = loss_and_gradient(model, pack(examples(), 1000))
    assert use_packed_attention(model.base_model.model)
    segments = loss_and_gradient(model, pack(examples(), 1000))
    for loss, gradient in (masked, segments):
        assert abs(loss - alone[0]) < 1e-5 * alone[0]
        torch.testing.assert_close(gradient, alone[1], atol=1e-5, rtol=1e-4)


def test_answers_are_the_same_with_the_cache_on():
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(**SMALL)).eval()
    prompt = torch.tensor([[5, 9, 11, 3]])
    options = {"max_new_tokens": 12, "do_sample": False, "pad_token_id": 0, "eos_token_id": 96}
    before = model.generate(input_ids=prompt, attention_mask=torch.ones_like(prompt), **options)
    assert use_packed_attention(model)
    assert model.config._attn_implementation == NAME
    after = model.generate(input_ids=prompt, attention_mask=torch.ones_like(prompt), **options)
    assert before.tolist() == after.tolist()


def test_models_with_a_sliding_window_keep_their_own_attention():
    model = MistralForCausalLM(MistralConfig(**SMALL, sliding_window=8))
    assert not use_packed_attention(model)
    assert model.config._attn_implementation != NAME


def test_layers_need_not_ask_the_device_where_segments_begin(monkeypatch):
    model = with_adapter(LlamaForCausalLM(LlamaConfig(**SMALL)))
    use_packed_attention(model.base_model.model)
    (row,) = pack(examples(), 1000)
    before = loss_and_gradient(model, [row])
    asked = []
    monkeypatch.setattr(torch.Tensor, "nonzero", lambda tensor: asked.append(tensor))
    after = loss_and_gradient(model, [row])
    assert not asked
    assert after[0] == before[0]
    assert torch.equal(after[1], before[1])


def test_segments_that_nobody_named_are_found():
    model = with_adapter(LlamaForCausalLM(LlamaConfig(**SMALL)))
    use_packed_attention(model.base_model.model)
    (row,) = pack(examples(), 1000)
    unnamed = type(row)(row.input_ids, row.position_ids.clone(), row.keep, row.labels)
    before, after = loss_and_gradient(model, [row]), loss_and_gradient(model, [unnamed])
    assert after[0] == before[0]
    assert torch.equal(after[1], before[1])
