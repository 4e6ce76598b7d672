"""A base model of a few kilobytes with a tokenizer of its own, made once for all tests of the worker."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from tiny_model import TEMPLATE, make_tiny_model, words

from core.dataset.example import Example

__all__ = ["TEMPLATE", "words"]


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random two-layer Llama (hidden 64) with a byte-level BPE tokenizer and a ChatML template."""
    folder = tmp_path_factory.mktemp("tiny-model")
    make_tiny_model(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_examples() -> list[Example]:
    """Forty examples of one small task."""
    return [words(number) for number in range(40)]


@pytest.fixture(scope="session")
def make_trained(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, tiny_examples: list[Example]):
    """Makes runs that look finished, in a blink: the adapter is random, but strong enough to change every answer."""
    import torch

    from core.base_models.facts import ModelFacts
    from core.prompt.format import PromptFormat
    from core.recipe.recipe import with_settings
    from core.recipe.schema import Recipe
    from core.runs import folder
    from core.runs.event_file import EventWriter
    from core.runs.events import Evaluation, Finished, Started, Step
    from core.worker import device
    from core.worker.adapter import save_adapter
    from core.worker.lora import add_lora
    from core.worker.model import load_base
    from core.worker.reference import write_reference

    runs = tmp_path_factory.mktemp("trained") / "runs"

    def make(*, seed: int = 5, name: str = "animal sounds", **settings: object):
        changes = {"model.base": str(tiny_model), "lora.rank": 4, "lora.alpha": 8, **settings}
        recipe = with_settings(Recipe(), {key.replace("__", "."): value for key, value in changes.items()})
        run = folder.create(runs, name=name, recipe=recipe, train=tiny_examples[:32], heldout=tiny_examples[32:])
        place = device.choose()
        base = load_base(tiny_model, recipe.model, place)
        model = add_lora(base, recipe, ModelFacts.read(tiny_model)).eval()
        generator = torch.Generator().manual_seed(seed)
        for parameter_name, parameter in model.named_parameters():
            if "lora_B" in parameter_name:
                parameter.data.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
        with EventWriter(run.events_file) as events:
            events.write(
                Started(
                    device=place.name,
                    versions={"torch": torch.__version__},
                    trainable_parameters=100,
                    total_parameters=1000,
                    steps=12,
                    epochs=3,
                    examples=32,
                    heldout_examples=8,
                    tokens=1234,
                    supervised_tokens=567,
                )
            )
            events.write(Evaluation(step=0, loss=6.0, perplexity=400.0))
            last = {"loss": 1.5, "learning_rate": 0.0, "grad_norm": 1.0, "tokens": 9, "tokens_per_second": 9.0}
            events.write(Step(step=12, epoch=3, memory_bytes=9, **last))
            events.write(Evaluation(step=12, epoch=3, loss=1.25, perplexity=3.5, best=True))
            events.write(Finished(step=12, loss=1.5, heldout_loss=1.25, adapter="adapter", seconds=1))
        prompt_format = PromptFormat.load(tiny_model)
        prompts = [prompt_format.encode(example).ids for example in tiny_examples[:3]]
        write_reference(model, prompts, run.reference_file)
        save_adapter(model, base=tiny_model, run=run)
        return run

    return make


@pytest.fixture(scope="session")
def trained_run(make_trained):
    """One such run; tests must not change it."""
    return make_trained()


@pytest.fixture
def run(trained_run, tmp_path):
    """A copy of the trained run that may be harmed."""
    shutil.copytree(trained_run.path, tmp_path / "runs" / trained_run.name)
    from core.runs.folder import RunFolder

    return RunFolder(tmp_path / "runs" / trained_run.name)


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "Größe 数据 #1 %20 'x'"
    folder.mkdir()
    return folder


@pytest.fixture
def exported_here(monkeypatch):
    """Both jobs are done in this process: quicker, for what does not depend on fresh ones. ``between`` is called
    before the check, with the folder aside."""
    from core.worker import exporting

    hooks = SimpleNamespace(between=lambda _aside: None)

    class Here:
        def __init__(self, module, request, **_):
            self.request = request

        def messages(self):
            if self.request["job"] == "check":
                hooks.between(Path(self.request["aside"]))
            told = []
            exporting.do(json.loads(json.dumps(self.request)), told.append)
            yield from told

        def stop(self):
            raise AssertionError("nobody stops it here")

    monkeypatch.setattr("core.export.job.Child", Here)
    return hooks
