"""A linear layer with LoRA as one step of the calculation: base product, low-rank product and their gradients together.

PEFT computes ``base(x) + B(A(dropout(x))) * scaling`` in five operations, each of which writes and keeps a tensor as
large as the layer's output. Here the low-rank product is added into the base product in place, layers that share an
input share its 16-bit copy, and the frozen weight is unpacked once in each direction.

Only training goes this way; in evaluation mode the layer is PEFT's own, unless :func:`fused_evaluation` says otherwise.
Layers for which the formula is not this one (DoRA, several adapters, a bias of the adapter) are left alone.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import bitsandbytes as bnb
import torch
from bitsandbytes.functional import dequantize_blockwise
from peft.tuners.lora import LoraLayer
from torch import nn
from torch.autograd.function import once_differentiable

ROWS = 64
"""Matrices in 16 bit have a multiple of this many rows on a CPU; those of many rows, a multiple of twice as many."""
_MANY = 16  # times ROWS
IN_EVALUATION = "fused_in_evaluation"
"""The attribute of a module that says whether it stays fused in evaluation mode."""


def use_fused_lora(model: nn.Module, *, products: torch.dtype | None = None) -> int:
    """Let the LoRA layers of a model compute the fused way where it gives the same; tells how many do.

    Args:
        model: with one LoRA adapter.
        products: the precision of matrix products where it is lower than that of the activations; None: the same.
    """
    shared = _SharedInput()
    count = 0
    for module in model.modules():
        if isinstance(module, LoraLayer) and fits(module):
            _FusedLayer(module, shared, products).take_over()
            count += 1
    return count


@contextmanager
def fused_evaluation(model: nn.Module) -> Iterator[None]:
    """Inside, fused layers stay fused in evaluation mode, and their precision is that of training."""
    layers = [module for module in model.modules() if hasattr(module, IN_EVALUATION)]
    for module in layers:
        setattr(module, IN_EVALUATION, True)
    try:
        yield
    finally:
        for module in layers:
            setattr(module, IN_EVALUATION, False)


def keep_mask(like: torch.Tensor, dropout: float) -> torch.Tensor:
    """Ones, and zeros with the probability ``dropout`` (to 1/65536), in the shape, type and place of ``like``."""
    mask = torch.empty_like(like)
    if like.device.type != "cpu":
        return mask.bernoulli_(1 - dropout)
    # Four 16-bit numbers out of one draw: on a CPU drawing is what dropout costs.
    draws = torch.empty((like.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    numbers = draws.view(torch.int16)[: like.numel()].view(like.shape)
    return torch.lt(numbers, round((1 - dropout) * 2**16) - 2**15, out=mask)


class _SharedInput:
    """The 16-bit copy of the latest input: projections side by side have the same one."""

    def __init__(self) -> None:
        self._source: weakref.ref[torch.Tensor] | None = None
        self._copy: weakref.ref[torch.Tensor] | None = None

    def cast(self, x: torch.Tensor, dtype: torch.dtype, *, rounded_up: bool) -> torch.Tensor:
        """``x`` as rows of ``dtype``."""
        if x.dtype == dtype:
            return x.reshape(-1, x.shape[-1])
        copy = self._copy() if self._copy is not None and self._source is not None and self._source() is x else None
        if copy is None or copy.dtype != dtype:
            rows = x.detach().reshape(-1, x.shape[-1])
            copy = padded(rows, dtype) if rounded_up else rows.to(dtype)
            self._source, self._copy = weakref.ref(x), weakref.ref(copy)
        return copy


class _FusedLayer:
    """What a LoRA layer computes with, read anew at each call: another adapter state may have been loaded."""

    def __init__(self, module: Any, shared: _SharedInput, products: torch.dtype | None) -> None:
        self._module = module
        self._shared = shared
        self._products = products
        self._base = module.get_base_layer()
        self._unpacked = unpacking(self._base)

    def take_over(self) -> None:
        """Put this in the place of the module's forward."""
        module, plain = self._module, self._module.forward
        setattr(module, IN_EVALUATION, False)

        def forward(x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
            active = module.training or getattr(module, IN_EVALUATION)
            if not active or args or kwargs or module.disable_adapters or module.merged:
                result: torch.Tensor = plain(x, *args, **kwargs)
                return result
            name = module.active_adapters[0]
            a, b = module.lora_A[name].weight, module.lora_B[name].weight
            return _lora_product(x, a, b, self, module.scaling[name], self._dropout(name))

        module.forward = forward

    def _dropout(self, name: str) -> float:
        return float(getattr(self._module.lora_dropout[name], "p", 0.0)) if self._module.training else 0.0

    def precisions(self, x: torch.Tensor, a: torch.Tensor) -> tuple[torch.dtype, torch.dtype, torch.dtype]:
        """Of the base product, the low-rank product and the result."""
        kind = x.device.type
        four_bit = isinstance(self._base, bnb.nn.Linear4bit)
        if torch.is_autocast_enabled(kind):
            low = torch.get_autocast_dtype(kind)
            return low, low, x.dtype if four_bit else low
        if self._products is not None and not isinstance(self._base, bnb.nn.Linear8bitLt):
            return self._products, self._products, x.dtype
        return (self._base.compute_dtype or x.dtype) if four_bit else x.dtype, a.dtype, x.dtype

    def rows(self, x: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """The input as a matrix of ``dtype``."""
        # Where all products are of one precision, so that all matrices of a layer have as many rows.
        return self._shared.cast(x, dtype, rounded_up=dtype == self._products and x.device.type == "cpu")

    def base_product(self, x: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """What the frozen layer makes of its input, as a matrix that may be written to."""
        if isinstance(self._base, bnb.nn.Linear8bitLt):
            made: torch.Tensor = self._base(x)  # quantises its input as well: only itself can do that
            return made.reshape(-1, made.shape[-1])
        weight = self._unpacked(rows.dtype)
        if self._base.bias is None:
            return rows @ weight.t()
        return torch.addmm(self._base.bias.to(rows.dtype), rows, weight.t())

    def weight(self, dtype: torch.dtype) -> torch.Tensor:
        """The frozen weight (outputs, inputs), unpacked."""
        return self._unpacked(dtype)


class _LoraProduct(torch.autograd.Function):
    """``x W^T + bias + scaling * dropout(x) A^T B^T`` and its gradients for x, A and B."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, a: torch.Tensor, b: torch.Tensor, layer: _FusedLayer, scaling: float, dropout: float
    ) -> torch.Tensor:
        base_dtype, low_dtype, result_dtype = layer.precisions(x, a)
        product = layer.base_product(x, layer.rows(x, base_dtype))
        rows = layer.rows(x, low_dtype)
        scaling = scaling / (1 - dropout)
        inner, mask = add_low_rank(product, rows, a, b, scaling=scaling, dropout=dropout)
        ctx.save_for_backward(rows, inner, a, b, *([] if mask is None else [mask]))
        ctx.layer, ctx.scaling, ctx.base_dtype, ctx.shape = layer, scaling, base_dtype, x.shape
        ctx.input_dtype = x.dtype
        count = x.numel() // x.shape[-1]
        return product[:count].to(result_dtype).view(*x.shape[:-1], product.shape[-1])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        rows, inner, a, b, *masks = ctx.saved_tensors
        gradient = gradient.reshape(-1, gradient.shape[-1])
        count = len(gradient)
        low = gradient.to(rows.dtype) if count == len(rows) else padded(gradient, rows.dtype)
        mask = masks[0] if masks else None
        through_b, of_a, of_b = low_rank_gradients(low, rows, inner, mask, a, b, scaling=ctx.scaling)
        if not ctx.needs_input_grad[0]:
            return None, of_a, of_b, None, None, None
        of_x = (low if low.dtype == ctx.base_dtype else gradient.to(ctx.base_dtype)) @ ctx.layer.weight(ctx.base_dtype)
        add_low_rank_gradient(of_x, through_b, a, mask, scaling=ctx.scaling)
        return of_x[:count].to(ctx.input_dtype).view(ctx.shape), of_a, of_b, None, None, None


_lora_product: Callable[..., torch.Tensor] = _LoraProduct.apply


def add_low_rank(
    product: torch.Tensor, rows: torch.Tensor, a: torch.Tensor, b: torch.Tensor, *, scaling: float, dropout: float
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Add ``scaling * dropout(rows) A^T B^T`` to ``product``; gives the inner product and the mask of the dropout."""
    mask = keep_mask(rows, dropout) if dropout else None
    inner = (rows if mask is None else rows * mask) @ a.to(rows.dtype).t()
    if product.dtype == rows.dtype:
        product.addmm_(inner, b.to(rows.dtype).t(), alpha=scaling)
    else:
        product += (inner @ b.to(rows.dtype).t()).mul_(scaling)
    return inner, mask


def low_rank_gradients(
    gradient: torch.Tensor,
    rows: torch.Tensor,
    inner: torch.Tensor,
    mask: torch.Tensor | None,
    a: torch.Tensor,
    b: torch.Tensor,
    *,
    scaling: float,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The gradient times B, and the gradients of A and B."""
    through_b = gradient @ b.to(rows.dtype)
    of_b = (gradient.t() @ inner).to(b.dtype).mul_(scaling)
    of_a = (through_b.t() @ (rows if mask is None else rows * mask)).to(a.dtype).mul_(scaling)
    return through_b, of_a, of_b


def add_low_rank_gradient(
    of_rows: torch.Tensor, through_b: torch.Tensor, a: torch.Tensor, mask: torch.Tensor | None, *, scaling: float
) -> None:
    """Add what the low-rank product contributes to the gradient of its input."""
    if mask is None and of_rows.dtype == through_b.dtype:
        of_rows.addmm_(through_b, a.to(through_b.dtype), alpha=scaling)
    else:
        of_inner = (through_b @ a.to(through_b.dtype)).mul_(scaling)
        of_rows += of_inner if mask is None else of_inner.mul_(mask)


def padded(rows: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A copy in another precision with rows of zeros up to the next multiple of 64 or 128, for a CPU.

    oneDNN compiles 16-bit products anew for each number of rows and keeps them all: time and memory grew with them.
    """
    missing = -len(rows) % (ROWS if len(rows) < _MANY * ROWS else 2 * ROWS)
    if not missing:
        return rows.to(dtype)
    copy = torch.empty((len(rows) + missing, rows.shape[1]), dtype=dtype, device=rows.device)
    copy[: len(rows)] = rows
    copy[len(rows) :] = 0
    return copy


def fits(module: Any) -> bool:
    """Whether the layer computes exactly this formula."""
    names = list(module.lora_A.keys())
    base = module.get_base_layer()
    return (
        len(names) == 1
        and list(module.active_adapters) == names
        and type(base) in (nn.Linear, bnb.nn.Linear4bit, bnb.nn.Linear8bitLt)
        and not getattr(module, "fan_in_fan_out", False)
        and not module.lora_variant
        and not module.lora_bias.get(names[0], False)
        and type(module.lora_dropout[names[0]]) in (nn.Identity, nn.Dropout)
        and not base.weight.requires_grad
        and not (base.bias is not None and base.bias.requires_grad)
    )


def unpacking(base: Any) -> Callable[[torch.dtype], torch.Tensor]:
    """How the weight of a frozen layer is had as a plain matrix."""
    if isinstance(base, bnb.nn.Linear4bit):
        return lambda dtype: _four_bit(base, dtype)
    if isinstance(base, bnb.nn.Linear8bitLt):
        return lambda dtype: _eight_bit(base, dtype)
    return lambda dtype: base.weight.to(dtype)


def _four_bit(base: Any, dtype: torch.dtype) -> torch.Tensor:
    """As ``bitsandbytes.functional.dequantize_4bit``, but straight into the precision that is wanted."""
    state = base.weight.quant_state
    scales = state.absmax
    if state.nested:
        scales = dequantize_blockwise(scales, state.state2) + state.offset
    unpacked: torch.Tensor = torch.ops.bitsandbytes.dequantize_4bit(
        base.weight.data, scales.float(), state.blocksize, state.quant_type, state.shape, dtype
    )
    return unpacked


def _eight_bit(base: Any, dtype: torch.dtype) -> torch.Tensor:
    """Rows of whole numbers up to 127, each with its largest value (as in bitsandbytes' own backward pass)."""
    state = base.state
    numbers = state.CB if state.CB is not None else base.weight.CB
    largest = state.SCB if state.SCB is not None else base.weight.SCB
    unpacked: torch.Tensor = numbers.to(dtype) * (largest.to(dtype) / 127).unsqueeze(1)
    return unpacked
