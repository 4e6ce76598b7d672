"""How many tokens examples have: in each field as typed, as a whole as trained, how many are learnt, what is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from core.dataset.example import Example
from core.prompt.format import PromptFormat
from core.prompt.proof import prove

_WAYS = 2  # of counting; another number makes counts of earlier versions worthless
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
        flaw: why it cannot be trained (:class:`core.prompt.proof.Flaw`), 0 where it can.
    """

    whole: int
    supervised: int
    instruction: int
    input: int
    output: int
    system: int
    history: int
    flaw: int


def lengths(prompt: PromptFormat, examples: Sequence[Example]) -> list[Lengths]:
    """The lengths of examples, in their order."""
    texts = [text for example in examples for text in _texts(example)]
    counts = iter(prompt.counts(texts))
    found: list[Lengths] = []
    for example in examples:
        instruction, input_, output, system = (next(counts) for _ in range(4))
        history = sum(next(counts) for _ in example.history)
        proof = prove(prompt, example)
        whole, supervised = -1, 0
        if proof.encoded is not None:
            whole, supervised = len(proof.encoded.ids), proof.encoded.supervised_count
        found.append(Lengths(whole, supervised, instruction, input_, output, system, history, proof.flaw))
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
