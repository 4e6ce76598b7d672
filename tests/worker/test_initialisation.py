"""Ways for an adapter to begin: what each promises holds, and all of them end as plain LoRA on the untouched model."""

import bitsandbytes.functional as functional
import pytest
import torch
from safetensors.torch import load_file

from core.base_models.facts import ModelFacts
from core.errors import RunError
from core.export.source import Source
from core.export.work import Work
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import folder
from core.worker import device
from core.worker.adapter import save_adapter
from core.worker.adapters import Adapters
from core.worker.export_adapter import check
from core.worker.loop import adapter_state, load_adapter_state
from core.worker.lora import add_lora
from core.worker.model import load_base
from core.worker.reference import compare, logits, write_reference

CPU = device.Device("cpu", "CPU")
IDS = [5, 9, 40, 7, 100, 3]


@pytest.fixture
def new_run(tmp_path, tiny_model, tiny_examples):
    def make(initialisation, **settings):
        quantization = {"loftq": "nf4"}.get(initialisation, "none")
        changes = {
            "model.base": str(tiny_model),
            "model.quantization": quantization,
            "lora.initialisation": initialisation,
            "lora.rank": 4,
            "lora.alpha": 12,
            "lora.dropout": 0,
            **settings,
        }
        recipe = with_settings(Recipe(), changes)
        return folder.create(tmp_path, name="run", recipe=recipe, train=tiny_examples[:4], heldout=[])

    return make


def base_of(run):
    recipe = run.recipe()
    return load_base(folder.Path(recipe.model.base), recipe.model, CPU)


def adapted(run):
    recipe = run.recipe()
    return add_lora(base_of(run), recipe, ModelFacts.read(folder.Path(recipe.model.base)), run)


def train(model, steps=3):
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-2)
    ids = torch.tensor([IDS])
    model.train()
    for _ in range(steps):
        model(input_ids=ids, labels=ids, use_cache=False).loss.backward()
        optimizer.step()
        optimizer.zero_grad()


@pytest.mark.parametrize("initialisation", ["standard", "gaussian", "orthogonal", "pissa"])
def test_the_model_says_at_first_what_the_base_model_says(new_run, initialisation):
    run = new_run(initialisation)
    model = adapted(run)
    torch.testing.assert_close(logits(model, IDS, 6), logits(base_of(run), IDS, 6), atol=2e-5, rtol=0)
    zero = [name for name, tensor in adapter_state(model).items() if not tensor.any()]
    assert bool(zero) == (initialisation in ("standard", "gaussian"))


def test_loftq_comes_nearer_to_the_model_before_it_was_quantised(new_run, tiny_model):
    true = load_base(tiny_model, with_settings(Recipe(), {"model.quantization": "none"}).model, CPU)
    run = new_run("loftq", **{"lora.rank": 16})
    quantised, corrected = base_of(run), adapted(run)
    for path, module in true.named_modules():
        if not path.endswith("_proj"):
            continue
        held = quantised.get_submodule(path).weight
        weight = functional.dequantize_4bit(held.data, held.quant_state)
        layer = corrected.base_model.model.get_submodule(path)
        before = (module.weight - weight).norm()
        after = (module.weight - weight - layer.get_delta_weight("default")).norm()
        assert after < 0.85 * before, path


def test_pissa_trains_the_largest_singular_values(new_run, tiny_model):
    true = load_base(tiny_model, with_settings(Recipe(), {"model.quantization": "none"}).model, CPU)
    layer = adapted(new_run("pissa")).base_model.model.model.layers[1].mlp.down_proj
    weight = true.model.layers[1].mlp.down_proj.weight
    largest = torch.linalg.svdvals(weight)
    torch.testing.assert_close(torch.linalg.svdvals(layer.get_base_layer().weight)[0], largest[4], atol=1e-5, rtol=0)
    torch.testing.assert_close(layer.get_base_layer().weight + layer.get_delta_weight("default"), weight)


@pytest.mark.parametrize("rslora", [False, True])
@pytest.mark.parametrize("initialisation", ["gaussian", "orthogonal", "loftq", "pissa"])
def test_the_adapter_works_in_plain_peft_on_the_base_model_as_it_is(new_run, tiny_model, initialisation, rslora):
    run = new_run(initialisation, **{"lora.use_rslora": rslora, "lora.target_modules": ["q_proj", "down_proj"]})
    model = adapted(run)
    train(model)
    write_reference(model.eval(), [IDS, IDS[:3]], run.reference_file)
    save_adapter(model, base=tiny_model, run=run)
    assert check(Work(Source.of_run(run), {}, run.adapter, run.reference_file))["verified"]
    with Adapters(base_of(run)).using(run.adapter) as loaded:
        assert compare(loaded, run.reference_file).holds
    shapes = {tensor.shape for tensor in load_file(run.adapter / "adapter_model.safetensors").values()}
    assert (8, 64) in shapes if initialisation == "pissa" else (4, 64) in shapes


@pytest.mark.parametrize("initialisation", ["orthogonal", "loftq", "pissa"])
def test_a_run_that_is_taken_up_again_goes_on_where_it_was(new_run, tmp_path, initialisation):
    from safetensors.torch import save_file

    run = new_run(initialisation)
    model = adapted(run)
    train(model)
    save_file(adapter_state(model), tmp_path / "state.safetensors")
    again = adapted(run)
    load_adapter_state(again, tmp_path / "state.safetensors")
    assert torch.equal(logits(again, IDS, 6), logits(model, IDS, 6))
    train(model, 1)
    train(again, 1)
    assert torch.equal(logits(again, IDS, 6), logits(model, IDS, 6))


def test_a_byte_that_changed_in_what_pissa_took_out_is_noticed(new_run):
    run = new_run("pissa")
    adapted(run)
    content = bytearray(run.taken_out_file.read_bytes())
    content[-5] ^= 1
    run.taken_out_file.write_bytes(bytes(content))
    with pytest.raises(RunError, match="damaged"):
        adapted(run)


def test_what_pissa_took_out_is_taken_from_the_run_and_not_worked_out_anew(new_run, monkeypatch):
    run = new_run("pissa")
    first = adapted(run)
    monkeypatch.setattr(torch.linalg, "svd", lambda *_, **__: pytest.fail("the decomposition was made again"))
    second = adapted(run)
    for (name, before), after in zip(first.named_parameters(), second.parameters(), strict=True):
        assert torch.equal(before, after), name
