"""How busy, warm and thirsty the machine is while a run trains: read aside about once a second, never by a step."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, fields
from types import TracebackType
from typing import Any, Self

INTERVAL_SECONDS = 1.0
_PATIENCE_SECONDS = 5.0  # for a reading under way; a card that was lost can keep its answer for ever
_CPU_SENSORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal")
_MILLIWATTS = 1000


@dataclass(frozen=True, slots=True)
class Reading:
    """What the meters say; None where there is no such meter.

    Attributes:
        utilisation: how busy the graphics card that trains is, or all cores of the CPU where it trains, in per cent.
        temperature: of the same, in degrees Celsius.
        power: that the card draws, in watts.
        host_memory: the machine's main memory in use, in per cent.
    """

    utilisation: float | None = None
    temperature: float | None = None
    power: float | None = None
    host_memory: float | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """Which NVIDIA card is meant, as NVML knows it: programs number the cards they are shown, NVML all of them."""

    uuid: str
    pci_bus: str


class Meters:
    """Reads the meters in a thread of its own from :meth:`start` to :meth:`close`.

    Args:
        card: the card that trains.
        cpu: whether the CPU trains; without it and without a card only the main memory is read.
        interval: seconds between two readings.
    """

    def __init__(self, *, card: Card | None = None, cpu: bool = False, interval: float = INTERVAL_SECONDS) -> None:
        self._card = card
        self._cpu = cpu
        self._interval = interval
        self._guard = threading.Lock()
        self._since: list[Reading] = []
        self._last = Reading()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to read; beginning twice does no harm."""
        if self._thread is None:
            self._ending.clear()
            self._thread = threading.Thread(target=self._work, name="meters", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE_SECONDS)
            self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self) -> Reading:
        """The mean of what was read since the last call; the last reading where nothing was. Takes microseconds."""
        with self._guard:
            since, self._since = self._since, []
            if since:
                self._last = _mean(since)
            return self._last

    def _work(self) -> None:
        with contextlib.ExitStack() as stack:
            read_card = _card_reader(self._card, stack) if self._card is not None else None
            read_cpu = _CpuReader() if self._cpu else None
            while not self._ending.wait(self._interval):
                busy = read_card() if read_card is not None else read_cpu() if read_cpu is not None else Reading()
                reading = Reading(busy.utilisation, busy.temperature, busy.power, _host_memory())
                with self._guard:
                    self._since.append(reading)


class _CpuReader:
    """How busy all cores were since the last reading, and how warm the processor is."""

    def __init__(self) -> None:
        import psutil

        psutil.cpu_percent()  # the first answer covers no time and means nothing

    def __call__(self) -> Reading:
        import psutil

        return Reading(utilisation=psutil.cpu_percent(), temperature=_cpu_temperature())


def _cpu_temperature() -> float | None:
    import psutil

    try:
        found: dict[str, list[Any]] = psutil.sensors_temperatures()
    except (AttributeError, OSError, ValueError):  # not on this system, or not readable in it
        return None
    for name in _CPU_SENSORS:
        values = [sensor.current for sensor in found.get(name, []) if sensor.current > 0]
        if values:
            return float(max(values))
    return None


def _host_memory() -> float:
    import psutil

    return float(psutil.virtual_memory().percent)


def _card_reader(card: Card, stack: contextlib.ExitStack) -> Callable[[], Reading] | None:
    """Asks NVML about a card; None where its library or the card is not to be had."""
    try:
        import pynvml
    except ImportError:  # a bundle elsewhere may do without it
        return None
    try:
        pynvml.nvmlInit()
        stack.callback(_shut_down)
        handle = _handle(card)
    except pynvml.NVMLError:
        return None

    def ask(question: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return question(handle, *arguments)
        except pynvml.NVMLError:
            return None  # this card has no such meter (a slice of one, a notebook's), or it is lost

    def read() -> Reading:
        rates = ask(pynvml.nvmlDeviceGetUtilizationRates)
        warm = ask(pynvml.nvmlDeviceGetTemperature, pynvml.NVML_TEMPERATURE_GPU)
        power = ask(pynvml.nvmlDeviceGetPowerUsage)
        return Reading(
            utilisation=None if rates is None else float(rates.gpu),
            temperature=None if warm is None else float(warm),
            power=None if power is None else power / _MILLIWATTS,
        )

    return read


def _shut_down() -> None:
    import pynvml

    with contextlib.suppress(pynvml.NVMLError):  # the card is gone, and what NVML held with it
        pynvml.nvmlShutdown()


def _handle(card: Card) -> Any:
    import pynvml

    try:
        return pynvml.nvmlDeviceGetHandleByUUID(card.uuid)
    except pynvml.NVMLError:
        return pynvml.nvmlDeviceGetHandleByPciBusId(card.pci_bus)


def _mean(readings: list[Reading]) -> Reading:
    means: dict[str, float | None] = {}
    for meter in fields(Reading):
        values = [value for reading in readings if (value := getattr(reading, meter.name)) is not None]
        means[meter.name] = round(sum(values) / len(values), 1) if values else None
    return Reading(**means)
