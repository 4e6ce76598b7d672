"""A base model that is too large for one card, spread over all that train it (FSDP2).

Each rank keeps a part of the frozen weights, and gathers those of a layer while it is computed. What is trained stays
whole on every rank, and its gradients are added up as without sharding: it is small, and so optimizer, checkpoints and
the adapter are those of any other run. Quantised weights are stored in numbers of the size that the rest of the model
has, for a layer is gathered in one piece.
"""

from __future__ import annotations

import torch
from peft import PeftModel
from torch import nn


def shard(model: PeftModel, device: torch.device, ranks: int) -> None:
    """Spread the frozen weights of a model over all ranks.

    Args:
        model: with its adapter, whole, in main memory or on the device.
        device: where it computes; each layer moves there by itself, so that the whole never has to fit.
        ranks: how many processes take part; all must call this.
    """
    # Slow to import, and only needed here.
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(device.type, (ranks,))
    base = model.get_base_model()
    for layer in _layers(base):
        fully_shard(layer.to(device), mesh=mesh, ignored_params=_trained(layer))
    # Left gathered, embeddings and head would be given back when rank 0 saves, by it alone: the ranks fell out of step.
    fully_shard(base.to(device), mesh=mesh, ignored_params=_trained(base), reshard_after_forward=True)


def _layers(base: nn.Module) -> list[nn.Module]:
    """The blocks that repeat, as Transformers names them."""
    names = set(getattr(base, "_no_split_modules", None) or ())
    return [module for module in base.modules() if type(module).__name__ in names]


def _trained(module: nn.Module) -> set[nn.Parameter]:
    return {parameter for parameter in module.parameters() if parameter.requires_grad}
