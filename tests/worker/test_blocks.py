"""Decoder layers as two steps give what Transformers and PEFT give: the same loss, the same gradients."""

import importlib

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM

from core.worker import attention, blocks, elementwise, fused, segments
from core.worker.attention import use_packed_attention
from core.worker.batches import Tokens, pack
from core.worker.blocks import takes_keep, use_blocks
from core.worker.fused import fused_evaluation, use_fused_lora
from core.worker.head import use_fused_head
from core.worker.loop import summed_loss

SMALL = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "use_cache": False,
    "sliding_window": None,
}
FAMILIES = ["llama", "mistral", "qwen2"]
LENGTHS = (5, 17, 150, 1, 33, 140)


def adapted(family="llama", *, dropout=0.0, **lora):
    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **SMALL), dtype=torch.float32)
    for name, parameter in base.named_parameters():
        if "norm" in name or name.endswith("bias"):
            nn.init.normal_(parameter, mean=1.0, std=0.3)
    options = {"r": 4, "lora_dropout": dropout, "target_modules": "all-linear", "task_type": "CAUSAL_LM"} | lora
    model = get_peft_model(base, LoraConfig(**options))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter, std=0.1)
    use_packed_attention(base)
    return model.train()


def packed_row():
    generator = torch.Generator().manual_seed(3)
    examples = [
        Tokens(torch.randint(0, 97, (length,), generator=generator).tolist(), [i % 3 != 1 for i in range(length)])
        for length in LENGTHS
    ]
    return pack(examples, 10_000)[0]


def loss_and_gradient(model):
    model.zero_grad()
    torch.manual_seed(8)
    loss = summed_loss(model, packed_row()) / 100
    loss.backward()
    return loss.detach(), torch.cat([p.grad.flatten() for p in model.parameters() if p.requires_grad])


