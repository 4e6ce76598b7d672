"""Norms and rotary embeddings with fewer passes over memory, on a CPU in float32, where each pass costs.

The gradients are written out, so that nothing is computed or kept that a frozen base model does not need.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.autograd.function import once_differentiable

_FAMILIES = ("llama", "mistral", "qwen2", "qwen3")
_NORMS = frozenset({"LlamaRMSNorm", "MistralRMSNorm", "Qwen2RMSNorm", "Qwen3RMSNorm"})
_ROTARY = "apply_rotary_pos_emb"


def use_lean_elementwise(model: nn.Module) -> int:
    """Replace what can be in a frozen base model of a known family; tells in how many places."""
    norms = [module for module in model.modules() if type(module).__name__ in _NORMS]
    count = sum(_lean_norm(norm) for norm in norms if not norm.weight.requires_grad)
    sources = {type(module).__module__ for module in norms}
    known = {f"transformers.models.{family}.modeling_{family}" for family in _FAMILIES}
    return count + sum(_lean_rotary(sys.modules[name]) for name in sources & known)


def _lean_norm(norm: Any) -> bool:
    plain = norm.forward

    def forward(hidden: torch.Tensor) -> torch.Tensor:
        if not _suits(hidden):
            made: torch.Tensor = plain(hidden)
            return made
        return _norm(hidden, norm.weight, norm.variance_epsilon)

    norm.forward = forward
    return True


def _lean_rotary(module: Any) -> bool:
    """The function is a global of the model's source file, and its layers look it up there."""
    plain = getattr(module, _ROTARY)
    if getattr(plain, "is_lean", False):
        return True

    def rotary(
        q: torch.Tensor, k: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, unsqueeze_dim: int = 1
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if not _suits(q):
            made: tuple[torch.Tensor, torch.Tensor] = plain(q, k, cos, sin, unsqueeze_dim)
            return made
        cos, sin = cos.unsqueeze(unsqueeze_dim), sin.unsqueeze(unsqueeze_dim)
        return _rotate(q, cos, sin), _rotate(k, cos, sin)

    rotary.is_lean = True  # type: ignore[attr-defined]
    setattr(module, _ROTARY, rotary)
    return True


def _suits(x: torch.Tensor) -> bool:
    return x.device.type == "cpu" and x.dtype == torch.float32 and x.requires_grad and torch.is_grad_enabled()


class _Norm(torch.autograd.Function):
    """Root mean square norm (Zhang and Sennrich, 2019, arXiv:1910.07467) with a frozen weight."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, epsilon: float) -> torch.Tensor:
        made, scale = norm(x, weight, epsilon)
        ctx.save_for_backward(x, weight, scale)
        return made

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight, scale = ctx.saved_tensors
        return norm_gradient(gradient, x, weight, scale), None, None


class _Rotation(torch.autograd.Function):
    """``x cos + rotate_half(x) sin`` (Su et al., 2021, arXiv:2104.09864)."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(cos, sin)
        return rotated(x, cos, sin)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        cos, sin = ctx.saved_tensors
        return rotate_back(gradient, cos, sin), None, None


_norm: Callable[..., torch.Tensor] = _Norm.apply
_rotate: Callable[..., torch.Tensor] = _Rotation.apply


def norm(x: torch.Tensor, weight: torch.Tensor, epsilon: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The root mean square norm of ``x``, and what its rows were multiplied by."""
    length: torch.Tensor = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    scale = (length.square_() / x.shape[-1]).add_(epsilon).rsqrt_()
    made: torch.Tensor = x * scale
    return made.mul_(weight), scale


def norm_gradient(gradient: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """The gradient of the norm's input."""
    of_x = gradient * weight
    shared = torch.linalg.vecdot(of_x, x).unsqueeze(-1) * scale.pow(3) / -x.shape[-1]
    return of_x.mul_(scale).addcmul_(x, shared)


def rotated(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, *, out: torch.Tensor | None = None) -> torch.Tensor:
    """Heads turned by their positions."""
    half = x.shape[-1] // 2
    made = x * cos
    made[..., :half].addcmul_(x[..., half:], sin[..., :half], value=-1)
    made[..., half:].addcmul_(x[..., :half], sin[..., half:])
    return made


def rotate_back(gradient: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """The gradient of heads before they were turned."""
    half = gradient.shape[-1] // 2
    of_x = gradient * cos
    of_x[..., :half].addcmul_(gradient[..., half:], sin[..., half:])
    of_x[..., half:].addcmul_(gradient[..., :half], sin[..., :half], value=-1)
    return of_x
