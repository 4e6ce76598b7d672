"""Whether texts have a voice: a pattern that is found in them, or words that they must have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from core.dataset.text import clean
from core.errors import UserError

_SECONDS = 0.5  # for one text; a pattern that needs longer has run wild


class StyleRule(BaseModel):
    """A rule of the user's own, which an answer keeps or not.

    Attributes:
        kind: ``pattern`` is a regular expression that must be found (case counts unless it says ``(?i)``); ``words``
            are words or phrases, separated by commas, that must all be there, whatever their case.
        text: the pattern, or the words.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["pattern", "words"] = "pattern"
    text: str = Field(default="", max_length=2000)

    @field_validator("text", mode="before")
    @classmethod
    def _storable(cls, text: object) -> object:
        return clean(text) if isinstance(text, str) else text

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing."""
        return not self.text.strip(" ,\n\t")

    def check(self) -> None:
        """Try it out.

        Raises:
            UserError: the pattern is not a regular expression.
        """
        _ = self._patterns

    def holds(self, text: str) -> bool:
        """Whether a text keeps the rule.

        Raises:
            UserError: the pattern is not a regular expression, or takes too long.
        """
        try:
            return all(pattern.search(text, timeout=_SECONDS) is not None for pattern in self._patterns)
        except TimeoutError as error:
            raise UserError(
                "The style rule takes too long.",
                reason=f"The pattern searched a single answer for more than {_SECONDS} s.",
                hint="Make it simpler: repetitions inside of repetitions, such as (a+)+, try out endlessly many ways.",
            ) from error

    @cached_property
    def _patterns(self) -> list[Any]:
        import regex  # type: ignore[import-untyped]  # not with every project that is opened

        if self.kind == "words":
            words = [" ".join(word.split()) for word in self.text.split(",") if word.strip()]
            return [regex.compile(_as_word(word), regex.IGNORECASE) for word in words]
        try:
            return [regex.compile(self.text)] if self.text else []
        except regex.error as error:
            raise UserError(
                "The style rule is not a regular expression.",
                reason=f"{error}.",
                hint="Correct it, or ask for words instead.",
            ) from error


def _as_word(word: str) -> str:
    """A pattern that finds the word by itself, not inside of another, however wide the spaces in it are."""
    inside = r"\s+".join(re.escape(part) for part in word.split())
    before, after = (r"\b" if edge.isalnum() else "" for edge in (word[0], word[-1]))
    return f"{before}{inside}{after}"


def style_rate(texts: Iterable[str], pattern: str) -> float:
    """The share (0 to 1) of texts in which the regular expression is found; 0 when there are none.

    Case counts, and ``.`` does not match line ends, unless the pattern says otherwise (``(?i)``, ``(?s)``).

    Raises:
        UserError: it is not a regular expression.
    """
    try:
        mark = re.compile(pattern)
    except re.error as error:
        raise UserError(f"The style pattern {pattern!r} is not a regular expression.", reason=str(error)) from error
    found = [mark.search(text) is not None for text in texts]
    return sum(found) / len(found) if found else 0.0


def exact_rate(texts: Iterable[str], expected: Iterable[str]) -> float:
    """The share (0 to 1) of texts that are what was expected, whitespace at the ends aside; 0 when there are none.

    Raises:
        ValueError: there are not as many of one as of the other.
    """
    same = [text.strip() == wanted.strip() for text, wanted in zip(texts, expected, strict=True)]
    return sum(same) / len(same) if same else 0.0
