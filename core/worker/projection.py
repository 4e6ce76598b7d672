"""A frozen linear layer, with LoRA or without, as plain products of matrices, forwards and backwards."""

from __future__ import annotations

from typing import Any

import bitsandbytes as bnb
import torch
from peft.tuners.lora import LoraLayer
from torch import nn

from core.worker.fused import add_low_rank, add_low_rank_gradient, fits, low_rank_gradients, unpacking

Matrices = tuple[torch.Tensor | None, torch.Tensor | None]
# The inner product of LoRA, the mask of its dropout, the weight that was multiplied with.
Kept = tuple[torch.Tensor | None, torch.Tensor | None, torch.Tensor | None]


class Projection:
    """What a layer computes with, read anew at each call: another adapter state may have been loaded.

    All matrices have the precision of the rows; a layer without LoRA has None for A and B, and for their gradients.
    """

    def __init__(self, module: Any) -> None:
        self._module = module
        self._has_lora = isinstance(module, LoraLayer)
        self._base = module.get_base_layer() if self._has_lora else module
        self._unpacked = unpacking(self._base)

    @staticmethod
    def suits(module: nn.Module) -> bool:
        """Whether this computes what the layer does."""
        base = module.get_base_layer() if isinstance(module, LoraLayer) else module
        if type(base) not in (nn.Linear, bnb.nn.Linear4bit) or base.weight.requires_grad:
            return False
        return fits(module) if isinstance(module, LoraLayer) else base.bias is None or not base.bias.requires_grad

    @property
    def is_plain(self) -> bool:
        """Whether the adapter is switched off or merged into the frozen weight at the moment."""
        return self._has_lora and (self._module.disable_adapters or self._module.merged)

    @property
    def matrices(self) -> Matrices:
        """A and B."""
        if not self._has_lora:
            return None, None
        name = self._module.active_adapters[0]
        return self._module.lora_A[name].weight, self._module.lora_B[name].weight

    def forward(self, rows: torch.Tensor, matrices: Matrices) -> tuple[torch.Tensor, Kept]:
        """The product, and what the backward pass needs."""
        a, b = matrices
        if a is None or b is None:
            weight = self._unpacked(rows.dtype)
            return self._product(rows, weight), (None, None, None)
        if self._dropout:
            product = self._product(rows, self._unpacked(rows.dtype))
            scaling = self._scaling / (1 - self._dropout)
            return product, (*add_low_rank(product, rows, a, b, scaling=scaling, dropout=self._dropout), None)
        weight = self._with_low_rank(rows.dtype, a, b)
        # Made again in the backward pass where it is larger than the activations.
        kept = weight if weight.shape[1] <= len(rows) else None
        return self._product(rows, weight), (rows @ a.to(rows.dtype).t(), None, kept)

    def backward(
        self, gradient: torch.Tensor, rows: torch.Tensor, kept: Kept, matrices: Matrices, *, of_input: bool = True
    ) -> tuple[torch.Tensor | None, torch.Tensor | None, torch.Tensor | None]:
        """The gradients of rows (None unless asked for), A and B."""
        a, b = matrices
        inner, mask, weight = kept
        if a is None or b is None or inner is None:
            return gradient @ self._unpacked(rows.dtype) if of_input else None, None, None
        scaling = self._scaling / (1 - self._dropout)
        through_b, of_a, of_b = low_rank_gradients(gradient, rows, inner, mask, a, b, scaling=scaling)
        if not of_input:
            return None, of_a, of_b
        if mask is None:
            return gradient @ (self._with_low_rank(rows.dtype, a, b) if weight is None else weight), of_a, of_b
        of_rows = gradient @ self._unpacked(rows.dtype)
        add_low_rank_gradient(of_rows, through_b, a, mask, scaling=scaling)
        return of_rows, of_a, of_b

    def _product(self, rows: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        if self._base.bias is None:
            return rows @ weight.t()
        return torch.addmm(self._base.bias.to(rows.dtype), rows, weight.t())

    def _with_low_rank(self, dtype: torch.dtype, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """The frozen weight and the adapter's share in one: less work than two products of many rows each."""
        return torch.addmm(self._unpacked(dtype), b.to(dtype), a.to(dtype), alpha=self._scaling)

    @property
    def _scaling(self) -> float:
        return float(self._module.scaling[self._module.active_adapters[0]])

    @property
    def _dropout(self) -> float:
        name = self._module.active_adapters[0]
        return float(getattr(self._module.lora_dropout[name], "p", 0.0)) if self._module.training else 0.0
