"""The chart of a run shows any metric over steps, tokens or time, says what happened, and is zoomed with the mouse."""

from __future__ import annotations

import pyqtgraph as pg
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.widgets.axes import time_spacing
from app.widgets.curve import Curve
from app.widgets.legend import Legend, MarkKey
from app.widgets.metrics import METRICS, Over, place_of, place_words, tick_words
from app.widgets.run_chart import RunChart
from app.widgets.spark_grid import SparkGrid
from core.runs import series as core_series
from core.runs.events import Adjusted, Checkpoint, Evaluation, Paused, Resumed, Started, Step
from core.runs.series import Series


def started(at: float) -> Started:
    return Started(
        at=at,
        device="CPU",
        versions={},
        trainable_parameters=1,
        total_parameters=2,
        steps=40,
        epochs=1,
        examples=8,
        heldout_examples=2,
        tokens=900,
        supervised_tokens=300,
    )


def step(number: int, *, at: float, loss: float = 1.0, busy: float | None = None) -> Step:
    return Step(
        at=at,
        step=number,
        epoch=0,
        loss=loss,
        learning_rate=1e-4,
        grad_norm=number,
        tokens=100 * number,
        tokens_per_second=1,
        memory_bytes=2 * 1024**3,
        utilisation=busy,
    )


def run(steps: int = 40, *, busy: float | None = None, seconds: float = 2.0) -> Series:
    """A run with a pause after half of it, and an hour until it went on."""
    made = Series()
    made.add(started(1000.0))
    made.add(Evaluation(step=0, loss=3.0, perplexity=None))
    at = 1000.0
    for number in range(1, steps + 1):
        at += seconds
        made.add(step(number, at=at, loss=3.0 / number, busy=busy))
        if number == steps // 2:
            made.add(Checkpoint(step=number, path="checkpoints/x"))
            made.add(Evaluation(step=number, loss=2.0, perplexity=None))
            made.add(Paused(step=number, at=at))
            at += 3600
            made.add(Resumed(step=number, at=at))
    made.add(Adjusted(what="training.tokens_per_pass", before=2048, after=1024, why="The GPU's memory was full."))
    return made


