"""The loss chart: it follows, zooms, reads out, compares, and costs the same however long the run is."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app import theme
from app.widgets.axes import log_ticks, round_bounds
from app.widgets.chart import Chart
from app.widgets.curve import Curve
from app.widgets.run_chart import RunChart
from core.runs.events import Checkpoint, Evaluation, Resumed, Step
from core.runs.series import Series, smoothed


def series(steps: int, *, start: int = 1, level: float = 2.0) -> Series:
    made = Series()
    for number in range(start, start + steps):
        made.add(step(number, level / number))
    made.add(Evaluation(step=start + steps - 1, loss=level, perplexity=None))
    return made


def step(number: int, loss: float | None) -> Step:
    return Step(
        step=number,
        epoch=0,
        loss=loss,
        learning_rate=1e-4,
        grad_norm=1,
        tokens=number,
        tokens_per_second=1,
        memory_bytes=1,
    )


@pytest.fixture
def chart(qtbot: QtBot) -> Chart:
    made = Chart("Loss")
    qtbot.addWidget(made)
    made.resize(800, 400)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def loss(qtbot: QtBot) -> RunChart:
    made = RunChart()
    qtbot.addWidget(made)
    made.resize(800, 500)
    made.show()
    qtbot.waitExposed(made)
    return made


def painted(qtbot: QtBot, chart: Chart) -> None:
    qtbot.waitUntil(lambda: not chart._frame.isActive(), timeout=3000)


def test_new_points_move_the_view_along_until_the_user_zooms(qtbot: QtBot, chart: Chart) -> None:
    curve = chart.add_curve(Curve("a", "Loss", 0))
    curve.points.extend(range(100), np.ones(100))
    chart.touch()
    painted(qtbot, chart)
    assert chart.x_range() == pytest.approx((0, 99), abs=3)
    with qtbot.waitSignal(chart.followed):
        qtbot.keyClick(chart, Qt.Key.Key_Plus)
    zoomed = chart.x_range()
    assert zoomed[1] - zoomed[0] == pytest.approx(51, abs=3)
    curve.points.extend([200], [1.0])
    chart.touch()
    painted(qtbot, chart)
    assert chart.x_range() == pytest.approx(zoomed)
    qtbot.keyClick(chart, Qt.Key.Key_0)
    painted(qtbot, chart)
    assert chart.x_range() == pytest.approx((0, 200), abs=6)


def test_the_cross_hair_walks_over_the_points_with_the_arrows(qtbot: QtBot, chart: Chart) -> None:
    chart.add_curve(Curve("a", "Loss", 0)).points.extend([1, 5, 9], [1.0, 2.0, 3.0])
    painted(qtbot, chart)
    seen: list[float | None] = []
    chart.pointed.connect(seen.append)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left):
        qtbot.keyClick(chart, key)
    qtbot.keyClick(chart, Qt.Key.Key_Escape)
    assert seen == [1, 5, 9, 5, None]


def test_nothing_is_painted_while_nothing_changes_or_nobody_looks(qtbot: QtBot, chart: Chart) -> None:
    curve = chart.add_curve(Curve("a", "Loss", 0))
    painted(qtbot, chart)
    chart.hide()
    curve.points.extend([1, 2], [1.0, 2.0])
    chart.touch()
    assert not chart._frame.isActive()
    chart.show()
    assert chart._frame.isActive()
    painted(qtbot, chart)


def test_a_logarithmic_axis_bears_zero_and_nan(qtbot: QtBot, chart: Chart) -> None:
    chart.add_curve(Curve("a", "Loss", 0)).points.extend(range(5), [10.0, 0.0, np.nan, 0.1, -1.0])
    chart.set_log(True)
    painted(qtbot, chart)
    assert chart.log
    assert not chart.image().isNull()


def test_an_empty_chart_says_so(qtbot: QtBot, chart: Chart) -> None:
    chart.set_empty("No steps yet.")
    assert chart._plot.empty.isVisible()
    assert not chart._plot.plotItem.isVisible()  # no axes with invented numbers
    chart.add_curve(Curve("a", "Loss", 0)).points.extend([1], [1.0])
    chart.touch()
    painted(qtbot, chart)
    assert not chart._plot.empty.isVisible()
    assert chart._plot.plotItem.isVisible()


def test_frames_come_at_most_thirty_times_a_second_and_ten_while_points_arrive(qtbot: QtBot, chart: Chart) -> None:
    painted(qtbot, chart)
    chart.grow()
    assert 1000 / chart._frame.interval() <= 10
    chart.touch()  # the user moves something
    assert 20 <= 1000 / chart._frame.interval() <= 30
    chart.grow()
    assert 20 <= 1000 / chart._frame.interval() <= 30


def test_the_colours_follow_the_theme(qtbot: QtBot, loss: RunChart) -> None:
    loss.set_run("0001", series(50))
    painted(qtbot, loss.chart)
    light = loss.image()
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app, dark=True)
    painted(qtbot, loss.chart)
    dark = loss.image()
    theme.apply(app, dark=False)
    assert light.pixelColor(4, 4).lightness() > 200
    assert dark.pixelColor(4, 4).lightness() < 80


def test_the_legend_reads_out_the_last_values_and_those_under_the_cross_hair(qtbot: QtBot, loss: RunChart) -> None:
    loss.set_run("0001", series(50))
    assert loss.legend.entry("0001/raw").value == "0.040"
    loss.chart.point_at(4)
    assert loss.legend.entry("0001/raw").value == "0.500"
    assert loss.legend.entry("0001/heldout").value == "–"  # it was not measured at this step
    loss.chart.point_at(50)
    assert loss.legend.entry("0001/heldout").value == "2.000"
    loss.chart.point_at(None)
    assert loss.legend.entry("0001/raw").value == "0.040"


def test_a_line_is_hidden_by_its_entry(qtbot: QtBot, loss: RunChart) -> None:
    loss.set_run("0001", series(50))
    qtbot.mouseClick(loss.legend.entry("0001/raw"), Qt.MouseButton.LeftButton)
    assert [curve.key for curve in loss.chart.curves() if curve.shown] == ["0001/smooth", "0001/heldout"]


def test_the_smoothed_curve_is_the_cores_and_follows_the_slider(qtbot: QtBot, loss: RunChart) -> None:
    run = series(50)
    loss.set_run("0001", run)
    smooth = next(curve for curve in loss.chart.curves() if curve.key == "0001/smooth")
    np.testing.assert_allclose(smooth.points.y, smoothed(run.metrics["loss"], 0.9))
    loss.set_weight(0.5)
    np.testing.assert_allclose(smooth.points.y, smoothed(run.metrics["loss"], 0.5))


def test_points_come_piece_by_piece_and_a_resumed_run_replaces_its_end(qtbot: QtBot, loss: RunChart) -> None:
    run = series(20)
    loss.set_run("0001", run, steps=1000)
    for number in range(21, 31):
        run.add(step(number, 1.0))
    loss.sync(run, since=21)
    raw, smooth, heldout = loss.chart.curves()
    assert raw.points.x.tolist() == list(range(1, 31))
    run.add(Resumed(step=15))
    run.add(step(16, 9.0))
    run.add(Evaluation(step=16, loss=7.0, perplexity=None))
    run.add(Checkpoint(step=16, path="checkpoints/step-16"))
    loss.sync(run, since=16)
    assert raw.points.x.tolist() == list(range(1, 17))
    assert raw.points.y[-1] == 9.0
    np.testing.assert_allclose(smooth.points.y, smoothed(run.metrics["loss"], 0.9))
    assert heldout.points.x.tolist() == [16]


def test_earlier_runs_lie_over_it_in_colours_that_stay(qtbot: QtBot, loss: RunChart) -> None:
    loss.set_run("0003", series(20))
    loss.set_overlays([("0001", "Run 1", series(20)), ("0002", "Run 2", series(30))])
    assert loss.overlays == ["0001", "0002"]
    colours = {curve.key: curve.series for curve in loss.chart.curves()}
    assert len({colours["0001/smooth"], colours["0002/smooth"], colours["0003/smooth"]}) == 3
    assert "0001/raw" not in colours
    loss.set_overlays([("0002", "Run 2", series(30))])
    assert {curve.key: curve.series for curve in loss.chart.curves()}["0002/smooth"] == colours["0002/smooth"]
    assert "0001/smooth" not in {curve.key for curve in loss.chart.curves()}


def test_five_other_runs_have_five_other_colours(qtbot: QtBot, loss: RunChart) -> None:
    loss.set_run("0000", series(20))
    for begin in (1, 6):
        loss.set_overlays([(f"{n:04}", f"Run {n}", series(20)) for n in range(begin, begin + 5)])
        colours = {curve.colour.name() for curve in loss.chart.curves() if curve.key.endswith("/smooth")}
        assert len(colours) == 6


def test_the_picture_has_the_legend_and_no_cross_hair(qtbot: QtBot, loss: RunChart) -> None:
    loss.set_run("0000", series(20))
    plain = loss.image()
    loss.chart.point_at(5)
    assert loss.image() == plain
    above = plain.copy(0, 0, plain.width(), plain.height() - 2 * loss.chart.height())
    background = theme.colour("card").name()
    assert any(
        above.pixelColor(x, y).name() != background for x in range(0, above.width(), 2) for y in range(above.height())
    )


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.34, 3.1, (0.0, 3.5)), (1.0, 1.0, (0.9, 1.1)), (-0.3, 0.9, (-0.4, 1.0)), (0.0, 0.0, (0.0, 1.0))],
)
def test_axes_end_at_round_values(low: float, high: float, expected: tuple[float, float]) -> None:
    bottom, top = round_bounds(low, high)
    assert bottom <= low
    assert top >= high
    assert (bottom, top) == pytest.approx(expected, abs=0.2)


def test_logarithmic_ticks_are_powers_of_ten_or_their_halves() -> None:
    assert log_ticks(0.3, 3) == pytest.approx([0.5, 1, 2])
    assert log_ticks(1e-5, 10) == pytest.approx([1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10])


@pytest.fixture
def six_curves(qtbot: QtBot) -> Chart:
    made = Chart("Loss")
    qtbot.addWidget(made)
    made.resize(900, 560)
    random = np.random.default_rng(0)
    for number in range(6):
        curve = made.add_curve(Curve(str(number), str(number), number, faint=number % 2 == 0))
        curve.points.reserve(1_001_000)
        curve.points.extend(np.arange(1_000_000), number + random.normal(size=1_000_000) * 0.3)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_six_curves_of_a_million_points_cost_a_few_milliseconds_a_frame(qtbot: QtBot, six_curves: Chart) -> None:
    frames: list[float] = []
    for frame in range(20):
        began = time.process_time()
        for curve in six_curves.curves():
            curve.points.extend([1_000_000 + frame], [1.0])
        six_curves.touch()
        six_curves._paint_if_dirty()
        six_curves._plot.viewport().repaint()
        frames.append(time.process_time() - began)
    assert sorted(frames)[10] < 0.030  # the goal is 0.010; machines that run tests are busy
