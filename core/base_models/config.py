"""A model's config.json: known keys only, each with its type and range. Whatever names code or kernels is not read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.base_models.reading import broken, read_object
from core.errors import ModelError

# Names that architectures have for the same number, and the range of sense (rule: absurd sizes hang the loader).
_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers"), 200
_HIDDEN_SIZE = ("hidden_size", "n_embd", "d_model", "dim"), 32_768
_VOCABULARY = ("vocab_size", "padded_vocab_size"), 4_000_000
_CONTEXT = ("max_position_embeddings", "n_positions", "max_seq_len", "n_ctx", "seq_length"), 100_000_000
# Sizes of single layers, and how many there are of something in one; the loader reserves memory by them.
_LARGEST = {
    **dict.fromkeys(("intermediate_size", "ffn_dim", "n_inner", "moe_intermediate_size", "ffn_hidden_size"), 262_144),
    **dict.fromkeys(("num_attention_heads", "n_head", "num_key_value_heads", "n_head_kv", "num_heads"), 1024),
    **dict.fromkeys(("head_dim", "kv_lora_rank", "q_lora_rank", "rotary_dim"), 16_384),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts", "num_experts_per_tok"), 4096),
}
# What names code, kernels or other models, or is for other programs: never passed on, at whatever depth it stands.
_DROPPED = re.compile(
    r"auto_map.*|.*(attn|attention|experts)_implementation.*|quantization_config|megatron.*|_name_or_path|"
    r"base_model_name_or_path|tokenizer_class|trust_remote_code|custom_.*|_commit_hash|name_or_path"
)
_DEEPEST = 16
_WRITERS = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
# Built into Transformers: their own code in the folder is not needed, and trust_remote_code stays off.
_BUILT_IN = """
apertus arcee bitnet bloom codegen cohere cohere2 deepseek_v2 deepseek_v3 ernie4_5 ernie4_5_moe exaone4 falcon falcon_h1
falcon_mamba gemma gemma2 gemma3 gemma3_text gemma3n glm glm4 glm4_moe gpt2 gpt_bigcode gpt_neo gpt_neox gpt_oss gptj
granite granitemoe granitemoehybrid helium hunyuan_v1_dense internlm3 jamba lfm2 llama mamba mamba2 mistral mixtral mpt
nemotron olmo olmo2 olmo3 olmoe opt persimmon phi phi3 phimoe qwen2 qwen2_moe qwen3 qwen3_moe qwen3_next seed_oss
smollm3 stablelm starcoder2
"""
BUILT_IN = frozenset(_BUILT_IN.split())


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The checked values; 0 where the file does not say."""

    architecture: str
    model_type: str
    layers: int
    hidden_size: int
    vocab_size: int
    context_length: int
    tied: bool


def read_config(folder: Path) -> ModelConfig:
    """Read ``folder``/config.json.

    Raises:
        ModelError: there is none, it is broken or absurd, the model writes no text, needs code of its own, or is
            quantised already.
    """
    path = _path(folder)
    config = read_object(path)
    model_type = _word(path, config.get("model_type"))
    check_kind(config, str(folder))
    _check_alone(folder)
    values = _of_text(config)
    _check_sizes(path, config, 0)
    return ModelConfig(
        architecture=_architecture(path, config),
        model_type=model_type,
        layers=_number(path, values, *_LAYERS),
        hidden_size=_number(path, values, *_HIDDEN_SIZE),
        vocab_size=_number(path, values, *_VOCABULARY),
        context_length=_number(path, values, *_CONTEXT),
        tied=config.get("tie_word_embeddings") is True,
    )


def harmless_values(folder: Path) -> dict[str, Any]:
    """What the loader may see of config.json: all of it but what names code, kernels or other models.

    Raises:
        ModelError: as :func:`read_config`.
    """
    read_config(folder)
    values: dict[str, Any] = _without_names_of_code(read_object(_path(folder)))
    return values


def read_values(folder: Path) -> dict[str, Any]:
    """All that ``folder``/config.json says of the model that writes text, unchecked: for who knows one architecture.

    Raises:
        ModelError: there is no such file, or it is broken.
    """
    return _of_text(read_object(_path(folder)))


def _of_text(config: dict[str, Any]) -> dict[str, Any]:
    """Of a model that also sees images, the part that writes."""
    text = config.get("text_config")
    return {**config, **text} if isinstance(text, dict) else config


def _without_names_of_code(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_names_of_code(one) for key, one in value.items() if not _DROPPED.fullmatch(key)}
    return [_without_names_of_code(one) for one in value] if isinstance(value, list) else value


def _check_alone(folder: Path) -> None:
    """An adapter's configuration beside a model sends the loader to the base model that it names."""
    if (folder / "adapter_config.json").exists():
        raise ModelError(
            "The folder of the base model holds an adapter.",
            reason="Its adapter_config.json names another base model, which would be loaded in its place.",
            hint="Import the adapter on the Adapters page, or take its files out of the model's folder.",
            details=str(folder),
        )


def _check_sizes(path: Path, values: dict[str, Any], depth: int) -> None:
    """Refuse sizes that no layer has, also in the parts of a model that sees images."""
    if depth > _DEEPEST:
        raise broken(path, "It is nested too deep.")
    for name, value in values.items():
        if isinstance(value, dict):
            _check_sizes(path, value, depth + 1)
        elif name in _LARGEST and value is not None:
            for one in value if isinstance(value, list) else [value]:
                _number(path, {name: one}, (name,), _LARGEST[name])


def _path(folder: Path) -> Path:
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(
            "This folder holds no base model.",
            reason=f"There is no config.json in {folder.name}.",
            hint="Choose a folder in Transformers' format, with config.json, tokenizer.json and .safetensors files.",
            details=str(folder),
        )
    return path


def check_kind(config: dict[str, Any], details: str) -> None:
    """Refuse what is no model to train from, by a config.json or the hub's summary of one.

    Raises:
        ModelError: it needs code of its own, is quantised already, or writes no text.
    """
    if config.get("auto_map") and str(config.get("model_type")) not in BUILT_IN:
        raise ModelError(
            "The base model needs code of its own.",
            reason="Its config.json names Python files (auto_map) that would have to be run; "
            "code from model folders is never run here.",
            hint="Choose a model whose architecture is built into Transformers, such as Llama, Qwen, Gemma or Mistral.",
            details=details,
        )
    if config.get("quantization_config"):
        raise ModelError(
            "The base model is quantised already.",
            reason="Its weights are stored in a compressed form that training cannot start from.",
            hint="Choose the original model; it is made smaller while it is loaded.",
            details=details,
        )
    names = config.get("architectures")
    name = names[0] if isinstance(names, list) and names else ""
    if isinstance(name, str) and name and not name.endswith(_WRITERS):
        raise ModelError(
            "This model does not write text.",
            reason=f"It is a {name[:100]}; training here needs a causal language model.",
            hint="Choose a model whose architecture ends in ForCausalLM.",
            details=details,
        )


def _architecture(path: Path, config: dict[str, Any]) -> str:
    names = config.get("architectures")
    if not names:
        return ""
    if not isinstance(names, list):
        raise broken(path, "architectures is not a list.")
    return _word(path, names[0])


def _word(path: Path, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or not value.isprintable() or len(value) > 100:
        raise broken(path, "model_type and architectures must be names.")
    return value


def _number(path: Path, values: dict[str, Any], names: tuple[str, ...], most: int) -> int:
    for name in names:
        value = values.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise broken(path, f"{name} is {str(value)[:40]}; it must be a whole number from 1 to {most:,}.")
        return value
    return 0
