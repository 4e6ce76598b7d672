"""Meters are read aside, tell the mean since the last look, and leave out what a machine does not have."""

from __future__ import annotations

import sys
import threading
import time
import types
from collections.abc import Callable

import psutil
import pytest

from core.hardware import meters
from core.hardware.meters import Card, Meters, Reading

CARD = Card(uuid="GPU-1", pci_bus="00000000:01:00.0")


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


def first_reading(made: Meters) -> Reading:
    found: list[Reading] = []

    def has_one() -> bool:
        found.append(made.read())
        return found[-1] != Reading()

    with made:
        until(has_one)
    return found[-1]


class FakeNvml(types.ModuleType):
    """As much of NVML as is asked for: one card that some questions can be put to."""

    NVML_TEMPERATURE_GPU = 0

    class NVMLError(Exception):
        """What it raises."""

    def __init__(self, *, answers: dict[str, object], known_by: str = "uuid") -> None:
        super().__init__("pynvml")
        self.answers = answers
        self.known_by = known_by
        self.open = 0

    def nvmlInit(self) -> None:
        if "init" in self.answers:
            raise self.NVMLError("library not found")
        self.open += 1

    def nvmlShutdown(self) -> None:
        self.open -= 1
        if "shutdown" in self.answers:
            raise self.NVMLError("gpu is lost")

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:
        return self._handle(uuid, "uuid")

    def nvmlDeviceGetHandleByPciBusId(self, bus: str) -> str:
        return self._handle(bus, "bus")

    def _handle(self, name: str, kind: str) -> str:
        if kind != self.known_by:
            raise self.NVMLError("not found")
        return name

    def nvmlDeviceGetUtilizationRates(self, handle: str) -> object:
        return types.SimpleNamespace(gpu=self._answer("gpu"), memory=3)

    def nvmlDeviceGetTemperature(self, handle: str, sensor: int) -> object:
        return self._answer("temperature")

    def nvmlDeviceGetPowerUsage(self, handle: str) -> object:
        return self._answer("power")

    def _answer(self, name: str) -> object:
        if name not in self.answers:
            raise self.NVMLError("not supported")
        return self.answers[name]


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeNvml]:
    def make(**more: object) -> FakeNvml:
        fake = FakeNvml(**more)
        monkeypatch.setitem(sys.modules, "pynvml", fake)
        return fake

    return make


def test_on_a_cpu_its_cores_and_the_main_memory_are_read() -> None:
    reading = first_reading(Meters(cpu=True, interval=0.01))
    assert reading.utilisation is not None
    assert 0 <= reading.utilisation <= 100
    assert reading.host_memory is not None
    assert 0 < reading.host_memory <= 100
    assert reading.power is None


def test_a_card_tells_its_use_temperature_and_power(nvml: Callable[..., FakeNvml]) -> None:
    fake = nvml(answers={"gpu": 97, "temperature": 71, "power": 312_400})
    reading = first_reading(Meters(card=CARD, interval=0.01))
    assert (reading.utilisation, reading.temperature, reading.power) == (97.0, 71.0, 312.4)
    assert reading.host_memory is not None
    assert fake.open == 0


def test_a_card_unknown_by_its_id_is_found_by_its_slot(nvml: Callable[..., FakeNvml]) -> None:
    nvml(answers={"gpu": 5, "temperature": 40, "power": 1000}, known_by="bus")
    assert first_reading(Meters(card=CARD, interval=0.01)).utilisation == 5.0


def test_a_meter_that_the_card_lacks_is_left_out(nvml: Callable[..., FakeNvml]) -> None:
    nvml(answers={"gpu": 5, "shutdown": True})
    reading = first_reading(Meters(card=CARD, interval=0.01))
    assert (reading.utilisation, reading.temperature, reading.power) == (5.0, None, None)


@pytest.mark.parametrize("more", [{"answers": {"init": True}}, {"answers": {}, "known_by": "nothing"}])
def test_without_nvml_or_the_card_the_main_memory_is_read_still(
    nvml: Callable[..., FakeNvml], more: dict[str, object]
) -> None:
    fake = nvml(**more)
    reading = first_reading(Meters(card=CARD, interval=0.01))
    assert (reading.utilisation, reading.temperature, reading.power) == (None, None, None)
    assert reading.host_memory is not None
    assert fake.open == 0


def test_without_the_library_the_main_memory_is_read_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)  # importing it raises ImportError
    reading = first_reading(Meters(card=CARD, interval=0.01))
    assert (reading.utilisation, reading.temperature, reading.power) == (None, None, None)
    assert reading.host_memory is not None


def test_a_reading_is_the_mean_since_the_last_one_and_stays_until_there_is_another() -> None:
    made = Meters(interval=1000)
    assert made.read() == Reading()
    made._since = [Reading(utilisation=10, power=None), Reading(utilisation=20, power=100.0)]
    assert made.read() == Reading(utilisation=15.0, power=100.0)
    assert made.read() == Reading(utilisation=15.0, power=100.0)
    made._since = [Reading(utilisation=30)]
    assert made.read() == Reading(utilisation=30.0)


def test_it_ends_at_once_and_begins_again() -> None:
    before = threading.active_count()
    made = Meters(interval=1000)
    for _ in range(2):
        made.start()
        made.start()
        assert threading.active_count() == before + 1
        made.close()
        made.close()
        assert threading.active_count() == before


def test_the_warmest_core_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def sensors() -> dict[str, list[types.SimpleNamespace]]:
        disk = types.SimpleNamespace(current=90.0)
        return {"nvme": [disk], "k10temp": [types.SimpleNamespace(current=value) for value in (51.0, 64.5, 0.0)]}

    monkeypatch.setattr(psutil, "sensors_temperatures", sensors, raising=False)
    assert meters._cpu_temperature() == 64.5
    monkeypatch.setattr(psutil, "sensors_temperatures", dict, raising=False)
    assert meters._cpu_temperature() is None
    monkeypatch.delattr(psutil, "sensors_temperatures")
    assert meters._cpu_temperature() is None
