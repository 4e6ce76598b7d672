"""When a run evaluates and when it has learnt enough."""

from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.worker.reporting import Schedule, best_evaluation, should_stop_early


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
