"""The points of runs as a table for other programs."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping

from core.runs.series import METRICS, Series, smoothed

COLUMNS = ("run", "step", "seconds", "tokens", "loss", "loss_smoothed", "heldout_loss", *METRICS[1:])


def as_csv(runs: Mapping[str, Series], *, weight: float = 0.9) -> str:
    """One row a step, the runs one under the other; a missing value is an empty cell. Seconds leave breaks out.

    Args:
        runs: the points by run name.
        weight: of the smoothed loss.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for name, series in runs.items():
        writer.writerows(_rows(name, series, weight))
    return text.getvalue()


def _rows(name: str, series: Series, weight: float) -> list[list[object]]:
    heldout = dict(series.heldout)
    smooth = smoothed(series.metrics["loss"], weight)
    index = {step: i for i, step in enumerate(series.steps)}
    rows: list[list[object]] = []
    for step in sorted({*index, *heldout}):
        i = index.get(step)
        if i is None:  # an evaluation before the first step
            rows.append([name, step, "", "", "", "", _cell(heldout.get(step)), *[""] * (len(METRICS) - 1)])
            continue
        values = [series.metrics[metric][i] for metric in METRICS]
        rows.append(
            [
                name,
                step,
                round(series.elapsed[i], 3),
                series.tokens[i],
                _cell(values[0]),
                _cell(smooth[i]),
                _cell(heldout.get(step)),
                *map(_cell, values[1:]),
            ]
        )
    return rows


def _cell(value: float | None) -> object:
    return "" if value is None or not math.isfinite(value) else value
