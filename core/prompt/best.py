"""The user's best prompt: what is said to the base model instead of training it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from core.dataset.text import clean

LONGEST_SYSTEM = 20_000  # characters
MOST_EXAMPLES = 8


class BestPrompt(BaseModel):
    """A system prompt, and how many training examples stand before the question as earlier turns.

    The baseline of every comparison: what an adapter has to beat.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    system: str = Field(default="", max_length=LONGEST_SYSTEM)
    examples: int = Field(default=3, ge=0, le=MOST_EXAMPLES)

    @field_validator("system", mode="before")
    @classmethod
    def _storable(cls, system: object) -> object:
        return clean(system) if isinstance(system, str) else system

    @property
    def is_empty(self) -> bool:
        """Whether it says no more than the question itself."""
        return not self.system.strip() and not self.examples
