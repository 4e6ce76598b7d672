"""The settings of LoRA: of the small matrices that are trained (Hu et al., 2021, arXiv:2106.09685)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator

from core.recipe.layers import as_layers
from core.recipe.setting import Group, setting

ALL_LINEAR = "all-linear"
ATTENTION = "attention"


def _as_targets(value: object) -> object:
    """Accept ``q_proj,v_proj`` from the command line as a list; keep the two named sets as they are."""
    if isinstance(value, str) and value not in (ALL_LINEAR, ATTENTION):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _as_names(value: object) -> object:
    """Accept ``lm_head, embed_tokens`` from the command line and the form as a list."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class LoraSettings(Group):
    """The small matrices that are trained."""

    rank: int = setting(
        16,
        title="Rank",
        help="How much the adapter can learn. 8 for a few hundred examples, 16 for most, 32 or more for thousands.",
        ge=1,
        le=512,
        usual=(4, 128),
        unusual=("Ranks under 4 learn little.", "Ranks over 128 mostly cost memory and overfit."),
    )
    alpha: int = setting(
        32,
        title="Alpha",
        help="How strongly the adapter acts. Twice the rank is a good rule: the learning rate then suits every rank.",
        ge=1,
        le=2048,
        usual=(4, 256),
        unusual="Far from twice the rank the learning rate has to be found anew.",
    )
    dropout: float = setting(
        0.05,
        title="Dropout",
        help="Switches off a random share of the adapter in each step, against learning small data by heart.",
        ge=0,
        le=0.5,
        usual=(0, 0.2),
        unusual="Over 0.2 the adapter learns slowly.",
    )
    target_modules: Annotated[Literal["all-linear", "attention"] | list[str], BeforeValidator(_as_targets)] = setting(
        ALL_LINEAR,
        title="Target modules",
        help="Which layers get an adapter. All linear layers learn best; attention only is smaller.",
        words={ALL_LINEAR: "All linear layers", ATTENTION: "Attention only", "list": "Chosen modules"},
    )
    use_rslora: bool = setting(
        False,
        title="Rank-stabilised (rsLoRA)",
        help="Scales by alpha over the square root of the rank, which keeps high ranks effective (arXiv:2312.03732).",
        level="advanced",
    )
    use_dora: bool = setting(
        False,
        title="Magnitudes too (DoRA)",
        help="Learns the size of each weight row apart from its direction (arXiv:2402.09353). Slower; helps low ranks.",
        level="advanced",
    )
    initialisation: Literal["standard", "gaussian", "orthogonal", "loftq", "pissa"] = setting(
        "standard",
        title="Initialisation",
        help="Where the adapter begins. LoftQ makes up for what 4 bits lose; PiSSA trains the main directions.",
        level="advanced",
        words={
            "standard": "Standard",
            "gaussian": "Gaussian",
            "orthogonal": "Orthogonal",
            "loftq": "LoftQ, for 4-bit",
            "pissa": "PiSSA, for full precision",
        },
    )
    layers: Annotated[str, AfterValidator(as_layers)] = setting(
        "",
        title="Layers",
        help="Only these layers of the model get an adapter, counted from 0, such as 0-3, 7. Empty for all.",
        level="advanced",
        empty="All layers",
    )
    modules_to_save: Annotated[list[str], BeforeValidator(_as_names)] = setting(
        [],
        title="Trained in full",
        help="Modules to save: parts trained whole, not by LoRA, and kept in the adapter: embed_tokens, lm_head, norm.",
        level="advanced",
        empty="None",
    )
    start_from: str = setting(
        "",
        title="Start from",
        help="An adapter to train on: a run's, an imported one or a PEFT folder. Its settings must be this run's.",
        level="advanced",
        empty="A new adapter",
    )
