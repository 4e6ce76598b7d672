"""Adapters on one loaded base model: put on, weighted, mixed, taken off; the base model itself is never changed.

Their configuration is built from checked values and their weights are safetensors: nothing in an adapter's folder is
run, and it is never asked which base model it wants.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from peft import LoraConfig, PeftModel, get_peft_model, set_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from peft.utils import ModulesToSaveWrapper
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from core.errors import ModelError
from core.export import adapter_config, sums
from core.export.adapter_config import AdapterConfig

_PREFIX = "base_model.model."
_MOST_LOADED = 8


class _Identity(NamedTuple):
    """An adapter folder as it is now; another run of training writes it anew."""

    folder: Path
    modified: int
    size: int


class Adapters:
    """The adapters of a base model that are in memory; the least recently used give way to new ones."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._adapted: PeftModel | None = None
        self._loaded: OrderedDict[_Identity, str] = OrderedDict()
        self._count = 0

    @contextlib.contextmanager
    def using(self, folder: Path | None) -> Iterator[PreTrainedModel]:
        """The base model with this adapter, or without any.

        Raises:
            ModelError: the adapter is missing, damaged, of an unknown kind, or made for another base model.
        """
        with self.mixed([(folder, 1.0)] if folder is not None else []) as model:
            yield model

    @contextlib.contextmanager
    def mixed(self, adapters: Sequence[tuple[Path, float]]) -> Iterator[PreTrainedModel]:
        """The base model with several adapters at once, each with its weight; without any the base model alone.

        What each adds to a layer is multiplied by its weight and summed. That is the adapter that PEFT's
        ``add_weighted_adapter`` makes with ``combination_type="cat"``, its exact one (``linear`` is a rough
        approximation, with products of one adapter's A and another's B in it), without another copy in memory.

        Raises:
            ModelError: see :meth:`using`; or one of them cannot be weighted.
        """
        wanted = _summed(adapters)
        if wanted:
            names = self._names(wanted)
            assert self._adapted is not None
            self._adapted.base_model.set_adapter(names, inference_mode=True)
            with self._weighted(dict(zip(names, wanted.values(), strict=True))):
                yield self._model
        elif self._adapted is not None:
            with self._adapted.disable_adapter():
                yield self._model
        else:
            yield self._model

    def _names(self, wanted: dict[Path, float]) -> list[str]:
        """Have all of them in memory; what they are called there."""
        configs = {folder: adapter_config.read(folder) for folder in wanted}
        if len(wanted) > 1 or any(weight != 1 for weight in wanted.values()):
            for folder, config in configs.items():
                _check_weighable(folder, config)
        names = [self._load(folder, config) for folder, config in configs.items()]
        while len(self._loaded) > max(_MOST_LOADED, len(names)):
            _, oldest = self._loaded.popitem(last=False)
            assert self._adapted is not None
            self._adapted.delete_adapter(oldest)
        return names

    @contextlib.contextmanager
    def _weighted(self, weights: dict[str, float]) -> Iterator[None]:
        """Scale what the adapters add, and leave them as they were."""
        if all(weight == 1 for weight in weights.values()):
            yield
            return
        layers = [module for module in self._model.modules() if isinstance(module, LoraLayer)]
        try:
            for layer in layers:
                for name, weight in weights.items():
                    layer.set_scale(name, weight)
            yield
        finally:
            for layer in layers:
                for name in weights:
                    layer.set_scale(name, 1)

    def _load(self, folder: Path, config: AdapterConfig) -> str:
        status = (folder / adapter_config.WEIGHTS_FILE).stat()
        identity = _Identity(folder, status.st_mtime_ns, status.st_size)
        if identity in self._loaded:
            self._loaded.move_to_end(identity)
            return self._loaded[identity]
        sums.check(folder)
        weights = _weights(folder)
        _check_fit(weights, config, self._model)
        self._count += 1
        name = f"adapter{self._count}"
        settings = LoraConfig(**config.arguments)
        if self._adapted is None:
            self._adapted = get_peft_model(self._model, settings, adapter_name=name)
        else:
            self._adapted.add_adapter(name, settings)
        self._adapted.eval()
        try:
            set_peft_model_state_dict(self._adapted, weights, adapter_name=name)
        except BaseException:  # whatever stopped it: half of it would answer in its name
            self._adapted.delete_adapter(name)
            raise
        self._loaded[identity] = name
        return name


