"""What a chart of a run can show, and over what: titles, units and words of every metric and every axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app import format as words
from core.runs.series import Series

_GB = 1024**3
_TINY = 1e-3  # numbers closer than that are written with powers of ten


class Over(StrEnum):
    """What the bottom axis counts."""

    STEPS = "steps"
    TOKENS = "tokens"
    TIME = "time"


OVER_WORDS = {Over.STEPS: "by steps", Over.TOKENS: "by tokens", Over.TIME: "by time"}


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of a step.

    Attributes:
        key: its name in :data:`core.runs.series.METRICS`.
        title: what the window calls it.
        tip: what it means, in a sentence.
        write: puts a value into words.
        smooth: whether single steps scatter so much that an average says more.
        unit: what a chart divides values by (a GB for bytes).
        sign: of the unit, behind the numbers of the axis.
        bounds: between which values a chart shows it; None where that follows from the points. A figure whose noise
            means little begins at 0, so that it looks as small as it is.
    """

    key: str
    title: str
    tip: str
    write: Callable[[float], str]
    smooth: bool = False
    unit: float = 1.0
    sign: str = ""
    bounds: tuple[float | None, float | None] = (None, None)


METRICS: dict[str, Metric] = {
    metric.key: metric
    for metric in (
        Metric("loss", "Loss", "How far the answers are from the expected ones; lower is better", words.loss, True),
        Metric("learning_rate", "Learning rate", "The size of each step", words.number),
        Metric("grad_norm", "Gradient norm", "How strongly a step pulls; spikes are odd batches", words.number, True),
        Metric("tokens_per_second", "Tokens/s", "Speed: tokens per second", words.number, True, bounds=(0, None)),
        Metric(
            "memory_bytes",
            "Training memory",
            "What this run takes: of the GPU, or of main memory where a CPU trains",
            words.size,
            unit=_GB,
            sign=" GB",
            bounds=(0, None),
        ),
        Metric(
            "utilisation",
            "Processor load",
            "How busy the GPU is, or all cores where a CPU trains",
            lambda value: words.percent(value / 100),
            sign=" %",
            bounds=(0, 100),
        ),
        Metric(
            "temperature",
            "Temperature",
            "Of the GPU, or of the CPU where that trains",
            lambda value: f"{words.fixed(value, 0)} °C",
            sign=" °C",
        ),
        Metric(
            "power",
            "Power",
            "What the GPU draws",
            lambda value: f"{words.fixed(value, 0)} W",
            sign=" W",
            bounds=(0, None),
        ),
        Metric(
            "host_memory",
            "RAM in use",
            "Main memory in use by all programs of this machine; near 100 % it becomes slow or ends some",
            lambda value: words.percent(value / 100),
            sign=" %",
            bounds=(0, 100),
        ),
    )
}
LOSS = METRICS["loss"]


def tick_words(metric: Metric, value: float, spacing: float) -> str:
    """A number of the value axis, with as many decimals as neighbours need to differ."""
    if 0 < spacing < _TINY:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}" if value else "0"
    digits = max(0, math.ceil(-math.log10(spacing * 0.999))) if spacing > 0 else 3
    return f"{words.fixed(value, digits)}{metric.sign}"


def places(series: Series, over: Over) -> Sequence[float]:
    """Where each point of a run lies on the bottom axis; rising."""
    return {Over.STEPS: series.steps, Over.TOKENS: series.tokens, Over.TIME: series.elapsed}[over]


def place_of(series: Series, over: Over, step: int) -> float:
    """Where a step lies; one before the first point at 0."""
    if over is Over.STEPS:
        return float(step)
    index = series.index(step)
    return 0.0 if index is None else float(places(series, over)[index])


def place_words(place: float, over: Over) -> str:
    """A place on the bottom axis in words."""
    if over is Over.TIME:
        return words.duration(place)
    return f"Step {words.count(int(place))}" if over is Over.STEPS else f"{words.short_count(place)} tokens"
