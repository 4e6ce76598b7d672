"""Every kind of adapter: counted right before, learning, saved, and loaded by plain PEFT as it was trained."""

import shutil

import pytest
import torch
from peft import PeftModel
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM, LlamaConfig

from core.base_models.facts import ModelFacts
from core.errors import ModelError, RecipeError
from core.export import adapter_config
from core.library import start_adapter
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import folder as runs
from core.runs.again import duplicate
from core.worker import device
from core.worker.adapters import Adapters
from core.worker.loop import adapter_state, load_adapter_state
from core.worker.lora import add_lora
from core.worker.model import load_base, parameter_counts
from core.worker.reference import compare, logits

CPU = device.Device("cpu", "CPU")
IDS = [5, 9, 40, 7, 100, 3]
KINDS = {
    "plain": {},
    "rank-stabilised": {"lora.use_rslora": True},
    "magnitudes": {"lora.use_dora": True},
    "one layer": {"lora.layers": "1", "lora.target_modules": "attention"},
    "parts in full": {"lora.modules_to_save": ["embed_tokens", "norm", "lm_head"]},
    "all at once": {"lora.use_dora": True, "lora.use_rslora": True, "lora.layers": "0", "lora.modules_to_save": "norm"},
}


def recipe_of(folder, quantization, settings):
    return with_settings(
        Recipe(),
        {"model.base": str(folder), "model.quantization": quantization, "lora.rank": 4, "lora.dropout": 0, **settings},
    )


def adapted(folder, recipe):
    base = load_base(folder, recipe.model, CPU)
    return add_lora(base, recipe, ModelFacts.read(folder))


def train(model, steps=3):
    """A few steps, so that every trained number differs from where it began."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-2)
    ids = torch.tensor([IDS])
    model.train()
    losses = []
    for _ in range(steps):
        loss = model(input_ids=ids, labels=ids, use_cache=False).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    return losses


def save(model, folder):
    folder.mkdir()
    save_file(adapter_state(model), folder / "adapter_model.safetensors", metadata={"format": "pt"})
    text = adapter_config.dumps(model.peft_config["default"].to_dict(), base="tiny")
    (folder / "adapter_config.json").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("quantization", ["nf4", "int8", "none"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_counted_learns_and_loads_in_plain_peft(tiny_model, tmp_path, kind, quantization):
    recipe = recipe_of(tiny_model, quantization, KINDS[kind])
    facts = ModelFacts.read(tiny_model)
    if quantization == "int8" and recipe.lora.use_dora:
        with pytest.raises(RecipeError, match="DoRA"):
            adapted(tiny_model, recipe)
        return
    model = adapted(tiny_model, recipe)
    assert parameter_counts(model) == (
        facts.trainable_parameters(recipe.lora),
        facts.parameters + facts.trainable_parameters(recipe.lora),
    )
    before = {name: tensor.clone() for name, tensor in adapter_state(model).items()}
    losses = train(model)
    assert losses[-1] < losses[0]
    assert all(not torch.equal(tensor, before[name]) for name, tensor in adapter_state(model).items())
    said = logits(model, IDS, 6)
    save(model, tmp_path / "adapter")
    plain = PeftModel.from_pretrained(load_base(tiny_model, recipe.model, CPU), tmp_path / "adapter")
    assert torch.equal(logits(plain, IDS, 6), said)
    adapters = Adapters(load_base(tiny_model, recipe.model, CPU))
    clean = logits(load_base(tiny_model, recipe.model, CPU), IDS, 6)
    for _ in range(2):
        with adapters.using(tmp_path / "adapter") as loaded:
            assert torch.equal(logits(loaded, IDS, 6), said)
        with adapters.using(None) as loaded:
            assert torch.equal(logits(loaded, IDS, 6), clean)


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_state_is_taken_up_whole(tiny_model, tmp_path, kind):
    recipe = recipe_of(tiny_model, "nf4", KINDS[kind])
    model = adapted(tiny_model, recipe)
    train(model)
    save_file(adapter_state(model), tmp_path / "state.safetensors")
    fresh = adapted(tiny_model, recipe)
    load_adapter_state(fresh, tmp_path / "state.safetensors")
    assert all(torch.equal(tensor, adapter_state(fresh)[name]) for name, tensor in adapter_state(model).items())


def test_parts_and_layers_that_are_not_there_are_refused_by_name(tiny_model):
    with pytest.raises(RecipeError, match="wte") as caught:
        adapted(tiny_model, recipe_of(tiny_model, "none", {"lora.modules_to_save": ["wte"]}))
    assert "embed_tokens" in caught.value.reason
    with pytest.raises(RecipeError, match="layers 0 to 1"):
        adapted(tiny_model, recipe_of(tiny_model, "none", {"lora.layers": "5-7"}))


def test_a_whole_part_of_the_model_is_never_replaced(tiny_model, tmp_path):
    recipe = recipe_of(tiny_model, "none", {})
    model = adapted(tiny_model, recipe)
    save(model, tmp_path / "adapter")
    path = tmp_path / "adapter" / "adapter_config.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"modules_to_save": null', '"modules_to_save": ["layers"]'), encoding="utf-8")
    adapters = Adapters(load_base(tiny_model, recipe.model, CPU))
    with pytest.raises(ModelError, match="does not fit"), adapters.using(tmp_path / "adapter"):
        pass


def test_a_run_goes_on_from_the_adapter_that_it_was_given(tiny_model, tiny_examples, make_trained, tmp_path):
    earlier = make_trained(seed=60)
    changes = {"lora.start_from": earlier.name, "lora.dropout": 0}
    recipe = with_settings(earlier.recipe(), changes)
    start = start_adapter.files(recipe, earlier.path.parent, ModelFacts.read(tiny_model))
    run = runs.create(tmp_path, name="on", recipe=recipe, train=tiny_examples[:4], heldout=[], start=start)
    base = load_base(tiny_model, recipe.model, CPU)
    model = add_lora(base, recipe, ModelFacts.read(tiny_model), run)
    assert compare(model, earlier.reference_file).max_logit_difference == 0
    (run.start_adapter / "adapter_model.safetensors").write_bytes(b"half")
    with pytest.raises(ModelError, match="cannot start from"):
        add_lora(load_base(tiny_model, recipe.model, CPU), recipe, ModelFacts.read(tiny_model), run)


def test_a_duplicate_starts_from_the_same_adapter(tiny_model, tiny_examples, make_trained, tmp_path):
    earlier = make_trained(seed=61)
    recipe = with_settings(earlier.recipe(), {"lora.start_from": str(earlier.adapter)})
    start = start_adapter.files(recipe, tmp_path, ModelFacts.read(tiny_model))
    run = runs.create(tmp_path, name="on", recipe=recipe, train=tiny_examples[:4], heldout=[], start=start)
    shutil.rmtree(earlier.path)
    again = duplicate(run, tmp_path, recipe=with_settings(recipe, {"training.epochs": 1}))
    name = "adapter_model.safetensors"
    assert (again.start_adapter / name).read_bytes() == (run.start_adapter / name).read_bytes()


@pytest.fixture(scope="module")
def tied_model(tiny_model, tmp_path_factory):
    """The same with one table for embeddings and head."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = tmp_path_factory.mktemp("tied")
    config = LlamaConfig.from_pretrained(tiny_model, tie_word_embeddings=True)
    torch.manual_seed(1)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("parts", [["embed_tokens", "norm", "lm_head"], ["norm"], ["embed_tokens"]])
