"""Examples without anything asked, or without anything answered."""

from __future__ import annotations

from collections.abc import Iterator

from core.dataset.example import Example
from core.dataset.review.marks import Mark
from core.dataset.review.rules import MISSING


def look(example: Example) -> Iterator[Mark]:
    """Mark what is empty; whether that matters depends on the example's status."""
    if not example.instruction.strip() and not example.input.strip():
        yield Mark(MISSING, "The instruction is empty, and so is the input.", "instruction")
    if not example.output.strip():
        yield Mark(MISSING, "The output is empty.", "output")
