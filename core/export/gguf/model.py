"""A whole model as GGUF: hyperparameters, vocabulary, and every tensor under its name in llama.cpp."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, GGUFType, GGUFWriter, RopeScalingType, get_tensor_name_map

from core.base_models.stored import Numbers, StoredTensors
from core.base_models.weights import weight_files
from core.export.gguf import families, vocabulary
from core.export.gguf.families import Hyperparameters, refused
from core.export.gguf.plan import Plan, Planned, fields, held_as
from core.export.gguf.vocabulary import Vocabulary

_ARCHES = {name: arch for arch, name in MODEL_ARCH_NAMES.items()}


class Names:
    """From Transformers' names of tensors to llama.cpp's."""

    def __init__(self, numbers: Hyperparameters) -> None:
        self._map = get_tensor_name_map(MODEL_ARCH(_ARCHES[numbers.family.arch]), numbers.layers)

    def of(self, name: str) -> str:
        """The name in GGUF.

        Raises:
            ModelError: there is none.
        """
        found: str | None = self._map.get_name(name, try_suffixes=(".weight", ".bias"))
        if found is None:
            raise refused(f"It has a part that llama.cpp does not know in this family: {name[:100]}.")
        return found


Weights = Callable[[], Iterable[tuple[str, Numbers]]]


def plan(
    folder: Path,
    *,
    form: str,
    title: str,
    words: Path | None = None,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    weights: Weights | None = None,
) -> Plan:
    """What the GGUF file of a model holds.

    Args:
        folder: the model in Transformers' format.
        form: ``f32``, ``f16`` or ``q8_0``.
        title: what programs show as its name.
        words: the folder with the tokenizer and chat template that it is to have, where that is another.
        shapes: of the weights, where they are others than the folder's; in the order in which they come.
        weights: gives these by name, in float32.

    Raises:
        ModelError: it cannot be written as GGUF, or a file is broken.
    """
    numbers = families.read(folder)
    if shapes is None or weights is None:
        stored = StoredTensors(weight_files(folder))
        shapes = {name: stored.shape(name) for name in stored.names}
        weights = stored.items
    factors = _rope_factors(numbers)
    tensors = _tensors(shapes, numbers, form)
    embedding = next((tensor for tensor in tensors.values() if tensor.name == "token_embd.weight"), None)
    if embedding is None:
        raise refused("Its weights have no embedding.")
    says = fields(numbers.family.arch, form)
    says.add_type(GGUFType.MODEL)
    says.add_name(title)
    _say_sizes(says, numbers)
    _say_vocabulary(says, vocabulary.read(words or folder, embedding.shape[0]))

    def arrays() -> Iterator[Numbers]:
        yield from factors
        for name, array in weights():
            if name in tensors:
                yield _as_llama_cpp_has_it(name, array, numbers)

    first = [Planned("rope_freqs.weight", array.shape, held_as(array.shape, form)) for array in factors]
    return Plan(says, [*first, *tensors.values()], arrays, numbers.notes)


def in_pairs(rows: Numbers, heads: int) -> Numbers:
    """The rows of a query or key weight in the order of pairs that llama.cpp rotates: first half, second half -> mixed.

    (heads * head_dim, …) stays (heads * head_dim, …).

    Raises:
        ModelError: there are not so many rows.
    """
    if rows.shape[0] % (2 * heads):
        raise refused(f"Its attention weights have {rows.shape[0]} rows, which {heads} heads cannot share.")
    halves = rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:])
    return halves.swapaxes(1, 2).reshape(rows.shape)


def is_left_out(name: str, numbers: Hyperparameters) -> bool:
    """Whether a stored tensor is not in the file: frequencies are worked out, a tied head is the embedding."""
    return name.endswith("rotary_emb.inv_freq") or (name == "lm_head.weight" and numbers.tied)


def rotated_heads(name: str, numbers: Hyperparameters) -> int:
    """How many heads a tensor's rows are of, when they are to be put :func:`in_pairs`; else 0."""
    if not numbers.family.rows_interleaved:
        return 0
    module = name.rpartition(".")[0].rpartition(".")[2]
    return {"q_proj": numbers.heads, "k_proj": numbers.kv_heads}.get(module, 0)


def _tensors(shapes: Mapping[str, tuple[int, ...]], numbers: Hyperparameters, form: str) -> dict[str, Planned]:
    """What each stored tensor becomes; those that the file does not need are not in it."""
    names = Names(numbers)
    return {
        name: Planned(names.of(name), shape, held_as(shape, form))
        for name, shape in shapes.items()
        if not is_left_out(name, numbers)
    }


def _as_llama_cpp_has_it(name: str, array: Numbers, numbers: Hyperparameters) -> Numbers:
    heads = rotated_heads(name, numbers)
    if heads:
        return in_pairs(array, heads)
    return array + 1 if numbers.family.norm_plus_one and name.endswith("norm.weight") else array


def _rope_factors(numbers: Hyperparameters) -> list[Numbers]:
    """Llama 3's stretched frequencies, as the factors by which each is divided (Transformers, modeling_rope_utils)."""
    scaling = numbers.rope_scaling
    if scaling.get("kind") != "llama3":
        return []
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    trained = scaling["original_max_position_embeddings"]
    factors = []
    for at in range(0, numbers.head_dim, 2):
        wave = 2 * math.pi * numbers.rope_theta ** (at / numbers.head_dim)
        if wave < trained / high:
            factors.append(1.0)
        elif wave > trained / low:
            factors.append(scaling["factor"])
        else:
            smooth = (trained / wave - low) / (high - low)
            factors.append(1 / ((1 - smooth) / scaling["factor"] + smooth))
    return [np.array(factors, np.float32)]


def _say_sizes(says: GGUFWriter, numbers: Hyperparameters) -> None:
    says.add_block_count(numbers.layers)
    says.add_context_length(numbers.context)
    says.add_embedding_length(numbers.hidden)
    says.add_feed_forward_length(numbers.intermediate)
    says.add_head_count(numbers.heads)
    says.add_head_count_kv(numbers.kv_heads)
    says.add_key_length(numbers.head_dim)
    says.add_value_length(numbers.head_dim)
    says.add_layer_norm_rms_eps(numbers.norm_eps)
    says.add_rope_freq_base(numbers.rope_theta)
    if numbers.family.arch == "llama":
        says.add_rope_dimension_count(numbers.head_dim)
    if numbers.rope_scaling.get("kind") == "linear":
        says.add_rope_scaling_type(RopeScalingType.LINEAR)
        says.add_rope_scaling_factor(float(numbers.rope_scaling["factor"]))
    if numbers.softcap_attention:
        says.add_attn_logit_softcapping(numbers.softcap_attention)
        says.add_final_logit_softcapping(numbers.softcap_final)
    if numbers.window:
        says.add_sliding_window(numbers.window)


def _say_vocabulary(says: GGUFWriter, words: Vocabulary) -> None:
    says.add_vocab_size(len(words.tokens))
    says.add_tokenizer_model(words.model)
    says.add_tokenizer_pre(words.pre)
    says.add_token_list(words.tokens)
    says.add_token_types(words.types)
    says.add_token_scores(words.scores)
    says.add_token_merges(words.merges)
    for name, number in words.special.items():
        says.add_uint32(f"tokenizer.ggml.{name}", number)
    says.add_add_bos_token(words.adds_beginning)
    if words.model == "llama":
        says.add_add_space_prefix(words.adds_space)
    says.add_chat_template(words.template)
