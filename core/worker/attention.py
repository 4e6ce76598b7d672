"""Attention over a packed row, one call a segment, so that its cost does not grow with the length of the row.

Transformers keeps packed examples apart with a mask over the whole row, which computes the square of the row's length
and throws most of it away. Here each example attends within itself; the result is the same.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import nn
from transformers import AttentionInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward

NAME = "packed_sdpa"
# Models whose layers are plain causal attention when their configuration names no sliding window.
_PLAIN = frozenset({"llama", "mistral", "qwen2", "qwen3", "smollm3", "granite", "olmo2", "starcoder2"})


def use_packed_attention(model: PreTrainedModel) -> bool:
    """Switch a model to attention by segments where that is exact; tells whether it did.

    Rows must come without padding and with position ids that restart at each example.
    """
    config = model.config
    windowed = bool(getattr(config, "sliding_window", None)) and getattr(config, "use_sliding_window", True)
    layers = getattr(config, "layer_types", None) or ["full_attention"]
    if config.model_type not in _PLAIN or windowed or set(layers) != {"full_attention"}:
        return False
    AttentionInterface.register(NAME, packed_attention)
    model.set_attn_implementation(NAME)
    return True


def packed_attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention in each segment of a row; shapes as in Transformers: (1, heads, tokens, head size).

    Returns:
        The attended values (1, tokens, heads, head size), and None for the weights.
    """
    position_ids = kwargs.pop("position_ids", None)
    if attention_mask is not None:
        raise ValueError("packed attention takes rows without padding")
    lengths = segments(position_ids, query.shape[2], key.shape[2])
    if lengths is None:
        return _attend(module, query, key, value, **kwargs)
    parts = zip(*(torch.split(tensor, lengths, 2) for tensor in (query, key, value)), strict=True)
    return torch.cat([_attend(module, q, k, v, **kwargs)[0] for q, k, v in parts], 1), None


def _attend(module: nn.Module, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, **kwargs: Any) -> tuple[Any, None]:
    dtype = q.dtype
    if q.device.type == "cpu" and dtype != torch.float32:
        # The 16-bit kernel of the CPU is four times slower than the 32-bit one.
        q, k, v = q.float(), k.float(), v.float()
    attended, _ = sdpa_attention_forward(module, q, k, v, None, is_causal=q.shape[2] > 1, **kwargs)
    return attended.to(dtype), None


def remember_segments(position_ids: torch.Tensor, lengths: Sequence[int]) -> None:
    """Say how long the segments of a row are, so that no layer has to wait for the device to tell."""
    _Latest.row, _Latest.lengths = weakref.ref(position_ids), list(lengths)


class _Latest:
    """The row that the layers are computing: all of them get the same position ids."""

    row: weakref.ref[torch.Tensor] | None = None
    lengths: ClassVar[list[int]] = []


def segments(position_ids: torch.Tensor | None, queries: int, keys: int) -> list[int] | None:
    """Lengths of the row's segments; None when it is a single one or answers are being generated."""
    if position_ids is None or queries != keys or queries == 1:
        return None
    if _Latest.row is None or _Latest.row() is not position_ids:
        starts = (position_ids[0] == 0).nonzero().flatten().tolist()
        remember_segments(position_ids, [end - start for start, end in pairwise([*starts, queries])])
    return _Latest.lengths if len(_Latest.lengths) > 1 else None
