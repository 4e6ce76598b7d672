"""Settings are described once; everything else follows from the schema."""

import pytest

from core.errors import RecipeError
from core.recipe import file, presets
from core.recipe.layers import layer_numbers
from core.recipe.recipe import differences, get, parse, remarks, with_settings
from core.recipe.reference import setting_named, settings
from core.recipe.schema import Recipe


def test_every_setting_has_words_for_a_person():
    for info in settings():
        assert info.title, info.name
        assert len(info.help) > 20, info.name
        assert info.help.endswith("."), info.name
        assert info.level in ("basic", "advanced")


def test_every_default_is_within_its_bounds_and_not_unusual():
    recipe = Recipe()
    assert parse(recipe.model_dump()) == recipe
    assert remarks(recipe) == {}


def test_changes_from_text_are_converted():
    changed = with_settings(
        Recipe(),
        {"lora.rank": "8", "training.learning_rate": "1e-3", "lora.target_modules": "q_proj, v_proj"},
    )
    assert changed.lora.rank == 8
    assert changed.training.learning_rate == 1e-3
    assert changed.lora.target_modules == ["q_proj", "v_proj"]
    assert set(differences(Recipe(), changed)) == {"lora.rank", "training.learning_rate", "lora.target_modules"}


def test_all_problems_are_named_at_once():
    with pytest.raises(RecipeError) as caught:
        with_settings(Recipe(), {"lora.rank": 0, "training.epochs": "soon"})
    assert set(caught.value.problems) == {"lora.rank", "training.epochs"}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("lora.rank", "x", "lora.rank: x is not a whole number."),
        ("lora.rank", 1.5, "lora.rank: 1.5 is not a whole number."),
        ("lora.rank", "", "lora.rank: An empty value is not a whole number."),
        ("training.epochs", "soon", "training.epochs: soon is not a number."),
        ("lora.use_dora", "maybe", "lora.use_dora: maybe is not true or false."),
        ("lora.rank", 0, "lora.rank: Input should be greater than or equal to 1."),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_in_words(name, value, words):
    with pytest.raises(RecipeError) as caught:
        with_settings(Recipe(), {name: value})
    assert caught.value.reason == words


def test_an_unknown_setting_gets_a_suggestion():
    with pytest.raises(RecipeError, match=r"lora\.rank"):
        with_settings(Recipe(), {"lora.rnk": 8})


@pytest.mark.parametrize(
    ("text", "form", "numbers"),
    [("", "", set()), (" 0-3 ,7", "0-3, 7", {0, 1, 2, 3, 7}), ("5", "5", {5}), ("2-2,", "2-2", {2})],
)
def test_layers_are_written_as_ranges(text, form, numbers):
    assert with_settings(Recipe(), {"lora.layers": text}).lora.layers == form
    assert layer_numbers(form) == numbers


@pytest.mark.parametrize("text", ["first", "3-1", "-2", "1-", "0..3", "12345"])
def test_layers_that_cannot_be_read_are_refused_with_an_example(text):
    with pytest.raises(RecipeError, match="0-3, 7"):
        with_settings(Recipe(), {"lora.layers": text})


def test_names_can_be_given_as_text_and_as_none():
    assert with_settings(Recipe(), {"lora.modules_to_save": "lm_head,norm"}).lora.modules_to_save == ["lm_head", "norm"]
    assert with_settings(Recipe(), {"lora.modules_to_save": ""}).lora.modules_to_save == []


def test_a_recipe_survives_its_file(tmp_path):
    recipe = with_settings(Recipe(), {"lora.target_modules": ["q_proj"], "model.base": "C:\\Modelle\\größe"})
    file.save(recipe, tmp_path / "recipe.toml")
    assert file.load(tmp_path / "recipe.toml") == recipe


def test_a_damaged_recipe_file_is_refused_in_words(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text("[lora\nrank = 8", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"recipe\.toml is not a settings file"):
        file.load(path)


@pytest.mark.parametrize("preset", presets.PRESETS, ids=lambda preset: preset.id)
def test_a_preset_is_recognised_after_applying_it(preset):
    recipe = presets.apply(preset, Recipe())
    assert presets.matching(recipe) == preset


def test_switching_presets_leaves_nothing_of_the_former():
    quick, balanced = presets.PRESETS[0], presets.PRESETS[1]
    assert presets.apply(balanced, presets.apply(quick, Recipe())) == presets.apply(balanced, Recipe())


def test_alpha_far_from_the_rank_is_remarked():
    assert "lora.alpha" in remarks(with_settings(Recipe(), {"lora.rank": 64, "lora.alpha": 8}))


def test_numbers_know_their_bounds():
    rank = setting_named("lora.rank")
    assert (rank.kind, rank.minimum, rank.maximum) == ("integer", 1, 512)
    assert get(Recipe(), "lora.rank") == rank.default


def test_a_remark_names_only_the_direction_of_the_value():
    epochs = setting_named("training.epochs")
    assert epochs.remark(40) == "Over 6 passes small data is usually learnt by heart."
    assert epochs.remark(0.5) == "Under one pass some examples are never seen."
    assert epochs.remark(3) == ""


def test_a_chosen_chat_template_belongs_to_its_base_model() -> None:
    recipe = with_settings(Recipe(), {"model.chat_template": "written", "model.written_template": "{{ messages }}"})
    other = presets.with_base(recipe, "someone/model")
    assert (other.model.chat_template, other.model.written_template) == ("own", "")
