"""What one example looks like to the rules, whatever the others are: the part that is kept between reviews."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from core.dataset.example import Example
from core.dataset.review import (
    controls,
    encoding,
    endings,
    language,
    missing,
    personal,
    placeholders,
    refusals,
    sameness,
    secrets,
    unbalanced,
    whitespace,
)
from core.dataset.review.marks import Look, Mark, texts

VERSION = 4
"""Of all that a look holds; another number makes kept looks worthless."""

_RULES: tuple[Callable[[Example], Iterator[Mark]], ...] = (
    missing.look,
    whitespace.look,
    encoding.look,
    endings.look,
    unbalanced.look,
    refusals.look,
    placeholders.look,
    controls.look,
    personal.look,
    secrets.look,
)


def look(example: Example) -> Look:
    """Look at one example."""
    return Look(
        tuple(mark for rule in _RULES for mark in rule(example)),
        sameness.same(example),
        len(example.output.strip()),
        endings.ending(example.output),
        language.language(example),
        sum(len(text.encode("utf-8", "replace")) for _, text in texts(example)),
        len(example.history),
    )
