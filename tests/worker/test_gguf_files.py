"""A GGUF file says and holds what the model is; whatever it cannot hold is refused with the reason."""

import json
import math
import shutil

import numpy as np
import pytest
from gguf import GGUFReader
from gguf_models import ADAPTERS, KINDS, TEMPLATE, make_adapter, make_model, make_tokenizer
from safetensors.numpy import load_file, save_file

from core.base_models.stored import StoredTensors
from core.errors import ModelError
from core.export.gguf import adapter, model, plan, pretokenizers, reading, vocabulary


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Gives the folder of a tiny model of a kind."""
    folder = tmp_path_factory.mktemp("models")

    def get(kind):
        if not (folder / kind).exists():
            make_model(folder / kind, kind)
        return folder / kind

    return get


@pytest.fixture
def llama(models, tmp_path):
    """A model folder that may be harmed."""
    return shutil.copytree(models("llama"), tmp_path / "model")


@pytest.fixture
def lora(models, tmp_path):
    """An adapter folder that may be harmed."""
    make_adapter(models("llama"), tmp_path / "adapter", "patterns")
    return tmp_path / "adapter"


def change(file, **values):
    file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), **values}), encoding="utf-8")


def fields(path):
    return {name: field.contents() for name, field in GGUFReader(path).fields.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_family_is_written_and_read_again(models, kind, tmp_path):
    for form, error in (("f32", 0), ("f16", 1e-3), ("q8_0", 1e-2)):
        planned = model.plan(models(kind), form=form, title=kind)
        told = []
        plan.write(planned, tmp_path / f"{form}.gguf", advance=told.append)
        assert sum(told) == planned.size
        reading.compare(model.plan(models(kind), form=form, title=kind), tmp_path / f"{form}.gguf")
        for (name, found), meant in zip(reading.tensors(tmp_path / f"{form}.gguf"), planned.numbers(), strict=True):
            assert np.abs(found - meant).max() <= error * np.abs(meant).max(), name
    said = fields(tmp_path / "f16.gguf")
    fast = make_tokenizer(KINDS[kind][2])
    assert said["tokenizer.chat_template"] == fast.chat_template
    assert said["tokenizer.ggml.add_bos_token"] == fast.chat_template.startswith("{{ bos_token")
    assert said["tokenizer.ggml.eos_token_id"] == fast.eos_token_id
    assert said["tokenizer.ggml.tokens"][fast.eos_token_id] == fast.eos_token


def test_a_kind_of_token_is_told(models):
    words = vocabulary.read(models("gemma"), 900)
    kinds = dict(zip(words.tokens, words.types, strict=True))
    assert [kinds[token] for token in ("<unk>", "</s>", "<0x0A>", "\n\n", "▁▁")] == [
        *(vocabulary.UNKNOWN, vocabulary.CONTROL, vocabulary.BYTE, vocabulary.USER_DEFINED, vocabulary.NORMAL),
    ]
    assert words.types[-1] == vocabulary.UNUSED
    assert not words.adds_space
    assert vocabulary.read(models("llama2-sentencepiece"), 700).adds_space
    # Puts a space at the very beginning only, where its template has a special token.
    assert not vocabulary.read(models("mistral"), 700).adds_space


def test_the_end_of_a_turn_is_told_where_it_is_not_the_end_of_text(llama):
    change(llama / "tokenizer_config.json", eos_token="<pad>")
    special = vocabulary.read(llama, 500).special
    fast = make_tokenizer("gpt2")
    assert special["eos_token_id"] == fast.convert_tokens_to_ids("<pad>")
    assert special["eot_token_id"] == fast.convert_tokens_to_ids("<|im_end|>")


def test_tokens_without_a_row_in_the_embedding_are_left_out(llama):
    words = vocabulary.read(llama, 100)
    assert len(words.tokens) == len(words.types) == 100


@pytest.mark.parametrize("kind", ADAPTERS)
def test_an_adapter_computes_what_peft_computes(models, kind, tmp_path):
    """llama.cpp: alpha of the file / rank of the tensor * B * A; PEFT: what its own modules say."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = models("llama")
    make_adapter(base, tmp_path / "adapter", kind)
    plan.write(adapter.plan(tmp_path / "adapter", base, form="f32", title="a"), tmp_path / "a.gguf")
    said, found = fields(tmp_path / "a.gguf"), dict(reading.tensors(tmp_path / "a.gguf"))
    assert said["general.type"] == "adapter"
    assert said["adapter.type"] == "lora"
    peft = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), tmp_path / "adapter")
    compared = 0
    for name, module in peft.base_model.model.named_modules():
        if hasattr(module, "get_delta_weight"):
            expected = module.get_delta_weight("default").detach().numpy()
            if "q_proj" in name or "k_proj" in name:
                heads = 4 if "q_proj" in name else 2
                order = np.arange(len(expected)).reshape(heads, 2, -1).transpose(0, 2, 1).ravel()
                expected = expected[order]
            called = model.Names(model.families.read(base)).of(f"{name}.weight")
            a, b = found[f"{called}.lora_a"], found[f"{called}.lora_b"]
            assert np.allclose(said["adapter.lora.alpha"] / len(a) * b @ a, expected, atol=1e-6), name
            compared += 1
    assert compared * 2 == len(found) == 42


