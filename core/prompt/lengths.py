"""How many tokens examples have: in each field as typed, as a whole as trained, and how many of these are learnt."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from core.dataset.example import Example
from core.errors import UserError
from core.prompt.format import PromptFormat

_WAYS = 1  # of counting; another number makes counts of earlier versions worthless
_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "config.json",
    "generation_config.json",
)


class Lengths(NamedTuple):
    """Numbers of tokens of one example.

    Attributes:
        whole: as trained, with what the template adds; -1 where the template refuses the example.
        supervised: how many of ``whole`` are learnt.
        instruction, input, output, system, history: of the text by itself; ``history`` is all earlier turns.
    """

    whole: int
    supervised: int
    instruction: int
    input: int
    output: int
    system: int
    history: int


def lengths(prompt: PromptFormat, examples: Sequence[Example]) -> list[Lengths]:
    """The lengths of examples, in their order."""
    texts = [text for example in examples for text in _texts(example)]
    counts = iter(prompt.counts(texts))
    found: list[Lengths] = []
    for example in examples:
        instruction, input_, output, system = (next(counts) for _ in range(4))
        history = sum(next(counts) for _ in example.history)
        found.append(Lengths(*_whole(prompt, example), instruction, input_, output, system, history))
    return found


def fingerprint(folder: Path) -> str:
    """Changes with everything in a model folder that decides about tokens.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256(str(_WAYS).encode())
    for name in _FILES:
        file = folder / name
        if file.is_file():
            digest.update(f"\n{name} {file.stat().st_size}\n".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _texts(example: Example) -> list[str]:
    earlier = [turn.content for turn in example.history]
    return [example.instruction, example.input, example.output, example.system, *earlier]


def _whole(prompt: PromptFormat, example: Example) -> tuple[int, int]:
    try:
        encoded = prompt.encode(example)
    except UserError:
        return -1, 0
    return len(encoded.ids), encoded.supervised_count
