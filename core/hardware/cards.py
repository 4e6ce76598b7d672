"""How many graphics cards can train together, and how many processes a run therefore gets."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from core.errors import RunError
from core.recipe.schema import Recipe

_ROCM_NODES = Path("/sys/class/kfd/kfd/topology/nodes")


def count_cards() -> int:
    """The NVIDIA or AMD cards that training may use; asking the driver takes up to some 100 ms."""
    found = _nvidia() or _amd()
    for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"):
        listed = os.environ.get(name)
        if listed is not None:
            found = min(found, len([card for card in listed.split(",") if card.strip()]))
    return found


def processes(recipe: Recipe, cards: int | None = None) -> int:
    """How many processes train a run on this machine: one a card, as many as the recipe says.

    Args:
        recipe: the run's settings.
        cards: how many there are; asked where it matters unless given.

    Raises:
        RunError: the recipe wants more cards than there are.
    """
    wanted = recipe.training.devices
    if wanted == "1":
        return 1
    cards = count_cards() if cards is None else cards
    if wanted == "auto":
        return max(1, cards)
    # Without a card the processes share the CPU: slower than one, but a way to try it.
    if (cards and int(wanted) > cards) or sys.platform == "darwin":
        there = "one GPU" if max(1, cards) == 1 else f"{cards} GPUs"
        raise RunError(
            f"This run wants {wanted} GPUs.",
            reason=f"This machine has {there} that can train.",
            hint="Set the devices to one, or to all GPUs of this machine.",
        )
    return int(wanted)


def _nvidia() -> int:
    try:
        import pynvml
    except ImportError:  # a bundle for another maker's cards may do without it
        return 0
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:  # no driver, or none that answers: there is no card to use
        return 0
    try:
        return int(pynvml.nvmlDeviceGetCount())
    except pynvml.NVMLError:
        return 0
    finally:
        pynvml.nvmlShutdown()


def _amd() -> int:
    """Compute nodes of the ROCm driver that have shader units: those of CPUs have none."""
    cards = 0
    for node in _ROCM_NODES.glob("*/properties"):
        try:
            properties = dict(line.split(maxsplit=1) for line in node.read_text(encoding="ascii").splitlines() if line)
            cards += int(properties.get("simd_count", "0")) > 0
        except (OSError, ValueError):
            continue
    return cards
