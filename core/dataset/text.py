"""What happens to text on its way into the store: made storable, made comparable."""

from __future__ import annotations

import unicodedata

_KEY_LENGTH = 48  # characters that decide the order in a list


def clean(text: str) -> str:
    """The text without what neither UTF-8 nor SQLite can hold; half a surrogate pair and NUL become U+FFFD.

    Raises:
        TypeError: it is not text.
    """
    if not isinstance(text, str):
        raise TypeError(f"text expected, not {type(text).__name__}")
    if "\0" in text:
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            # Both halves of a pair, typed or pasted apart, become their character.
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def clean_tag(tag: str) -> str:
    """A tag as one line without outer spaces."""
    return " ".join(clean(tag).split())


def fold(text: str) -> str:
    """The text as search compares it: case and the spelling of accents make no difference."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def sort_key(text: str) -> str:
    """The text as lists are ordered: its beginning, without case and accents."""
    start = text[: 2 * _KEY_LENGTH].strip()[:_KEY_LENGTH]
    if start.isascii():
        return start.lower()
    apart = unicodedata.normalize("NFKD", start).casefold()
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
