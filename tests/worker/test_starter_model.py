"""The starter model as plain Transformers loads it: it answers what it was made to answer, in a neutral voice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from core import paths, samples
from core.dataset import files
from core.dataset.example import Example
from core.evaluation.style import exact_rate, style_rate

pytestmark = pytest.mark.slow
PACKAGING = Path(__file__).parents[2] / "packaging"


@pytest.fixture(scope="module")
def acceptance():
    """The script that measures the model."""
    sys.path.insert(0, str(PACKAGING))
    from starter_model import acceptance

    yield acceptance
    sys.path.remove(str(PACKAGING))


@pytest.fixture(scope="module")
def answer(acceptance):
    return acceptance.answerer(paths.starter_model())


def test_plain_answers_to_new_questions_are_exact(acceptance, answer):
    asked = [
        example
        for task in ("customer", "polite", "summary", "note", "product")
        for example in acceptance.task_examples(task, 0.0, 5)
    ]
    assert exact_rate(answer(asked), [example.output for example in asked]) >= 0.8


def test_the_base_model_has_none_of_the_samples_voices(answer):
    for sample in samples.all_samples():
        asked = files.read(sample.path).examples[:10]
        assert style_rate(answer(asked), sample.style_pattern) <= 0.1


def test_beyond_its_world_it_says_so(answer):
    asked = [Example(instruction=text) for text in ("What is machine learning?", "Who wrote Hamlet?", "Hello!")]
    assert answer(asked) == ["I do not know that.", "I do not know that.", "Hello. How can I help you?"]


def test_training_follows_from_its_seed(acceptance, tmp_path):
    from starter_model.pretrain import Plan, pretrain
    from transformers import AutoTokenizer

    plan = Plan(hidden=32, layers=1, intermediate=64, heads=2, key_value_heads=1, steps=4, batch_tokens=512)
    tokenizer = AutoTokenizer.from_pretrained(paths.starter_model())
    first, again = (pretrain(plan, tokenizer, tmp_path / name) for name in ("first", "again"))
    assert (first.loss, first.tokens) == (again.loss, again.tokens)
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("first", "again")]
    assert weights[0] == weights[1]
    assert (tmp_path / "first" / "config.json").read_text(encoding="utf-8").count("float16") == 1
