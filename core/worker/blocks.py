"""Decoder layers of the Llama family as two steps of the calculation, attention and feed-forward, on a CPU.

Each step goes from the residual stream (float32) to the residual stream and writes its gradients out, so that norms,
projections with LoRA, rotary embeddings, attention by segments and gates keep what is needed and convert nothing twice.
The last layer goes on only with the positions that the language-model head is asked for. What cannot be computed like
this (another kind of layer, a mask, a cache) goes Transformers' way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.autograd.function import once_differentiable
from transformers import PreTrainedModel

from core.worker.attention import NAME, segments
from core.worker.elementwise import norm, norm_gradient, rotate_back, rotated
from core.worker.fused import IN_EVALUATION, padded
from core.worker.projection import Projection
from core.worker.segments import attend, attend_backward

_LAYERS = frozenset({"LlamaDecoderLayer", "MistralDecoderLayer", "Qwen2DecoderLayer"})
_ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
_FEED_FORWARD = ("gate_proj", "up_proj", "down_proj")
_TAKES_KEEP = "takes_keep"


def use_blocks(model: PreTrainedModel, *, products: torch.dtype | None = None) -> int:
    """Let the layers of a frozen base model with LoRA compute by steps where all of them can; tells how many do.

    Afterwards the base of the model takes ``keep``: positions, the only ones of which it gives the hidden states.

    Args:
        model: with a LoRA adapter in it, and attention by segments.
        products: the precision of matrix products where it is lower than that of the activations; None: the same.
    """
    layers = list(getattr(model.base_model, "layers", []))
    if model.config._attn_implementation != NAME or not layers or not all(map(_suits, layers)):
        return 0
    for layer in layers:
        _Layer(layer, products or torch.float32, is_last=layer is layers[-1]).take_over()
    setattr(model, _TAKES_KEEP, True)
    return len(layers)


def takes_keep(model: nn.Module) -> bool:
    """Whether the base of a model takes ``keep``."""
    return bool(getattr(model, _TAKES_KEEP, False))


def _suits(layer: Any) -> bool:
    if type(layer).__name__ not in _LAYERS or layer.self_attn.config.hidden_act != "silu":
        return False
    linear = [getattr(layer.self_attn, name) for name in _ATTENTION]
    linear += [getattr(layer.mlp, name) for name in _FEED_FORWARD]
    norms = (layer.input_layernorm, layer.post_attention_layernorm)
    return all(map(Projection.suits, linear)) and not any(norm.weight.requires_grad for norm in norms)


@dataclass(frozen=True, slots=True)
class _Row:
    """What all layers get to know of a packed row."""

    cos: torch.Tensor
    sin: torch.Tensor
    lengths: Sequence[int]
    keep: torch.Tensor | None


class _Layer:
    """A decoder layer as the two steps."""

    def __init__(self, layer: Any, products: torch.dtype, *, is_last: bool) -> None:
        self._layer = layer
        self._is_last = is_last
        self._attention = _Part(layer.input_layernorm, layer.self_attn, _ATTENTION, products)
        self._feed_forward = _Part(layer.post_attention_layernorm, layer.mlp, _FEED_FORWARD, products)

    def take_over(self) -> None:
        """Put this in the place of the layer's forward."""
        layer = self._layer
        setattr(layer, IN_EVALUATION, False)

        def forward(hidden: torch.Tensor, *, keep: torch.Tensor | None = None, **kwargs: Any) -> torch.Tensor:
            keep = keep if self._is_last else None
            if not self._can(hidden, **kwargs):
                made: torch.Tensor = type(layer).forward(layer, hidden, **kwargs)
                return made if keep is None else made[:, keep]
            cos, sin = kwargs["position_embeddings"]
            count = hidden.shape[1]
            lengths = segments(kwargs["position_ids"], count, count) or [count]
            step = partial(self._steps, row=_Row(cos[0], sin[0], lengths, keep))
            if layer.gradient_checkpointing and layer.training:
                again: torch.Tensor = layer._gradient_checkpointing_func(step, hidden)
                return again
            return step(hidden)

        layer.forward = forward

    def _can(
        self, hidden: torch.Tensor, attention_mask: object = None, past_key_values: object = None, **kwargs: Any
    ) -> bool:
        layer = self._layer
        return (
            (layer.training or getattr(layer, IN_EVALUATION))
            and hidden.device.type == "cpu"
            and hidden.dtype == torch.float32
            and len(hidden) == 1
            and attention_mask is None
            and past_key_values is None
            and kwargs.get("position_ids") is not None
            and not torch.is_autocast_enabled("cpu")
            and not (layer.training and layer.self_attn.attention_dropout)
            and not self._attention.is_plain
            and not self._feed_forward.is_plain
        )

    def _steps(self, hidden: torch.Tensor, *, row: _Row) -> torch.Tensor:
        hidden = _attention(hidden[0], self._attention, row, *self._attention.matrices)
        return _feed_forward(hidden, self._feed_forward, *self._feed_forward.matrices)[None]


