"""A chosen chat template is what a run trains with, answers with and hands over, to the token."""

import pytest

from core.generation.protocol import Generate
from core.generation.sampling import Sampling
from core.prompt.chosen_template import shipped
from core.prompt.format import PromptFormat
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import folder
from core.runs.events import Started
from core.runs.process import start_worker
from core.worker.answering import Answering

pytestmark = pytest.mark.slow


def test_training_chat_and_the_adapter_use_the_chosen_template(tmp_path, tiny_model, tiny_examples):
    changes = {
        **{"model.base": str(tiny_model), "model.chat_template": "alpaca", "model.quantization": "none"},
        **{"training.batch_size": 8, "training.epochs": 1, "lora.rank": 4, "heldout.early_stopping": False},
    }
    recipe = with_settings(Recipe(), changes)
    examples = tiny_examples[:16]
    run = folder.create(tmp_path, name="chosen", recipe=recipe, train=examples, heldout=tiny_examples[32:36])
    assert start_worker(run).wait(timeout=240) == 0, run.log_file.read_text(encoding="utf-8")[-2000:]
    chosen = PromptFormat.load(tiny_model, template="alpaca")
    (started,) = [event for event in run.events() if isinstance(event, Started)]
    encoded = [chosen.encode(example) for example in examples]
    assert started.tokens == sum(len(one.ids) for one in encoded)
    assert started.supervised_tokens == sum(one.supervised_count for one in encoded)
    assert "### Instruction:" in encoded[0].text
    source = next(one.source for one in shipped() if one.name == "alpaca")
    assert (run.adapter / "chat_template.jinja").read_text(encoding="utf-8") == source == chosen.template
    answering = Answering(tiny_model, run.recipe().model)
    question = examples[0]
    asked = Generate(id=1, example=question.frozen(), sampling=Sampling(max_new_tokens=1))
    done = answering.answer(asked, lambda _text: None, lambda: False)
    assert done.prompt_tokens == len(chosen.encode_prompt(question))
    assert done.prompt_tokens != len(PromptFormat.load(tiny_model).encode_prompt(question))
