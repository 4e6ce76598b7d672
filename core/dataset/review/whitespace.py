"""Spaces, line ends and invisible signs where none belong, and taking them away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.dataset.example import Example
from core.dataset.review.marks import Mark, texts
from core.dataset.review.rules import WHITESPACE

# Zero-width joiners belong to emoji and to Indian scripts and Persian; they stay.
_INVISIBLE = re.compile("[\u200b\u2060\ufeff]+")
_RETURNS = re.compile(r"\r\n?")
_GAP = re.compile(r"\n(?:[ \t]*\n){3,}")
_START = re.compile(r"\A(?:[ \t]*\n)+|\A {1,3}(?=\S)|\A[\u00a0\u3000]+")
_FIELDS = ("instruction", "input", "output", "system")


def look(example: Example) -> Iterator[Mark]:
    """Mark the first stray place of each field."""
    for field, text in texts(example):
        if field in _FIELDS and (found := _first(text)) is not None:
            message, start, end = found
            yield Mark(WHITESPACE, message, field, start, end)


def trimmed(text: str) -> str:
    """The text without what :func:`look` marks; indented code keeps its indents."""
    text = _INVISIBLE.sub("", _RETURNS.sub("\n", text))
    text = _START.sub("", text.rstrip())
    return _GAP.sub("\n\n", text)


def _first(text: str) -> tuple[str, int, int] | None:
    if not text.strip():
        return None  # an empty field is another rule's
    if found := _START.match(text):
        return "Begins with spaces or empty lines.", *found.span()
    if (end := len(text.rstrip())) < len(text):
        return "Ends with spaces or empty lines.", end, len(text)
    if not text.isascii() and (found := _INVISIBLE.search(text)):
        return "Has an invisible sign inside.", *found.span()
    if "\n" in text and (found := _GAP.search(text)):
        return "Has several empty lines in a row.", *found.span()
    if "\r" in text and (found := _RETURNS.search(text)):
        return "Has line ends of another system.", *found.span()
    return None
