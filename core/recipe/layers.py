"""Layers of a model written as people write them: ``0-3, 7``."""

from __future__ import annotations

import re

_PART = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?")


def as_layers(text: str) -> str:
    """The text in its one form, ``0-3, 7``; empty for all layers.

    Raises:
        ValueError: it is not written so.
    """
    parts = [part.replace(" ", "") for part in text.split(",") if part.strip()]
    for part in parts:
        found = _PART.fullmatch(part)
        if found is None or int(found[2] or found[1]) < int(found[1]):
            raise ValueError(f"{part!r} is no layer. Write numbers and ranges from 0 up, such as 0-3, 7")
    return ", ".join(parts)


def layer_numbers(text: str) -> frozenset[int]:
    """The numbers that such a text stands for."""
    numbers: set[int] = set()
    for found in _PART.finditer(text):
        numbers.update(range(int(found[1]), int(found[2] or found[1]) + 1))
    return frozenset(numbers)
