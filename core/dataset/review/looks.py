"""What one example looks like to the rules, whatever the others are: the part that is kept between reviews."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from core.dataset.example import Example
from core.dataset.review import missing, sameness, whitespace
from core.dataset.review.marks import Mark

VERSION = 1
"""Of all that a look holds; another number makes kept looks worthless."""

_RULES: tuple[Callable[[Example], Iterator[Mark]], ...] = (missing.look, whitespace.look)


class Look(NamedTuple):
    """What is known of an example by itself.

    Attributes:
        marks: what the rules found.
        same: what to compare with other examples.
        length: of the output, in characters.
    """

    marks: tuple[Mark, ...]
    same: sameness.Same
    length: int


def look(example: Example) -> Look:
    """Look at one example."""
    marks = tuple(mark for rule in _RULES for mark in rule(example))
    return Look(marks, sameness.same(example), len(example.output.strip()))
