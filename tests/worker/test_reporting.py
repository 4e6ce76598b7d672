"""When a run evaluates and when it has learnt enough."""

from types import SimpleNamespace

from transformers import TrainerState

from core.hardware.meters import Meters, Reading
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import folder
from core.runs.event_file import EventWriter
from core.runs.events import Step
from core.runs.folder import RunFolder
from core.worker import reporting
from core.worker.device import Device
from core.worker.reporting import Reporter, Schedule, best_evaluation, should_stop_early


def history(*losses, interval=10):
    return [{"eval_loss": loss, "step": interval * number} for number, loss in enumerate(losses)]


def test_evaluations_are_spread_over_each_epoch_and_end_with_the_last_step():
    assert Schedule(30, 10, 1, True).evaluations == {10, 20, 30}
    assert Schedule(25, 10, 2, True).evaluations == {5, 10, 15, 20, 25}
    assert Schedule(3, 10, 1, True).evaluations == {3}
    assert Schedule(30, 10, 1, False).evaluations == set()


def test_the_untrained_model_is_never_the_best():
    assert best_evaluation(history(1.0, 3.0, 2.0)) == (20, 2.0)
    assert best_evaluation(history(1.0)) is None
    assert best_evaluation([]) is None


def test_a_loss_that_is_not_a_number_is_never_the_best():
    assert best_evaluation(history(5.0, float("nan"), 2.0)) == (20, 2.0)


def test_it_stops_after_two_evaluations_without_a_gain():
    recipe = Recipe()
    assert not should_stop_early(history(9.0, 3.0, 2.0, 2.5), recipe)
    assert should_stop_early(history(9.0, 3.0, 2.0, 2.5, 2.1), recipe)
    assert not should_stop_early(history(9.0, 3.0, 2.0, 2.5, 1.9), recipe)


def test_stopping_early_can_be_switched_off():
    recipe = with_settings(Recipe(), {"heldout.early_stopping": False})
    assert not should_stop_early(history(9.0, 1.0, 2.0, 3.0, 4.0), recipe)


def test_a_step_in_which_the_machine_slept_does_not_change_the_remaining_time(tmp_path, monkeypatch):
    run, clock = RunFolder(tmp_path), [0.0]
    monkeypatch.setattr(reporting.time, "monotonic", lambda: clock[0])
    state = TrainerState(max_steps=100, num_input_tokens_seen=10)
    with EventWriter(run.events_file) as events:
        reporter = Reporter(run, Recipe(), events, Schedule(100, 100, 1, False), Device("cpu", "CPU"))
        for step, seconds in enumerate([2.0] * 10 + [3600.0] + [2.0] * 5, start=1):
            state.global_step = step
            reporter.on_step_begin(None, state, None)
            clock[0] += seconds
            reporter.on_log(None, state, None, {"loss": 1.0, "learning_rate": 0.1})
    told = [event.seconds_left for event in run.events()]
    assert told == [2.0 * (100 - step) for step in range(1, 17)]


def test_a_step_tells_what_the_meters_say_and_ends_them_with_the_training(tmp_path, tiny_examples, monkeypatch):
    meters = Meters(interval=1000)
    meters._since = [Reading(utilisation=93.0, temperature=70.0, power=312.4, host_memory=41.0)]
    monkeypatch.setattr(reporting, "meters_of", lambda device: meters)
    run = folder.create(tmp_path / "runs", name="x", recipe=Recipe(), train=tiny_examples[:8], heldout=[])
    state = SimpleNamespace(global_step=1, epoch=1.0, num_input_tokens_seen=50)
    with EventWriter(run.events_file) as events:
        reporter = reporting.Reporter(run, Recipe(), events, Schedule(4, 4, 1, False), Device("cpu", "CPU"))
        reporter.on_train_begin(None, state, None)
        assert meters._thread is not None
        reporter.on_log(None, state, None, {"loss": 1.0, "learning_rate": 0.1})
        reporter.on_train_end(None, state, None)
        assert meters._thread is None
    step = next(event for event in run.events() if isinstance(event, Step))
    assert (step.utilisation, step.temperature, step.power, step.host_memory) == (93.0, 70.0, 312.4, 41.0)
