"""What the base model and an adapter say to the same examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.dataset.example import Example
from core.generation.client import ModelProcess


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. ``seconds`` is the time of writing, ``tokens`` how many were written."""

    text: str
    tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Pair:
    """The answers of both to one example."""

    example: Example
    base: Answer
    adapter: Answer


def answer(
    process: ModelProcess,
    example: Example,
    *,
    on_text: Callable[[str], object] | None = None,
    **settings: Any,
) -> Answer:
    """The whole answer to an example; ``on_text`` is told each piece as it comes.

    Args:
        process: who answers.
        example: what is asked.
        on_text: told each piece of text.
        settings: what :meth:`core.generation.client.ModelProcess.generate` takes: adapters and sampling.

    Raises:
        UserError: see :meth:`core.generation.client.ModelProcess.generate`.
    """
    pieces: list[str] = []
    tokens, seconds = 0, 0.0
    for token in process.generate(example, **settings):
        pieces.append(token.text)
        if token.text and on_text is not None:
            on_text(token.text)
        if token.end is not None:
            tokens, seconds = token.tokens, token.seconds
    return Answer("".join(pieces).strip(), tokens, seconds)


def compare(
    process: ModelProcess,
    examples: Sequence[Example],
    adapter: Path,
    *,
    max_new_tokens: int = 160,
    progress: Callable[[int, int], object] | None = None,
) -> list[Pair]:
    """What the base model and the adapter say to each example, greedily; ``progress`` is told (done, total).

    Raises:
        UserError: see :meth:`core.generation.client.ModelProcess.generate`.
    """
    pairs: list[Pair] = []
    for number, example in enumerate(examples, start=1):
        base, adapted = (
            answer(process, example, adapter=which, max_new_tokens=max_new_tokens) for which in (None, adapter)
        )
        pairs.append(Pair(example, base, adapted))
        if progress is not None:
            progress(number, len(examples))
    return pairs