def _summed(adapters: Sequence[tuple[Path, float]]) -> dict[Path, float]:
    """Each adapter once, with the sum of its weights; one that adds nothing is left out."""
    weights: dict[Path, float] = {}
    for folder, weight in adapters:
        weights[folder] = weights.get(folder, 0.0) + weight
    return {folder: weight for folder, weight in weights.items() if weight != 0}


def _check_weighable(folder: Path, config: AdapterConfig) -> None:
    """Refuse to weight what is not a plain sum of matrices."""
    reasons = {
        "It uses DoRA, which sets the length of whole weights instead of adding to them.": config.use_dora,
        "It was trained with whole modules beside LoRA, which are there or not.": bool(config.modules_to_save),
    }
    reason = next((words for words, holds in reasons.items() if holds), "")
    if reason:
        raise ModelError(
            "This adapter can only be used alone, at full strength.",
            reason=reason,
            hint="Set its strength to 1, and take the other adapters out of the mix.",
            details=str(folder),
        )


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    path = folder / adapter_config.WEIGHTS_FILE
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(
            "The adapter is damaged.",
            reason=f"{path.name} cannot be read: {error}",
            hint="Take it again from the run, or resume the run, which writes it anew.",
            details=str(path),
        ) from error


def _check_fit(weights: dict[str, torch.Tensor], config: AdapterConfig, model: PreTrainedModel) -> None:
    """Prove that the weights are those of this configuration on this model, before anything is put on it."""
    expected = _expected_in_full(config, model)
    for path, module in model.named_modules():
        # A module that carries adapters already keeps its own layer under base_layer.
        path, layer = path.removesuffix(".base_layer"), getattr(module, "base_layer", module)
        features = _features(layer)
        if features is None or not _is_targeted(path, config):
            continue
        rank = _rank(path, config)
        expected[f"{_PREFIX}{path}.lora_A.weight"] = (rank, features[0])
        expected[f"{_PREFIX}{path}.lora_B.weight"] = (features[1], rank)
        if config.use_dora:
            expected[f"{_PREFIX}{path}.lora_magnitude_vector"] = (features[1],)
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if expected != found:
        odd = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        raise ModelError(
            "The adapter does not fit this base model.",
            reason=f"{len(odd)} of its weights are missing, unknown or of another size, for example {odd[0]}."
            if odd
            else "It has no weights.",
            hint="Choose the base model that it was trained on.",
        )


def _features(layer: nn.Module) -> tuple[int, int] | None:
    """Inputs and outputs of a linear layer; None for other modules."""
    if isinstance(layer, Conv1D):
        return layer.nx, layer.nf
    if isinstance(layer, nn.Linear):
        return layer.in_features, layer.out_features
    return None


def _expected_in_full(config: AdapterConfig, model: PreTrainedModel) -> dict[str, tuple[int, ...]]:
    """The weights of the modules that were trained as a whole: embeddings, norms, heads, and nothing larger.

    Raises:
        ModelError: one of them is a whole part of the model, or quantised.
    """
    expected: dict[str, tuple[int, ...]] = {}
    for path, module in model.named_modules():
        if ".modules_to_save" in path or isinstance(module, ModulesToSaveWrapper):
            continue
        path = path.removesuffix(".original_module")
        if not path.endswith(config.modules_to_save) and not (config.tied and module is model.get_output_embeddings()):
            continue
        weights = dict(module.named_parameters(recurse=False))
        is_plain = bool(weights) and all(weight.is_floating_point() for weight in weights.values())
        if not is_plain or next(module.children(), None) is not None:
            raise ModelError(
                "The adapter does not fit this base model.",
                reason=f"It replaces {path}, which is no embedding, norm or head.",
                hint="Choose the base model that it was trained on.",
            )
        expected |= {f"{_PREFIX}{path}.{name}": tuple(weight.shape) for name, weight in weights.items()}
    return expected


def _is_targeted(path: str, config: AdapterConfig) -> bool:
    if config.layers and next((int(part) for part in path.split(".") if part.isdecimal()), -1) not in config.layers:
        return False
    return any(path == name or path.endswith(f".{name}") for name in config.target_modules)


def _rank(path: str, config: AdapterConfig) -> int:
    named = (config.rank_pattern or {}).items()
    return next((rank for name, rank in named if path == name or path.endswith(f".{name}")), config.rank)
