"""Facts from headers against the models themselves, and files that are not what they should be."""

from __future__ import annotations

import copy
import json
import shutil
import struct
import time

import pytest
from model_folders import change_config, model

from core.base_models.config import BUILT_IN
from core.base_models.facts import ModelFacts
from core.errors import ModelError
from core.recipe.lora import LoraSettings

ARCHITECTURES = {
    "llama": {},
    "llama, tied": {"tie_word_embeddings": True},
    "qwen2": {},
    "qwen2, tied": {"tie_word_embeddings": True},
    "gemma": {},
    "gemma2": {},
    "gemma3_text": {},
    "mistral": {},
    "qwen3": {},
    "phi3": {},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4},
}
TARGETS = ["all-linear", "attention", ["q_proj", "v_proj"], ["down_proj"], ["layers.0.self_attn.q_proj"], ["c_proj"]]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Each model, and the folder it is saved in."""
    made = {}
    for name, changes in ARCHITECTURES.items():
        made[name] = model(name.partition(",")[0], **changes), tmp_path_factory.mktemp("model")
        made[name][0].save_pretrained(made[name][1])
    return made


@pytest.fixture
def folder(saved, tmp_path):
    """A copy of a good model that a test may spoil."""
    return shutil.copytree(saved["llama"][1], tmp_path / "model")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_sizes_are_those_of_the_model(saved, name):
    loaded, folder = saved[name]
    facts = ModelFacts.read(folder)
    assert facts.parameters == loaded.num_parameters()
    assert facts.layers == loaded.config.num_hidden_layers
    assert facts.hidden_size == loaded.config.hidden_size
    assert facts.vocab_size == loaded.config.vocab_size
    assert facts.architecture == type(loaded).__name__
    assert facts.dtype == "float32"
    assert facts.size_bytes == (folder / "model.safetensors").stat().st_size


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("targets", TARGETS, ids=str)
def test_trainable_parameters_are_those_of_peft(saved, name, targets):
    from peft import LoraConfig, get_peft_model

    loaded, folder = saved[name]
    facts = ModelFacts.read(folder)
    lora = LoraSettings(rank=4, target_modules=targets)
    if not facts.targeted(lora):
        assert facts.trainable_parameters(lora) == 0
        return
    wanted = facts.attention_names() if targets == "attention" else targets
    adapted = get_peft_model(copy.deepcopy(loaded), LoraConfig(r=4, target_modules=wanted, task_type="CAUSAL_LM"))
    expected = sum(parameter.numel() for parameter in adapted.parameters() if parameter.requires_grad)
    assert facts.trainable_parameters(lora) == expected


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_other_modules_are_those_of_the_model(saved, name):
    loaded, folder = saved[name]
    facts = ModelFacts.read(folder)
    modules = dict(loaded.named_modules())
    for path, count in facts.others.items():
        module = next(known for known_path, known in modules.items() if f".{known_path}".endswith(f".{path}"))
        assert sum(parameter.numel() for parameter in module.parameters()) == count, path
    assert facts.tied == loaded.config.tie_word_embeddings
    assert ("lm_head" in facts.others) != facts.tied


@pytest.mark.parametrize("name", ["llama", "qwen2, tied", "gemma3_text", "gpt2"])
@pytest.mark.parametrize(
    "changes", [{"layers": "1"}, {"use_dora": True}, {"layers": "0-5", "target_modules": ["c_proj"]}]
)
def test_layers_and_magnitudes_are_counted_as_peft_makes_them(saved, name, changes):
    from peft import LoraConfig, get_peft_model

    loaded, folder = saved[name]
    facts = ModelFacts.read(folder)
    lora = LoraSettings(rank=4, **changes)
    paths = facts.targeted(lora)
    if not paths:
        assert facts.trainable_parameters(lora) == 0
        return
    config = LoraConfig(r=4, target_modules=paths, use_dora=lora.use_dora, task_type="CAUSAL_LM")
    adapted = get_peft_model(copy.deepcopy(loaded), config)
    expected = sum(parameter.numel() for parameter in adapted.parameters() if parameter.requires_grad)
    assert facts.trainable_parameters(lora) == expected


def test_linear_layers_have_outputs_before_inputs(saved):
    for name in ("llama", "gpt2"):
        facts = ModelFacts.read(saved[name][1])
        path = next(path for path in facts.linear if path.endswith(("down_proj", "mlp.c_proj")))
        assert facts.linear[path] == (32, 48 if name == "llama" else 128)


def test_names_to_target(saved):
    llama = ModelFacts.read(saved["llama"][1])
    assert set(llama.target_names()) == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
    assert set(llama.attention_names()) == {"q_proj", "k_proj", "v_proj", "o_proj"}
    gpt2 = ModelFacts.read(saved["gpt2"][1])
    assert set(gpt2.attention_names()) == {"c_attn", "attn.c_proj"}  # c_proj alone would take the MLP's too


def test_several_weight_files_are_one_model(saved, tmp_path):
    loaded = saved["llama"][0]
    loaded.save_pretrained(tmp_path, max_shard_size="20KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    facts = ModelFacts.read(tmp_path)
    assert facts.parameters == loaded.num_parameters()
    assert facts.linear == ModelFacts.read(saved["llama"][1]).linear


def test_a_missing_weight_file_is_named(saved, tmp_path):
    saved["llama"][0].save_pretrained(tmp_path, max_shard_size="20KB")
    missing = sorted(tmp_path.glob("*.safetensors"))[1]
    missing.unlink()
    with pytest.raises(ModelError, match=missing.name):
        ModelFacts.read(tmp_path)


def test_the_dtype_is_that_of_most_weights(saved, tmp_path):
    import torch

    copy.deepcopy(saved["llama"][0]).to(torch.bfloat16).save_pretrained(tmp_path)
    assert ModelFacts.read(tmp_path).dtype == "bfloat16"


def test_the_chat_template_is_found(folder):
    assert not ModelFacts.read(folder).has_chat_template
    (folder / "tokenizer_config.json").write_text('{"chat_template": "x"}', encoding="utf-8")
    assert ModelFacts.read(folder).has_chat_template
    (folder / "tokenizer_config.json").unlink()
    (folder / "chat_template.jinja").write_text("x", encoding="utf-8")
    assert ModelFacts.read(folder).has_chat_template


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.pth", "model.pkl", "model.ckpt"])
def test_pickled_weights_are_refused_with_a_way_out(folder, name):
    (folder / "model.safetensors").unlink()
    (folder / name).write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(ModelError, match="unsafe format") as caught:
        ModelFacts.read(folder)
    assert "pickle" in caught.value.reason
    assert "save_pretrained" in caught.value.hint


def test_pickled_weights_beside_safe_ones_are_left_alone(folder):
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04cos\nsystem\n")
    assert ModelFacts.read(folder).parameters > 0


def test_models_that_need_their_own_code_are_refused(folder):
    change_config(
        folder, model_type="mystery", auto_map={"AutoModelForCausalLM": "modeling_mystery.MysteryForCausalLM"}
    )
    with pytest.raises(ModelError, match="code of its own") as caught:
        ModelFacts.read(folder)
    assert "auto_map" in caught.value.reason


def test_code_beside_a_built_in_architecture_is_not_needed(folder):
    # Phi-3's folder names code from the time before Transformers knew it; the built-in class is loaded.
    change_config(folder, auto_map={"AutoModelForCausalLM": "modeling_llama.LlamaForCausalLM"})
    assert ModelFacts.read(folder).parameters > 0


def test_built_in_architectures_are_built_in():
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    assert set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES) >= BUILT_IN


def test_models_that_write_no_text_are_refused(folder):
    change_config(folder, architectures=["LlamaForSequenceClassification"])
    with pytest.raises(ModelError, match="does not write text"):
        ModelFacts.read(folder)


def test_quantised_models_are_refused(folder):
    change_config(folder, quantization_config={"quant_method": "gptq"})
    with pytest.raises(ModelError, match="quantised already"):
        ModelFacts.read(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"num_hidden_layers": 200_000},
        {"num_hidden_layers": 0},
        {"num_hidden_layers": -1},
        {"num_hidden_layers": "2"},
        {"num_hidden_layers": 2.5},
        {"num_hidden_layers": True},
        {"hidden_size": 2**24},
        {"vocab_size": 10**12},
        {"max_position_embeddings": 10**30},
        {"architectures": "LlamaForCausalLM"},
        {"architectures": [{"a": 1}]},
        {"model_type": ["llama"]},
        {"model_type": "x" * 1000},
        {"text_config": {"num_hidden_layers": 10**9}},
    ],
    ids=str,
)
def test_absurd_configurations_are_refused_at_once(folder, changes):
    start = time.monotonic()
    with pytest.raises(ModelError, match=r"config\.json"):
        ModelFacts.read(change_config(folder, **changes))
    assert time.monotonic() - start < 1.0


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 100_000, '{"a": ' + "9" * 5000 + "}", "\xff"])
def test_broken_configurations_are_refused(folder, content):
    (folder / "config.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(ModelError, match=r"config\.json"):
        ModelFacts.read(folder)


def with_header(folder, header, *, length=None, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)


GOOD = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}


@pytest.mark.parametrize(
    "entry",
    [
        {**GOOD, "dtype": "F99"},
        {**GOOD, "dtype": ["F32"]},
        {**GOOD, "shape": [2**60, 2**60]},
        {**GOOD, "shape": [-2, -2]},
        {**GOOD, "shape": ["2", 2]},
        {**GOOD, "shape": 4},
        {**GOOD, "shape": [1] * 100},
        {**GOOD, "data_offsets": [0, 8]},
        {**GOOD, "data_offsets": [100, 116]},
        {**GOOD, "data_offsets": [0]},
        {"dtype": "F32"},
        [],
        None,
    ],
    ids=str,
)
def test_wrong_headers_are_refused(folder, entry):
    with_header(folder, {"model.layers.0.q_proj.weight": entry}, data=b"\0" * 16)
    with pytest.raises(ModelError, match=r"model\.safetensors"):
        ModelFacts.read(folder)


@pytest.mark.parametrize(
    ("header", "length"),
    [(b"", 0), (b"{}", 2**62), (b"{}", 100), (b"[]", None), (b"nonsense", None), (b"[" * 50_000, None), (b"{", None)],
    ids=str,
)
def test_files_that_are_no_safetensors_are_refused(folder, header, length):
    with_header(folder, header, length=length)
    with pytest.raises(ModelError, match=r"model\.safetensors"):
        ModelFacts.read(folder)


@pytest.mark.parametrize("name", ["../secret.safetensors", "/etc/passwd", "..\\x.safetensors", "x.bin", ""])
def test_an_index_names_files_of_its_folder_only(folder, name):
    (folder / "model.safetensors").unlink()
    index = {"weight_map": {"model.layers.0.q_proj.weight": name}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(ModelError, match="outside of the folder"):
        ModelFacts.read(folder)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no base model"):
        ModelFacts.read(tmp_path)


def test_a_model_without_linear_layers_is_refused(folder):
    with_header(folder, {"model.embed_tokens.weight": GOOD}, data=b"\0" * 16)
    with pytest.raises(ModelError, match="no layers"):
        ModelFacts.read(folder)