@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
@pytest.mark.parametrize("tied", [False, True])
def test_parts_trained_in_full_are_held_precisely(request, tiny_model, tmp_path, parts, dtype, tied):
    folder = request.getfixturevalue("tied_model") if tied else tiny_model
    parts = [part for part in parts if not tied or part != "lm_head"]
    recipe = recipe_of(folder, "none", {"lora.modules_to_save": parts, "model.compute_dtype": dtype})
    model = adapted(folder, recipe)
    assert parameter_counts(model)[0] == ModelFacts.read(folder).trainable_parameters(recipe.lora)
    assert {parameter.dtype for parameter in model.parameters() if parameter.requires_grad} == {torch.float32}
    held = {parameter.dtype for parameter in model.parameters() if not parameter.requires_grad}
    assert held == {getattr(torch, dtype)}
    losses = train(model, 4)
    assert losses[-1] < losses[0]
    said = logits(model, IDS, 6)
    save(model, tmp_path / "adapter")
    plain = PeftModel.from_pretrained(load_base(folder, recipe.model, CPU), tmp_path / "adapter")
    allowed = 0.03 if dtype == "bfloat16" else 1e-6
    assert (logits(plain, IDS, 6) - said).abs().max() < allowed * said.abs().max()
    with Adapters(load_base(folder, recipe.model, CPU)).using(tmp_path / "adapter") as loaded:
        assert (logits(loaded, IDS, 6) - said).abs().max() < allowed * said.abs().max()


@pytest.mark.parametrize("kind", ["qwen3_moe", "mixtral"])
def test_experts_are_left_as_they_are(tmp_path, tiny_model, kind):
    shutil.copytree(tiny_model, tmp_path / "model", ignore=shutil.ignore_patterns("*.safetensors", "config.json"))
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "vocab_size": 300}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8}
    experts = (
        {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
        if kind == "qwen3_moe"
        else {"num_local_experts": 4}
    )
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **sizes, **heads, **experts))
    model.save_pretrained(tmp_path / "model")
    recipe = recipe_of(tmp_path / "model", "none", {"lora.dropout": 0.05})
    facts = ModelFacts.read(tmp_path / "model")
    assert facts.has_experts
    model = adapted(tmp_path / "model", recipe)
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    assert not any("expert" in name for name in trained)
    count = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    assert count == facts.trainable_parameters(recipe.lora)
    losses = train(model)
    assert losses[-1] < losses[0]
