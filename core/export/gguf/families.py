"""Which families of models can be written as GGUF, and what their config.json says that llama.cpp needs to know.

What llama.cpp computes is fixed for each family; a setting that makes Transformers compute anything else is a reason
to refuse, said in words. Checked against the readers of llama.cpp, ``src/llama-model.cpp``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.base_models import config
from core.base_models.reading import broken
from core.errors import ModelError

WORKS = "Export it as an adapter for Transformers and PEFT, or as a merged model: those work with every model."


@dataclass(frozen=True, slots=True)
class Family:
    """What llama.cpp does with the models of one class of Transformers.

    Attributes:
        arch: the name of llama.cpp's architecture.
        rows_interleaved: whether it wants the rows of the query and key weights in the order of pairs.
        norm_plus_one: whether Transformers adds one to the weights of norms, and llama.cpp does not.
        tied: whether the head is always the embedding.
        activations: how the activation may be called.
        pattern: one layer in so many sees everything, the others a window; 0 where all do.
    """

    arch: str
    rows_interleaved: bool = False
    norm_plus_one: bool = False
    tied: bool = False
    activations: tuple[str, ...] = ("silu",)
    pattern: int = 0


_GEMMA: dict[str, Any] = {
    "norm_plus_one": True,
    "tied": True,
    "activations": ("gelu_pytorch_tanh", "gelu", "gelu_new", "gelu_fast"),
}
FAMILIES: Mapping[str, Family] = {
    "LlamaForCausalLM": Family("llama", rows_interleaved=True),
    "MistralForCausalLM": Family("llama", rows_interleaved=True),
    "Qwen2ForCausalLM": Family("qwen2"),
    "Qwen3ForCausalLM": Family("qwen3"),
    "GemmaForCausalLM": Family("gemma", **_GEMMA),
    "Gemma2ForCausalLM": Family("gemma2", pattern=2, **_GEMMA),
    "Gemma3ForCausalLM": Family("gemma3", pattern=6, **_GEMMA),
}
KNOWN = "Llama, Mistral, Qwen 2 and 3, Gemma 1 to 3 (text)"


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """The numbers of one model.

    Attributes:
        family: what llama.cpp does with it.
        layers, hidden, intermediate, heads, kv_heads, head_dim, context, vocabulary: sizes.
        norm_eps: what norms add to a variance.
        rope_theta: the base of the rotary frequencies.
        rope_scaling: how they are stretched; empty for not at all.
        softcap_attention, softcap_final, window: 0 for none.
        tied: whether the head is the embedding.
        notes: what a user of the file should know.
    """

    family: Family
    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    context: int
    vocabulary: int
    norm_eps: float
    rope_theta: float
    rope_scaling: Mapping[str, Any]
    softcap_attention: float
    softcap_final: float
    window: int
    tied: bool
    notes: tuple[str, ...] = field(default=())


def read(folder: Path) -> Hyperparameters:
    """What the config.json of a model folder says.

    Raises:
        ModelError: it is of a family that is not written as GGUF, or computes something that llama.cpp does not.
    """
    name = config.read_config(folder).architecture
    family = FAMILIES.get(name)
    if family is None:
        called = name or "model of no named class"
        raise refused(f"It is a {called}; what is written here: {KNOWN}.")
    return _Reader(folder / "config.json", config.read_values(folder), family).hyperparameters()


def refused(reason: str, *, hint: str = WORKS, details: str = "") -> ModelError:
    """What to say of a model or an adapter that cannot be written as GGUF."""
    return ModelError("This cannot be written as a GGUF file.", reason=reason, hint=hint, details=details)


class _Reader:
    """Takes the values out of config.json, each with its range."""

    def __init__(self, path: Path, values: Mapping[str, Any], family: Family) -> None:
        self._path = path
        self._values = values
        self._family = family

    def hyperparameters(self) -> Hyperparameters:
        """See :func:`read`."""
        heads, hidden = self._whole("num_attention_heads", 4096), self._whole("hidden_size", 65_536)
        head_dim = self._whole("head_dim", 4096, default=hidden // heads)
        layers = self._whole("num_hidden_layers", 1000)
        self._refuse_other_sums(head_dim, layers, hidden, heads)
        theta, scaling = self._rope()
        window = self._whole("sliding_window", 1 << 30, default=4096 if self._family.pattern else 0, least=0)
        windowed = window > 0 and (self._values.get("use_sliding_window", True) is not False)
        notes: tuple[str, ...] = ()
        if windowed and not self._family.pattern:
            notes = (f"Every layer attends to the last {window:,} tokens only; llama.cpp attends to all of them.",)
        return Hyperparameters(
            family=self._family,
            layers=layers,
            hidden=hidden,
            intermediate=self._whole("intermediate_size", 1 << 20),
            heads=heads,
            kv_heads=self._whole("num_key_value_heads", 4096, default=heads),
            head_dim=head_dim,
            context=self._whole("max_position_embeddings", 100_000_000),
            vocabulary=self._whole("vocab_size", 4_000_000),
            norm_eps=self._number("rms_norm_eps", 1e-12, 0.1),
            rope_theta=theta,
            rope_scaling=scaling,
            softcap_attention=self._softcap("attn_logit_softcapping", 50.0),
            softcap_final=self._softcap("final_logit_softcapping", 30.0),
            window=window if self._family.pattern else 0,
            tied=self._family.tied or self._values.get("tie_word_embeddings") is True,
            notes=notes,
        )

    def _refuse_other_sums(self, head_dim: int, layers: int, hidden: int, heads: int) -> None:
        """Refuse what Transformers computes and llama.cpp does not."""
        values, pattern = self._values, self._family.pattern
        activation = values.get("hidden_activation") or values.get("hidden_act") or self._family.activations[0]
        if activation not in self._family.activations:
            raise refused(f"Its activation is {str(activation)[:40]}, and llama.cpp has another for this family.")
        if values.get("partial_rotary_factor", 1) != 1 or head_dim % 2:
            raise refused("Only a part of each head is rotated, which llama.cpp does not do for this family.")
        if values.get("use_bidirectional_attention"):
            raise refused("Its tokens attend to later ones, which llama.cpp does not do for this family.")
        if pattern:
            # The largest of each family scales by the hidden size, and llama.cpp knows it by its layers.
            largest = layers == {2: 46, 6: 62}[pattern]
            scalar = hidden / heads if largest else head_dim
            if self._number("query_pre_attn_scalar", 1e-3, 1e6, default=256) != scalar:
                raise refused("Its attention is scaled in a way of its own, which llama.cpp does not know.")
            if self._full_layers(layers) != list(range(pattern - 1, layers, pattern)):
                raise refused("Its layers with a window are not where llama.cpp expects them.")
        elif not set(map(str, values.get("layer_types") or ())) <= {"full_attention", "sliding_attention"}:
            raise refused("It has layers of a kind that llama.cpp does not know in this family.")

    def _full_layers(self, layers: int) -> list[int]:
        kinds = self._values.get("layer_types")
        if isinstance(kinds, list) and len(kinds) == layers:
            return [at for at, kind in enumerate(kinds) if kind == "full_attention"]
        every = self._whole("sliding_window_pattern", 1000, default=self._family.pattern)
        return list(range(every - 1, layers, every))

    def _rope(self) -> tuple[float, Mapping[str, Any]]:
        """The base of the frequencies and how they are stretched, in the layouts of Transformers 4 and 5."""
        given = self._values.get("rope_parameters") or self._values.get("rope_scaling") or {}
        if not isinstance(given, dict):
            raise broken(self._path, "rope_parameters is no object.")
        local = given.get("sliding_attention")
        full = given.get("full_attention", given)
        if not isinstance(full, dict) or not (local is None or isinstance(local, dict)):
            raise broken(self._path, "rope_parameters has no object for each kind of layer.")
        fallback = 1_000_000.0 if self._family.arch == "gemma3" else 10_000.0
        theta = full.get("rope_theta", self._values.get("rope_theta", fallback))
        if not isinstance(theta, (int, float)) or not 1 <= theta <= 1e12:
            raise broken(self._path, f"rope_theta is {str(theta)[:40]}.")
        if self._family.arch == "gemma3":
            near = (local or {}).get("rope_theta", self._values.get("rope_local_base_freq", 10_000.0))
            if near != 10_000 or (local or {}).get("rope_type", "default") != "default":
                raise refused("Its layers with a window have rotary frequencies of their own.")
        kind = full.get("rope_type", full.get("type", "default"))
        if kind == "default":
            return float(theta), {}
        if kind not in ("linear", "llama3") or (kind == "llama3" and self._family.arch != "llama"):
            raise refused(
                f"Its rotary frequencies are stretched in the way {str(kind)[:40]!r}, which is not written yet."
            )
        names = ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")
        numbers = {name: full.get(name) for name in (names if kind == "llama3" else names[:1])}
        if not all(isinstance(number, (int, float)) and 0 < number < 1e9 for number in numbers.values()):
            raise broken(self._path, "The numbers of its rope scaling are missing.")
        return float(theta), {"kind": kind, **numbers}

    def _softcap(self, name: str, default: float) -> float:
        capped = self._family.arch == "gemma2"
        value = self._values.get(name, default if capped else None)
        if capped != (value is not None):
            raise refused("Whether it caps its logits differs from what llama.cpp does for this family.")
        return self._number(name, 1e-3, 1e6, default=default) if capped else 0.0

    def _whole(self, name: str, most: int, *, default: int | None = None, least: int = 1) -> int:
        value = self._values.get(name)
        value = default if value is None else value
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise broken(
                self._path, f"{name} is {str(value)[:40]}; it must be a whole number from {least} to {most:,}."
            )
        return value

    def _number(self, name: str, least: float, most: float, *, default: float | None = None) -> float:
        value = self._values.get(name)
        value = default if value is None else value
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not least <= value <= most:
            raise broken(self._path, f"{name} is {str(value)[:40]}; it must be a number from {least:g} to {most:g}.")
        return float(value)
