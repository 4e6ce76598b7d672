"""What a project is for: the answers to the questions, in the user's own words a goal; kept in project.toml."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from core.dataset.text import clean
from core.guidance.questions import QUESTIONS

LONGEST_GOAL = 2_000  # characters


class Purpose(BaseModel):
    """Answers by question, none of them needed; what is no answer to a question is left out.

    Attributes:
        goal: what the model should do, in the user's words.
        answers: ids of choices by id of the question.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    goal: str = Field(default="", max_length=LONGEST_GOAL)
    answers: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("goal", mode="before")
    @classmethod
    def _storable(cls, goal: object) -> object:
        return clean(goal) if isinstance(goal, str) else goal

    @field_validator("answers", mode="before")
    @classmethod
    def _known(cls, answers: object) -> dict[str, tuple[str, ...]]:
        given = answers if isinstance(answers, dict) else {}
        kept: dict[str, tuple[str, ...]] = {}
        for question in QUESTIONS:
            found = given.get(question.id, ())
            ids = [found] if isinstance(found, str) else found if isinstance(found, (list, tuple)) else []
            known = tuple(choice.id for choice in question.choices if choice.id in ids)
            if known:
                kept[question.id] = known if question.several else known[:1]
        return kept

    def has(self, question: str, *choices: str) -> bool:
        """Whether one of these answers was given."""
        return any(choice in self.answers.get(question, ()) for choice in choices)

    def with_answer(self, question: str, choices: tuple[str, ...]) -> Purpose:
        """The same with another answer; none takes it back."""
        return Purpose(goal=self.goal, answers={**self.answers, question: choices})

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said."""
        return not self.answers and not self.goal.strip()

    @property
    def open(self) -> list[str]:
        """The questions without an answer, by id."""
        return [question.id for question in QUESTIONS if question.id not in self.answers]

    def stored(self) -> dict[str, Any]:
        """As it stands in project.toml."""
        return {"goal": self.goal, **{id: list(choices) for id, choices in self.answers.items()}}

    @classmethod
    def of_stored(cls, table: dict[str, Any]) -> Purpose:
        """Of a table of project.toml; what cannot be read counts as unanswered."""
        goal = table.get("goal", "")
        return cls(goal=goal[:LONGEST_GOAL] if isinstance(goal, str) else "", answers=table)
