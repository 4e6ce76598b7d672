"""Whether an adapter belongs to a base model: by its name, by the sizes of its matrices, by the model's fingerprint."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from core.base_models import catalogue, identity
from core.base_models.facts import ModelFacts
from core.base_models.reading import read_object
from core.base_models.weights import Tensor, read_header
from core.errors import ModelError
from core.export import adapter_config, base_file
from core.export.adapter_config import AdapterConfig

_PREFIX = "base_model.model."
_LONGEST_NAME = 500
_DTYPES = frozenset({"F16", "BF16", "F32"})
# Copies of a model in other people's names for it, made smaller in the same way as here.
_SMALLER = re.compile(r"(-unsloth)?-bnb-[48]bit$")
_Value = TypeVar("_Value")


class OtherBase(ModelError):  # noqa: N818 - the user may know better
    """The adapter names another base model than the wanted one, which it fits all the same."""


@dataclass(frozen=True, slots=True)
class Match:
    """The base model that an adapter belongs to, and how that is known, in a sentence."""

    base: str
    how: str


def match(folder: Path, *, wanted: str, known: Sequence[str], anyway: bool = False) -> Match:
    """Find the base model of an adapter.

    Args:
        folder: a PEFT folder; may come from anybody.
        wanted: the base model that it is meant for, as recipes name it.
        known: other base models that are on this machine.
        anyway: take the wanted one although the adapter names another, if its matrices fit.

    Raises:
        OtherBase: it fits the wanted model but names another one, which is not here.
        ModelError: it fits none, or it is damaged or of a kind that is not used here.
    """
    config = adapter_config.read(folder)
    claimed = claimed_base(folder)
    tensors = _tensors(folder / adapter_config.WEIGHTS_FILE)
    fitting: list[str] = []
    refused: ModelError | None = None
    same = [base for base in (wanted, *known) if claimed and _called(base) == _name(claimed)]
    for base in same:
        try:
            reason = misfit(tensors, config, ModelFacts.read(catalogue.resolve(base)))
        except ModelError as error:
            refused = refused or error
            continue
        if not reason:
            fitting.append(base)
        refused = refused or _misfit(base, reason)
    if fitting:
        return _match(fitting, folder, claimed)
    if same and refused is not None:
        raise refused
    return _unnamed(tensors, config, wanted=wanted, claimed=claimed, anyway=anyway)


def claimed_base(folder: Path) -> str:
    """What an adapter's configuration calls its base model; of a path only the last part, empty when it does not say.

    Raises:
        ModelError: it cannot be read.
    """
    name = read_object(folder / adapter_config.CONFIG_FILE).get("base_model_name_or_path")
    if not isinstance(name, str):
        return ""
    name = "".join(letter for letter in name.strip() if letter.isprintable())[:200].rstrip("/\\")
    is_path = name.startswith((".", "~", "/")) or "\\" in name or name.count("/") > 1
    return re.split(r"[/\\]", name)[-1] if is_path else name


def misfit(tensors: Mapping[str, Tensor], config: AdapterConfig, facts: ModelFacts) -> str:
    """Why an adapter's matrices do not fit a base model, in a sentence; empty when they do."""
    if odd := next((name for name in tensors if len(name) > _LONGEST_NAME), ""):
        return f"A name of {len(odd):,} letters, {odd[:40]}…, is that of no weight."
    if odd := next((name for name, tensor in tensors.items() if tensor.dtype not in _DTYPES), ""):
        return f"{odd[:100]} is of the type {tensors[odd].dtype}, which weights of adapters never have."
    if not any(".lora_A." in name for name in tensors):
        return "It has no LoRA matrices."
    targets, rank_pattern = frozenset(config.target_modules), dict(config.rank_pattern or {})
    expected: dict[str, tuple[int, ...]] = {}
    for path, (outputs, inputs) in {**facts.linear, "lm_head": (facts.vocab_size, facts.hidden_size)}.items():
        if not _is_targeted(path, targets, config):
            continue
        rank = _first_named(path, rank_pattern, config.rank)
        expected[f"{path}.lora_A.weight"] = (rank, inputs)
        expected[f"{path}.lora_B.weight"] = (outputs, rank)
        if config.use_dora:
            expected[f"{path}.lora_magnitude_vector"] = (outputs,)
    found: set[str] = set()
    for name, tensor in tensors.items():
        path = name.removeprefix(_PREFIX)
        known = next((end for end in _ends(path) if end in expected), "")
        if known and expected[known] == tensor.shape:
            found.add(known)
        elif known:
            return f"{path[:100]} has the size {_size(tensor.shape)}; that base model needs {_size(expected[known])}."
        elif not _is_whole_part(path, tensor, config, facts):
            return f"It has weights for {path[:100]}, which that base model does not have, or not in this size."
    missing = expected.keys() - found
    return f"{len(missing)} of its matrices are missing, for example {min(missing)[:100]}." if missing else ""


