"""Loading a base model quantised, and proving that gradients through the quantised weights are right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bitsandbytes as bnb
import bitsandbytes.functional
import torch
from torch import nn
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, PreTrainedConfig, PreTrainedModel
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from core.base_models.config import harmless_values
from core.errors import ModelError
from core.recipe.schema import ModelSettings
from core.worker.device import Device

QUANTISED = (bnb.nn.Linear4bit, bnb.nn.Linear8bitLt)


def load_base(folder: Path, settings: ModelSettings, device: Device, *, to_shard: bool = False) -> PreTrainedModel:
    """The base model of a local folder, held as the recipe says; no code of the folder is run.

    Args:
        folder: in Transformers' format.
        settings: how it is held.
        device: where it computes.
        to_shard: leave it in main memory, stored so that it can be spread over several devices.

    Raises:
        ModelError: the folder holds no model that can be loaded, or the precision is not to be had on this device.
    """
    if device.kind == "mps" and settings.quantization != "none":
        raise ModelError(
            "Quantised training is not to be had on this device.",
            reason="bitsandbytes has no 4-bit or 8-bit weights for Apple GPUs.",
            hint="Set the precision of the base model to full.",
        )
    dtype = device.compute_dtype(settings)
    options: dict[str, Any] = {"dtype": dtype, "device_map": {"": "cpu" if to_shard else device.torch_device}}
    quantisation = quantisation_config(settings, dtype)
    if to_shard and quantisation is not None:
        quantisation.bnb_4bit_quant_storage = dtype
    if quantisation is not None:
        options["quantization_config"] = quantisation
    try:
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            folder,
            config=_config(folder),
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            **options,
        )
    except torch.OutOfMemoryError:
        raise
    except (OSError, ValueError, KeyError, ImportError, TypeError, AttributeError, RuntimeError) as error:
        raise ModelError(
            "The base model cannot be loaded.",
            reason=str(error).splitlines()[0] if str(error) else type(error).__name__,
            hint="Check that the folder holds config.json and .safetensors files of a causal language model.",
            details=str(folder),
        ) from error
    keep_cpu_gradients_right(model)
    model.eval()
    return model


def _config(folder: Path) -> PreTrainedConfig:
    """The configuration that the loader sees: checked, and without what names code, kernels or other models.

    Raises:
        ModelError: config.json is refused, or the architecture is none of Transformers' own.
    """
    values = harmless_values(folder)
    kind = str(values.get("model_type", ""))
    if kind not in CONFIG_MAPPING:
        raise ModelError(
            "The base model's architecture is not known.",
            reason=f"Its config.json says {kind[:60]!r}, which Transformers has no code for."
            if kind
            else "Its config.json does not say what it is (model_type).",
            hint="Choose a model whose architecture is built into Transformers, such as Llama, Qwen, Gemma or Mistral.",
            details=str(folder),
        )
    config: PreTrainedConfig = CONFIG_MAPPING[kind].from_dict(values)
    return config


def keep_cpu_gradients_right(model: nn.Module) -> None:
    """Switch off bitsandbytes' in-place repacking of 4-bit weights on CPUs with AVX512-BF16.

    In 0.50.2 an evaluation forward repacks the weight and nothing unpacks it for training: the loss stays right and
    the gradients of all adapters before that layer are wrong. Must run before the first forward.
    """
    for module in model.modules():
        if isinstance(module, bnb.nn.Linear4bit):
            module.support_avx512bf16_for_cpu = False


def gradient_error(model: nn.Module) -> float | None:
    """How far the gradient through a quantised layer is from that of its dequantised weight, after eval and train.

    Returns:
        1 - cosine similarity (0 is exact, 1 when no gradient comes at all), or None when no layer is quantised.
    """
    layer = next((module for module in model.modules() if isinstance(module, QUANTISED)), None)
    if layer is None:
        return None
    was_training = layer.training
    generator = torch.Generator().manual_seed(0)
    device = layer.weight.device
    dtype = (layer.compute_dtype if isinstance(layer, bnb.nn.Linear4bit) else None) or _dtype(model)
    x = torch.randn(8, layer.in_features, generator=generator).to(device, dtype)
    upstream = torch.randn(8, layer.out_features, generator=generator).to(device)
    layer.eval()
    with torch.no_grad():
        layer(x)
    layer.train()
    x.requires_grad_(True)
    layer(x).float().backward(upstream)
    layer.train(was_training)
    if x.grad is None:
        return 1.0
    true = (upstream @ dequantised(layer)).flatten()
    cosine = torch.nn.functional.cosine_similarity(x.grad.float().flatten(), true, dim=0)
    return 1.0 - float(cosine)


def _dtype(model: nn.Module) -> torch.dtype:
    """The precision of what is not quantised."""
    return next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)


def dequantised(layer: nn.Module) -> torch.Tensor:
    """The weight (outputs, inputs) that a quantised layer computes with, in float32."""
    weight: torch.Tensor
    held: Any
    if isinstance(layer, bnb.nn.Linear4bit):
        weight = bitsandbytes.functional.dequantize_4bit(layer.weight.data, layer.weight.quant_state).float()
    else:  # a forward pass moves codes and scales into the layer's state
        held = layer.state
        held = held if held.CB is not None else layer.weight
        weight = held.CB.float() * held.SCB.float()[:, None] / 127
    return weight


def parameter_counts(model: nn.Module) -> tuple[int, int]:
    """Trainable parameters and all parameters; 4-bit weights are counted unpacked."""
    trainable = total = 0
    for parameter in model.parameters():
        count = parameter.numel()
        if isinstance(parameter, bnb.nn.Params4bit) and parameter.quant_state is not None:
            count = parameter.quant_state.shape.numel()
        total += count
        trainable += count if parameter.requires_grad else 0
    return trainable, total


def quantisation_config(settings: ModelSettings, dtype: torch.dtype) -> BitsAndBytesConfig | None:
    """How the base model is quantised while it is loaded; None when it is not."""
    if settings.quantization == "none":
        return None
    if settings.quantization == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=settings.double_quantization,
        bnb_4bit_compute_dtype=dtype,
    )
