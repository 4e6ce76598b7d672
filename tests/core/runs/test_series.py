"""Charts see each step once, also when a run was taken up again."""

import math

from core.runs.events import Adjusted, Checkpoint, Evaluation, Paused, Resumed, Sample, Started, Step
from core.runs.series import Series, smoothed


def started(at):
    return Started(
        at=at,
        device="CPU",
        versions={},
        trainable_parameters=1,
        total_parameters=2,
        steps=9,
        epochs=1,
        examples=3,
        heldout_examples=0,
        tokens=9,
        supervised_tokens=3,
    )


def step(number, loss=1.0, at=0.0):
    return Step(
        at=at,
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
    assert list(series.steps) == [1, 2, 3]
    assert list(series.metrics["loss"]) == [1, 0.5, 1 / 3]
    assert all(math.isnan(value) for value in series.metrics["grad_norm"])
    assert (series.heldout, series.checkpoints) == ([(3, 0.9)], [3])


def test_a_resumed_run_replaces_the_steps_it_repeats():
    series = Series()
    for number in range(1, 8):
        series.add(step(number, loss=9.0))
    series.add(Evaluation(step=6, loss=9.0, perplexity=None))
    series.add(Resumed(step=4))
    assert (list(series.steps), series.heldout) == ([1, 2, 3, 4], [])
    series.add(step(5, loss=1.0))
    assert list(series.steps) == [1, 2, 3, 4, 5]
    assert series.metrics["loss"][-1] == 1.0


def test_a_resumed_run_drops_answers_and_losses_of_steps_that_are_void():
    series = Series()
    for number in (2, 4, 6):
        series.add(step(number))
        series.add(Evaluation(step=number, loss=1 / number, perplexity=None))
        series.add(Sample(step=number, example=0, prompt="p", expected="e", text="t"))
    series.add(Evaluation(step=8, loss=0.1, perplexity=None))  # its steps were not told before it was killed
    series.add(Resumed(step=6))
    assert [at for at, _ in series.heldout] == [2, 4, 6]
    before = series.copy()
    series.add(Resumed(step=5))
    assert ([at for at, _ in series.heldout], list(series.samples)) == ([2, 4], [2, 4])
    assert list(before.samples) == [2, 4, 6]


def test_the_time_of_training_leaves_breaks_out():
    series = Series()
    series.add(started(at=100.0))
    for number, at in ((1, 102.0), (2, 104.0), (3, 106.0)):
        series.add(step(number, at=at))
    series.add(started(at=9000.0))
    series.add(Resumed(step=2, at=9001.0))
    series.add(step(3, at=9004.0))
    assert list(series.elapsed) == [2.0, 4.0, 7.0]
    series.add(step(4, at=8000.0))  # the clock was set back
    assert 7.0 < series.elapsed[3] < 7.1
    assert list(series.copy().elapsed) == list(series.elapsed)


def test_breaks_and_adjustments_are_marked_where_they_were():
    series = Series()
    smaller = Adjusted(what="training.tokens_per_pass", before=8, after=4, why="Full.")
    series.add(smaller)
    for number in range(1, 7):
        series.add(step(number))
    series.add(smaller)
    series.add(Paused(step=6))
    series.add(Resumed(step=6))
    assert [(mark.step, mark.kind, mark.event.type) for mark in series.marks] == [
        (0, "adjusted", "adjusted"),
        (6, "adjusted", "adjusted"),
        (6, "break", "paused"),
        (6, "break", "resumed"),
    ]
    series.add(Resumed(step=6))
    assert len(series.marks) == 4
    series.add(step(7))
    series.add(Resumed(step=3))  # killed, and taken up from an earlier checkpoint
    assert [(mark.step, mark.kind) for mark in series.marks] == [(0, "adjusted"), (3, "break")]


def test_points_are_found_by_their_step():
    series = Series()
    assert series.index(5) is None
    for number in (2, 4, 6):
        series.add(step(number))
    assert [series.index(number) for number in (1, 2, 5, 9)] == [None, 0, 1, 2]
    assert [series.since(number) for number in (1, 4, 5, 9)] == [0, 1, 2, 3]


def test_smoothing_has_no_start_up_bias_and_passes_over_gaps():
    assert smoothed([2.0, 2.0, math.nan, 2.0]) == [2.0, 2.0, 2.0, 2.0]
    assert math.isnan(smoothed([math.nan, 1.0])[0])