@pytest.mark.parametrize("form", ["f32", "q8_0"])
def test_a_flipped_byte_is_found_wherever_it_is(models, form, tmp_path):
    base, path = models("llama"), tmp_path / "model.gguf"
    planned = model.plan(base, form=form, title="llama")
    plan.write(planned, path)
    start = GGUFReader(path).data_offset
    whole = path.read_bytes()
    # Magic, counts, keys, tokens, merges, template, offsets, filling, numbers, the end.
    places = [
        0,
        9,
        17,
        40,
        *range(60, start, start // 30),
        start - 1,
        start,
        start + 5,
        len(whole) // 2,
        len(whole) - 1,
    ]
    for place in places:
        data = bytearray(whole)
        data[place] ^= 0x04
        path.write_bytes(data)
        with pytest.raises(ModelError, match="not what was written"):
            reading.compare(planned, path)
    for cut in (whole[:100], whole[:-40], whole + bytes(64)):
        path.write_bytes(cut)
        with pytest.raises(ModelError, match="not what was written"):
            reading.compare(planned, path)


def test_the_hash_is_that_of_the_file(models, tmp_path):
    from core.export import sums

    written = plan.write(model.plan(models("qwen3"), form="f16", title="q"), tmp_path / "a.gguf")
    assert written == sums.hash_file(tmp_path / "a.gguf")
    with pytest.raises(FileExistsError):
        plan.write(model.plan(models("qwen3"), form="f16", title="q"), tmp_path / "a.gguf")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"architectures": ["PhiForCausalLM"]}, "PhiForCausalLM"),
        ({"architectures": []}, "no named class"),
        ({"rope_parameters": {"rope_type": "yarn", "factor": 4.0, "rope_theta": 1e4}}, "yarn"),
        ({"hidden_act": "relu"}, "relu"),
        ({"partial_rotary_factor": 0.5}, "rotated"),
        ({"final_logit_softcapping": 30.0}, "caps"),
        ({"layer_types": ["linear_attention"] * 3}, "layers of a kind"),
    ],
)
def test_what_llama_cpp_computes_otherwise_is_refused(llama, values, reason):
    change(llama / "config.json", **values)
    with pytest.raises(ModelError, match="cannot be written as a GGUF") as caught:
        model.plan(llama, form="f16", title="a")
    assert reason in caught.value.reason
    assert "adapter for Transformers" in caught.value.hint


def test_heads_that_do_not_fit_the_weights_are_told(llama, tmp_path):
    change(llama / "config.json", num_attention_heads=7)
    with pytest.raises(ModelError) as caught:
        plan.write(model.plan(llama, form="f16", title="a"), tmp_path / "a.gguf")
    assert "7 heads" in caught.value.reason


def test_an_adapter_of_a_head_that_is_the_embedding_is_refused(lora, models, tmp_path):
    weights = load_file(lora / "adapter_model.safetensors")
    head = {f"base_model.model.lm_head.lora_{letter}.weight": np.zeros((2, 2), np.float32) for letter in "AB"}
    save_file({**weights, **head}, lora / "adapter_model.safetensors")
    assert adapter.plan(lora, models("llama"), form="f32", title="a").tensors
    tied = shutil.copytree(models("llama"), tmp_path / "tied")
    change(tied / "config.json", tie_word_embeddings=True)
    with pytest.raises(ModelError) as caught:
        adapter.plan(lora, tied, form="f32", title="a")
    assert "the head" in caught.value.reason