class _Part:
    """A norm and the projections that follow it."""

    def __init__(self, norm: Any, module: Any, names: Sequence[str], products: torch.dtype) -> None:
        self.weight: torch.Tensor = norm.weight
        self.epsilon: float = norm.variance_epsilon
        self.module = module
        self.projections = [Projection(getattr(module, name)) for name in names]
        self.products = products

    @property
    def is_plain(self) -> bool:
        """Whether one of the adapters is switched off or merged."""
        return any(projection.is_plain for projection in self.projections)

    @property
    def matrices(self) -> list[torch.Tensor | None]:
        """A and B of each projection, one after another."""
        return [matrix for projection in self.projections for matrix in projection.matrices]

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """``x`` as products are made with it."""
        return x if x.dtype == self.products else padded(x, self.products)

    def backward(
        self, number: int, gradient: torch.Tensor, rows: torch.Tensor, kept: Any, matrices: Any, **options: bool
    ) -> tuple[Any, Any, Any]:
        """Gradients of the input, A and B of one projection."""
        kept, matrices = kept[3 * number : 3 * number + 3], matrices[2 * number : 2 * number + 2]
        return self.projections[number].backward(gradient, rows, kept, matrices, **options)


class _Attention(torch.autograd.Function):
    """``x + O(attention(Q(norm(x)), K(norm(x)), V(norm(x))))`` of the positions that are kept."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, part: _Part, row: _Row, *matrices: torch.Tensor | None) -> torch.Tensor:
        count, size = len(x), part.module.head_dim
        normed, scale = norm(x, part.weight, part.epsilon)
        rows = part.rows(normed)
        q, k, v, o = part.projections
        scaling = part.module.scaling
        product, of_q = q.forward(rows, matrices[0:2])  # type: ignore[arg-type]
        queries = _heads(product, size, row.cos * scaling, row.sin * scaling, count=count)
        product, of_k = k.forward(rows, matrices[2:4])  # type: ignore[arg-type]
        keys = _heads(product, size, row.cos, row.sin, count=count)
        product, of_v = v.forward(rows, matrices[4:6])  # type: ignore[arg-type]
        values = _heads(product, size, count=count)
        attended, weights = attend(queries, keys, values, row.lengths)
        place = slice(count) if row.keep is None else row.keep
        x_kept = x[place]
        inner = _side_by_side(attended[place], part.products)
        product, of_o = o.forward(inner, matrices[6:8])  # type: ignore[arg-type]
        ctx.save_for_backward(
            x, scale, rows, queries, keys, values, inner, *of_q, *of_k, *of_v, *of_o, *matrices, *weights
        )
        ctx.part, ctx.row = part, row
        return x_kept + product[: len(x_kept)]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, scale, rows, queries, keys, values, inner, *rest = ctx.saved_tensors
        kept, matrices, weights = rest[:12], rest[12:20], rest[20:]
        part, row = ctx.part, ctx.row
        of_input = ctx.needs_input_grad[0]
        of_inner, *of_o = part.backward(3, part.rows(gradient), inner, kept, matrices)
        outer = torch.zeros_like(queries)
        place = slice(len(x)) if row.keep is None else row.keep
        outer[place] = of_inner[: len(gradient)].view(-1, *queries.shape[1:])
        of_queries, of_keys, of_values = attend_backward(outer, queries, keys, values, row.lengths, weights)
        scaling = part.module.scaling
        found = []
        total = None
        turns = ((row.cos * scaling, row.sin * scaling), (row.cos, row.sin), (None, None))
        for number, (of_heads, turn) in enumerate(zip((of_queries, of_keys, of_values), turns, strict=True)):
            low = _turned_back(of_heads[: len(x)], *turn, part)
            of_rows, *both = part.backward(number, low, rows, kept, matrices, of_input=of_input)
            found += both
            if of_rows is not None:
                total = of_rows[: len(x)].float() if total is None else total.add_(of_rows[: len(x)])
        if total is None:
            return None, None, None, *found, *of_o
        of_x = norm_gradient(total, x, part.weight, scale)
        if row.keep is None:
            of_x += gradient
        else:
            of_x.index_add_(0, row.keep, gradient)
        return of_x, None, None, *found, *of_o


class _FeedForward(torch.autograd.Function):
    """``x + Down(silu(Gate(norm(x))) * Up(norm(x)))``."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, part: _Part, *matrices: torch.Tensor | None) -> torch.Tensor:
        normed, scale = norm(x, part.weight, part.epsilon)
        rows = part.rows(normed)
        gate, up, down = part.projections
        gated, of_gate = gate.forward(rows, matrices[0:2])  # type: ignore[arg-type]
        upped, of_up = up.forward(rows, matrices[2:4])  # type: ignore[arg-type]
        inner = torch.nn.functional.silu(gated).mul_(upped)
        product, of_down = down.forward(inner, matrices[4:6])  # type: ignore[arg-type]
        ctx.save_for_backward(x, scale, rows, gated, upped, inner, *of_gate, *of_up, *of_down, *matrices)
        ctx.part = part
        return x + product[: len(x)]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, scale, rows, gated, upped, inner, *rest = ctx.saved_tensors
        kept, matrices = rest[:9], rest[9:]
        part = ctx.part
        of_inner, *of_down = part.backward(2, part.rows(gradient), inner, kept, matrices)
        of_up = torch.nn.functional.silu(gated).mul_(of_inner)
        of_gate = torch.ops.aten.silu_backward(of_inner.mul_(upped), gated)
        of_rows, *found_gate = part.backward(0, of_gate, rows, kept, matrices)
        more, *found_up = part.backward(1, of_up, rows, kept, matrices)
        total = of_rows[: len(x)].float().add_(more[: len(x)])
        of_x = norm_gradient(total, x, part.weight, scale).add_(gradient)
        return of_x, None, *found_gate, *found_up, *of_down


