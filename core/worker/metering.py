"""Which meters belong to the device that trains."""

from __future__ import annotations

from typing import Any

import torch

from core.hardware.meters import Card, Meters
from core.worker.device import Device


def meters_of(device: Device) -> Meters:
    """The meters to read during a run; NVIDIA cards and CPUs have all of them, other devices the main memory's."""
    if device.kind == "cuda" and torch.version.hip is None:
        properties: Any = torch.cuda.get_device_properties(device.torch_device)
        place = [getattr(properties, f"pci_{part}_id", 0) for part in ("domain", "bus", "device")]
        bus = "{:08x}:{:02x}:{:02x}.0".format(*place)
        return Meters(card=Card(uuid=f"GPU-{properties.uuid}", pci_bus=bus))
    return Meters(cpu=device.kind == "cpu")
