"""Advice follows the data, says why, leaves alone what is set on purpose, and is content once it was followed."""

from __future__ import annotations

import itertools

import pytest

from core.recipe import presets
from core.recipe.advice import DataFacts, advise
from core.recipe.recipe import remarks, with_settings
from core.recipe.schema import STARTER, Recipe

SEVEN_BILLION = 7_000_000_000
REAL = with_settings(Recipe(), {"model.base": "someone/a-real-model"})


def facts(train: int = 1000, **changes: object) -> DataFacts:
    usual = {"heldout": train // 10, "parameters": SEVEN_BILLION, "longest": 1000, "lengths": (0,) * 15 + (train,)}
    return DataFacts(train, **(usual | changes))


def ids(recipe: Recipe, data: DataFacts) -> dict[str, dict[str, object]]:
    return {advice.id: advice.changes for advice in advise(recipe, data)}


def test_the_defaults_suit_a_thousand_examples():
    assert ids(REAL, facts()) == {}


def test_without_examples_there_is_no_advice():
    assert advise(REAL, DataFacts(0)) == []


@pytest.mark.parametrize(("train", "rank"), [(200, 8), (299, 8), (300, None), (5000, None), (5001, 32)])
def test_rank_follows_the_number_of_examples(train: int, rank: int | None):
    found = ids(REAL, facts(train)).get("rank")
    assert found == (None if rank is None else {"lora.rank": rank, "lora.alpha": 2 * rank})


def test_the_maximum_length_covers_every_example():
    data = facts(longest=1100, lengths=(0,) * 15 + (900, 0, 100))
    (advice,) = advise(REAL, data)
    assert advice.changes == {"training.max_length": 1152}
    assert "100 examples of yours are longer than 1,024 tokens" in advice.reason
    assert "1,152 covers all" in advice.reason
    (advice,) = advise(REAL, facts(longest=130, lengths=(0, 0, 1000)))
    assert advice.changes == {"training.max_length": 192}


def test_nobody_is_advised_to_take_very_long_rows():
    data = facts(longest=5000, lengths=(*[0] * 15, 990, *[0] * 62, 10))
    (advice,) = advise(REAL, data)
    assert advice.changes == {"training.max_length": 2048}
    assert "2,048 leaves out 10 examples" in advice.reason
    raised = with_settings(REAL, {"training.max_length": 8192})
    assert ids(raised, data)["length"] == {"training.max_length": 5056}
    assert ids(REAL, facts(longest=5000, lengths=data.lengths, context=1500))["length"] == {"training.max_length": 1472}


def test_nobody_is_advised_to_go_beyond_what_the_model_was_made_for():
    (advice,) = advise(REAL, facts(context=512))
    assert advice.changes == {"training.max_length": 512}
    assert "made for up to 512 tokens" in advice.reason


def test_small_data_gets_small_batches_and_enough_steps():
    found = ids(REAL, facts(60, heldout=10))
    assert found["batch"] == {"training.batch_size": 4}
    assert found["epochs"] == {"training.epochs": 4.0}  # 15 steps a pass
    assert ids(with_settings(REAL, {"training.epochs": 12}), facts(1000))["epochs"] == {"training.epochs": 3.0}


def test_learning_rates_are_those_of_the_models_size():
    high = with_settings(REAL, {"training.learning_rate": 2e-3})
    assert ids(high, facts())["rate"] == {"training.learning_rate": 2e-4}
    assert "rate" not in ids(high, facts(parameters=3_000_000))
    assert "rate" not in ids(high, facts(parameters=0))
    assert ids(REAL, facts(parameters=70_000_000_000))["rate"] == {"training.learning_rate": 1e-4}


def test_held_out_examples_and_early_stopping():
    none = with_settings(REAL, {"heldout.share": 0})
    assert ids(none, facts(heldout=0))["heldout"] == {"heldout.share": 0.1}
    late = with_settings(REAL, {"heldout.early_stopping": False, "training.epochs": 5})
    assert ids(late, facts())["early-stopping"] == {"heldout.early_stopping": True}


def test_what_the_starter_model_brings_is_left_alone():
    recipe = presets.base_recipe(STARTER)
    small = facts(216, heldout=24, parameters=2_800_000, longest=200, lengths=(0, 0, 0, 216), context=512)
    assert ids(recipe, small) == {}
    longer = facts(216, heldout=24, longest=300, lengths=(0, 0, 0, 200, 16), context=512)
    assert ids(recipe, longer) == {"length": {"training.max_length": 320}}


def test_what_a_preset_sets_is_left_alone():
    quick = presets.apply(presets.PRESETS[0], REAL)
    assert ids(quick, facts(6000, heldout=200)) == {"dropout": {"lora.dropout": 0.0}}


def test_who_follows_all_advice_gets_no_more():
    values = {
        "lora.rank": (1, 16, 64),
        "lora.alpha": (1, 32, 300),
        "lora.dropout": (0.0, 0.05),
        "training.epochs": (0.5, 3, 20),
        "training.batch_size": (1, 16, 256),
        "training.learning_rate": (1e-6, 2e-4, 1e-2),
    }
    for train, combination in itertools.product((1, 7, 70, 400, 3000, 9000), itertools.product(*values.values())):
        recipe = with_settings(REAL, dict(zip(values, combination, strict=True)))
        data = facts(train)
        for advice in (found := advise(recipe, data)):
            assert advice.changes
            assert advice.reason.endswith(".")
            recipe = with_settings(recipe, advice.changes)
        assert advise(recipe, data) == [], (train, combination, found)


@pytest.mark.parametrize(
    ("changes", "train", "name"),
    [
        ({"lora.alpha": 8}, 0, None),
        ({"lora.alpha": 7}, 0, "lora.alpha"),
        ({"lora.alpha": 64, "training.learning_rate": 4e-4}, 0, "training.learning_rate"),
        ({"lora.rank": 128, "lora.alpha": 256, "training.learning_rate": 4e-4}, 0, "training.learning_rate"),
        ({"lora.dropout": 0, "training.epochs": 5}, 0, "lora.dropout"),
        ({"lora.dropout": 0, "training.epochs": 3}, 0, None),
        ({}, 9, "training.batch_size"),
        ({}, 16, None),
        ({"training.epochs": 4}, 30_000, "training.epochs"),
        ({"lora.rank": 64, "lora.alpha": 128}, 50, "lora.rank"),
    ],
)
def test_unusual_combinations_are_remarked_on(changes: dict[str, object], train: int, name: str | None):
    assert set(remarks(with_settings(REAL, changes), train=train)) == ({name} if name else set())


def test_what_is_too_long_is_counted_by_the_real_setting():
    short = with_settings(REAL, {"training.max_length": 50})
    data = facts(longest=100, lengths=(924, 76), too_long=217)
    (advice, *_) = advise(short, data)
    assert "217 examples of yours are longer than 50 tokens" in advice.reason
