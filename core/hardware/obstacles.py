"""What in a recipe cannot work together, with this base model or on this device: said before the start."""

from __future__ import annotations

from core.base_models.facts import ModelFacts
from core.errors import RecipeError
from core.recipe.choices import BY_LOSS, WRITTEN
from core.recipe.lora import LoraSettings
from core.recipe.schema import Recipe

_LARGEST_PISSA_RANK = 256  # its adapter has twice the rank, and readers take 512 at most


def obstacles(recipe: Recipe, *, facts: ModelFacts | None = None, device: str = "") -> dict[str, str]:
    """What stands in the way of training.

    Args:
        recipe: the settings.
        facts: of the base model; None while they are not known.
        device: ``cuda``, ``xpu``, ``mps`` or ``cpu``; empty while it is not known.

    Returns:
        A setting's name and a sentence or two on each: what is wrong, and what would help. Empty when nothing is.
    """
    return {
        **_together(recipe),
        **(_with_model(recipe.lora, facts) if facts is not None else {}),
        **(_on_device(recipe, device) if device else {}),
    }


def check(recipe: Recipe, *, facts: ModelFacts | None = None, device: str = "") -> None:
    """Refuse settings that cannot be trained.

    Raises:
        RecipeError: there are :func:`obstacles`; all are named.
    """
    found = obstacles(recipe, facts=facts, device=device)
    if found:
        raise RecipeError("These settings cannot be trained.", problems=found)


def _together(recipe: Recipe) -> dict[str, str]:
    lora, quantization = recipe.lora, recipe.model.quantization
    found = {}
    if recipe.model.chat_template == WRITTEN and not recipe.model.written_template.strip():
        found["model.written_template"] = "There is none yet: write it, or choose another chat template."
    match lora.initialisation:
        case "loftq" if quantization != "nf4":
            found["lora.initialisation"] = "LoftQ makes up for what 4 bits lose: hold the base model in 4-bit for it."
        case "pissa" if quantization != "none":
            found["lora.initialisation"] = "PiSSA changes the base model's weights: hold it in full precision for it."
        case "loftq" | "pissa" if lora.use_dora:
            found["lora.initialisation"] = (
                "DoRA begins with the magnitudes of the base model as it is: take the standard one."
            )
        case "pissa" if lora.rank > _LARGEST_PISSA_RANK:
            found["lora.rank"] = f"With PiSSA the adapter gets twice this rank: take {_LARGEST_PISSA_RANK} at most."
        case "orthogonal" if lora.rank % 2:
            found["lora.rank"] = "The orthogonal initialisation needs an even rank."
    if recipe.training.sharding == "fsdp" and recipe.training.devices != "1":
        if quantization == "int8":
            found["training.sharding"] = "8-bit weights cannot be spread over devices: hold the base model in 4-bit."
        elif lora.use_dora:
            found["training.sharding"] = "DoRA needs each layer whole: keep the base model whole on each device."
    if recipe.training.schedule in BY_LOSS and recipe.heldout.share == 0:
        found["training.schedule"] = "It follows the held-out loss: hold examples out, or choose another schedule."
    return found


def _on_device(recipe: Recipe, device: str) -> dict[str, str]:
    found = {}
    if device == "mps":
        if recipe.model.quantization != "none":
            found["model.quantization"] = (
                "Apple GPUs have no 4-bit or 8-bit training. Set it to full, with a base model that fits in 16 bits."
            )
        if recipe.training.optimizer in _OF_BITSANDBYTES:
            found["training.optimizer"] = "Apple GPUs do not have this optimizer. Automatic takes AdamW there."
    if device == "cpu" and recipe.lora.use_dora and recipe.model.quantization == "int8":
        # PEFT moves the weight to unpack it, and bitsandbytes loses its scales on the way.
        found["lora.use_dora"] = "On a CPU, DoRA takes a base model in 4-bit or in full precision, not in 8-bit."
    return found


_OF_BITSANDBYTES = frozenset(
    {
        *("paged_adamw_8bit", "adamw_8bit", "paged_adamw_32bit", "lion_32bit", "lion_8bit", "paged_lion_32bit"),
        *("paged_lion_8bit", "ademamix", "ademamix_8bit", "paged_ademamix_32bit", "paged_ademamix_8bit"),
        *("rmsprop_bnb", "rmsprop_bnb_8bit", "rmsprop_bnb_32bit"),
    }
)


def _with_model(lora: LoraSettings, facts: ModelFacts) -> dict[str, str]:
    found = {}
    known = facts.target_names()
    wanted = [] if isinstance(lora.target_modules, str) else lora.target_modules
    if missing := [name for name in wanted if name.rpartition(".")[2] not in known]:
        found["lora.target_modules"] = (
            f"The base model has no module named {', '.join(missing)}. It has {', '.join(known)}."
        )
    elif lora.layers and not facts.targeted(lora):
        found["lora.layers"] = (
            f"None of these has a module to train. The base model has layers 0 to {facts.layers - 1}."
        )
    parts = list(dict.fromkeys(path.rpartition(".")[2] for path in facts.others))
    if missing := [name for name in lora.modules_to_save if name.rpartition(".")[2] not in parts]:
        head = " Its head is the table of embeddings: embed_tokens trains both." if facts.tied else ""
        found["lora.modules_to_save"] = (
            f"The base model has no part named {', '.join(missing)} that could be trained in full. "
            f"It has {', '.join(parts)}.{head}"
        )
    return found