@pytest.mark.parametrize("values", [{"hidden_size": -1}, {"rms_norm_eps": "x"}, {"rope_parameters": {"rope_theta": 0}}])
def test_absurd_numbers_are_told(llama, values):
    change(llama / "config.json", **values)
    with pytest.raises(ModelError, match=r"config\.json cannot be used"):
        model.plan(llama, form="f16", title="a")


def test_windows_where_llama_cpp_does_not_expect_them_are_refused(models, tmp_path):
    folder = shutil.copytree(models("gemma3"), tmp_path / "gemma3")
    change(folder / "config.json", layer_types=["full_attention", "sliding_attention", "sliding_attention"])
    with pytest.raises(ModelError) as caught:
        model.plan(folder, form="f16", title="a")
    assert "layers with a window" in caught.value.reason


def test_a_window_that_llama_cpp_leaves_out_is_noted(models, tmp_path):
    folder = shutil.copytree(models("mistral"), tmp_path / "mistral")
    change(folder / "config.json", sliding_window=64)
    assert "last 64 tokens" in model.plan(folder, form="f16", title="a").notes[0]


@pytest.mark.parametrize(
    ("part", "value", "reason"),
    [
        ("pre_tokenizer", {"type": "Whitespace"}, "cuts text"),
        (
            "pre_tokenizer",
            {"type": "ByteLevel", "add_prefix_space": True, "use_regex": True, "trim_offsets": True},
            "cuts text",
        ),
        ("normalizer", {"type": "Lowercase"}, "normalizer"),
    ],
)
def test_a_tokenizer_that_llama_cpp_does_not_know_is_refused(llama, part, value, reason):
    change(llama / "tokenizer.json", **{part: value})
    with pytest.raises(ModelError) as caught:
        model.plan(llama, form="f16", title="a")
    assert reason in caught.value.reason


def test_ways_of_cutting_text_are_known_by_their_names():
    found = {kind: pretokenizers.name(json.loads(make_tokenizer(kind).backend_tokenizer.to_str())) for kind in _BYTES}
    assert found == _BYTES


_BYTES = {"gpt2": "gpt-2", "digits": "smollm", "llama3": "llama-bpe", "qwen2": "qwen2"}


@pytest.mark.parametrize(
    ("values", "reason"),
    [({"use_dora": True}, "DoRA"), ({"modules_to_save": ["lm_head"]}, "lm_head"), ({"bias": "all"}, "biases")],
)
def test_what_an_adapter_file_cannot_hold_is_refused(lora, models, values, reason):
    change(lora / "adapter_config.json", **values)
    with pytest.raises(ModelError) as caught:
        adapter.plan(lora, models("llama"), form="f32", title="a")
    assert reason in caught.value.reason


def test_parts_of_an_adapter_that_have_no_place_are_refused(lora, models):
    weights = load_file(lora / "adapter_model.safetensors")
    odd = {"base_model.model.model.embed_tokens.lora_A.weight": np.zeros((2, 2), np.float32)}
    for harmed in ({**weights, **odd}, dict(list(weights.items())[1:]), {}):
        save_file(harmed, lora / "adapter_model.safetensors")
        with pytest.raises(ModelError):
            adapter.plan(lora, models("llama"), form="f32", title="a")


def test_stored_numbers_are_read_without_torch(tmp_path):
    import torch
    from safetensors.torch import save_file as save_torch

    values = torch.tensor([[1.5, -2.0, math.pi], [1e-30, 65504.0, 0.0]])
    kinds = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "f64": torch.float64}
    save_torch({name: values.to(kind) for name, kind in kinds.items()}, tmp_path / "a.safetensors")
    stored = StoredTensors([tmp_path / "a.safetensors"])
    for name, kind in kinds.items():
        assert np.array_equal(stored.read(name), values.to(kind).float().numpy()), name
    save_torch({"a": torch.ones(3, dtype=torch.int8)}, tmp_path / "b.safetensors")
    with pytest.raises(ModelError, match="cannot be used"):
        StoredTensors([tmp_path / "b.safetensors"]).read("a")


def test_the_template_is_that_of_the_folder(models):
    assert vocabulary.read(models("llama"), 500).template == TEMPLATE
