"""An adapter worked into the weights of its base model, one tensor at a time, as the base model's files have them.

Two base models come into question for a run that held its own in 4 or 8 bits: that very one, made 16-bit again (what
the adapter was trained on, so nothing changes but rounding), and the original one (what the adapter was not trained
on, but without what the quantisation lost).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import torch
from safetensors import safe_open
from torch import nn

from core.base_models.facts import ModelFacts
from core.base_models.weights import Tensor, read_header, weight_files
from core.errors import ModelError
from core.export import adapter_config
from core.export.adapter_config import AdapterConfig
from core.worker.model import QUANTISED, dequantised

Into = Literal["as_trained", "original"]
PREFIX = "base_model.model."
FLOATS = ("F64", "F32", "F16", "BF16")


class Merge:
    """The tensors of the merged model; iterating gives each name with its values, in the order of ``specs``.

    Attributes:
        specs: what will come: name, stored dtype and shape of each tensor, by file and place in it.
    """

    def __init__(self, base: Path, adapter: Path, held: nn.Module | None) -> None:
        """Find which tensor gets what.

        Args:
            base: the folder of the base model.
            adapter: a PEFT folder.
            held: the base model as it was held when the adapter was trained; None to merge into the original one.

        Raises:
            ModelError: a tensor that the adapter changes, or that was quantised, is not found in the files.
        """
        self._files = weight_files(base)
        self._facts = ModelFacts.read(base)
        self._changes = Changes(adapter)
        self.specs: dict[str, Tensor] = {}
        for file in self._files:
            self.specs |= read_header(file)
        if self._facts.tied:
            self.specs.pop("lm_head.weight", None)  # the table of embeddings, stored twice
        self._held = _quantised(held) if held is not None else {}
        self._changed = self._places(self._changes.paths, "adapter changes")
        self._requantised = self._places(self._held, "4-bit model holds")
        self._whole = {name: found for name in self.specs if (found := _ending(name, self._changes.whole))}
        tied = {"lm_head.weight"} if self._facts.tied else set()
        missing = self._changes.whole - set(self._whole.values()) - tied
        if missing:
            raise _unknown(len(missing), min(missing), "adapter replaces")

    def __len__(self) -> int:
        """The number of tensors."""
        return len(self.specs)

    def __iter__(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Each tensor: in float32 where it holds numbers with a fraction, on the CPU."""
        for file in self._files:
            with safe_open(file, framework="pt") as content:
                for name in (name for name in read_header(file) if name in self.specs):
                    yield name, self._merged(name, content.get_tensor(name))

    def _merged(self, name: str, stored: torch.Tensor) -> torch.Tensor:
        if self.specs[name].dtype not in FLOATS:
            return stored
        if name in self._whole:
            return self._changes.whole_tensor(self._whole[name]).reshape(stored.shape)
        if name not in self._changed and name not in self._requantised:
            return stored.float()
        inputs_first = self._facts.stores_inputs_first
        if name in self._requantised:
            weight = dequantised(self._held[self._requantised[name]]).cpu()
        else:
            weight = stored.float().T if inputs_first else stored.float()
        if name in self._changed:
            weight = self._changes.apply(self._changed[name], weight)
        return (weight.T if inputs_first else weight).contiguous()

    def _places(self, paths: object, words: str) -> dict[str, str]:
        """Which of the module paths each stored weight is that of."""
        wanted = set(paths)  # type: ignore[call-overload]
        found = {
            name: path
            for name in self.specs
            if name.endswith(".weight") and (path := _ending(name.removesuffix(".weight"), wanted))
        }
        missing = wanted - set(found.values())
        if missing:
            raise _unknown(len(missing), min(missing), words)
        return found


class Changes:
    """What an adapter does to the weights of a model.

    Attributes:
        config: its shape.
        paths: of the modules that have LoRA matrices.
        whole: names of the tensors that were trained in full.
    """

    def __init__(self, folder: Path) -> None:
        """Read the adapter's names; its tensors when they are wanted.

        Raises:
            ModelError: it is damaged, or of a kind that is not used here.
        """
        self.config: AdapterConfig = adapter_config.read(folder)
        self._file = folder / adapter_config.WEIGHTS_FILE
        names = [name.removeprefix(PREFIX) for name in read_header(self._file)]
        self.paths = {name.removesuffix(".lora_A.weight") for name in names if name.endswith(".lora_A.weight")}
        self.whole = {name for name in names if ".lora_" not in name}

    def scale(self, path: str, rank: int) -> float:
        """What B A is multiplied with: alpha / rank, or alpha / sqrt(rank) (arXiv:2312.03732)."""
        alphas = (self.config.alpha_pattern or {}).items()
        alpha = next((value for name, value in alphas if path == name or path.endswith(f".{name}")), self.config.alpha)
        return alpha / (math.sqrt(rank) if self.config.use_rslora else rank)

    def matrices(self, path: str) -> tuple[torch.Tensor, torch.Tensor]:
        """A (rank, inputs) and B (outputs, rank) of a module, in float32."""
        with safe_open(self._file, framework="pt") as content:
            a, b = (content.get_tensor(f"{PREFIX}{path}.lora_{letter}.weight").float() for letter in "AB")
        return a, b

    def apply(self, path: str, weight: torch.Tensor) -> torch.Tensor:
        """A module's weight (outputs, inputs), with what the adapter changes of it."""
        a, b = self.matrices(path)
        changed = weight + self.scale(path, a.shape[0]) * (b @ a)
        if not self.config.use_dora:
            return changed
        with safe_open(self._file, framework="pt") as content:  # DoRA, arXiv:2402.09353: each output has its length
            magnitude = content.get_tensor(f"{PREFIX}{path}.lora_magnitude_vector").float()
        lengths: torch.Tensor = magnitude[:, None] / changed.norm(dim=1, keepdim=True)
        return lengths * changed

    def uniform(self) -> tuple[int, dict[str, tuple[torch.Tensor, torch.Tensor]]]:
        """All matrices with one rank and the scale 1, which every reader understands alike; and that rank.

        The scale goes into B, and short matrices are filled up with zeros; what the adapter computes stays the same.
        """
        pairs = {path: self.matrices(path) for path in sorted(self.paths)}
        rank = max(a.shape[0] for a, _ in pairs.values())
        filled = {}
        for path, (a, b) in pairs.items():
            more = rank - a.shape[0]
            b = b * self.scale(path, a.shape[0])
            filled[path] = (nn.functional.pad(a, (0, 0, 0, more)), nn.functional.pad(b, (0, more)))
        return rank, filled

    def whole_tensor(self, name: str) -> torch.Tensor:
        """A tensor that was trained in full, in float32."""
        with safe_open(self._file, framework="pt") as content:
            tensor: torch.Tensor = content.get_tensor(PREFIX + name).float()
        return tensor


def _quantised(model: nn.Module) -> dict[str, nn.Module]:
    """The quantised layers by path; one that carries an adapter keeps its own under base_layer."""
    return {
        path.removesuffix(".base_layer"): module
        for path, module in model.named_modules()
        if isinstance(module, QUANTISED)
    }


def _ending(name: str, known: set[str]) -> str:
    """The known name that is this one but for a prefix: files may leave out a model's own, or add one."""
    if name in known:
        return name
    return next((one for one in known if one.endswith(f".{name}") or name.endswith(f".{one}")), "")


def _unknown(count: int, example: str, words: str) -> ModelError:
    return ModelError(
        "This base model cannot be merged with its adapter.",
        reason=f"Of what the {words}, {count} parts are not found in its files under their names, such as {example}.",
        hint="Export the adapter by itself.",
    )
