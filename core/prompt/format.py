"""A base model's format: from an example to the very tokens that training and generation see, and back to text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from core.dataset.example import Example
from core.errors import ModelError, PromptError
from core.prompt import files, sandbox
from core.prompt.chosen_template import source_of
from core.prompt.layout import Layout, Typesetter
from core.prompt.template import Job
from core.prompt.tokens import Encoded, Piece, Span, TextTokenizer, adds_before, shares

__all__ = ["Encoded", "PromptFormat"]

_FALLBACK = "alpaca"
# Answers of this example show how the template ends one. Some templates demand a system prompt.
_PROBES = (
    Example(instruction="Good morning", output="Good evening"),
    Example(system="Be kind", instruction="Good morning", output="Good evening"),
)


class PromptFormat:
    """Tokenizer and chat template of a base model. Callable from any thread.

    Attributes:
        template: the source of the chat template in use: the chosen one, the folder's own or the app's Alpaca text.
        has_own_template: whether it is the folder's.
        end_ids: the tokens at which a generation stops: the end of a turn first, then the others the model knows.
        pad_id: the token that fills up rows.
    """

    def __init__(self, found: files.TokenizerFiles, now: datetime | None = None, *, template: str = "") -> None:
        """``template``: one in the place of the folder's own; see :meth:`load`."""
        self._named = named = found.named
        self.has_own_template = not template and found.template is not None
        bos = found.tokenizer.token_to_id(named["bos_token"]) if "bos_token" in named else None
        begins = bos is not None and adds_before(found.tokenizer, bos)
        self.template = _source(found, template, beginning=begins)
        is_fallback = not template and found.template is None
        self._tokens = TextTokenizer(found.tokenizer, "" if is_fallback else self.template)
        self._renderer = sandbox.renderer(self.template, named, now)
        self._typesetter = Typesetter(self._renderer, self._tokens.controls, self._tokens.special_controls)
        eos = self._tokens.id(named["eos_token"]) if "eos_token" in named else None
        known = (*(() if eos is None else (eos,)), *found.end_ids)
        self.end_ids: tuple[int, ...] = ()
        self.end_ids = tuple(dict.fromkeys((*self._turn_ends(), *known)))
        if not self.end_ids:
            raise _missing_end()
        self._appended_end = known[0] if known else self.end_ids[0]
        pad = self._tokens.id(named["pad_token"]) if "pad_token" in named else None
        self.pad_id: int = self._appended_end if pad is None else pad

    @classmethod
    def load(cls, folder: Path, *, template: str = "", now: datetime | None = None) -> PromptFormat:
        """Read tokenizer.json, tokenizer_config.json and the chat template of a model folder.

        Args:
            folder: a model folder in Transformers' format.
            template: the recipe's choice (``recipe.model.template``): a shipped one's name or the text of one; empty
                for the folder's own, and Alpaca text where it has none.
            now: what a template that writes the date takes for today; the real time unless given.

        Raises:
            ModelError: something is missing or broken, or the template cannot be used.
        """
        return cls(files.read(folder, with_template=not template), now, template=template)

    def save(self, folder: Path) -> None:
        """Write tokenizer.json, tokenizer_config.json and chat_template.jinja, as plain Transformers reads them.

        The configuration names no tokenizer class of an architecture: those replace parts of tokenizer.json.

        Raises:
            OSError: the folder cannot be written.
        """
        files.write(folder, self._tokens.to_json(), self._named, self.template)

    def close(self) -> None:
        """End the helper process of a template from outside, if there is one."""
        self._renderer.close()

    def render(self, messages: list[dict[str, Any]], *, add_generation_prompt: bool = False) -> str:
        """The text of a conversation: what Transformers' ``apply_chat_template(tokenize=False)`` gives.

        Raises:
            PromptError: the template refuses these messages.
        """
        return self._typesetter.render(Job(messages, add_generation_prompt))

    def encode(self, example: Example) -> Encoded:
        """The tokens of an example and which of them are learnt: the answers, each with its end token.

        The tokens of the prompt are those of :meth:`encode_prompt`. Earlier answers of a conversation are learnt where
        they stand in it as they would have been generated.

        Raises:
            PromptError: the template refuses the example, or writes it in a way that cannot be taught.
        """
        layout = self._typesetter.layout(example)
        text, typed = layout.whole.text, layout.whole.typed
        start = layout.turns[-1].start
        prompt = self._tokens.encode(layout.prompt.text, layout.prompt.typed)
        pieces = self._tokens.encode(text, typed)
        if not _begins_with(pieces, prompt):
            pieces = prompt + self._tokens.encode_from(text, start, typed)
        end = self._end(text, pieces, len(prompt))
        if end is None:
            before, text = len(text), text + self._tokens.literal(self._appended_end)
            pieces.append(Piece(self._appended_end, before, len(text), True))
            end = len(pieces) - 1
        supervised = [False] * len(pieces)
        supervised[len(prompt) : end + 1] = [True] * (end + 1 - len(prompt))
        self._supervise_earlier(layout, pieces, supervised)
        roles = _roles(pieces, layout.whole.roles)
        return Encoded([piece.id for piece in pieces], supervised, roles, text, shares(text, pieces))

    def encode_prompt(self, example: Example) -> list[int]:
        """The tokens before the answer: the conversation so far and the beginning of an answer.

        Raises:
            PromptError: the template refuses the messages.
        """
        prompt = self._typesetter.prompt(example)
        return [piece.id for piece in self._tokens.encode(prompt.text, prompt.typed)]

    def encode_text(self, text: str) -> list[int]:
        """The tokens of a text that is no conversation, begun as the tokenizer begins every text."""
        return self._tokens.encode_alone(text)

    def count(self, text: str) -> int:
        """How many tokens a text has by itself."""
        return len(self._tokens.encode(text, [Span(0, len(text), "user")]))

    def counts(self, texts: Sequence[str]) -> list[int]:
        """What :meth:`count` says of each text; many at once are faster."""
        return self._tokens.counts(texts)

    def decode(self, ids: Sequence[int], *, skip_special: bool = True) -> str:
        """The text of tokens, without special ones and ends of turns unless asked for."""
        if skip_special:
            ids = [token_id for token_id in ids if token_id not in self.end_ids]
        return self._tokens.decode(ids, skip_special=skip_special)

    def _supervise_earlier(self, layout: Layout, pieces: list[Piece], supervised: list[bool]) -> None:
        ids = [piece.id for piece in pieces]
        for turn in layout.turns[:-1]:
            before = self._tokens.encode(layout.whole.text[: turn.start], layout.whole.typed)
            if [piece.id for piece in before] != ids[: len(before)]:
                continue  # generation would have seen other tokens here
            last = next((at for at, piece in enumerate(pieces) if piece.start >= turn.end), len(pieces)) - 1
            end = self._end(layout.whole.text, pieces[: last + 1], len(before))
            if end is None and not turn.whole:
                continue
            learnt = (last if end is None else end) + 1 - len(before)
            supervised[len(before) : len(before) + learnt] = [True] * learnt

    def _end(self, text: str, pieces: Sequence[Piece], start: int) -> int | None:
        """The index of the token that ends the turn which begins at piece ``start``; None when there is none.

        It is among the controls (with whitespace between) that the turn ends in: the first that ends a generation,
        else the first special one.
        """
        first = len(pieces)
        while first > start and (pieces[first - 1].control or _is_space(text, pieces[first - 1])):
            first -= 1
        closing = [at for at in range(first, len(pieces)) if pieces[at].control]
        for ends in (self.end_ids, self._tokens.special):
            found = next((at for at in closing if pieces[at].id in ends), None)
            if found is not None:
                return found
        return None

    def _turn_ends(self) -> tuple[int, ...]:
        """The token with which the template ends an answer, if it does."""
        for probe in _PROBES:
            try:
                text = self.render(probe.messages())
            except PromptError:
                continue
            pieces = self._tokens.encode(text, ())
            end = self._end(text, pieces, 0)
            return () if end is None else (pieces[end].id,)
        return ()


