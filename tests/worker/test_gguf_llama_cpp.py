"""llama.cpp says of a GGUF file what Transformers says of the model: tokens, logits, greedy answers."""

import gc

import pytest
import torch
from gguf_models import ADAPTERS, KINDS, make_adapter, make_model, sentences

from core.dataset.example import Example
from core.export.gguf import adapter, model, plan
from core.prompt.format import PromptFormat
from core.worker.llama_cpp_model import LlamaCppModel, is_installed

pytestmark = [
    pytest.mark.skipif(
        not is_installed(), reason="llama-cpp-python is not installed (packaging/llama_cpp.py builds it)"
    ),
    pytest.mark.slow,
]
PROMPTS, ADDED = 20, 8
# Gemma's norms and activation are computed in another order there.
TOLERANCES = {"gemma": 5e-3, "gemma2": 5e-3, "gemma3": 5e-3}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Gives the folder of a tiny model of a kind."""
    folder = tmp_path_factory.mktemp("models")

    def get(kind):
        if not (folder / kind).exists():
            make_model(folder / kind, kind)
        return folder / kind

    return get


def examples():
    """Twenty questions; some with what a tokenizer may stumble over."""
    odd = ["  two  spaces ", "\n\n", "naïve café 12345 don't", "数据 🙂", "tab\tand\r\nline", "a"]
    texts = [*odd, *sentences()][:PROMPTS]
    return [Example(instruction=text, output="x") for text in texts]


def prompts(folder):
    prompt_format = PromptFormat.load(folder)
    return [
        (
            prompt_format.render(example.prompt_messages(), add_generation_prompt=True),
            prompt_format.encode_prompt(example),
        )
        for example in examples()
    ]


def continued(transformers_model, ids):
    """The greedy continuation, and the logits that it was chosen by."""
    ids = list(ids)
    start = len(ids)
    with torch.no_grad():
        for _ in range(ADDED):
            ids.append(int(transformers_model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
        logits = transformers_model(input_ids=torch.tensor([ids])).logits[0, start - 1 : -1].float()
    return ids, logits


def compare(transformers_model, llama, asked, tolerance):
    largest = 0.0
    for ids in asked:
        known, expected = continued(transformers_model.eval(), ids)
        found = llama.logits(known, ADDED + 1)[:-1]
        largest = max(largest, float((found - expected).abs().max()))
        assert found.argmax(-1).tolist() == known[len(ids) :]
    assert largest < tolerance, largest


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_with_and_without_adapter_says_the_same(models, kind, tmp_path):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    folder = models(kind)
    asked = prompts(folder)
    plan.write(model.plan(folder, form="f32", title=kind), tmp_path / "model.gguf")
    base = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    beginning = PromptFormat.load(folder).render([{"role": "user", "content": "a"}]).startswith("<s>")
    llama = LlamaCppModel(tmp_path / "model.gguf", context=250)
    for text, ids in asked:
        assert llama.tokens(text.removeprefix("<s>") if beginning else text) == ids, text
    compare(base, llama, [ids for _, ids in asked[:5]], TOLERANCES.get(kind, 1e-4))
    llama.close()

    make_adapter(folder, tmp_path / "adapter", "plain")
    plan.write(adapter.plan(tmp_path / "adapter", folder, form="f32", title=kind), tmp_path / "adapter.gguf")
    adapted = PeftModel.from_pretrained(base, tmp_path / "adapter")
    llama = LlamaCppModel(tmp_path / "model.gguf", context=250, adapter=tmp_path / "adapter.gguf")
    compare(adapted, llama, [ids for _, ids in asked], TOLERANCES.get(kind, 1e-4))
    llama.close()
    gc.collect()


@pytest.mark.parametrize("kind", [kind for kind in ADAPTERS if kind != "plain"])
def test_adapters_with_scales_of_their_own_say_the_same(models, kind, tmp_path):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    folder = models("llama")
    plan.write(model.plan(folder, form="f32", title=kind), tmp_path / "model.gguf")
    make_adapter(folder, tmp_path / "adapter", kind)
    plan.write(adapter.plan(tmp_path / "adapter", folder, form="f32", title=kind), tmp_path / "adapter.gguf")
    adapted = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(folder), tmp_path / "adapter")
    llama = LlamaCppModel(tmp_path / "model.gguf", context=250, adapter=tmp_path / "adapter.gguf")
    compare(adapted, llama, [ids for _, ids in prompts(folder)[:5]], 1e-4)
    llama.close()


@pytest.mark.parametrize(("form", "tolerance"), [("f16", 2e-2), ("q8_0", 0.5)])
def test_smaller_numbers_stay_near(models, form, tolerance, tmp_path):
    from transformers import AutoModelForCausalLM

    folder = models("qwen3")
    plan.write(model.plan(folder, form=form, title=form), tmp_path / "model.gguf")
    base = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    llama = LlamaCppModel(tmp_path / "model.gguf", context=250)
    for _, ids in prompts(folder)[:5]:
        with torch.no_grad():
            expected = base(input_ids=torch.tensor([ids])).logits[0]
        assert (llama.logits(ids, len(ids)) - expected).abs().max() < tolerance
    llama.close()
