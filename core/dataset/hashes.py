"""Numbers by which examples are told to be the same: of what training sees, and of what is asked.

Both fit SQLite's integers. They are taken from an example's columns as the database holds them, because millions of
them are made while a file is read.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata

import xxhash

_SIGN = 1 << 63


def content_of(instruction: str, input: str, output: str, system: str, history: str) -> int:
    """A hash of what training sees; no column contains NUL, so that no two contents are written alike."""
    found = xxhash.xxh3_64_intdigest("\0".join((instruction, input, output, system, history)).encode())
    return found - ((found & _SIGN) << 1)


def prompt_of(instruction: str, input: str, history: str) -> int:
    """The hash by which :func:`core.dataset.split.split` chooses: earlier turns, instruction and input.

    Case, spacing and the spelling of characters make no difference. As a big-endian number of 8 bytes it is the key of
    ``core.dataset.split``.
    """
    text = f"{instruction}\n{input}"
    if history:
        text = "\n".join((*(content for _, content in json.loads(history)), text))
    if text.isascii():
        text = text.lower()
    else:
        text = unicodedata.normalize("NFKC", text).casefold()
    digest = hashlib.blake2b(" ".join(text.split()).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
