"""The language-model head and the cross entropy as one step, a slice of positions at a time.

Logits of many positions over a large vocabulary take more memory than the rest of a training step. Here they are made,
turned into the loss and into its gradient, and dropped again, slice by slice; only the gradient of the hidden states is
kept. The idea is that of Liger's fused linear cross entropy (Hsu et al., 2024, arXiv:2410.10989).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.autograd.function import once_differentiable
from transformers import PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from core.base_models.families import PLAIN_HEADS, logits_at_once
from core.worker.blocks import takes_keep
from core.worker.fused import ROWS, padded

_IS_FUSED = "takes_targets"


def use_fused_head(model: PreTrainedModel, *, products: torch.dtype | None = None) -> bool:
    """Let a causal language model compute its loss by itself where that gives the same; tells whether it does.

    Afterwards its forward takes ``targets``, the tokens that follow the positions of ``logits_to_keep``, and returns
    their summed cross entropy as the loss, in the place of logits.

    Args:
        model: the base model, with or without adapters in it.
        products: the precision of the gradient where it is lower than that of the hidden states; None: the same.
    """
    head = model.get_output_embeddings()
    if model.config.model_type not in PLAIN_HEADS or type(head) is not nn.Linear or head.bias is not None:
        return False
    if head.weight.requires_grad:
        return False
    plain = model.forward

    @functools.wraps(plain)
    def forward(*args: Any, targets: torch.Tensor | None = None, **kwargs: Any) -> Any:
        if targets is None:
            return plain(*args, **kwargs)
        keep = kwargs.pop("logits_to_keep")
        if takes_keep(model):
            hidden = model.base_model(*args, keep=keep, **kwargs)[0][0]
        else:
            hidden = model.base_model(*args, **kwargs)[0][0, keep]
        return CausalLMOutputWithPast(loss=_summed_loss(hidden, targets, head.weight, products))

    model.forward = forward
    setattr(model, _IS_FUSED, True)
    return True


def has_fused_head(model: nn.Module) -> bool:
    """Whether the model, in whatever it is wrapped, takes ``targets``."""
    return any(getattr(module, _IS_FUSED, False) for module in model.modules())


class _SummedLoss(torch.autograd.Function):
    """Cross entropy of hidden states (positions, size) against labels (positions), in nats, summed."""

    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, labels: torch.Tensor, weight: torch.Tensor, products: torch.dtype | None
    ) -> torch.Tensor:
        kind = hidden.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else products or hidden.dtype
        wanted = ctx.needs_input_grad[0]
        # A loss that is only looked at is not rounded for speed: 16-bit logits would move it.
        kept = hidden.dtype if dtype == products and not wanted else dtype
        weight = weight.to(kept)
        # Few sizes on a CPU in 16 bit (see ``padded``).
        rounds_up = kind == "cpu" and kept.itemsize == 2
        # Scaled up only in the backward pass: in float16 small gradients would be lost until then.
        of_hidden = torch.empty_like(hidden, dtype=torch.float32 if dtype == torch.float16 else hidden.dtype)
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        at_once = max(1, logits_at_once(kind) // weight.shape[0])
        if rounds_up:
            at_once += -at_once % ROWS
        for start in range(0, len(labels), at_once):
            part = slice(start, start + at_once)
            rows = padded(hidden[part], kept) if rounds_up else hidden[part].to(kept)
            target = labels[part].unsqueeze(1)
            count = len(target)
            logits = (rows @ weight.t()).float()
            logits -= logits.amax(1, keepdim=True)
            total -= logits.gather(1, target).sum()
            share = logits.exp_()
            whole = share.sum(1, keepdim=True)
            total += whole[:count].log().sum()
            if wanted:
                share /= whole
                share.scatter_add_(1, target, share.new_full((), -1.0).expand(target.shape))
                of_hidden[part] = (share.to(dtype) @ weight)[:count]
        ctx.save_for_backward(of_hidden)
        ctx.dtype = hidden.dtype
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (of_hidden,) = ctx.saved_tensors
        return (of_hidden * gradient).to(ctx.dtype), None, None, None


_summed_loss: Callable[..., torch.Tensor] = _SummedLoss.apply
