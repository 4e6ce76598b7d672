"""Chat templates to choose from when a model has none or a broken one: those that ship with the app, or one's own.

The choice is part of a recipe (``model.chat_template``), so training, chat, comparison and exports all use the same.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from core import paths
from core.errors import ModelError

_LARGEST = 1 << 20  # characters
_FOLDER = "templates"


@dataclass(frozen=True, slots=True)
class ShippedTemplate:
    """A chat template that ships with the app.

    Attributes:
        name: what a recipe calls it.
        title: what people call it.
        about: a sentence on it.
        needs: tokens that a tokenizer must have for it.
    """

    name: str
    title: str
    about: str
    needs: tuple[str, ...]

    @property
    def source(self) -> str:
        """Its text."""
        return (paths.resources() / _FOLDER / f"{self.name}.jinja").read_text(encoding="utf-8")

    def suits(self, has_token: Callable[[str], bool]) -> bool:
        """Whether a tokenizer has all tokens that it needs."""
        return all(has_token(token) for token in self.needs)


@cache
def shipped() -> tuple[ShippedTemplate, ...]:
    """All of them, in the order in which they are offered."""
    table = tomllib.loads((paths.resources() / _FOLDER / "formats.toml").read_text(encoding="utf-8"))
    return tuple(ShippedTemplate(**{**entry, "needs": tuple(entry["needs"])}) for entry in table["format"])


def source_of(chosen: str, has_token: Callable[[str], bool], *, beginning: bool) -> str:
    """The text of a chosen template.

    Args:
        chosen: the name of a shipped one, or the text of one's own.
        has_token: whether the tokenizer has a token.
        beginning: whether the tokenizer begins every text with its beginning token; a shipped template then does so
            too. One's own is taken as it is.

    Raises:
        ModelError: it needs tokens that are not there, or is too large.
    """
    template = next((one for one in shipped() if one.name == chosen), None)
    if template is None:
        if len(chosen) > _LARGEST:
            raise ModelError("The chat template is larger than 1 MB.", hint="Write a shorter one.")
        return chosen
    if not template.suits(has_token):
        missing = " and ".join(token for token in template.needs if not has_token(token))
        raise ModelError(
            f"The chat template {template.title} does not suit this base model.",
            reason=f"Its tokenizer has no {missing}.",
            hint="Choose another chat template in the settings, such as Alpaca.",
        )
    return with_beginning(template.source) if beginning else template.source


def with_beginning(source: str) -> str:
    """The template with the beginning-of-text token before everything."""
    return "{{ bos_token }}" + source
