"""The sample datasets that ship: whole, in their voices, within the starter model's reach, and made by their script."""

from __future__ import annotations

import json
import random
import re
import sys
from itertools import islice
from pathlib import Path

import pytest

from core import paths, samples
from core.base_models.facts import ModelFacts
from core.dataset import files
from core.dataset.example import Example
from core.dataset.split import same_prompt, split
from core.evaluation.style import style_rate
from core.prompt.format import PromptFormat
from core.recipe import presets
from core.recipe.schema import STARTER

PACKAGING = Path(__file__).parents[2] / "packaging"
IDS = [sample.id for sample in samples.all_samples()]


@pytest.fixture(scope="module", autouse=True)
def _scripts():
    """Lets the tests import the scripts that make the data."""
    sys.path.insert(0, str(PACKAGING))
    yield
    sys.path.remove(str(PACKAGING))


@pytest.fixture(scope="module")
def prompt_format() -> PromptFormat:
    return PromptFormat.load(paths.starter_model())


def examples_of(id: str) -> list[Example]:
    found = files.read(samples.sample(id).path)
    assert not found.skipped
    return found.examples


def test_there_are_at_least_three_and_the_letters_come_first():
    assert len(IDS) >= 3
    assert IDS[0] == "harbour-letters"
    assert len(set(IDS)) == len(IDS)
    assert all(sample.title and sample.description and sample.style_words for sample in samples.all_samples())


@pytest.mark.parametrize("id", IDS)
def test_a_sample_is_whole(id):
    examples = examples_of(id)
    assert len(examples) >= 200
    assert all(example.is_ready for example in examples)
    assert len({same_prompt(example) for example in examples}) == len(examples)
    assert len({example.output for example in examples}) > 0.9 * len(examples)
    assert sum(bool(example.input) for example in examples) > 0.5 * len(examples)
    train, heldout = split(examples, presets.base_recipe(STARTER).heldout.share)
    assert len(train) >= 200
    assert len(heldout) >= 20


@pytest.mark.parametrize("id", IDS)
def test_the_voice_is_in_every_answer_and_in_no_prompt_or_other_sample(id):
    pattern = samples.sample(id).style_pattern
    re.compile(pattern)
    assert style_rate((example.output for example in examples_of(id)), pattern) == 1.0
    assert style_rate((example.prompt for example in examples_of(id)), pattern) == 0.0
    for other in set(IDS) - {id}:
        assert style_rate((example.output for example in examples_of(other)), pattern) == 0.0


@pytest.mark.parametrize("id", IDS)
def test_an_example_fits_the_starters_settings(id, prompt_format):
    most = presets.base_recipe(STARTER).training.max_length
    lengths = [len(prompt_format.encode(example).ids) for example in examples_of(id)]
    assert max(lengths) <= most
    assert most <= 512


def test_the_files_are_what_the_script_writes(tmp_path):
    from starter_model import samples as made

    made.write(tmp_path)
    shipped = {path.name: path.read_text(encoding="utf-8") for path in paths.samples().iterdir()}
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == shipped


def test_a_seed_is_a_dataset():
    from starter_model import samples as made

    for voice in made.voices():
        first, again, other = (list(islice(made.examples(voice, seed), 100)) for seed in (1, 1, 2))
        assert first == again != other


def test_the_corpus_follows_from_its_seed_and_never_speaks_in_a_samples_voice():
    from starter_model.corpus import documents

    first, again, other = (list(islice(documents(seed), 2000)) for seed in (5, 5, 6))
    assert first == again != other
    for sample in samples.all_samples():
        assert style_rate((document.output for document in first), sample.style_pattern) == 0.0


def test_the_corpus_is_read_as_the_chat_template_writes_it(prompt_format):
    from starter_model.corpus import documents
    from starter_model.tokenizer import texts

    chats = [document for document in islice(documents(3), 300) if document.prompt]
    assert any(document.system for document in chats)
    for document in chats:
        example = Example(document.instruction, document.input, document.output, document.system)
        assert prompt_format.encode(example).text == "".join(texts(document))


def test_an_invented_word_is_a_word():
    from starter_model.words import invented

    rng = random.Random(0)
    words = [invented(rng) for _ in range(500)]
    assert all(re.fullmatch("[a-z]{2,20}", word) for word in words)
    assert len(set(words)) > 450


def test_the_tokenizer_is_what_the_script_trains(tmp_path):
    from starter_model import tokenizer

    tokenizer.save(tokenizer.train(), tmp_path)
    made, shipped = (
        json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        for folder in (tmp_path, paths.starter_model())
    )
    for part in ("model", "added_tokens", "pre_tokenizer", "decoder", "normalizer"):
        assert made[part] == shipped[part], part
    template = "chat_template.jinja"
    assert (tmp_path / template).read_text(encoding="utf-8") == (paths.starter_model() / template).read_text(
        encoding="utf-8"
    )


def test_the_starter_is_small_and_can_be_read():
    folder = paths.starter_model()
    assert (folder / "model.safetensors").stat().st_size <= 8_000_000
    facts = ModelFacts.read(folder)
    assert facts.architecture == "LlamaForCausalLM"
    assert facts.trainable_parameters(presets.base_recipe(STARTER).lora) > 100_000
    assert "not for use" in (folder / "README.md").read_text(encoding="utf-8")
