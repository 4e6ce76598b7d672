"""adapter_config.json: hostile ones are refused or harmless, and what is written says nothing of this machine."""

import json

import pytest

from core.base_models import catalogue
from core.errors import ModelError
from core.export import adapter_config
from core.recipe.schema import STARTER

PLAIN = {
    "peft_type": "LORA",
    "r": 16,
    "lora_alpha": 32,
    "target_modules": ["q_proj", "v_proj"],
    "base_model_name_or_path": "attacker/model",
    "task_type": "CAUSAL_LM",
    "bias": "none",
    "megatron_core": "megatron.core",
    "peft_version": "0.21.2",
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "adapter_model.safetensors").write_bytes(b"")
    return tmp_path


def read(folder, **changes):
    text = json.dumps({**PLAIN, **changes})
    (folder / "adapter_config.json").write_text(text, encoding="utf-8")
    return adapter_config.read(folder)


def test_what_peft_writes_is_read(folder):
    config = read(folder, use_rslora=True, rank_pattern={"layers.0.q_proj": 8}, alpha_pattern={"v_proj": 4.5})
    assert (config.rank, config.alpha, config.use_rslora) == (16, 32, True)
    assert config.arguments["target_modules"] == ["q_proj", "v_proj"]
    assert config.arguments["rank_pattern"] == {"layers.0.q_proj": 8}
    assert "base_model_name_or_path" not in config.arguments


def test_kinds_of_lora_are_read(folder):
    config = read(folder, use_dora=True, modules_to_save=["lm_head"], layers_to_transform=[1, 3])
    assert config.arguments["use_dora"] is True
    assert config.arguments["modules_to_save"] == ["lm_head"]
    assert config.arguments["layers_to_transform"] == [1, 3]


@pytest.mark.parametrize(
    "named",
    [
        {"auto_mapping": {"base_model_class": "X", "parent_library": "evil"}},
        {"megatron_core": "evil", "megatron_config": {"a": 1}},
        {"loftq_config": {"loftq_bits": 4}},
        {"revision": "evil", "inference_mode": False, "lora_dropout": 0.5},
    ],
)
def test_what_names_code_or_other_models_is_dropped(folder, named):
    assert read(folder, **named) == read(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"peft_type": "PROMPT_TUNING"},
        {"peft_type": ["LORA"]},
        {"peft_type": None},
        {"r": 2**24},
        {"r": 0},
        {"r": -1},
        {"r": True},
        {"r": "16"},
        {"r": 1.5},
        {"r": None},
        {"lora_alpha": float("nan")},
        {"lora_alpha": float("inf")},
        {"lora_alpha": 0},
        {"lora_alpha": "x"},
        {"lora_alpha": 10**30},
        {"target_modules": "(a+)+$"},
        {"target_modules": "all-linear"},
        {"target_modules": ["(a+)+$"]},
        {"target_modules": []},
        {"target_modules": None},
        {"target_modules": [1]},
        {"target_modules": ["x" * 1000]},
        {"target_modules": ["q_proj"] * 20_000},
        {"rank_pattern": {"(a+)+$": 4}},
        {"rank_pattern": {"q_proj": 2**20}},
        {"rank_pattern": ["q_proj"]},
        {"alpha_pattern": {"q_proj": "4"}},
        {"bias": "all"},
        {"lora_bias": True},
        {"modules_to_save": "lm_head"},
        {"modules_to_save": ["(a+)+$"]},
        {"layers_to_transform": [10**9]},
        {"layers_to_transform": [-1]},
        {"layers_to_transform": "0"},
        {"layers_to_transform": list(range(900)) * 2},
        {"layer_replication": [[0, 100_000]]},
        {"trainable_token_indices": [1]},
        {"target_parameters": ["experts"]},
        {"init_lora_weights": "pissa"},
        {"init_lora_weights": "loftq"},
        {"init_lora_weights": {"a": 1}},
        {"use_qalora": True},
        {"arrow_config": {"x": 1}},
        {"something_new": 3},
    ],
)
def test_hostile_and_unknown_configurations_are_refused(folder, changes):
    with pytest.raises(ModelError) as caught:
        read(folder, **changes)
    assert caught.value.reason
    assert len(caught.value.reason) < 400


@pytest.mark.parametrize("text", ["", "[]", "{", '"x"', "[" * 100_000, '{"r": ' + "9" * 10_000 + "}"])
def test_what_is_no_object_is_refused(folder, text):
    (folder / "adapter_config.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError):
        adapter_config.read(folder)


def test_a_folder_without_weights_is_none(tmp_path):
    with pytest.raises(ModelError, match="no adapter"):
        read(tmp_path)
    (tmp_path / "adapter_model.bin").write_bytes(b"pickle")
    with pytest.raises(ModelError, match="unsafe"):
        read(tmp_path)


def test_the_starter_has_a_name_of_its_own():
    assert adapter_config.public_base(STARTER) == ("tunesmith-starter", "")


def test_of_a_folder_only_its_name_is_told(tmp_path):
    (tmp_path / "my model").mkdir()
    assert adapter_config.public_base(str(tmp_path / "my model")) == ("my model", "")
    assert adapter_config.public_base(str(tmp_path / "gone") + "/") == ("gone", "")
    assert adapter_config.public_base("C:\\Users\\maria\\models\\Qwen") == ("Qwen", "")
    assert adapter_config.public_base("~/models/x") == ("x", "")


def test_models_of_the_hub_have_their_id_and_revision(tmp_path, monkeypatch):
    commit = "0123456789abcdef0123456789abcdef01234567"
    snapshot = tmp_path / "models--org--name" / "snapshots" / commit
    snapshot.mkdir(parents=True)
    monkeypatch.setattr(catalogue, "hub_cache", lambda: tmp_path)
    assert adapter_config.public_base(str(snapshot)) == ("org/name", commit)
    assert adapter_config.public_base("org/name") == ("org/name", commit)
    assert adapter_config.public_base("org/other") == ("org/other", "")


def test_what_is_written_can_be_read_and_holds_no_path(folder):
    peft = {**PLAIN, "target_modules": {"v_proj", "q_proj"}, "auto_mapping": None, "base_model_name_or_path": "/home/x"}
    text = adapter_config.dumps(peft, base="/home/maria/models/tiny")
    (folder / "adapter_config.json").write_text(text, encoding="utf-8")
    assert adapter_config.read(folder).target_modules == ("q_proj", "v_proj")
    written = json.loads(text)
    assert written["base_model_name_or_path"] == "tiny"
    assert written["inference_mode"] is True
    assert "home" not in text
    assert "megatron" not in text
