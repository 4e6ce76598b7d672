"""What makes examples the same or nearly the same: words without case and punctuation, and hashes of them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zlib

from core.dataset.example import Example
from core.dataset.review.marks import Same, history
from core.dataset.split import same_prompt

MOST_WORDS = 64  # different words of an example that are kept for finding near-duplicates

# A number with its sign and points is one word, so is every character of scripts without spaces; of other signs those
# count that change what is said ("C++", "5 %"), not those that only divide.
_WORD = re.compile(
    r"[-−]?\d+(?:[.,:/]\d+)*|[\u3040-\u30ff\u3400-\u9fff]|[^\W\d\u3040-\u30ff\u3400-\u9fff]+|[^\w\s.,;:!?'\"()\[\]{}…“”‘’„‚«»¿¡\-–—]"
)


def same(example: Example) -> Same:
    """What to compare of an example."""
    system = " ".join(example.system.split())
    asked = f"{system}\0{same_prompt(example)}"
    parts = (example.system, history(example), example.instruction, example.input, example.output)
    exact = "\0".join(" ".join(part.split()) for part in parts)
    prompt, output = prompt_words(example), words(example.output)
    answer = " ".join(output)
    hashes = {zlib.crc32(word.encode()) for word in prompt}
    hashes.update(zlib.crc32(word.encode(), 1) for word in output)
    kept = sorted(hashes)[:MOST_WORDS]
    return Same(
        _hash(exact),
        _hash(asked),
        _hash("\0".join((" ".join(prompt), answer))),
        _hash(answer),
        b"".join(number.to_bytes(4, "little") for number in kept),
    )


def prompt_words(example: Example) -> list[str]:
    """The words of all that comes before the output."""
    return words("\n".join((example.system, history(example), example.instruction, example.input)))


def words(text: str) -> list[str]:
    """The words of a text as they are compared."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _WORD.findall(text.casefold())


def _hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
