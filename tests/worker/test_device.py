"""The device is chosen in one place: which one, what it is called, and in what precision it computes."""

import sys

import pytest
import torch

from core.recipe.schema import ModelSettings
from core.worker import device
from core.worker.device import Device


@pytest.fixture
def machine(monkeypatch):
    """Makes torch say what it would on another machine."""

    def make(*, cuda="", hip=None, xpu="", mps=False, bfloat16=True):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(cuda))
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: cuda)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: bfloat16)
        monkeypatch.setattr(torch.version, "hip", hip)
        monkeypatch.setattr(torch.xpu, "is_available", lambda: bool(xpu))
        monkeypatch.setattr(torch.xpu, "get_device_name", lambda _: xpu)
        monkeypatch.setattr(torch.xpu, "is_bf16_supported", lambda: bfloat16)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(torch.backends.mps, "is_macos_or_newer", lambda *_: bfloat16)

    return make


@pytest.mark.parametrize(
    ("there", "kind", "name"),
    [
        ({"cuda": "NVIDIA RTX 4090"}, "cuda", "NVIDIA RTX 4090"),
        ({"cuda": "AMD Radeon RX 7900 XTX", "hip": "6.4"}, "cuda", "AMD Radeon RX 7900 XTX (ROCm)"),
        ({"xpu": "Intel Arc B580"}, "xpu", "Intel Arc B580"),
        ({"mps": True}, "mps", "Apple GPU"),
        ({"cuda": "NVIDIA A2", "xpu": "Intel Arc", "mps": True}, "cuda", "NVIDIA A2"),
    ],
)
def test_the_best_device_is_taken(machine, there, kind, name):
    machine(**there)
    found = device.choose()
    assert (found.kind, found.name) == (kind, name)
    assert found.torch_device == torch.device(kind, 0)


@pytest.mark.parametrize(("threads", "name"), [(1, "CPU, 1 thread"), (6, "CPU, 6 threads")])
def test_without_one_it_is_the_cpu_with_its_threads(machine, monkeypatch, threads, name):
    machine()
    monkeypatch.setattr(device, "cpu_threads", lambda: threads)
    found = device.choose()
    assert (found.kind, found.name) == ("cpu", name)
    assert found.torch_device == torch.device("cpu")


@pytest.mark.parametrize("kind", ["cuda", "xpu", "mps"])
@pytest.mark.parametrize(("has_it", "expected"), [(True, torch.bfloat16), (False, torch.float16)])
def test_a_graphics_card_computes_in_bfloat16_where_it_has_that(machine, kind, has_it, expected):
    machine(bfloat16=has_it)
    assert Device(kind, "a card").compute_dtype(ModelSettings()) == expected


def test_what_the_settings_say_holds_everywhere(machine):
    machine(bfloat16=False)
    for kind in ("cuda", "xpu", "mps", "cpu"):
        assert Device(kind, "any").compute_dtype(ModelSettings(compute_dtype="float32")) == torch.float32


def test_a_core_is_left_to_the_window():
    assert device.cpu_threads() >= 1
    before = torch.get_num_threads()
    try:
        device.prepare(Device("cpu", "CPU"), processes=1000)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="faults are counted as Linux does")
def test_memory_that_was_freed_is_used_again():
    import resource

    def faults():
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

    device._keep_freed_memory()
    torch.ones(2_000_000)
    before = faults()
    for _ in range(20):
        torch.ones(2_000_000)  # 2,000 pages
    assert faults() - before < 20_000


def test_other_systems_are_left_as_they_are(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(device.ctypes, "CDLL", lambda *_: pytest.fail("nothing to set here"))
    device._keep_freed_memory()
