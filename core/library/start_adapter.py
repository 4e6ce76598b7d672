"""Starting a run from an adapter that is there already: which one is meant, and whether it fits the settings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.base_models.facts import ModelFacts
from core.base_models.reading import read_object
from core.base_models.weights import read_header
from core.errors import RecipeError, RunError
from core.export import adapter_config, sums
from core.export.adapter_config import AdapterConfig
from core.library import entries, imported
from core.recipe.schema import ModelSettings, Recipe
from core.runs import folder as run_folder
from core.runs.folder import RunFolder

_PREFIX = "base_model.model."
_FROM = "lora.start_from"


def find(runs: Path, key: str) -> Path:
    """The folder of the adapter that the setting names: a run's or a checkpoint's, an imported one, or any PEFT folder.

    Raises:
        RunError: there is none of this name, or the run has no adapter yet.
        RecipeError: the settings of its run cannot be read.
    """
    folder = Path(key).expanduser()
    if (folder / adapter_config.CONFIG_FILE).is_file():
        return folder
    if imported.is_key(key):
        return _imported(imported.folder_of(runs.parent) / imported.name_of(key))
    name, at, step = key.partition(entries.AT)
    try:
        run = run_folder.find(runs, name)
    except RunError as error:
        raise RunError(
            "The adapter to start from is not there.",
            reason=f"{key} is neither a folder with an adapter nor a run. {error.reason}",
            hint="Choose a run that has finished, or the folder of an adapter.",
        ) from error
    if at:
        return _checkpoint(run, step)
    if not run.adapter.is_dir():
        raise RunError(
            "The adapter to start from is not there.",
            reason=f"The run {key} has none.",
            hint="Choose a run that has finished or was stopped.",
        )
    return run.adapter


def _imported(folder: Path) -> Path:
    if entries.is_adapter(folder):
        return folder
    raise RunError(
        "The adapter to start from is not there.",
        reason=f"No adapter {folder.name} was imported, or it was deleted.",
        hint="Choose another one, or import it again.",
    )


def _checkpoint(run: RunFolder, step: str) -> Path:
    for checkpoint in entries.checkpoints(run):
        if str(checkpoint.step) == step:
            return checkpoint.folder
    raise RunError(
        "The adapter to start from is not there.",
        reason=f"The run {run.name} has no checkpoint of step {step}.",
        hint="Checkpoints are thinned out while a run trains. Choose its adapter, or another checkpoint.",
    )


def files(recipe: Recipe, runs: Path, facts: ModelFacts | None, *, known: Path | None = None) -> list[Path]:
    """The files that a run with these settings starts from; none for most.

    Args:
        recipe: the settings.
        runs: the project's runs.
        facts: of the base model; None when it is not on this machine, then shapes are compared by the run itself.
        known: where the adapter lies, if that is known already.

    Raises:
        RunError: there is no such adapter.
        RecipeError: settings differ from those of the adapter, or it belongs to another base model; all is named.
        ModelError: the adapter is damaged, or of a kind that is not used here.
    """
    if not recipe.lora.start_from:
        return []
    folder = known if known is not None and known.is_dir() else find(runs, recipe.lora.start_from)
    check(folder, recipe, facts)
    return [folder / adapter_config.CONFIG_FILE, folder / adapter_config.WEIGHTS_FILE]


def settings_of(key: str, runs: Path) -> dict[str, Any]:
    """The settings that a run must have to start from an adapter: a setting's name and value each.

    Raises:
        RunError: there is no such adapter.
        RecipeError, ModelError: it is damaged, or of a kind that is not used here.
    """
    folder = find(runs, key)
    config = adapter_config.read(folder)
    found: dict[str, Any] = {
        "lora.rank": config.rank,
        "lora.use_rslora": config.use_rslora,
        "lora.use_dora": config.use_dora,
        "lora.initialisation": "standard",
    }
    if config.alpha == int(config.alpha):
        found["lora.alpha"] = int(config.alpha)
    if (run := _run_of(folder, runs)) is not None:
        recipe = run.recipe()
        lora, found = recipe.lora, {**found, **_template(recipe.model)}
        names = ("target_modules", "layers", "modules_to_save")
        return found | {f"lora.{name}": getattr(lora, name) for name in names}
    if (origin := imported.origin(folder)) is not None:
        found |= _template(origin.model)
    return found | {
        "lora.target_modules": list(dict.fromkeys(_last_part(name) for name in config.target_modules)),
        "lora.layers": ", ".join(str(number) for number in sorted(config.layers)),
        "lora.modules_to_save": list(dict.fromkeys(_last_part(name) for name in config.modules_to_save)),
    }


def _template(model: ModelSettings) -> dict[str, Any]:
    """The chat template that an adapter was trained with; another one would unlearn it."""
    return {"model.chat_template": model.chat_template, "model.written_template": model.written_template}


def _run_of(folder: Path, runs: Path) -> RunFolder | None:
    """The run that an adapter or a checkpoint belongs to."""
    for path in (folder.parent, folder.parent.parent):
        if path.parent == runs:
            return RunFolder(path)
    return None


def with_those_before(runs: Iterable[RunFolder]) -> list[RunFolder]:
    """These runs, and those that trained what they started from, as far as they are still here; each once."""
    found: dict[Path, RunFolder] = {}
    waiting = list(runs)
    while waiting:
        run = waiting.pop()
        if run.path not in found:
            found[run.path] = run
            waiting += _before(run)
    return list(found.values())


def _before(run: RunFolder) -> list[RunFolder]:
    """The run whose adapter a run started from, whether that adapter is still there or not."""
    runs = run.path.parent
    try:
        key = run.recipe().lora.start_from
        if not key or imported.is_key(key):
            return []
        named = _run_of(Path(key).expanduser().absolute(), runs.absolute())
        earlier = named or run_folder.find(runs, key.partition(entries.AT)[0])
    except (RunError, RecipeError, OSError):
        return []  # gone, or a folder from elsewhere
    return [earlier] if earlier.train_file.is_file() else []


def check(folder: Path, recipe: Recipe, facts: ModelFacts | None) -> None:
    """Prove that training can go on from an adapter with these settings; raises as :func:`files`."""
    sums.check(folder)
    config = adapter_config.read(folder)
    problems = _differences(config, recipe)
    name = _base_of(folder)
    base, _ = adapter_config.public_base(recipe.model.base)
    if name and _last(name) != _last(base):
        problems[_FROM] = f"It was trained on {_last(name)}, and this run would train on {_last(base)}."
    elif facts is not None and not problems and (difference := _shapes(folder, recipe, facts)):
        problems |= difference
    if problems:
        raise RecipeError(
            "The run cannot start from this adapter.",
            problems=problems,
            hint="Give these settings the values that the adapter was trained with, or start anew.",
        )


def _base_of(folder: Path) -> str:
    """The base model of an adapter: of an imported one that which it was matched with, of others what they name."""
    origin = imported.origin(folder)
    if origin is not None:
        return adapter_config.public_base(origin.model.base)[0]
    name = read_object(folder / adapter_config.CONFIG_FILE).get("base_model_name_or_path")
    return name if isinstance(name, str) else ""


def _differences(config: AdapterConfig, recipe: Recipe) -> dict[str, str]:
    lora = recipe.lora
    found = {}
    if config.rank_pattern or config.alpha_pattern:
        found[_FROM] = "Its layers have ranks or alphas of their own, which the settings cannot say."
    if config.rank != lora.rank:
        found["lora.rank"] = f"The adapter has rank {config.rank}."
    if config.alpha != lora.alpha:
        found["lora.alpha"] = f"The adapter has alpha {config.alpha:g}."
    for name, theirs, ours in (
        ("use_rslora", config.use_rslora, lora.use_rslora),
        ("use_dora", config.use_dora, lora.use_dora),
    ):
        if theirs != ours:
            found[f"lora.{name}"] = f"The adapter was trained with this {'on' if theirs else 'off'}."
    if lora.initialisation != "standard":
        found["lora.initialisation"] = "The run begins where the adapter ended: take the standard initialisation."
    return found


def _shapes(folder: Path, recipe: Recipe, facts: ModelFacts) -> dict[str, str]:
    """What of the adapter's matrices is not as these settings would make them on this base model."""
    tensors = read_header(folder / adapter_config.WEIGHTS_FILE)
    names = {name.removeprefix(_PREFIX): tensor.shape for name, tensor in tensors.items()}
    matrices = {name.removesuffix(".lora_A.weight"): shape for name, shape in names.items() if ".lora_A." in name}
    expected = facts.targeted(recipe.lora)
    theirs = {_match(path, facts.linear) or path for path in matrices}
    if theirs - facts.linear.keys() or any(
        shape != (recipe.lora.rank, facts.linear[_match(path, facts.linear)][1]) for path, shape in matrices.items()
    ):
        return {_FROM: "Its matrices have the sizes of another base model."}
    if theirs != set(expected):
        modules = ", ".join(dict.fromkeys(path.rpartition(".")[2] for path in facts.linear if path in theirs))
        layers = sorted({int(number) for path in theirs if (number := _number(path))})
        where = f" in layers {layers[0]} to {layers[-1]}" if layers and len(layers) < facts.layers else ""
        return {"lora.target_modules": f"The adapter trains {modules}{where}."}
    whole = {_match(name.rpartition(".")[0], facts.others) for name in names if ".lora_" not in name} - {""}
    if whole != set(facts.trained_in_full(recipe.lora)):
        parts = ", ".join(sorted(path.rpartition(".")[2] for path in whole)) or "none"
        return {"lora.modules_to_save": f"The adapter has these parts trained in full: {parts}."}
    return {}


def _match(path: str, known: Iterable[str]) -> str:
    """The known path that this one is or ends in; empty for none."""
    return next((name for name in known if path == name or path.endswith(f".{name}")), "")


def _number(path: str) -> str:
    found = re.search(r"\.(\d+)\.", path)
    return found[1] if found else ""


def _last_part(path: str) -> str:
    return path.rpartition(".")[2]


def _last(base: str) -> str:
    return re.split(r"[/\\]", base.rstrip("/\\"))[-1]
