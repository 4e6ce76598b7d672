"""What the statistics of examples say in words, and the columns of their charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import format
from core.dataset.example import Status

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.widgets.histogram import Column
    from core.dataset.bars import Bar
    from core.dataset.statistics import Statistics

FIELDS = {
    "whole": "Whole example",
    "instruction": "Instruction",
    "input": "Input",
    "output": "Output",
    "system": "System prompt",
    "history": "Earlier turns",
}
_FEW, _ENOUGH = 20, 200  # examples that teach a tone, and a task


def advice(statistics: Statistics, *, longest: int, near: int | None) -> str:
    """One plain sentence: how many there are, and what is most in the way of a good training.

    Args:
        statistics: of all examples.
        longest: tokens that an example may have.
        near: how many are near-duplicates; None where nobody has looked.
    """
    total, ready = len(statistics), int(statistics.is_shown(Status.READY).sum())
    parts = [format.plural(total, "example")]
    if near:
        parts.append(f"{format.count(near)} of them near-duplicates")
    if ready < total:
        parts.append(f"{format.count(ready)} ready for training")
    sentence = ", ".join(parts)
    long = int(longer(statistics, longest).sum()) if statistics.lengths is not None else 0
    if long:
        verb = "is" if long == 1 else "are"
        sentence += f"; {format.count(long)} {verb} longer than {format.count(longest)} tokens and would be left out"
    elif ready < _FEW:
        sentence += "; twenty good ones teach a tone, two hundred teach a task"
    elif ready < _ENOUGH:
        sentence += "; enough to teach a tone, two hundred teach a task"
    elif statistics.lengths is not None:
        sentence += f"; none is longer than {format.count(longest)} tokens"
    return f"{sentence}."


def longer(statistics: Statistics, longest: int) -> NDArray[np.bool_]:
    """Which ready examples are too long to be trained on."""
    return (statistics.column("whole") > longest) & statistics.is_shown(Status.READY)


def refused(statistics: Statistics) -> NDArray[np.bool_]:
    """Which ready examples the chat template refuses."""
    from core.dataset.statistics import REFUSED

    return (statistics.column("whole") == REFUSED) & statistics.is_shown(Status.READY)


def columns(bars: tuple[Bar, ...], *, unit: str, limit: int | None = None) -> list[Column]:
    """Bars as a histogram takes them; those wholly over ``limit`` are marked."""
    from app.widgets.histogram import Column

    return [
        Column(
            bar.low,
            float("inf") if bar.high is None else bar.high + 1,
            bar.count,
            span(bar, unit),
            format.count(bar.low) + ("+" if bar.high is None else ""),
            limit is not None and bar.low > limit,
        )
        for bar in bars
    ]


def span(bar: Bar, unit: str) -> str:
    """From where to where a bar reaches: "120 to 139 tokens"."""
    if bar.high is None:
        return f"{format.count(bar.low)} {unit} and more"
    if bar.high == bar.low:
        return f"{format.count(bar.low)} {unit.removesuffix('s') if bar.low == 1 and unit == 'tokens' else unit}"
    return f"{format.count(bar.low)} to {format.count(bar.high)} {unit}"


def spread(values: NDArray[np.int64], *, of: int = 0) -> str:
    """From where to where some lengths reach; of many, the middle and the largest.

    Args:
        values: the lengths.
        of: how many examples there are, where not all have what is measured.
    """
    import numpy as np

    if not len(values):
        return ""
    low, high = int(values.min()), int(values.max())
    have = f"{format.count(len(values))} {'has' if len(values) == 1 else 'have'} one: " if len(values) < of else ""
    if low == high:
        return have + format.plural(low, "token")
    if len(values) < _FEW:
        return f"{have}{format.count(low)} to {format.count(high)} tokens"
    half, longest = format.count(int(np.median(values))), format.count(high)
    return (
        f"{have}half up to {half}, the longest {longest}"
        if have
        else f"Half up to {half} tokens, the longest {longest}"
    )
