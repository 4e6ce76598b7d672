"""Tokens of a text: the tokenizer of a base model, and the encoded example that training and preview share.

Text is text: a control token that somebody typed into an example is encoded as its plain pieces. Which part of a
text was typed is told by spans; everything else is the template's.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from tokenizers import Tokenizer

# Added tokens that look like markup steer the model; others (whitespace, words of a domain) are ordinary text.
_MARKUP = re.compile(r"\s*[<\[{|（【«].*[>\]}|）】»]\s*", re.DOTALL)
# What stands before a text whose beginning must not be taken for the beginning of everything: SentencePiece
# tokenizers put a space there. The first that leaves a token boundary behind it is used.
_CONTEXTS = ("\n", "a", ".")


@dataclass(frozen=True, slots=True)
class Encoded:
    """An example as the model sees it; the lists have one entry a token.

    Attributes:
        ids: token numbers.
        supervised: whether the token counts in the loss.
        roles: ``system``, ``user``, ``assistant`` for what the user wrote, ``template`` for the rest.
        text: the rendered conversation (and the end token, where the template has none).
        texts: each token's share of ``text``; joined they are ``text`` again. A token that is only a part of a
            character's bytes has an empty share, unless it is the first part.
    """

    ids: list[int]
    supervised: list[bool]
    roles: list[str]
    text: str
    texts: list[str]

    @property
    def supervised_count(self) -> int:
        """How many tokens count in the loss."""
        return sum(self.supervised)


class Span(NamedTuple):
    """A part of a text that the user wrote: from ``start`` to before ``end``, in a message of ``role``."""

    start: int
    end: int
    role: str


class Piece(NamedTuple):
    """A token and the characters it stands for; ``control`` when it is a control token that the template wrote."""

    id: int
    start: int
    end: int
    control: bool


def adds_before(tokenizer: Tokenizer, token_id: int) -> bool:
    """Whether the tokenizer by itself puts this token before a text (a beginning-of-text token)."""
    return bool(tokenizer.encode("a", add_special_tokens=True).ids[:1] == [token_id])


class TextTokenizer:
    """The tokenizer of ``tokenizer.json``, which knows which tokens are controls. Callable from any thread."""

    def __init__(self, tokenizer: Tokenizer, template: str) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._plain: Tokenizer | None = None
        self._controls: dict[int, str] = {}
        special = set()
        for token_id, token in tokenizer.get_added_tokens_decoder().items():
            literal = token.content
            if token.special:
                special.add(token_id)
            if literal.strip() and (token.special or literal in template or _MARKUP.fullmatch(literal)):
                self._controls[token_id] = literal
        self.special = frozenset(special)

    @property
    def controls(self) -> list[str]:
        """The texts of all control tokens."""
        return list(self._controls.values())

    @property
    def special_controls(self) -> list[str]:
        """The texts of the control tokens that are marked special."""
        return [literal for token_id, literal in self._controls.items() if token_id in self.special]

    def to_json(self) -> str:
        """The tokenizer as tokenizer.json has it."""
        form: str = self._tokenizer.to_str(pretty=True)
        return form

    def id(self, literal: str) -> int | None:
        """The number of a token."""
        number: int | None = self._tokenizer.token_to_id(literal)
        return number

    def literal(self, token_id: int) -> str:
        """The text of a token; empty when there is none."""
        return self._tokenizer.id_to_token(token_id) or ""

    def decode(self, ids: Sequence[int], *, skip_special: bool) -> str:
        """The text of these tokens."""
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=skip_special)
        return text

    def counts(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has by itself, all of it typed."""
        found = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [
            len(encoding.ids)
            if self._controls.keys().isdisjoint(encoding.ids)
            else len(self.encode(text, [Span(0, len(text), "user")]))
            for text, encoding in zip(texts, found, strict=True)
        ]

    def encode(self, text: str, typed: Sequence[Span]) -> list[Piece]:
        """The tokens of a whole text; controls inside of what was typed (spans in order) as plain pieces."""
        return self._pieces(self._tokenizer, text, 0, typed)

    def encode_alone(self, text: str) -> list[int]:
        """The tokens of a text by itself, with what the tokenizer puts before one."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=True).ids
        return ids

    def encode_from(self, text: str, start: int, typed: Sequence[Span]) -> list[Piece]:
        """The tokens of ``text[start:]`` as they follow other tokens."""
        return self._following(self._tokenizer, text[start:], start, typed)

    def _following(self, tokenizer: Tokenizer, text: str, start: int, typed: Sequence[Span]) -> list[Piece]:
        """The tokens of a text that stands at ``start`` of another, not at its beginning."""
        if not text:
            return []
        for context in _CONTEXTS:
            pieces = self._pieces(tokenizer, context + text, start - len(context), typed)
            following = [piece for piece in pieces if piece.end > start]
            if following and following[0].start == start:
                return following
        return self._pieces(tokenizer, text, start, typed)

    def _pieces(self, tokenizer: Tokenizer, text: str, shift: int, typed: Sequence[Span]) -> list[Piece]:
        """The tokens of a text that stands at ``shift`` in the text which ``typed`` speaks of."""
        encoding = tokenizer.encode(text, add_special_tokens=False)
        found = [
            Piece(token_id, start + shift, end + shift, token_id in self._controls)
            for token_id, (start, end) in zip(encoding.ids, encoding.offsets, strict=True)
        ]
        as_text = [at for at, piece in enumerate(found) if piece.control and self._is_typed(text, shift, piece, typed)]
        if not as_text:
            return found
        pieces = found[: as_text[0]]
        for at, following in zip(as_text, [*as_text[1:], len(found)], strict=True):
            start = found[at].end
            pieces += self._plain_pieces(text[found[at].start - shift : start - shift], found[at].start)
            between = found[at + 1 : following]
            if between and self._pads_after_controls:
                end = found[following].start if following < len(found) else shift + len(text)
                between = self._following(tokenizer, text[start - shift : end - shift], start, typed)
            pieces += between
        return pieces

    @cached_property
    def _pads_after_controls(self) -> bool:
        """Whether a text after a control token gets a space in front; after one that is only text, it must not."""
        control = next(iter(self._controls.values()))
        after = self._pieces(self._tokenizer, control + "a", 0, ())[1:]
        return [piece.id for piece in after] != [piece.id for piece in self._following(self._tokenizer, "a", 1, ())]

    def _is_typed(self, text: str, shift: int, piece: Piece, typed: Sequence[Span]) -> bool:
        start, end = piece.start, piece.end
        # A token may swallow the whitespace around it; what counts is where its own text stands.
        literal = self._controls[piece.id]
        found = text.find(literal, start - shift, end - shift)
        if found >= 0:
            start, end = found + shift, found + shift + len(literal)
        last = bisect_left(typed, end, key=_start) - 1  # the last span that begins before the token's end
        return last >= 0 and typed[last].end > start

    def _plain_pieces(self, text: str, start: int) -> list[Piece]:
        """The tokens of a control token's text as if it were none."""
        if self._plain is None:
            self._plain = _without_added_tokens(self._tokenizer)
        pieces = self._following(self._plain, text, start, ())
        if any(piece.control for piece in pieces):
            # The token is a word of the vocabulary itself (SentencePiece): letter by letter it cannot come about.
            letters = [self._following(self._plain, letter, start + at, ()) for at, letter in enumerate(text)]
            pieces = [piece for letter in letters for piece in letter]
        return [piece._replace(control=False) for piece in pieces]


_start = attrgetter("start")


def _without_added_tokens(tokenizer: Tokenizer) -> Tokenizer:
    form = json.loads(tokenizer.to_str())
    form["added_tokens"] = []
    form["post_processor"] = None
    return Tokenizer.from_str(json.dumps(form))


def shares(text: str, pieces: Iterable[Piece]) -> list[str]:
    """Each token's share of the text; joined they are the text."""
    result: list[str] = []
    done = 0
    for piece in pieces:
        end = max(done, piece.end)
        result.append(text[done:end])
        done = end
    if result:
        result[-1] += text[done:]
    return result