def assert_same(before, after):
    torch.testing.assert_close(after[0], before[0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(after[1], before[1], atol=1e-5 * float(before[1].abs().max()), rtol=1e-4)


def fast(model, **options):
    use_fused_lora(model, **options)
    made = use_blocks(model.get_base_model(), **options)
    use_fused_head(model.get_base_model(), **options)
    return made


@pytest.fixture
def counted(monkeypatch):
    """How many times a layer went the quick way."""
    calls = []
    plain = blocks._Layer._steps
    monkeypatch.setattr(blocks._Layer, "_steps", lambda self, *a, **k: calls.append(1) or plain(self, *a, **k))
    return calls


@pytest.mark.parametrize("family", FAMILIES)
def test_loss_and_gradients_are_the_same(family, counted):
    model = adapted(family)
    before = loss_and_gradient(model)
    assert fast(model) == 2
    assert takes_keep(model.get_base_model())
    assert_same(before, loss_and_gradient(model))
    assert len(counted) == 2


def test_long_segments_go_through_the_flash_kernel(monkeypatch):
    monkeypatch.setattr(segments, "_LONGEST", {torch.float32: 20, torch.bfloat16: 20})
    model = adapted()
    before = loss_and_gradient(model)
    fast(model)
    assert_same(before, loss_and_gradient(model))
    loss, gradient = loss_and_gradient(model)
    model = adapted()
    fast(model, products=torch.bfloat16)
    low, of_low = loss_and_gradient(model)
    assert abs(float(low - loss)) < 0.02
    assert float(torch.cosine_similarity(of_low, gradient, dim=0)) > 0.999


def test_products_in_16_bit_stay_close():
    model = adapted()
    loss, gradient = loss_and_gradient(model)
    fast(model, products=torch.bfloat16)
    low, of_low = loss_and_gradient(model)
    assert abs(float(low - loss)) < 0.02
    assert float(torch.cosine_similarity(of_low, gradient, dim=0)) > 0.999
    assert all(parameter.grad.dtype == torch.float32 for parameter in model.parameters() if parameter.requires_grad)


def test_dropout_is_that_of_the_formula(monkeypatch):
    # The same for each token: the last layer draws only for those that it goes on with.
    def mask(like, _):
        return (torch.arange(like.shape[-1]) % 3 > 0).to(like).expand_as(like)

    monkeypatch.setattr(fused, "keep_mask", mask)
    monkeypatch.setattr(nn.functional, "dropout", lambda x, p, *_: x * mask(x, p) / (1 - p))
    model = adapted(dropout=0.3)
    before = loss_and_gradient(model)
    fast(model)
    assert_same(before, loss_and_gradient(model))


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_activations_computed_twice_change_nothing(dropout, counted):
    model = adapted(dropout=dropout)
    fast(model)
    before = loss_and_gradient(model)
    model.get_base_model().gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    counted.clear()
    assert_same(before, loss_and_gradient(model))
    assert len(counted) == 4


def test_layers_without_an_adapter_are_taken_along(counted):
    model = adapted(target_modules=["q_proj", "v_proj"])
    before = loss_and_gradient(model)
    fast(model)
    assert_same(before, loss_and_gradient(model))
    assert len(counted) == 2


def test_weights_larger_than_the_activations_are_made_again():
    model = adapted()
    for layer in model.get_base_model().model.layers:
        layer.mlp.down_proj.base_layer.weight.data *= 2
    row = pack([Tokens([1, 2, 3, 4, 5], [True] * 5)], 100)[0]
    first = summed_loss(model, row)
    first.backward()
    gradient = torch.cat([p.grad.flatten() for p in model.parameters() if p.requires_grad])
    model.zero_grad()
    fast(model)
    second = summed_loss(model, row)
    second.backward()
    again = torch.cat([p.grad.flatten() for p in model.parameters() if p.requires_grad])
    assert_same((first.detach(), gradient), (second.detach(), again))


def test_evaluation_is_transformers_own_unless_asked_for(counted):
    model = adapted()
    row = packed_row()
    with torch.no_grad():
        before = summed_loss(model.eval(), row)
        fast(model)
        assert summed_loss(model, row) == pytest.approx(float(before), rel=1e-5)
        assert not counted
        with fused_evaluation(model):
            assert summed_loss(model, row) == pytest.approx(float(before), rel=1e-5)
        assert len(counted) == 2


def test_answers_are_generated_as_before(counted):
    model = adapted().eval()
    ids = torch.tensor([[1, 2, 3, 4]])
    before = model.generate(input_ids=ids, max_new_tokens=8, do_sample=False, use_cache=True)
    fast(model)
    assert torch.equal(model.generate(input_ids=ids, max_new_tokens=8, do_sample=False, use_cache=True), before)
    assert not counted


def test_an_adapter_that_is_switched_off_stays_off(counted):
    model = adapted()
    row = packed_row()
    with model.disable_adapter(), torch.no_grad():
        before = float(summed_loss(model, row))
    fast(model)
    with model.disable_adapter(), torch.no_grad():
        assert float(summed_loss(model, row)) == pytest.approx(before, rel=1e-6)
    assert not counted


@pytest.mark.parametrize("other", [{"use_dora": True}, {"modules_to_save": ["input_layernorm"]}])
def test_what_is_computed_otherwise_is_left_alone(other):
    model = adapted(**other)
    before = loss_and_gradient(model)
    assert fast(model) == 0
    assert_same(before, loss_and_gradient(model))


def test_other_families_are_left_alone():
    assert fast(adapted("qwen3")) == 0


def test_segments_are_known_from_positions():
    positions = torch.tensor([[0, 1, 2, 0, 1]])
    assert attention.segments(positions, 5, 5) == [3, 2]


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    """The rotary functions are globals of Transformers: each test leaves them as they were."""
    for family in elementwise._FAMILIES:
        source = importlib.import_module(f"transformers.models.{family}.modeling_{family}")
        monkeypatch.setattr(source, "apply_rotary_pos_emb", source.apply_rotary_pos_emb)
