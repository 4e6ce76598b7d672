"""Numerical truth: however examples are packed and split, loss and gradients are those of each example alone.

The reference is plain Transformers: one example at a time, no position ids, its own attention and its own loss.
"""

import math

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    MambaConfig,
    MambaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    OPTConfig,
    OPTForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs.folder import RunFolder
from core.worker.arguments import training_arguments
from core.worker.attention import use_packed_attention
from core.worker.batches import Tokens, pack
from core.worker.checkpoint import Fingerprint
from core.worker.device import Device
from core.worker.kernels import use_fast_kernels
from core.worker.loop import PackedTrainer, summed_loss
from core.worker.packing_proof import ONE_A_ROW, packs_exactly

VOCABULARY = 97
SMALL = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 128,
    "pad_token_id": 0,
}
GROUPED = {**SMALL, "num_key_value_heads": 2}
GEMMA = {**GROUPED, "head_dim": 8, "sliding_window": 8}
MODELS = {
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**SMALL, num_key_value_heads=4)),
    "llama, grouped queries": lambda: LlamaForCausalLM(LlamaConfig(**GROUPED)),
    "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**GROUPED)),
    "qwen2, window switched off": lambda: Qwen2ForCausalLM(Qwen2Config(**GROUPED, sliding_window=8)),
    "qwen2, window": lambda: Qwen2ForCausalLM(
        Qwen2Config(**GROUPED, sliding_window=8, use_sliding_window=True, max_window_layers=1)
    ),
    "qwen3": lambda: Qwen3ForCausalLM(Qwen3Config(**GROUPED, head_dim=8)),
    "mistral, window": lambda: MistralForCausalLM(MistralConfig(**GROUPED, sliding_window=8)),
    "gemma2": lambda: Gemma2ForCausalLM(Gemma2Config(**GEMMA, query_pre_attn_scalar=8)),
    "gemma3": lambda: Gemma3ForCausalLM(Gemma3TextConfig(**GEMMA, query_pre_attn_scalar=8)),
}
BY_SEGMENTS = {"llama", "llama, grouped queries", "qwen2", "qwen2, window switched off", "qwen3"}


OPT = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "ffn_dim": 48,
    "num_attention_heads": 4,
    "word_embed_proj_dim": 32,
    "dropout": 0,
}


