"""adapter_config.json: what is written for a run, and what is accepted when an adapter is read.

Known keys with their type and range, nothing else: PEFT has imported modules that this file names and loaded base
models from it. The base model never comes from an adapter.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.base_models import catalogue
from core.base_models.reading import json_object, read_text
from core.errors import ModelError
from core.recipe.schema import STARTER

CONFIG_FILE = "adapter_config.json"
WEIGHTS_FILE = "adapter_model.safetensors"
STARTER_ID = "tunesmith-starter"

_LARGEST_MEGABYTES = 2  # with the whole path of each layer of the largest models
_LARGEST_RANK = 512
_MOST_MODULES = 10_000
_MOST_LAYERS = 1000
# Ways to begin that leave the base model as it is; what they were does not matter to the trained adapter.
_HARMLESS_BEGINNINGS = (True, False, "gaussian", "orthogonal")
_MODULE = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")
_SNAPSHOT = re.compile(r"models--(?P<id>[\w.-]+(?:--[\w.-]+)?)/snapshots/(?P<revision>[0-9a-f]{40})$")
# Said by other programs, of no effect on what the adapter computes, and never acted on.
_IGNORED = frozenset(
    {
        *("auto_mapping", "base_model_name_or_path", "revision", "inference_mode", "peft_version", "task_type"),
        *("megatron_config", "megatron_core", "loftq_config", "qalora_group_size"),
        *("lora_dropout", "exclude_modules", "layers_pattern"),
    }
)


@dataclass(frozen=True, slots=True)
class AdapterConfig:
    """A LoRA adapter's shape: all that is needed to build it before its weights are loaded."""

    rank: int
    alpha: float
    target_modules: tuple[str, ...]
    use_rslora: bool = False
    rank_pattern: Mapping[str, int] | None = None
    alpha_pattern: Mapping[str, float] | None = None
    use_dora: bool = False
    modules_to_save: tuple[str, ...] = ()
    tied: bool = False
    layers: frozenset[int] = frozenset()

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of ``peft.LoraConfig``."""
        return {
            "r": self.rank,
            "lora_alpha": self.alpha,
            "target_modules": list(self.target_modules),
            "use_rslora": self.use_rslora,
            "rank_pattern": dict(self.rank_pattern or {}),
            "alpha_pattern": dict(self.alpha_pattern or {}),
            "use_dora": self.use_dora,
            "modules_to_save": list(self.modules_to_save) or None,
            "ensure_weight_tying": self.tied,
            "layers_to_transform": sorted(self.layers) or None,
            "task_type": "CAUSAL_LM",
            "inference_mode": True,
        }


def read(folder: Path) -> AdapterConfig:
    """Read the adapter_config.json of a PEFT folder.

    Raises:
        ModelError: there is no adapter, its weights are not safetensors, or it is of a kind that is not used here.
    """
    path = folder / CONFIG_FILE
    missing = [name for name in (CONFIG_FILE, WEIGHTS_FILE) if not (folder / name).is_file()]
    if missing:
        pickled = (folder / "adapter_model.bin").exists()
        raise ModelError(
            "The adapter's weights are in an unsafe format." if pickled else "There is no adapter in this folder.",
            reason="adapter_model.bin is a pickle file, which can run code; only .safetensors files are loaded."
            if pickled
            else f"{folder.name} has no {' and no '.join(missing)}.",
            hint="Save it again with safe_serialization=True."
            if pickled
            else f"Choose a folder with {CONFIG_FILE} and {WEIGHTS_FILE} in it.",
            details=str(folder),
        )
    try:
        values = json_object(path, read_text(path, megabytes=_LARGEST_MEGABYTES))
    except ModelError as error:
        raise _Reader(path, {}).refused(error.reason) from error
    return _Reader(path, values).config()


def public_base(base: str) -> tuple[str, str]:
    """What to call a base model in files that leave this machine: its id and its revision (or nothing).

    A folder in Hugging Face's cache gives the hub id; of any other only the last part of its name is told.
    """
    if base == STARTER:
        return STARTER_ID, ""
    folder = Path(base).expanduser()
    if not folder.is_dir() and catalogue.revision(base):
        return base, catalogue.revision(base)
    snapshot = _SNAPSHOT.search(folder.as_posix())
    if snapshot is not None:
        return snapshot["id"].replace("--", "/"), snapshot["revision"]
    is_path = folder.is_dir() or folder.is_absolute() or base.startswith((".", "~")) or "\\" in base
    return (re.split(r"[/\\]", str(folder).rstrip("/\\"))[-1] or "base-model") if is_path else base, ""


def dumps(peft_config: Mapping[str, Any], *, base: str) -> str:
    """The adapter_config.json of a trained adapter.

    Args:
        peft_config: ``LoraConfig.to_dict()``.
        base: the recipe's name of the base model; its public name is written, never a path.
    """
    name, revision = public_base(base)
    kept = {key: _plain(value) for key, value in peft_config.items() if not _names_code(key)}
    kept |= {"base_model_name_or_path": name, "revision": revision or None, "inference_mode": True}
    return json.dumps(kept, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _names_code(key: str) -> bool:
    return key == "auto_mapping" or key.startswith("megatron")


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, (set, frozenset)) else value


class _Reader:
    """Takes values out of the object one by one, each checked."""

    def __init__(self, path: Path, values: dict[str, Any]) -> None:
        self._path = path
        self._values = dict(values)

    def config(self) -> AdapterConfig:
        kind = self._values.pop("peft_type", None)
        if kind != "LORA":
            raise self.refused(f"It is of the kind {str(kind)[:40]!r}; only LoRA adapters are used here.")
        config = AdapterConfig(
            rank=self._whole("r", self._values.pop("r", None)),
            alpha=self._number("lora_alpha", self._values.pop("lora_alpha", None)),
            target_modules=self._modules("target_modules"),
            use_rslora=self._values.pop("use_rslora", False) is True,
            rank_pattern=self._pattern("rank_pattern", self._whole),
            alpha_pattern=self._pattern("alpha_pattern", self._number),
            use_dora=self._values.pop("use_dora", False) is True,
            modules_to_save=self._modules("modules_to_save", may_be_none=True),
            tied=self._values.pop("ensure_weight_tying", False) is True,
            layers=self._layers(),
        )
        if self._values.pop("bias", "none") != "none":
            raise self.refused("It trains biases as well, which is not supported.")
        if self._values.pop("init_lora_weights", True) not in _HARMLESS_BEGINNINGS:
            raise self.refused("It was made for a base model that was changed when it began (init_lora_weights).")
        self._values.pop("fan_in_fan_out", None)  # follows from the kind of layer
        for key, value in self._values.items():
            if key not in _IGNORED and value not in (None, False, {}, [], ""):
                raise self.refused(f"It uses {key[:60]!r}, which is not supported.")
        return config

    def _modules(self, key: str, *, may_be_none: bool = False) -> tuple[str, ...]:
        value = self._values.pop(key, None)
        if may_be_none and value in (None, []):
            return ()
        if not isinstance(value, list) or not 1 <= len(value) <= _MOST_MODULES:
            raise self.refused(f"{key} must be a list of names.")
        return tuple(self._name(key, name) for name in value)

    def _layers(self) -> frozenset[int]:
        key = "layers_to_transform"
        value = self._values.pop(key, None)
        numbers = value if isinstance(value, list) else [] if value is None else [value]
        if len(numbers) > _MOST_LAYERS or not all(type(item) is int and 0 <= item < _MOST_LAYERS for item in numbers):
            raise self.refused(f"{key} must be a list of layers' numbers.")
        return frozenset(numbers)

    def _pattern(self, key: str, check: Any) -> dict[str, Any]:
        value = self._values.pop(key, None) or {}
        if not isinstance(value, dict) or len(value) > _MOST_MODULES:
            raise self.refused(f"{key} must be an object.")
        return {self._name(key, name): check(key, number) for name, number in value.items()}

    def _name(self, key: str, value: object) -> str:
        # PEFT takes these for regular expressions in places; a name is one that matches itself and hangs nothing.
        if not isinstance(value, str) or len(value) > 300 or not _MODULE.fullmatch(value):
            raise self.refused(f"{key} has {str(value)[:60]!r}, which is no module's name.")
        return value

    def _whole(self, key: str, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _LARGEST_RANK:
            raise self.refused(f"{key} is {str(value)[:40]}; it must be a whole number from 1 to {_LARGEST_RANK}.")
        return value

    def _number(self, key: str, value: object) -> float:
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not fits or not math.isfinite(value) or not 0 < value <= 1_000_000:  # type: ignore[arg-type, operator]
            raise self.refused(f"{key} is {str(value)[:40]}; it must be a number greater than 0.")
        return value  # type: ignore[return-value]

    def refused(self, reason: str) -> ModelError:
        """What to say when it cannot be used."""
        return ModelError(
            "This adapter cannot be used.",
            reason=reason,
            hint="Use an adapter that was trained here, or a plain LoRA adapter.",
            details=str(self._path),
        )
