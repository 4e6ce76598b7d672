"""Letters that a wrong conversion broke ("Ã¼" for "ü", "&amp;" for "&", "�" for anything), and putting them right."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from core.dataset.example import Example
from core.dataset.review.marks import Mark, texts
from core.dataset.review.rules import ENCODING, LOST

_UNKNOWN = "\N{REPLACEMENT CHARACTER}"
_ENTITY = re.compile(
    r"&(?:amp|quot|apos|nbsp|hellip|[nm]dash|[lr][sd]quo|laquo|raquo|bdquo|sbquo|euro|szlig|ccedil|ntilde|"
    r"[aeiouAEIOU](?:uml|acute|grave|circ|tilde)|#\d{2,5}|#x[0-9a-fA-F]{2,4});"
)
_LONGEST_WORD = 40  # characters that are shown
_ABOUT_MARKUP = re.compile(r"html|xml|markup|entit|escape|<[a-z/!]|```|`&", re.IGNORECASE)


def look(example: Example) -> Iterator[Mark]:
    """Mark the first broken place of each field."""
    markup: bool | None = None
    for field, text in texts(example):
        if not text.isascii():
            if (repaired := _repaired(text)) != text:
                start, end, meant = _differing(text, repaired)
                yield Mark(ENCODING, f"“{text[start:end]}” was meant to be “{meant}”.", field, start, end)
            if (at := text.find(_UNKNOWN)) >= 0:
                yield Mark(LOST, "A letter was lost here.", field, at, at + 1)
        if "&" in text and (found := _ENTITY.search(text)):
            markup = _is_about_markup(example) if markup is None else markup
            if not markup:
                message = f"“{found[0]}” stands for “{html.unescape(found[0]).strip() or 'a space'}”."
                yield Mark(ENCODING, message, field, *found.span())


def mended(example: Example, field: str) -> str:
    """A field with the letters that were meant; what cannot be told stays."""
    text: str = getattr(example, field)
    if not _is_about_markup(example):
        text = _ENTITY.sub(lambda found: html.unescape(found[0]).replace("\N{NO-BREAK SPACE}", " "), text)
    return text if text.isascii() else _repaired(text)


def _repaired(text: str) -> str:
    """Line by line: one line that went through a wrong conversion says nothing of the others."""
    from ftfy import badness, fix_encoding

    if not badness.is_bad(text):
        return text
    return "".join(fix_encoding(line) for line in text.splitlines(keepends=True))


def _is_about_markup(example: Example) -> bool:
    return any(_ABOUT_MARKUP.search(text) for _, text in texts(example))


def _differing(text: str, repaired: str) -> tuple[int, int, str]:
    """Where the first word stands that is not the same in both, and how it is repaired."""
    start = next((at for at, (a, b) in enumerate(zip(text, repaired, strict=False)) if a != b), 0)
    while start and not text[start - 1].isspace():
        start -= 1
    end, other = _word_end(text, start), _word_end(repaired, start)
    return start, end, repaired[start:other]


def _word_end(text: str, start: int) -> int:
    """The end of the word that begins at ``start``, not too far away."""
    end = start + 1
    while end < len(text) and not text[end].isspace() and end - start < _LONGEST_WORD:
        end += 1
    return end
