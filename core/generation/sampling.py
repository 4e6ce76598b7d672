"""How an answer is drawn: the sampling settings of chat, command line and comparison, each described once."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.errors import UserError

MOST_STOPS, LONGEST_STOP = 16, 200


class Sampling(BaseModel):
    """The settings of one answer. With a ``temperature`` of 0 the likeliest token is taken each time."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    max_new_tokens: int = Field(
        default=256,
        ge=1,
        le=1_000_000,
        title="Longest answer",
        description="In tokens: short words, or pieces of long ones.",
    )
    temperature: float = Field(
        default=0.0,
        ge=0,
        le=10,
        title="Temperature",
        description="0 always takes the likeliest token; 1 draws as the model says; higher draws more freely.",
    )
    top_p: float = Field(
        default=1.0,
        gt=0,
        le=1,
        title="Top-p",
        description="Draws from the likeliest tokens that together have this share of the probability; 1 is off.",
    )
    top_k: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        title="Top-k",
        description="Draws from so many of the likeliest tokens; 0 is off.",
    )
    min_p: float = Field(
        default=0.0,
        ge=0,
        le=1,
        title="Min-p",
        description="Leaves out tokens that have less than this share of the likeliest one's probability; 0 is off.",
    )
    repetition_penalty: float = Field(
        default=1.0,
        gt=0,
        le=10,
        title="Repetition penalty",
        description="Over 1, tokens that the conversation has already become less likely; 1 is off.",
    )
    seed: int = Field(
        default=0,
        ge=0,
        lt=2**63,
        title="Seed",
        description="Decides what is drawn; the same seed gives the same answer again.",
    )
    stop: tuple[str, ...] = Field(
        default=(),
        max_length=MOST_STOPS,
        title="Stop words",
        description="An answer ends before the first of these texts.",
    )

    @field_validator("stop")
    @classmethod
    def _are_texts(cls, stop: tuple[str, ...]) -> tuple[str, ...]:
        if any(not text or len(text) > LONGEST_STOP for text in stop):
            raise ValueError(f"a stop word has between 1 and {LONGEST_STOP} characters")
        return stop

    def with_(self, **changes: Any) -> Sampling:
        """These settings with some of them changed.

        Raises:
            UserError: a value is out of its range.
        """
        return sampling(**{**self.model_dump(), **changes})


def sampling(**values: Any) -> Sampling:
    """Sampling settings from values that a person gave.

    Raises:
        UserError: one of them is out of its range; it is named.
    """
    try:
        return Sampling(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        field = Sampling.model_fields.get(name)
        title = field.title if field is not None and field.title else name
        raise UserError(
            f"{title} cannot be used like that.",
            reason=f"{first['msg']}.",
            hint=(field.description or "") if field is not None else "",
        ) from error


EXACT = Sampling()
PRESETS: dict[str, tuple[str, str, Sampling]] = {
    "exact": ("Exact", "Always the likeliest word: the same question gives the same answer.", EXACT),
    "balanced": (
        "Balanced",
        "Some variety, little nonsense: temperature 0.7, top-p 0.9.",
        Sampling(temperature=0.7, top_p=0.9),
    ),
    "lively": (
        "Lively",
        "More surprising words: temperature 1.0, min-p 0.05.",
        Sampling(temperature=1.0, min_p=0.05),
    ),
}
"""Named settings: key -> (title, what it does, settings). They say nothing of length, seed and stop words."""

_DRAWING = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")


def with_preset(key: str, kept: Sampling) -> Sampling:
    """The preset's way of drawing, with the length, seed and stop words of ``kept``."""
    chosen = PRESETS[key][2]
    return kept.with_(**{name: getattr(chosen, name) for name in _DRAWING})


def preset_of(settings: Sampling) -> str:
    """Which preset draws like these settings; "" for none."""

    def drawn(one: Sampling) -> tuple[float, ...]:
        return tuple(getattr(one, name) for name in _DRAWING)

    return next((key for key, (_, _, preset) in PRESETS.items() if drawn(preset) == drawn(settings)), "")
