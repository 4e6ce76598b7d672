"""Quantised base models: the numbers counted are those trained, and gradients are right after any evaluation."""

import bitsandbytes as bnb
import pytest
import torch

from core.base_models.facts import ModelFacts
from core.errors import ModelError, RecipeError
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.worker import device
from core.worker.lora import add_lora
from core.worker.model import gradient_error, load_base, parameter_counts

CPU = device.Device("cpu", "CPU")


def load(folder, **settings):
    return load_base(folder, with_settings(Recipe(), {f"model.{k}": v for k, v in settings.items()}).model, CPU)


def test_the_default_is_4_bit_with_double_quantisation(tiny_model):
    layers = [module for module in load(tiny_model).modules() if isinstance(module, bnb.nn.Linear4bit)]
    assert len(layers) == 14
    assert all(layer.weight.quant_type == "nf4" and layer.weight.quant_state.nested for layer in layers)


@pytest.mark.parametrize("quantization", ["nf4", "int8"])
def test_gradients_are_right_after_an_evaluation(tiny_model, quantization):
    model = load(tiny_model, quantization=quantization)
    assert gradient_error(model) < 1e-5
    with torch.no_grad():
        model.eval()(input_ids=torch.tensor([[1, 2, 3]]))
    model.train()
    assert gradient_error(model) < 1e-5


def _cpu_repacks_weights():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return "avx512_bf16" in file.read()
    except OSError:
        return False


@pytest.mark.skipif(not _cpu_repacks_weights(), reason="only CPUs with AVX512-BF16 have the fault")
def test_the_self_test_notices_wrong_gradients(tiny_model):
    model = load(tiny_model)
    for module in model.modules():
        if isinstance(module, bnb.nn.Linear4bit):
            module.support_avx512bf16_for_cpu = True
    assert gradient_error(model) > 0.01


def test_models_that_are_not_quantised_need_no_self_test(tiny_model):
    assert gradient_error(load(tiny_model, quantization="none")) is None


@pytest.mark.parametrize("targets", ["all-linear", "attention", ["q_proj", "down_proj"]])
@pytest.mark.parametrize("rank", [4, 16])
def test_the_count_shown_before_is_the_count_trained(tiny_model, targets, rank):
    recipe = with_settings(Recipe(), {"lora.target_modules": targets, "lora.rank": rank})
    facts = ModelFacts.read(tiny_model)
    trainable, total = parameter_counts(add_lora(load(tiny_model), recipe, facts))
    assert trainable == facts.trainable_parameters(recipe.lora)
    assert total == facts.parameters + trainable


def test_a_module_that_is_not_there_is_refused_by_name(tiny_model):
    recipe = with_settings(Recipe(), {"lora.target_modules": ["query_key_value"]})
    with pytest.raises(RecipeError, match="query_key_value") as caught:
        add_lora(load(tiny_model), recipe, ModelFacts.read(tiny_model))
    assert "q_proj" in caught.value.reason


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match="holds no base model"):
        load(tmp_path)


def test_adapter_weights_are_full_precision_and_seeded(tiny_model):
    first = add_lora(load(tiny_model), Recipe(), ModelFacts.read(tiny_model))
    second = add_lora(load(tiny_model), Recipe(), ModelFacts.read(tiny_model))
    weights = [dict(model.named_parameters()) for model in (first, second)]
    for name, parameter in weights[0].items():
        if "lora_" in name:
            assert parameter.dtype == torch.float32
            assert torch.equal(parameter, weights[1][name])


def test_apple_gpus_get_a_clear_answer(tiny_model):
    with pytest.raises(ModelError, match="Quantised training"):
        load_base(tiny_model, Recipe().model, device.Device("mps", "Apple GPU"))