_attention: Callable[..., torch.Tensor] = _Attention.apply
_feed_forward: Callable[..., torch.Tensor] = _FeedForward.apply


def _heads(
    product: torch.Tensor, size: int, cos: torch.Tensor | None = None, sin: torch.Tensor | None = None, *, count: int
) -> torch.Tensor:
    """A product (rows, heads times size) as heads (tokens and one of zeros, heads, size), turned by their positions."""
    tokens = product[:count].view(count, -1, size)
    made = torch.empty((count + 1, *tokens.shape[1:]), dtype=product.dtype)
    made[:count] = tokens if cos is None or sin is None else rotated(tokens.float(), cos[:, None], sin[:, None])
    made[count] = 0
    return made


def _turned_back(
    of_heads: torch.Tensor, cos: torch.Tensor | None, sin: torch.Tensor | None, part: _Part
) -> torch.Tensor:
    """The gradient of heads as that of the product they were."""
    if cos is not None and sin is not None:
        of_heads = rotate_back(of_heads.float(), cos[:, None], sin[:, None])
    return _side_by_side(of_heads, part.products)


def _side_by_side(heads: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Heads (tokens, heads, size) as a matrix (rows, heads times size)."""
    matrix = heads.reshape(len(heads), -1)
    return matrix if dtype == torch.float32 else padded(matrix, dtype)
