"""The neutral texts that ship with the app: what a model knew before it was trained, and should still know after."""

from __future__ import annotations

from functools import cache

from core import paths

_FOLDER = "neutral"


@cache
def texts() -> dict[str, str]:
    """The texts by name: an explanation, a story, instructions and a letter, a conversation with a little program.

    About 1,800 tokens together, in English, written for this and found nowhere else.
    """
    files = sorted((paths.resources() / _FOLDER).glob("*.txt"))
    return {file.stem: file.read_text(encoding="utf-8").strip() for file in files}
