"""Products in bfloat16: where a processor has instructions for them and nothing else was chosen."""

import pytest
import torch

from core.recipe.schema import ModelSettings
from core.worker import device
from core.worker.device import Device


@pytest.fixture
def capable(monkeypatch):
    monkeypatch.setattr(device, "_multiplies_bfloat16", lambda: True)


@pytest.mark.usefixtures("capable")
def test_a_capable_processor_multiplies_in_16_bit():
    cpu = Device("cpu", "CPU")
    assert cpu.product_dtype(ModelSettings()) is torch.bfloat16
    assert cpu.compute_dtype(ModelSettings()) is torch.float32


@pytest.mark.usefixtures("capable")
@pytest.mark.parametrize("chosen", ["float32", "bfloat16", "float16"])
def test_a_chosen_precision_is_taken_as_it_is(chosen):
    assert Device("cpu", "CPU").product_dtype(ModelSettings(compute_dtype=chosen)) is None


@pytest.mark.usefixtures("capable")
@pytest.mark.parametrize("kind", ["cuda", "xpu", "mps"])
def test_cards_have_one_precision(kind):
    assert Device(kind, "a card").product_dtype(ModelSettings()) is None


def test_other_processors_stay_with_32_bit(monkeypatch):
    monkeypatch.setattr(device, "_multiplies_bfloat16", lambda: False)
    assert Device("cpu", "CPU").product_dtype(ModelSettings()) is None


def test_a_processor_can_be_asked():
    assert device._multiplies_bfloat16() in (True, False)
