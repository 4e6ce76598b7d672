"""What the charts cost with 10,000 and with 1,000,000 points a curve, beside plain pyqtgraph; taken in turns.

    .venv/bin/python benchmarks/charts.py [ROUNDS]

A frame is one update (a new point on each of six curves) and one painting; CPU time of this process counts, so that
other programs disturb little. Aim: at most 10 ms a frame at 1,000,000 points, and at most 1.2 times the cost of 10,000.
A loss that scatters without bounds reaches further in a column of the screen the more points share it, and longer lines
cost more to draw; with bounded scatter the pictures are alike, and what is left of the difference is due to the points.
Below that: what an arriving step costs where all is painted at once (the window paints the chart at most 10 times a
second then, the small charts 4 times), and what a change of the view costs.
Needs a screen or ``QT_QPA_PLATFORM=offscreen``. Takes about a minute on two cores.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import pyqtgraph as pg  # noqa: E402
from PySide6.QtWidgets import QApplication, QWidget  # noqa: E402

from app import theme  # noqa: E402
from app.widgets.chart import Chart  # noqa: E402
from app.widgets.curve import Curve  # noqa: E402
from app.widgets.metrics import Over  # noqa: E402
from app.widgets.run_chart import RunChart  # noqa: E402
from app.widgets.spark_grid import SparkGrid  # noqa: E402
from core.runs.events import Step  # noqa: E402
from core.runs.series import METRICS, Series  # noqa: E402

FEW, MANY = 10_000, 1_000_000
CURVES = 6
SIZE = (900, 560)
Frame = Callable[[int], None]


def shape(amount: int, number: int = 0, *, bounded: bool = False) -> np.ndarray:
    """A loss: it falls, and scatters; ``bounded`` never by more than 0.2, so that the picture has as much ink."""
    random = np.random.default_rng(number)
    scatter = random.uniform(-0.2, 0.2, size=amount) if bounded else random.normal(size=amount) * 0.12
    return 0.7 + 2.4 * np.exp(-5 * np.arange(amount) / amount) + scatter + 0.1 * number


def shown(widget: QWidget) -> None:
    """Bring a widget to the screen."""
    widget.resize(*SIZE)
    widget.show()
    QApplication.processEvents()


def ours(amount: int, *, bounded: bool = False) -> tuple[QWidget, Frame]:
    """Six curves in our chart."""
    chart = Chart("Loss")
    for number in range(CURVES):
        curve = chart.add_curve(Curve(str(number), str(number), number, faint=number % 2 == 0))
        curve.points.reserve(amount + 10_000)
        curve.points.extend(np.arange(amount), shape(amount, number, bounded=bounded))
    shown(chart)

    def frame(at: int) -> None:
        for curve in chart.curves():
            curve.points.extend([amount + at], [1.0])
        chart.touch()
        chart._paint_if_dirty()
        chart._plot.viewport().repaint()

    return chart, frame


def plain(amount: int) -> tuple[QWidget, Frame]:
    """Six curves in pyqtgraph with its own downsampling, which keeps peaks too."""
    plot = pg.PlotWidget()
    x = np.arange(amount + 10_000, dtype=float)
    values = [np.append(shape(amount, number), np.ones(10_000)) for number in range(CURVES)]
    lines = [plot.plot(pen=pg.mkPen(pg.intColor(number))) for number in range(CURVES)]
    for line in lines:
        line.setDownsampling(auto=True, method="peak")
        line.setClipToView(True)
    shown(plot)

    def frame(at: int) -> None:
        for line, y in zip(lines, values, strict=True):
            line.setData(x[: amount + at + 1], y[: amount + at + 1])
        plot.viewport().repaint()

    return plot, frame


def series(amount: int) -> Series:
    """A run of so many steps, all of its figures measured."""
    made = Series()
    made.steps.extend(range(1, amount + 1))
    made.tokens.extend(range(500, 500 * (amount + 1), 500))
    for times in (made.at, made.elapsed):
        times.frombytes((np.arange(amount, dtype=float) * 0.4 + 0.4).tobytes())
    for number, name in enumerate(METRICS):
        made.metrics[name].frombytes(shape(amount, number).tobytes())
    made.heldout = [(step, 2.0 - step / amount) for step in range(0, amount + 1, amount // 20)]
    made.checkpoints = [step for step, _ in made.heldout[1:]]
    return made


def page(amount: int) -> tuple[QWidget, Frame]:
    """The chart of a run and its small charts, as a step arrives."""
    points, chart, sparks = series(amount), RunChart(), SparkGrid()
    chart.set_run("0001", points, steps=amount + 10_000)
    sparks.sync(points)
    shown(chart)
    sparks.resize(1000, 140)
    sparks.show()
    QApplication.processEvents()

    def frame(at: int) -> None:
        number = amount + at + 1
        known = {"utilisation": 93.0, "temperature": 70.0, "power": 300.0, "host_memory": 40.0}
        rest = {"learning_rate": 1e-4, "grad_norm": 1.0, "tokens_per_second": 3000.0, "memory_bytes": 1 << 30}
        points.add(Step(at=0.4 * number, step=number, epoch=0, loss=0.7, tokens=500 * number, **rest, **known))
        chart.sync(points, number)
        sparks.sync(points, number)
        chart.chart._paint_if_dirty()
        chart.chart._plot.viewport().repaint()
        sparks.repaint()

    return chart, frame


def compare(name: str, make: Callable[[int], tuple[QWidget, Frame]], rounds: int) -> None:
    """Print the median cost of a frame with few and with many points, and their ratio."""
    kept = {amount: make(amount) for amount in (FEW, MANY)}
    costs: dict[int, list[float]] = {FEW: [], MANY: []}
    for at in range(rounds + 3):
        for amount, (_, frame) in kept.items():
            began = time.process_time()
            frame(at)
            if at >= 3:
                costs[amount].append(1000 * (time.process_time() - began))
    few, many = (statistics.median(costs[amount]) for amount in (FEW, MANY))
    worst = sorted(costs[MANY])[math.ceil(0.95 * rounds) - 1]
    print(f"{name:34} {few:8.1f} ms {many:8.1f} ms   ratio {many / few:5.2f}   95 % under {worst:.1f} ms")
    for widget, _ in kept.values():
        widget.close()


def acts() -> None:
    """Print what a change of the view of six runs of 1,000,000 steps costs, and what opening such a run costs."""
    chart = RunChart()
    shown(chart)
    points = series(MANY)
    others = [(f"{number:04}", f"Run {number}", series(MANY)) for number in range(5)]

    def told(name: str, act: Callable[[], object]) -> None:
        began = time.process_time()
        act()
        chart.chart._paint_if_dirty()
        chart.chart._plot.viewport().repaint()
        print(f"{name:34} {1000 * (time.process_time() - began):8.1f} ms")

    print(f"\nwith {MANY:,} steps:")
    told("open the run", lambda: chart.set_run("0009", points, steps=MANY))
    told("another metric", lambda: chart.set_metric("utilisation"))
    told("back to the loss", lambda: chart.set_metric("loss"))
    told("another smoothing", lambda: chart.set_weight(0.97))
    told("zoom in", lambda: chart.chart._show_range(400_000, 410_000))
    told("lay five runs over it", lambda: chart.set_overlays(others))
    told("six runs by time", lambda: chart.set_over(Over.TIME))
    told("another smoothing of six", lambda: chart.set_weight(0.9))
    chart.close()


def main(arguments: list[str]) -> int:
    """Print all figures."""
    rounds = int(arguments[0]) if arguments else 30
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.apply(app, dark=False)
    print(f"{'CPU time a frame':34} {FEW:>11,} {MANY:>11,} points")
    compare("six curves", ours, rounds)
    compare("six curves, bounded scatter", partial(ours, bounded=True), rounds)
    compare("six curves, plain pyqtgraph", plain, max(5, rounds // 5))
    compare("a step arrives on the page", page, rounds)
    acts()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