def examples():
    """Of 2 to 40 tokens, longer than the window and shorter; one begins with a supervised token."""
    generator = torch.Generator().manual_seed(3)
    made = []
    for length in (5, 21, 2, 40, 13):
        ids = torch.randint(1, VOCABULARY, (length,), generator=generator).tolist()
        made.append(Tokens(ids, [index > length // 3 for index in range(length)]))
    first = made[0]
    made[0] = Tokens(first.ids, [True, False, True, True, True])
    return made


def with_adapter(name, **kind):
    torch.manual_seed(0)
    config = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM", **kind)
    model = get_peft_model(MODELS[name](), config)
    for parameter_name, parameter in model.named_parameters():
        if "lora_B" in parameter_name:
            nn.init.normal_(parameter, std=0.1)
    return model.train()


def gradient(model):
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters() if parameter.requires_grad])


def alone(model, chosen):
    """Loss and gradient in plain Transformers: the mean over all supervised tokens of examples seen one by one."""
    model.zero_grad()
    targets = sum(example.targets for example in chosen)
    total = 0.0
    for example in chosen:
        ids = torch.tensor([example.ids])
        logits = model(input_ids=ids, use_cache=False).logits[0, :-1]
        labels = torch.where(torch.tensor(example.supervised), ids[0], -100)[1:]
        loss = nn.functional.cross_entropy(logits.float(), labels, reduction="sum") / targets
        loss.backward()
        total += float(loss.detach())
    return total, gradient(model)


def in_rows(model, chosen, tokens_per_row):
    model.zero_grad()
    targets = sum(example.targets for example in chosen)
    total = 0.0
    for row in pack(chosen, tokens_per_row):
        loss = summed_loss(model, row) / targets
        loss.backward()
        total += float(loss.detach())
    return total, gradient(model)


def assert_same(found, expected):
    assert math.isclose(found[0], expected[0], rel_tol=1e-5)
    largest = float(expected[1].abs().max())
    assert float((found[1] - expected[1]).abs().max()) <= 1e-5 * max(1.0, largest)


@pytest.mark.parametrize("name", MODELS)
def test_packed_in_part_and_one_by_one_are_the_same(name):
    model = with_adapter(name)
    expected = alone(model, examples())
    assert use_packed_attention(model.base_model.model) == (name in BY_SEGMENTS)
    for tokens_per_row in (1, 30, 1000):
        assert_same(in_rows(model, examples(), tokens_per_row), expected)


@pytest.mark.parametrize("name", MODELS)
def test_the_test_would_notice_attention_that_leaks(name):
    model = with_adapter(name)
    use_packed_attention(model.base_model.model)
    expected = in_rows(model, examples(), 1)
    model.zero_grad()
    (row,) = pack(examples(), 1000)
    leaking = type(row)(row.input_ids, torch.arange(row.input_ids.shape[1])[None], row.keep, row.labels)
    loss = summed_loss(model, leaking) / sum(example.targets for example in examples())
    loss.backward()
    assert not math.isclose(float(loss.detach()), expected[0], rel_tol=1e-5)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_checkpointing_changes_nothing(checkpointing):
    model = with_adapter("llama, grouped queries")
    expected = alone(model, examples())
    use_packed_attention(model.base_model.model)
    if checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    assert_same(in_rows(model, examples(), 1000), expected)


def test_the_order_of_examples_in_a_step_changes_nothing():
    model = with_adapter("qwen3")
    expected = alone(model, examples())
    use_packed_attention(model.base_model.model)
    assert_same(in_rows(model, examples()[::-1], 50), expected)


@pytest.mark.parametrize("name", MODELS)
def test_models_that_attend_pass_the_proof(name):
    torch.manual_seed(0)
    model = MODELS[name]()
    assert packs_exactly(model)
    use_packed_attention(model)
    assert packs_exactly(model.train())
    assert model.training


def test_models_with_a_state_or_without_position_ids_are_found_out():
    torch.manual_seed(0)
    mamba = MambaConfig(vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=2, state_size=8)
    assert not packs_exactly(MambaForCausalLM(mamba))
    assert not packs_exactly(OPTForCausalLM(OPTConfig(**OPT)))


def test_one_example_a_row_is_exact_for_them_too():
    torch.manual_seed(0)
    model = OPTForCausalLM(OPTConfig(**OPT))
    assert len(pack(examples(), ONE_A_ROW)) == len(examples())
    assert_same(in_rows(model, examples(), ONE_A_ROW), alone(model, examples()))


@pytest.mark.parametrize(
    "kind",
    [
        {},
        {"use_dora": True},
        {"modules_to_save": ["lm_head", "model.norm"]},
        {"modules_to_save": ["embed_tokens"], "use_rslora": True},
    ],
    ids=str,
)
def test_the_fast_ways_of_computing_are_exact_for_every_kind_of_adapter(kind):
    model = with_adapter("qwen3", **kind)
    expected = alone(model, examples())
    recipe = with_settings(Recipe(), {"model.compute_dtype": "float32", "model.quantization": "none"})
    use_packed_attention(model.base_model.model)
    use_fast_kernels(model, recipe, Device("cpu", "CPU"))
    for tokens_per_row in (1, 30, 1000):
        assert_same(in_rows(model, examples(), tokens_per_row), expected)


@pytest.mark.parametrize("tokens_per_pass", [1, 30, 1000])
def test_a_step_of_the_trainer_is_normalised_by_supervised_tokens(tmp_path, tokens_per_pass):
    model = with_adapter("llama, grouped queries")
    expected = alone(model, examples())
    recipe = with_settings(Recipe(), {"model.compute_dtype": "float32", "training.batch_size": 5})
    trainer = PackedTrainer(
        model,
        training_arguments(RunFolder(tmp_path), recipe, Device("cpu", "CPU"), 1),
        train=examples(),
        numbers=range(5),
        heldout=[],
        tokens_per_pass=tokens_per_pass,
        checkpoints=tmp_path,
        fingerprint=lambda: Fingerprint("", "", {}),
        on_out_of_memory=lambda *_: None,
        on_unmeasured=lambda _: None,
        after_evaluation=lambda *_: None,
        callbacks=[],
    )
    model.zero_grad()
    loss = trainer.training_step(model, examples())
    assert_same((float(loss), gradient(model)), expected)