def _source(found: files.TokenizerFiles, chosen: str, *, beginning: bool) -> str:
    """The template to use."""
    if not chosen and found.template is not None:
        return found.template
    has_token = found.tokenizer.token_to_id
    return source_of(chosen or _FALLBACK, lambda token: has_token(token) is not None, beginning=beginning)


def _begins_with(pieces: Sequence[Piece], prompt: Sequence[Piece]) -> bool:
    return len(pieces) >= len(prompt) and all(a.id == b.id for a, b in zip(pieces, prompt, strict=False))


def _is_space(text: str, piece: Piece) -> bool:
    share = text[piece.start : piece.end]
    return not share or share.isspace()


def _roles(pieces: Sequence[Piece], spans: Sequence[Span]) -> list[str]:
    """For each token, the role of the typed text that it has a part of, else ``template``."""
    ordered = sorted(spans)
    roles: list[str] = []
    at = 0
    for piece in pieces:
        while at < len(ordered) and ordered[at].end <= piece.start:
            at += 1
        inside = at < len(ordered) and ordered[at].start < piece.end
        roles.append(ordered[at].role if inside and not piece.control else "template")
    return roles


def _missing_end() -> ModelError:
    return ModelError(
        "The base model does not say which token ends an answer.",
        reason="Neither its tokenizer, nor its configuration, nor its chat template names one.",
        hint="Add eos_token to its tokenizer_config.json.",
    )