def _match(fitting: list[str], folder: Path, claimed: str) -> Match:
    """The model among those of the right name and sizes; the fingerprint decides between them."""
    said = base_file.read(folder)
    if said is not None and said.sha256:
        for base in fitting:
            try:
                if identity.content_hash(catalogue.resolve(base)) == said.sha256:
                    return Match(base, "It was trained on this very base model: the fingerprints are the same.")
            except OSError:
                continue
        how = f"It was trained on {claimed}; the files of that model are others here, but all matrices fit."
        return Match(fitting[0], how)
    return Match(fitting[0], f"It was trained on {claimed}, and all its matrices fit.")


def _unnamed(tensors: Mapping[str, Tensor], config: AdapterConfig, *, wanted: str, claimed: str, anyway: bool) -> Match:
    """For an adapter whose base model is not here by its name: it may still fit the wanted one."""
    title = catalogue.display_name(wanted)
    try:
        reason = misfit(tensors, config, ModelFacts.read(catalogue.resolve(wanted)))
    except ModelError:
        if not claimed:
            raise
        reason = f"{title} cannot be used here."
    if reason:
        raise _not_here(claimed, title, reason) if claimed else _misfit(wanted, reason)
    if claimed and not anyway:
        raise OtherBase(
            "The adapter names another base model.",
            reason=f"It was trained on {claimed}, which is not on this machine under this name. "
            f"Its matrices have the sizes of {title}.",
            hint=f"Add {claimed} to your models first. If you know that it is the same model as {title}, "
            "import it anyway.",
        )
    if claimed:
        return Match(wanted, f"It names {claimed} as its base model, but was imported for {title}: all matrices fit.")
    return Match(wanted, f"It does not name its base model; all its matrices fit {title}.")


def _not_here(claimed: str, title: str, reason: str) -> ModelError:
    return ModelError(
        "The base model of this adapter is not on this machine.",
        reason=f"It was trained on {claimed}. It does not fit {title}: {reason}",
        hint=f"Add {claimed} to your models, then import the adapter again.",
    )


def _misfit(base: str, reason: str) -> ModelError:
    return ModelError(
        f"The adapter does not fit {catalogue.display_name(base)}.",
        reason=reason,
        hint="Choose the base model that it was trained on.",
    )


def _tensors(weights: Path) -> dict[str, Tensor]:
    try:
        return read_header(weights)
    except ModelError as error:
        raise ModelError(
            "The adapter's weights cannot be used.",
            reason=error.reason,
            hint="Take the adapter again from where it came from.",
            details=error.details,
        ) from error


def _is_whole_part(path: str, tensor: Tensor, config: AdapterConfig, facts: ModelFacts) -> bool:
    """Whether a tensor is an embedding, norm or head of that model, trained in full as the configuration says."""
    module = path.rpartition(".")[0]
    is_head = module.rpartition(".")[2] == "lm_head"
    if not any(end in config.modules_to_save for end in _ends(module)) and not (config.tied and is_head):
        return False
    if is_head and facts.tied:
        return tensor.shape == (facts.vocab_size, facts.hidden_size)
    return any(end in facts.others and tensor.count == facts.others[end] for end in _ends(module))


def _is_targeted(path: str, targets: Collection[str], config: AdapterConfig) -> bool:
    """By PEFT's rules, as far as adapters that are used here go."""
    if config.layers and next((int(part) for part in path.split(".") if part.isdecimal()), -1) not in config.layers:
        return False
    return any(end in targets for end in _ends(path))


def _first_named(path: str, pattern: Mapping[str, _Value], otherwise: _Value) -> _Value:
    """The value of the first name in a pattern that this path is or ends in."""
    ends = set(_ends(path))
    return next((value for name, value in pattern.items() if name in ends), otherwise) if pattern else otherwise


def _ends(path: str) -> Iterator[str]:
    """The path, and what remains of it without its first parts."""
    while path:
        yield path
        path = path.partition(".")[2]


def _called(base: str) -> str:
    return _name(adapter_config.public_base(base)[0])


def _name(base: str) -> str:
    return _SMALLER.sub("", re.split(r"[/\\]", base)[-1].casefold())


def _size(shape: Sequence[int]) -> str:
    return " by ".join(f"{length:,}" for length in shape) or "of one number"
