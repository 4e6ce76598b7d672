"""The meters that are read are those of the device that trains."""

from types import SimpleNamespace

import torch

from core.hardware.meters import Card
from core.worker.device import Device
from core.worker.metering import meters_of


def test_a_cpu_has_no_card():
    made = meters_of(Device("cpu", "CPU"))
    assert (made._card, made._cpu) == (None, True)


def test_other_devices_have_neither():
    made = meters_of(Device("mps", "Apple GPU"))
    assert (made._card, made._cpu) == (None, False)


def test_a_card_is_named_so_that_nvml_finds_it_whatever_its_number(monkeypatch):
    properties = SimpleNamespace(uuid="5e1f", pci_domain_id=0, pci_bus_id=0x41, pci_device_id=0)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: properties)
    monkeypatch.setattr(torch.version, "hip", None)
    assert meters_of(Device("cuda", "A card"))._card == Card("GPU-5e1f", "00000000:41:00.0")
    monkeypatch.setattr(torch.version, "hip", "6.4")
    assert meters_of(Device("cuda", "An AMD card"))._card is None
