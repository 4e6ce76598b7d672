"""The model card tells what was made of what, and nothing of the machine or the examples."""

import pytest
from comparison_factory import ADAPTER, comparison

from core.dataset.example import Example
from core.export.card import merged_card, model_card, source_card
from core.export.source import Source
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import folder
from core.runs.event_file import EventWriter
from core.runs.events import Evaluation, Started, Step

EXAMPLES = [Example(id=n, instruction=f"SECRET question {n}", output=f"SECRET answer {n}") for n in range(1, 6)]


@pytest.fixture
def make(tmp_path):
    def make(base="starter", told=True, **settings):
        recipe = with_settings(Recipe(), {"model.base": base, **settings})
        run = folder.create(
            tmp_path / "maria", name="Harbour letters", recipe=recipe, train=EXAMPLES[:4], heldout=EXAMPLES[4:]
        )
        if told:
            with EventWriter(run.events_file) as events:
                counts = {"trainable_parameters": 1, "total_parameters": 2, "steps": 30, "epochs": 3, "examples": 3}
                numbers = {"heldout_examples": 1, "tokens": 2345, "supervised_tokens": 678, "left_out": 1}
                events.write(Started(device="CPU", versions={"torch": "2.13.0"}, **counts, **numbers))
                events.write(Evaluation(step=0, loss=6.64, perplexity=1.0))
                for step, loss in ((10, 0.9), (20, 0.25), (30, 0.4)):
                    rest = {"learning_rate": 0.1, "grad_norm": 1.0, "tokens": 1, "tokens_per_second": 1.0}
                    events.write(Step(step=step, epoch=1, loss=loss + 1, memory_bytes=1, **rest))
                    events.write(Evaluation(step=step, epoch=1, loss=loss, perplexity=1.0))
        return run

    return make


def test_it_says_what_the_adapter_is_and_how_it_learnt(make):
    card = model_card(make(**{"lora.rank": 24, "training.learning_rate": 2e-3}))
    assert card.startswith("---\nlibrary_name: peft\n")
    for part in (
        "# Harbour letters",
        "QLoRA adapter for `tunesmith-starter`",
        "practice model",
        "PeftModel.from_pretrained",
        "| Training examples | 3 |",
        "| Held-out examples | 1 |",
        "| Left out as too long | 1 |",
        "| Held-out loss of the base model | 6.640 |",
        "| Held-out loss of this adapter | 0.250 (step 20) |",
        "| Training loss at the end | 1.400 |",
        "| Optimizer steps | 30 of 30 |",
        "| Rank (`lora.rank`) | 24 |",
        "| Learning rate (`training.learning_rate`) | 0.002 |",
        "torch 2.13.0",
    ):
        assert part in card


def test_it_tells_no_path_and_no_example(make, tmp_path):
    model = tmp_path / "maria" / "models" / "Tiny | model"
    model.mkdir(parents=True)
    card = model_card(make(base=str(model)))
    assert "Tiny" in card
    assert str(tmp_path) not in card
    assert "maria" not in card
    assert "SECRET" not in card


def test_hub_models_are_named_for_the_hub(make):
    card = model_card(make(base="org/some-model", **{"model.quantization": "none"}))
    assert 'base_model: "org/some-model"' in card.split("---")[1]
    assert 'AutoModelForCausalLM.from_pretrained("org/some-model")' in card
    assert "A LoRA adapter for" in card


def test_a_name_that_is_no_hub_id_is_not_in_the_front_matter(make):
    assert "base_model" not in model_card(make()).split("---")[1]


def test_a_run_that_has_told_nothing_has_a_card_too(make):
    card = model_card(make(told=False))
    assert "| Training examples | 4 |" in card
    assert "Losses" not in card


def test_the_card_of_an_export_tells_what_a_comparison_found(tmp_path):
    made = comparison(tmp_path)
    recipe = with_settings(Recipe(), {"model.base": "starter"})
    run = folder.create(tmp_path / "runs", name="voice", recipe=recipe, train=EXAMPLES[:4], heldout=EXAMPLES[4:])
    assert run.name == ADAPTER
    card = source_card(Source(run.adapter, recipe.model, "Run 1 · Voice", run))
    assert made.read().system(ADAPTER) is not None
    assert "## Comparison" in card
    assert "| Held-out examples answered | 12 |" in card
    assert "Fine-tuning beat the prompt it was compared with" in card
    assert "your" not in card.lower()
    assert "Comparison" not in model_card(run), "there is none yet when a run ends"


def test_a_merged_model_tells_both_losses(make):
    run = make()
    source = Source(run.adapter, run.recipe().model, "Run 1", run)
    found = {
        "merged_into": "as_trained",
        "heldout_losses": {"original": 1.5, "as_trained": 1.25},
        "heldout_examples": 7,
    }
    card = merged_card(source, found)
    assert "library_name: transformers" in card
    assert "license: apache-2.0" in card
    assert "| Merged into | the base model as it was held in training |" in card
    assert "| Held-out loss on the original base model | 1.500 |" in card


def test_an_adapter_from_elsewhere_and_a_checkpoint_say_so(make, tmp_path):
    run = make()
    model = run.recipe().model
    assert "after 20 optimizer steps" in source_card(Source(run.adapter, model, "Run 1, step 20", run, 20))
    foreign = source_card(Source(tmp_path, model, "Somebody's"))
    assert "its training is not known here" in foreign
    assert "## Settings" not in foreign
