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