@pytest.fixture
def shown(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> RunChart:
    monkeypatch.setitem(pg.CONFIG_OPTIONS, "mouseRateLimit", 0)  # it passes over movements faster than a hand's
    made = RunChart()
    qtbot.addWidget(made)
    made.resize(800, 500)
    made.show()
    qtbot.waitExposed(made)
    return made


def painted(qtbot: QtBot, shown: RunChart) -> None:
    qtbot.waitUntil(lambda: not shown.chart._frame.isActive(), timeout=3000)


def choices(shown: RunChart) -> list[str]:
    return [shown.choice.what.itemText(index) for index in range(shown.choice.what.count())]


# Metrics


def test_every_figure_of_a_step_can_be_shown() -> None:
    assert tuple(METRICS) == core_series.METRICS


def test_only_what_was_measured_can_be_chosen_and_more_as_it_comes(qtbot: QtBot, shown: RunChart) -> None:
    points = run()
    shown.set_run("0001", points)
    assert choices(shown) == ["Loss", "Learning rate", "Gradient norm", "Tokens/s", "Training memory"]
    points.add(step(41, at=9999.0, busy=93.0))
    shown.sync(points, 41)
    assert "Processor load" in choices(shown)
    shown.set_metric("utilisation")
    shown.set_run("0002", run())  # which did not measure it
    assert shown.shown is METRICS["loss"]
    assert shown.choice.what.currentText() == "Loss"


def test_another_metric_has_its_own_curves_words_and_axis(qtbot: QtBot, shown: RunChart) -> None:
    shown.set_run("0001", run(busy=93.0))
    with qtbot.waitSignal(shown.metric_changed) as heard:
        shown.choice.what.setCurrentIndex(shown.choice.what.findText("Training memory"))
        shown.choice.what.activated.emit(shown.choice.what.currentIndex())
    assert heard.args == ["memory_bytes"]
    (curve,) = shown.chart.curves()
    assert curve.label == "Training memory"
    assert curve.points.y.tolist() == [2.0] * 40  # in GB
    assert shown.legend.entry("0001/raw").value == "2.0 GB"
    assert not shown.tools.smoothing.isVisible()
    painted(qtbot, shown)
    assert shown.chart._view.viewRange()[1][0] < 0.2  # noise of a figure like this looks small
    shown.set_metric("grad_norm")
    assert [curve.label for curve in shown.chart.curves()] == ["Gradient norm", "Smoothed"]
    assert shown.tools.smoothing.isVisible()


def test_a_hidden_line_stays_hidden_when_another_axis_is_chosen(qtbot: QtBot, shown: RunChart) -> None:
    shown.set_run("0001", run())
    qtbot.mouseClick(shown.legend.entry("0001/raw"), Qt.MouseButton.LeftButton)
    shown.set_over(Over.TOKENS)
    assert [curve.key for curve in shown.chart.curves() if curve.shown] == ["0001/smooth", "0001/heldout"]
    assert not shown.legend.entry("0001/raw").isChecked()


# Over what


def test_over_tokens_and_over_time_breaks_left_out(qtbot: QtBot, shown: RunChart) -> None:
    shown.set_run("0001", run())
    shown.set_overlays([("0000", "Run 0", run(20, seconds=8.0))])
    shown.set_over(Over.TOKENS)
    curves = {curve.key: curve.points for curve in shown.chart.curves()}
    assert curves["0001/raw"].x.tolist() == [100 * number for number in range(1, 41)]
    assert curves["0001/heldout"].x.tolist() == [0, 2000]
    shown.set_over(Over.TIME)
    curves = {curve.key: curve.points for curve in shown.chart.curves()}
    assert curves["0001/raw"].x[-1] == pytest.approx(80.0)
    assert curves["0000/smooth"].x[-1] == pytest.approx(160.0)
    assert shown.legend._step.text() == "1 min 20 s"


def test_points_that_come_while_time_is_counted_replace_those_repeated(qtbot: QtBot, shown: RunChart) -> None:
    points = run()
    shown.set_run("0001", points)
    shown.set_over(Over.TIME)
    points.add(Resumed(step=30, at=50_000.0))
    points.add(step(31, at=50_001.0, loss=9.0))
    shown.sync(points, 30)
    raw = next(curve for curve in shown.chart.curves() if curve.key == "0001/raw").points
    assert len(raw) == 31
    assert raw.x[-1] == pytest.approx(61.0)
    assert raw.y[-1] == 9.0


def test_values_are_shown_only_where_a_curve_has_some(qtbot: QtBot, shown: RunChart) -> None:
    shown.set_run("0001", run(40))
    shown.set_overlays([("0000", "Run 0", run(20))])
    painted(qtbot, shown)
    shown.chart.point_at(35)
    assert shown.legend.entry("0000/smooth").value == "–"
    assert shown.legend.entry("0001/raw").value == "0.086"


def test_curves_that_are_up_to_date_are_kept_when_runs_are_laid_over(qtbot: QtBot, shown: RunChart) -> None:
    mine, earlier = run(), run(20)
    shown.set_run("0001", mine)
    shown.set_overlays([("0000", "Run 0", earlier)])
    before = {curve.key: curve for curve in shown.chart.curves()}
    earlier.add(step(21, at=9000.0))
    shown.set_overlays([("0000", "Run 0", earlier), ("0002", "Run 2", run(10))])
    after = {curve.key: curve for curve in shown.chart.curves()}
    assert after["0001/raw"] is before["0001/raw"]
    assert after["0000/smooth"] is not before["0000/smooth"]  # the run has gone on
    assert len(after["0000/smooth"].points) == 21
    shown.set_over(Over.TIME)
    assert shown.chart.curves()[0].points.x[-1] > 21


def test_in_a_small_window_the_tools_are_fewer(qtbot: QtBot, shown: RunChart) -> None:
    shown.set_run("0001", run())
    assert shown.tools._label.isVisible()
    least = shown.minimumSizeHint().width()
    shown.resize(520, 400)
    qtbot.waitUntil(lambda: not shown.tools._label.isVisible())
    assert shown.tools.smoothing.isVisible()
    qtbot.waitUntil(lambda: shown.minimumSizeHint().width() == least)  # it does not jump to and fro
    shown.set_metric("memory_bytes")
    shown.resize(800, 400)
    shown.set_metric("loss")
    qtbot.waitUntil(shown.tools._label.isVisible)


def test_a_metric_that_does_not_fit_is_shortened_with_an_ellipsis_and_whole_in_the_list(
    qtbot: QtBot, shown: RunChart
) -> None:
    shown.set_run("0001", run())
    what = shown.choice.what
    assert what.view().minimumWidth() >= what.view().sizeHintForColumn(0)
    what.setFixedWidth(what.minimumWidth())
    longest = what.fontMetrics().horizontalAdvance("Gradient norm")
    assert what.minimumWidth() > longest, "also in the smallest window"


def test_the_pointer_finds_a_held_out_loss_near_it(shown: RunChart) -> None:
    shown.set_run("0001", run(4000))
    shown.chart._paint_if_dirty()
    assert shown.chart._snapped(2003.0) == 2000.0
    assert shown.chart._snapped(2300.0) == 2300.0


# What happened


def test_breaks_and_adjustments_are_marked_explained_and_read_out(qtbot: QtBot, shown: RunChart) -> None:
    shown.set_run("0001", run())
    kinds = [key.kind for key in shown.legend.findChildren(MarkKey) if key.isVisible()]
    assert kinds == ["checkpoint", "best", "break", "adjusted"]
    painted(qtbot, shown)
    shown.chart.point_at(20)
    note = shown.chart._plot.note
    assert note.isVisible()
    assert note.text().splitlines() == [
        "Paused at step 20; the memory is free.",
        "Taken up again from the checkpoint at step 20.",
        "Checkpoint of step 20",
    ]
    shown.chart.point_at(40)
    assert "was changed from 2048" in note.text()
    shown.chart.point_at(10)
    assert not note.isVisible()
    spoken = shown.chart.accessibleDescription()
    assert spoken.startswith("Step 10, Loss 0.300, Smoothed ")
    shown.clear("Nothing yet.")
    qtbot.waitUntil(lambda: not [key for key in shown.legend.findChildren(MarkKey) if key.isVisible()])


def test_the_best_point_belongs_to_the_loss(qtbot: QtBot, shown: RunChart) -> None:
    shown.set_run("0001", run())
    assert shown.chart._plot.marks._best == (20.0, 2.0)
    shown.set_metric("grad_norm")
    assert shown.chart._plot.marks._best is None


@pytest.mark.parametrize("width", [300, 420, 560, 900])
def test_the_legend_keeps_its_height_when_the_best_point_comes(qtbot: QtBot, width: int) -> None:
    legend = Legend()
    qtbot.addWidget(legend)
    legend.set_curves([Curve("raw", "Held-out loss", 0), Curve("smooth", "Smoothed", 1)])
    legend.set_marks([])
    before = legend.heightForWidth(width)
    legend.set_marks(["checkpoint", "best"])
    assert legend.heightForWidth(width) == before
    assert legend.sizeHint().width() > 0


def test_the_step_whose_answers_are_read_is_marked(qtbot: QtBot, shown: RunChart) -> None:
    shown.set_run("0001", run())
    shown.mark_answers(20)
    assert (20.0, "answers") in shown.chart._plot.marks._events
    assert "answers" in [key.kind for key in shown.legend.findChildren(MarkKey) if key.isVisible()]
    shown.set_over(Over.TOKENS)
    assert (2000.0, "answers") in shown.chart._plot.marks._events
    shown.mark_answers(None)
    assert not [kind for _, kind in shown.chart._plot.marks._events if kind == "answers"]


# Zoom


NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton


def drag(
    qtbot: QtBot,
    shown: RunChart,
    start: QPoint,
    end: QPoint,
    modifiers: Qt.KeyboardModifier = NONE,
    button: Qt.MouseButton = LEFT,
) -> None:
    place: QWidget = shown.chart._plot.viewport()

    def send(kind: QEvent.Type, at: QPoint, buttons: Qt.MouseButton) -> None:
        there = QPointF(at)
        acting = Qt.MouseButton.NoButton if kind is QEvent.Type.MouseMove else button
        QApplication.sendEvent(
            place, QMouseEvent(kind, there, place.mapToGlobal(there), acting, Qt.MouseButton(buttons), modifiers)
        )

    send(QEvent.Type.MouseMove, start, Qt.MouseButton.NoButton)
    send(QEvent.Type.MouseButtonPress, start, button)
    for share in (0.25, 0.5, 0.75, 1.0):
        send(QEvent.Type.MouseMove, start + (end - start) * share, button)
    send(QEvent.Type.MouseButtonRelease, end, Qt.MouseButton.NoButton)
    painted(qtbot, shown)


def test_a_drawn_rectangle_zooms_into_both_axes_and_a_flat_one_into_one(qtbot: QtBot, shown: RunChart) -> None:
    shown.set_run("0001", run())
    painted(qtbot, shown)
    whole = shown.chart._view.viewRange()
    drag(qtbot, shown, QPoint(200, 60), QPoint(400, 200))
    zoomed = shown.chart._view.viewRange()
    assert whole[0][0] < zoomed[0][0] < zoomed[0][1] < whole[0][1]
    assert whole[1][0] < zoomed[1][0] < zoomed[1][1] < whole[1][1]
    assert shown.tools.fit.isEnabled()
    shown.tools.fit.click()
    painted(qtbot, shown)
    assert shown.chart._view.viewRange() == whole
    drag(qtbot, shown, QPoint(200, 110), QPoint(400, 114))
    assert shown.chart.x_range() == pytest.approx(zoomed[0], abs=0.01)
    assert not shown.chart._held


def test_another_metric_is_shown_over_the_same_stretch_and_another_axis_from_its_beginning(
    qtbot: QtBot, shown: RunChart
) -> None:
    shown.set_run("0001", run())
    painted(qtbot, shown)
    drag(qtbot, shown, QPoint(200, 60), QPoint(400, 200))
    zoomed = shown.chart.x_range()
    shown.set_metric("grad_norm")
    painted(qtbot, shown)
    assert shown.chart.x_range() == pytest.approx(zoomed)
    low, high = shown.chart._view.viewRange()[1]
    assert low < zoomed[0] < zoomed[1] < high  # of this metric the value is the step
    shown.set_over(Over.TOKENS)
    painted(qtbot, shown)
    assert shown.chart.x_range() == pytest.approx((100, 4000), abs=60)
    assert not shown.tools.fit.isEnabled()


def test_a_click_with_a_shaking_hand_changes_nothing(qtbot: QtBot, shown: RunChart) -> None:
    shown.set_run("0001", run())
    painted(qtbot, shown)
    whole = shown.chart._view.viewRange()
    drag(qtbot, shown, QPoint(200, 60), QPoint(203, 120))
    assert shown.chart._view.viewRange() == whole


def test_shift_moves_along_with_mouse_wheel_and_arrows(qtbot: QtBot, shown: RunChart) -> None:
    shown.set_run("0001", run())
    painted(qtbot, shown)
    drag(qtbot, shown, QPoint(300, 100), QPoint(500, 104))
    low, high = shown.chart.x_range()
    qtbot.keyClick(shown.chart, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    moved = shown.chart.x_range()
    assert moved[0] - low == pytest.approx(0.2 * (high - low))
    drag(qtbot, shown, QPoint(350, 150), QPoint(390, 150), SHIFT)
    dragged = shown.chart.x_range()
    assert dragged[0] < moved[0]
    assert dragged[1] - dragged[0] == pytest.approx(high - low)
    drag(qtbot, shown, QPoint(350, 150), QPoint(310, 150), button=MIDDLE)
    assert shown.chart.x_range() == pytest.approx(moved)
    before = shown.chart.x_range()[0]
    place = QPointF(400, 100)
    turn = QWheelEvent(
        place,
        shown.chart._plot.viewport().mapToGlobal(place),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ShiftModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(shown.chart._plot.viewport(), turn)
    painted(qtbot, shown)
    assert shown.chart.x_range()[0] < before


def test_home_and_end_put_the_cross_hair_on_the_ends(qtbot: QtBot, shown: RunChart) -> None:
    shown.set_run("0001", run())
    painted(qtbot, shown)
    qtbot.keyClick(shown.chart, Qt.Key.Key_End)
    assert shown.legend._step.text() == "Step 40"
    assert len(shown.chart._plot.marks._dots) == 2  # the held-out loss was not measured there
    qtbot.keyClick(shown.chart, Qt.Key.Key_Home)
    assert shown.legend._step.text() == "Step 0"
    assert len(shown.chart._plot.marks._dots) == 1  # only the held-out loss has a value before the first step


# Words


def test_places_in_words() -> None:
    points = run()
    assert place_words(1234, Over.STEPS) == "Step 1,234"
    assert place_words(1_500_000, Over.TOKENS) == "1.5 M tokens"
    assert place_words(160, Over.TIME) == "2 min 40 s"
    assert place_of(points, Over.STEPS, 0) == 0.0
    assert place_of(points, Over.TOKENS, 0) == 0.0
    assert place_of(points, Over.TOKENS, 7) == 700.0


@pytest.mark.parametrize(
    ("key", "value", "spacing", "words"),
    [
        ("learning_rate", 1.5e-4, 5e-5, "1.5e-4"),
        ("learning_rate", 2e-4, 1e-4, "2e-4"),
        ("learning_rate", 0.0, 5e-5, "0"),
        ("grad_norm", 0.8, 0.2, "0.8"),
        ("memory_bytes", 4.0, 2.0, "4 GB"),
        ("utilisation", 50.0, 10.0, "50 %"),
    ],
)
def test_numbers_of_the_value_axis(key: str, value: float, spacing: float, words: str) -> None:
    assert tick_words(METRICS[key], value, spacing) == words


@pytest.mark.parametrize(
    ("span", "spacing"), [(0.5, 0.1), (9, 2), (100, 30), (1000, 300), (9000, 1800), (86_400 * 30, 6 * 86_400)]
)
def test_times_are_divided_into_round_lengths(span: float, spacing: float) -> None:
    assert time_spacing(span, ticks=5) == spacing


# The small charts


@pytest.fixture
def sparks(qtbot: QtBot) -> SparkGrid:
    made = SparkGrid()
    qtbot.addWidget(made)
    made.resize(1000, 150)
    made.show()
    return made


def visible(sparks: SparkGrid) -> list[str]:
    return [key for key, spark in sparks.sparks.items() if not spark.isHidden()]


def test_small_charts_appear_when_there_is_something_to_show(sparks: SparkGrid) -> None:
    assert visible(sparks) == ["learning_rate", "grad_norm", "tokens_per_second", "memory_bytes"]
    points = run(busy=50.0)
    sparks.sync(points)
    assert visible(sparks)[-1] == "utilisation"
    assert sparks.sparks["utilisation"].value == "50 %"
    sparks.clear()
    assert len(visible(sparks)) == 4


def test_small_charts_are_painted_a_few_times_a_second_while_points_arrive(qtbot: QtBot, sparks: SparkGrid) -> None:
    points = run()
    sparks.sync(points)
    spark = sparks.sparks["grad_norm"]
    assert spark.accessibleDescription() == "40.0"
    points.add(step(41, at=9999.0))
    sparks.sync(points, 41)
    assert spark.accessibleDescription() == "40.0"
    qtbot.waitUntil(lambda: spark.accessibleDescription() == "41.0")


def test_a_small_chart_is_chosen_with_mouse_and_keyboard_and_given_back(qtbot: QtBot, sparks: SparkGrid) -> None:
    heard: list[str] = []
    sparks.chosen.connect(heard.append)
    sparks.chosen.connect(sparks.set_chosen)
    spark = sparks.sparks["grad_norm"]
    qtbot.mouseClick(spark, Qt.MouseButton.LeftButton)
    assert spark.chosen
    assert spark.accessibleName() == "Gradient norm, in the large chart"
    qtbot.keyClick(spark, Qt.Key.Key_Space)
    assert heard == ["grad_norm", "loss"]
    assert not spark.chosen


def test_small_charts_take_as_many_lines_as_they_need(qtbot: QtBot, sparks: SparkGrid) -> None:
    def lines() -> int:
        return len({spark.y() for spark in sparks.sparks.values() if spark.isVisible()})

    qtbot.waitUntil(lambda: lines() == 1)
    sparks.resize(420, 300)
    qtbot.waitUntil(lambda: lines() == 2)
