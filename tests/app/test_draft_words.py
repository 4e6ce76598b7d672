"""What is said of drafts."""

from __future__ import annotations

import pytest

from app.draft_words import ending_words
from core.generation.client import Token


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (Token(tokens=1, seconds=0.0, end="end"), "1 token"),
        (Token(tokens=256, seconds=2.0, end="length"), "Cut at 256; 256 tokens in 2.0 s, 128 a second"),
        (Token(tokens=40, seconds=2.0, end="length"), "Cut: no more fits; 40 tokens in 2.0 s, 20 a second"),
        (Token(end="cancelled"), "Stopped"),
    ],
)
def test_how_a_draft_ended_in_words(token: Token, words: str) -> None:
    assert ending_words(token, 256) == words
