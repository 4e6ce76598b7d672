"""A sweep makes each combination once, names it after its values, and refuses what cannot be."""

from __future__ import annotations

import pytest

from core.errors import RecipeError, RunError
from core.recipe.recipe import differences, with_settings
from core.recipe.schema import Recipe
from core.runs.sweep import MOST_RUNS, parse_values, problems, sweep


def test_each_combination_is_a_run_with_a_name_that_tells_its_values() -> None:
    entries = sweep(Recipe(), {"training.learning_rate": ["1e-4", "2e-4"], "training.epochs": ["1", "2.5"]})
    assert [entry.name for entry in entries] == [
        "Learning rate 0.0001, Epochs 1",
        "Learning rate 0.0001, Epochs 2.5",
        "Learning rate 0.0002, Epochs 1",
        "Learning rate 0.0002, Epochs 2.5",
    ]
    assert [entry.recipe.training.epochs for entry in entries] == [1, 2.5, 1, 2.5]
    assert set(differences(Recipe(), entries[0].recipe)) == {"training.learning_rate", "training.epochs"}


def test_alpha_follows_the_rank_unless_it_is_given() -> None:
    assert [entry.recipe.lora.alpha for entry in sweep(Recipe(), {"lora.rank": [8, 16, 64]})] == [16, 32, 128]
    fixed = sweep(Recipe(), {"lora.rank": [8, 16]}, alpha_follows=False)
    assert [entry.recipe.lora.alpha for entry in fixed] == [32, 32]
    both = sweep(Recipe(), {"lora.rank": [8, 16], "lora.alpha": [8]})
    assert [entry.recipe.lora.alpha for entry in both] == [8, 8]
    assert (
        sweep(with_settings(Recipe(), {"lora.alpha": 1, "lora.rank": 64}), {"lora.rank": [2]})[0].recipe.lora.alpha == 1
    )


def test_words_and_switches_can_be_swept() -> None:
    entries = sweep(Recipe(), {"training.schedule": ["cosine", "constant"], "lora.use_rslora": ["true", "false"]})
    assert [(entry.recipe.training.schedule, entry.recipe.lora.use_rslora) for entry in entries] == [
        ("cosine", True),
        ("cosine", False),
        ("constant", True),
        ("constant", False),
    ]
    modules = sweep(Recipe(), {"lora.target_modules": parse_values("all-linear; q_proj, v_proj")})
    assert [entry.recipe.lora.target_modules for entry in modules] == ["all-linear", ["q_proj", "v_proj"]]


def test_a_value_given_twice_counts_once() -> None:
    assert len(sweep(Recipe(), {"training.learning_rate": ["1e-4", "0.0001", 1e-4]})) == 1


@pytest.mark.parametrize(
    "over",
    [{}, {"lora.rank": []}, {"lora.rank": [1], "lora.alpha": [1], "training.seed": [1], "training.epochs": [1]}],
)
def test_one_to_three_settings(over: dict[str, list[object]]) -> None:
    with pytest.raises(RunError, match="one to 3 settings"):
        sweep(Recipe(), over)


def test_there_is_a_limit() -> None:
    assert len(sweep(Recipe(), {"training.seed": list(range(MOST_RUNS))})) == MOST_RUNS
    with pytest.raises(RunError, match="81 runs"):
        sweep(Recipe(), {"training.seed": list(range(9)), "lora.rank": list(range(1, 10))})


@pytest.mark.parametrize(("name", "value"), [("lora.rnk", 8), ("lora.rank", 0), ("training.schedule", "sine")])
def test_what_cannot_be_is_refused(name: str, value: object) -> None:
    with pytest.raises(RecipeError):
        sweep(Recipe(), {name: [value]})


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("lora.rank", ["8", "16"], ""),
        ("lora.rank", ["8", "many", "0"], "many is not a number."),
        ("lora.rank", ["8.5"], "8.5 is not a whole number."),
        ("lora.rank", ["0"], "0 must be greater than or equal to 1."),
        ("training.learning_rate", ["nan"], "nan is not a number."),
        ("training.schedule", ["cosine"], ""),
        ("lora.use_dora", ["maybe"], "maybe is not true or false."),
    ],
)
def test_what_is_wrong_is_told_for_the_first_bad_value(name: str, values: list[str], words: str) -> None:
    assert problems(Recipe(), name, values) == words


@pytest.mark.parametrize(
    ("text", "values"), [("1e-4, 2e-4", ["1e-4", "2e-4"]), ("a,b; c", ["a,b", "c"]), (" , ", []), ("8", ["8"])]
)
def test_values_are_read(text: str, values: list[str]) -> None:
    assert parse_values(text) == values


def test_what_all_runs_have_in_common_is_not_in_their_names() -> None:
    entries = sweep(Recipe(), {"lora.rank": [8, 16], "training.epochs": [5]})
    assert [entry.name for entry in entries] == ["Rank 8", "Rank 16"]
    assert [entry.recipe.training.epochs for entry in entries] == [5, 5]
    assert sweep(Recipe(), {"training.epochs": [5]})[0].name == "Epochs 5"
