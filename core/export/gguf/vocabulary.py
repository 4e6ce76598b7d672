"""A tokenizer in the words of GGUF: tokens, their kinds, merges or scores, and the tokens with a meaning."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.dataset.example import Example
from core.errors import PromptError
from core.export.gguf import pretokenizers
from core.export.gguf.families import refused
from core.prompt import files
from core.prompt.format import PromptFormat

# Kinds of tokens: llama.cpp, include/llama.h, enum llama_token_type.
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
_SPACE = "\u2581"
_PROBES = (Example(instruction="a", output="a"), Example(system="a", instruction="a", output="a"))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a GGUF file says about text.

    Attributes:
        model: ``gpt2`` for bytes merged by rank, ``llama`` for SentencePiece's way.
        pre: how text is cut first.
        tokens, types: of every token.
        scores: of every token of ``llama``; the higher, the earlier it is merged.
        merges: of ``gpt2``, in order.
        special: token ids by the last part of their key (``bos_token_id``).
        adds_beginning: whether the reader puts the beginning token before a text.
        adds_space: whether it puts a space before a text.
        template: the chat template.
    """

    model: str
    pre: str
    tokens: list[str]
    types: list[int]
    scores: list[float]
    merges: list[str]
    special: dict[str, int]
    adds_beginning: bool
    adds_space: bool
    template: str


def read(folder: Path, size: int) -> Vocabulary:
    """The vocabulary of a model folder.

    Args:
        folder: with tokenizer.json, tokenizer_config.json and the chat template.
        size: how many rows the embedding has; tokens beyond it are left out, as the model has none.

    Raises:
        ModelError: the tokenizer is broken, or one that llama.cpp does not know.
    """
    found = files.read(folder)
    tokenizer = json.loads(found.tokenizer.to_str())
    model = tokenizer["model"]
    if model["type"] != "BPE":
        raise refused(f"Its tokenizer is of the kind {model['type']}; llama.cpp gets byte pairs (BPE) from here.")
    prompt_format = PromptFormat(found)
    try:
        beginnings = _beginnings(prompt_format)
        special = _special(found, prompt_format, size)
        template = prompt_format.template
    finally:
        prompt_format.close()
    tokens, types = _tokens(tokenizer, size)
    begins = found.named.get("bos_token", "")
    sentencepiece = model.get("byte_fallback") is True
    return Vocabulary(
        model="llama" if sentencepiece else "gpt2",
        pre="default" if sentencepiece else pretokenizers.name(tokenizer),
        tokens=tokens,
        types=types,
        scores=_scores(model, tokens) if sentencepiece else [],
        merges=[] if sentencepiece else _merges(model),
        special=special,
        # Just as it was trained: the template writes the beginning token, or there was none.
        adds_beginning=bool(begins) and all(text.startswith(begins) for text in beginnings),
        adds_space=sentencepiece and _adds_space(tokenizer, beginnings),
        template=template,
    )


def _beginnings(prompt_format: PromptFormat) -> list[str]:
    """How rendered conversations begin."""
    texts = []
    for probe in _PROBES:
        try:
            texts.append(prompt_format.render(probe.messages()))
        except PromptError:  # a template without a system prompt, or one that demands it
            continue
    return texts


def _special(found: files.TokenizerFiles, prompt_format: PromptFormat, size: int) -> dict[str, int]:
    def number(name: str) -> int | None:
        literal = found.named.get(name)
        return found.tokenizer.token_to_id(literal) if literal else None

    end = number("eos_token")
    turn = prompt_format.end_ids[0]
    ids = {
        "bos_token_id": number("bos_token"),
        "eos_token_id": turn if end is None else end,
        "eot_token_id": turn if end is not None and turn != end else None,
        "unknown_token_id": number("unk_token"),
        "padding_token_id": number("pad_token"),
    }
    return {name: value for name, value in ids.items() if value is not None and value < size}


def _tokens(tokenizer: Mapping[str, Any], size: int) -> tuple[list[str], list[int]]:
    model = tokenizer["model"]
    by_id = {number: text for text, number in model["vocab"].items()}
    added = {token["id"]: token for token in tokenizer["added_tokens"]}
    by_id |= {number: token["content"] for number, token in added.items()}
    sentencepiece = model.get("byte_fallback") is True
    tokens, types = [], []
    for number in range(size):
        text = by_id.get(number)
        tokens.append(f"[PAD{number}]" if text is None else text)
        types.append(_kind(text, added.get(number), model.get("unk_token"), sentencepiece=sentencepiece))
    if len(set(tokens)) < size:
        raise refused("Its tokenizer has two tokens of the same text.")
    return tokens, types


def _kind(text: str | None, added: Mapping[str, Any] | None, unknown: str | None, *, sentencepiece: bool) -> int:
    if text is None:
        return UNUSED
    if sentencepiece and text == unknown:
        return UNKNOWN
    if sentencepiece and _BYTE.fullmatch(text):
        return BYTE
    # Runs of spaces that are tokens of their own come about by merging all the same, and are written as spaces.
    if added is None or (sentencepiece and _SPACE in text and not added["special"]):
        return NORMAL
    return CONTROL if added["special"] else USER_DEFINED


def _merges(model: Mapping[str, Any]) -> list[str]:
    pairs = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"]]
    if any(len(pair) != 2 or " " in pair[0] or " " in pair[1] for pair in pairs):
        raise refused("Its tokenizer merges pieces with spaces inside, which a GGUF file cannot say.")
    return [" ".join(pair) for pair in pairs]


def _scores(model: Mapping[str, Any], tokens: Sequence[str]) -> list[float]:
    """SentencePiece merges the pair first whose token has the highest score: minus the rank of its first merge."""
    ranks: dict[str, int] = {}
    for rank, merge in enumerate(model["merges"]):
        ranks.setdefault("".join(merge.split(" ") if isinstance(merge, str) else merge), rank)
    last = len(model["merges"])
    return [-float(ranks.get(token, last + number)) for number, token in enumerate(tokens)]


def _adds_space(tokenizer: Mapping[str, Any], beginnings: Sequence[str]) -> bool:
    """Whether a text gets a space in front.

    llama.cpp puts it before every text that follows a special token. A tokenizer that does so at the very beginning
    only is the same where conversations begin with a special token: there, none is put anywhere.
    """
    steps = [
        *_flat(tokenizer.get("normalizer"), "normalizers"),
        *_flat(tokenizer.get("pre_tokenizer"), "pretokenizers"),
    ]
    if any(step.get("type") == "Prepend" and step.get("prepend") == _SPACE for step in steps):
        return True
    schemes = [step.get("prepend_scheme", "always") for step in steps if step.get("type") == "Metaspace"]
    if "first" in schemes:
        added = [token["content"] for token in tokenizer["added_tokens"]]
        return not all(text.startswith(tuple(added)) for text in beginnings)
    return "always" in schemes


def _flat(step: Mapping[str, Any] | None, inside: str) -> list[Mapping[str, Any]]:
    if not step:
        return []
    return list(step[inside]) if step.get("type") == "Sequence" else [step]
