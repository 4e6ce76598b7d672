"""The loss curves of a run as a picture, for where there is no window."""

from __future__ import annotations

import io
import logging
from pathlib import Path

from core.files import write_atomically
from core.runs.series import Series, smoothed

LOSSES_FILE = "loss.png"
_TRAINING, _HELDOUT, _TEXT, _LINES = "#0072B2", "#B27500", "#57534E", "#E7E5E4"


def save_losses(series: Series, path: Path, *, title: str) -> None:
    """Draw training loss (raw and smoothed) and held-out loss over the steps into a PNG of 1280 x 720.

    Raises:
        OSError: the file cannot be written.
    """
    # It tells of building a list of the system's fonts, which is no news to the user.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), dpi=160, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    losses = series.metrics["loss"]
    axes.plot(series.steps, losses, color=_TRAINING, alpha=0.3, linewidth=1, label="training, each step")
    axes.plot(series.steps, smoothed(losses), color=_TRAINING, linewidth=2, label="training, smoothed")
    if series.heldout:
        steps, values = zip(*series.heldout, strict=True)
        axes.plot(
            steps,
            values,
            color=_HELDOUT,
            linewidth=2,
            marker="o",
            markersize=5,
            clip_on=False,
            label="held-out examples",
        )
    axes.set_xlabel("optimizer step", color=_TEXT)
    axes.set_ylabel("loss (nats per token)", color=_TEXT)
    axes.set_title(title, loc="left", fontsize=12, parse_math=False)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.grid(color=_LINES)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_TEXT)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(frameon=False)
    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_png(picture)
    write_atomically(path, picture.getvalue())
