"""A fused LoRA layer gives what PEFT's own gives: the same output, the same gradients."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from torch.utils.checkpoint import checkpoint
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, Qwen2Config, Qwen2ForCausalLM

from core.worker import fused
from core.worker.fused import fused_evaluation, keep_mask, use_fused_lora

SMALL = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
}
LAYERS = 14
HOLDING = {
    "nf4": BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True),
    "int8": BitsAndBytesConfig(load_in_8bit=True),
    "none": None,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A Qwen2: it has biases in its projections and shares keys between heads."""
    torch.manual_seed(0)
    where = tmp_path_factory.mktemp("qwen2")
    model = Qwen2ForCausalLM(Qwen2Config(**SMALL))
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            nn.init.normal_(parameter, std=0.5)
    model.save_pretrained(where)
    return where


def adapted(folder, holding="none", *, dtype=torch.float32, **lora):
    quantised = HOLDING[holding]
    options = {} if quantised is None else {"quantization_config": quantised}
    if holding == "nf4":
        quantised.bnb_4bit_compute_dtype = dtype
    base = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, **options)
    torch.manual_seed(5)
    model = get_peft_model(base, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM", **lora))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter, std=0.1)
    return model.train()


def loss_and_gradient(model):
    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(0, 97, (2, 21), generator=generator)
    model.zero_grad()
    torch.manual_seed(8)
    loss = model(input_ids=ids, labels=ids, use_cache=False).loss
    loss.backward()
    return loss.detach(), torch.cat([p.grad.flatten() for p in model.parameters() if p.requires_grad])


def assert_same(before, after, tolerance=1e-5):
    torch.testing.assert_close(after[0], before[0], atol=tolerance, rtol=tolerance)
    torch.testing.assert_close(after[1], before[1], atol=tolerance * float(before[1].abs().max()), rtol=1e-4)


@pytest.mark.parametrize("holding", HOLDING)
def test_loss_and_gradients_are_those_of_peft(folder, holding):
    model = adapted(folder, holding)
    before = loss_and_gradient(model)
    assert use_fused_lora(model) == LAYERS
    # An 8-bit layer rounds its input: what differs in the last digit may be rounded the other way.
    assert_same(before, loss_and_gradient(model), 1e-3 if holding == "int8" else 1e-5)


def test_dropout_is_that_of_the_formula(folder, monkeypatch):
    monkeypatch.setattr(nn.functional, "dropout", lambda x, p, *_: x * keep_mask(x, p) / (1 - p))
    model = adapted(folder, "nf4", lora_dropout=0.3)
    before = loss_and_gradient(model)
    use_fused_lora(model)
    assert_same(before, loss_and_gradient(model))


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_a_mask_drops_the_share_that_it_should(share):
    torch.manual_seed(1)
    mask = keep_mask(torch.empty(1001, 301), share)
    assert set(mask.unique().tolist()) == {0.0, 1.0}
    assert abs(float(mask.mean()) - (1 - share)) < 5 * (share * (1 - share) / mask.numel()) ** 0.5


def test_masks_come_from_the_random_state_that_checkpoints_keep():
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = keep_mask(torch.empty(40, 7), 0.5)
    torch.set_rng_state(state)
    assert torch.equal(first, keep_mask(torch.empty(40, 7), 0.5))
    assert not torch.equal(first, keep_mask(torch.empty(40, 7), 0.5))


def test_activations_computed_twice_change_nothing(folder):
    model = adapted(folder, "nf4", lora_dropout=0.3)
    use_fused_lora(model)
    before = loss_and_gradient(model)
    model.get_base_model().gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    assert_same(before, loss_and_gradient(model), 1e-6)


def test_a_layer_by_itself_can_be_computed_twice(folder):
    model = adapted(folder)
    use_fused_lora(model)
    layer = model.get_base_model().model.layers[0].mlp.up_proj
    x = torch.randn(3, 32, requires_grad=True)
    checkpoint(layer, x, use_reentrant=False).sum().backward()
    first = x.grad.clone()
    x.grad = None
    layer(x).sum().backward()
    torch.testing.assert_close(first, x.grad)


@pytest.mark.parametrize("rounded_to", [1, 16, 64])
def test_products_in_16_bit_stay_close(folder, monkeypatch, rounded_to):
    monkeypatch.setattr(fused, "ROWS", rounded_to)
    model = adapted(folder, "nf4")
    before = loss_and_gradient(model)
    use_fused_lora(model, products=torch.bfloat16)
    loss, gradient = loss_and_gradient(model)
    assert abs(float(loss - before[0])) < 0.01
    assert float(torch.cosine_similarity(gradient, before[1], dim=0)) > 0.999
    assert all(parameter.grad.dtype == torch.float32 for parameter in model.parameters() if parameter.requires_grad)


def test_a_model_held_in_16_bit_gives_what_peft_gives(folder):
    model = adapted(folder, "nf4", dtype=torch.bfloat16)
    before = loss_and_gradient(model)
    use_fused_lora(model)
    loss, gradient = loss_and_gradient(model)
    assert abs(float(loss - before[0])) < 0.02
    assert float(torch.cosine_similarity(gradient, before[1], dim=0)) > 0.999


def test_autocast_gives_what_peft_gives(folder):
    model = adapted(folder)
    with torch.autocast("cpu", torch.bfloat16):
        before = loss_and_gradient(model)
        use_fused_lora(model)
        loss, gradient = loss_and_gradient(model)
    assert abs(float(loss - before[0])) < 0.02
    assert float(torch.cosine_similarity(gradient, before[1], dim=0)) > 0.999


def test_evaluation_is_pefts_own_unless_asked_for(folder):
    model = adapted(folder, lora_dropout=0.3)
    ids = torch.tensor([[1, 2, 3, 4]])
    before = model.eval()(input_ids=ids).logits
    use_fused_lora(model, products=torch.bfloat16)
    with torch.no_grad():
        assert torch.equal(model(input_ids=ids).logits, before)
        with fused_evaluation(model):
            quick = model(input_ids=ids).logits
        assert torch.equal(model(input_ids=ids).logits, before)
    assert not torch.equal(quick, before)
    assert float((quick - before.detach()).abs().max()) < 0.1


def test_an_adapter_that_is_switched_off_stays_off(folder):
    model = adapted(folder)
    use_fused_lora(model)
    ids = torch.tensor([[1, 2, 3, 4]])
    with model.disable_adapter():
        off = model(input_ids=ids).logits
    plain = AutoModelForCausalLM.from_pretrained(folder)
    torch.testing.assert_close(off, plain(input_ids=ids).logits)


@pytest.mark.parametrize("other", [{"use_dora": True}, {"lora_bias": True}])
def test_layers_of_another_formula_are_left_alone(folder, other):
    model = adapted(folder, **other)
    before = loss_and_gradient(model)
    assert use_fused_lora(model) == 0
    assert_same(before, loss_and_gradient(model), 0)


def test_gradients_of_a_first_layer_need_no_input_gradient(folder):
    model = adapted(folder)
    use_fused_lora(model)
    layer = model.get_base_model().model.layers[0].self_attn.q_proj
    layer(torch.randn(3, 32)).sum().backward()
    assert float(layer.lora_B["default"].weight.grad.abs().sum()) > 0
