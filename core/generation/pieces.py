"""From tokens to pieces of text as they come: never half a character, and all together the whole text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

_HALF = "\N{REPLACEMENT CHARACTER}"


class Pieces:
    """Takes tokens one by one; a character whose bytes are spread over several tokens waits for the last of them.

    Args:
        decode: the text of a sequence of tokens.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._sent = ""
        self.ids: list[int] = []

    def add(self, token: int) -> str:
        """The text that is certain now and was not before; often a word, sometimes nothing."""
        self.ids.append(token)
        # Decoding all anew is exact for every kind of tokenizer, and cheap beside the model.
        return self._news(self._decode(self.ids).rstrip(_HALF))

    def rest(self) -> str:
        """What was held back, when no token comes any more."""
        return self._news(self._decode(self.ids))

    def _news(self, text: str) -> str:
        if not text.startswith(self._sent):
            return ""
        news = text[len(self._sent) :]
        self._sent = text
        return news


class StopWords:
    """Lets text through until one of the stop words comes; what may be the beginning of one waits.

    Attributes:
        found: the stop word that has ended the text; "" while none has.
    """

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = tuple(stop)
        self._held = ""
        self.found = ""

    def add(self, text: str) -> str:
        """The text that is certain to belong to the answer now."""
        if self.found:
            return ""
        if not self._stop:
            return text
        held = self._held + text
        places = [(at, -len(word), word) for word in self._stop if (at := held.find(word)) >= 0]
        if places:
            at, _, self.found = min(places)
            self._held = ""
            return held[:at]
        waits = max(_overlap(held, word) for word in self._stop)
        self._held = held[len(held) - waits :]
        return held[: len(held) - waits]

    def rest(self) -> str:
        """What waited, when no more text comes."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, word: str) -> int:
    """How many characters at the end of the text are the beginning of the word."""
    return next((length for length in range(min(len(word) - 1, len(text)), 0, -1) if text.endswith(word[:length])), 0)
