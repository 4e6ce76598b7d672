"""Charts see each step once, also when a run was taken up again."""

import math

from core.runs.events import Checkpoint, Evaluation, Resumed, Step
from core.runs.series import Series, smoothed


def step(number, loss=1.0):
    return Step(
        step=number,
        epoch=0,
        loss=loss,
        learning_rate=0.1,
        grad_norm=None,
        tokens=number,
        tokens_per_second=1,
        memory_bytes=1,
    )


def test_steps_become_points():
    series = Series()
    for number in (1, 2, 3):
        series.add(step(number, loss=1 / number))
    series.add(Evaluation(step=3, loss=0.9, perplexity=2.5))
    series.add(Checkpoint(step=3, path="x"))
    assert series.steps == [1, 2, 3]
    assert series.metrics["loss"] == [1, 0.5, 1 / 3]
    assert all(math.isnan(value) for value in series.metrics["grad_norm"])
    assert (series.heldout, series.checkpoints) == ([(3, 0.9)], [3])


def test_a_resumed_run_replaces_the_steps_it_repeats():
    series = Series()
    for number in range(1, 8):
        series.add(step(number, loss=9.0))
    series.add(Evaluation(step=6, loss=9.0, perplexity=None))
    series.add(Resumed(step=4))
    assert (series.steps, series.heldout) == ([1, 2, 3, 4], [])
    series.add(step(5, loss=1.0))
    assert series.steps == [1, 2, 3, 4, 5]
    assert series.metrics["loss"][-1] == 1.0


def test_smoothing_has_no_start_up_bias_and_passes_over_gaps():
    assert smoothed([2.0, 2.0, math.nan, 2.0]) == [2.0, 2.0, 2.0, 2.0]
    assert math.isnan(smoothed([math.nan, 1.0])[0])
