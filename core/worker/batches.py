"""Packing the examples of one optimizer step into rows, so that no padding is computed and nothing else changes.

Examples share a row with position ids that restart; attention does not cross them, and the language-model head runs
only where a supervised token is predicted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch.utils.data import Dataset


@dataclass(frozen=True, slots=True)
class Tokens:
    """One encoded example: ``ids`` and which of them are supervised."""

    ids: Sequence[int]
    supervised: Sequence[bool]

    @property
    def targets(self) -> int:
        """How many tokens are predicted and counted in the loss; the first of an example never is."""
        return sum(self.supervised[1:])


@dataclass(frozen=True, slots=True)
class Row:
    """Examples side by side.

    Shapes: ``input_ids`` and ``position_ids`` (1, tokens); ``keep`` (targets), the positions whose next token is
    supervised; ``labels`` (targets), those next tokens. ``lengths`` are those of the examples.
    """

    input_ids: torch.Tensor
    position_ids: torch.Tensor
    keep: torch.Tensor
    labels: torch.Tensor
    lengths: tuple[int, ...] = ()

    def to(self, device: torch.device) -> Row:
        """The row on another device."""
        ids, positions, keep, labels = (
            tensor.to(device, non_blocking=True)
            for tensor in (self.input_ids, self.position_ids, self.keep, self.labels)
        )
        return Row(ids, positions, keep, labels, self.lengths)


class ExampleTokens(Dataset[Tokens]):
    """The encoded examples of a run."""

    def __init__(self, examples: Sequence[Tokens]) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Tokens:
        return self.examples[index]


def pack(examples: Iterable[Tokens], tokens_per_row: int) -> list[Row]:
    """Rows of at most ``tokens_per_row`` tokens (more only for a single longer example), in the given order."""
    rows: list[list[Tokens]] = []
    room = 0
    for example in examples:
        if not rows or len(example.ids) > room:
            rows.append([])
            room = tokens_per_row
        rows[-1].append(example)
        room -= len(example.ids)
    return [_row(row) for row in rows]


def _row(examples: list[Tokens]) -> Row:
    ids: list[int] = []
    positions: list[int] = []
    keep: list[int] = []
    for example in examples:
        start = len(ids)
        ids.extend(example.ids)
        positions.extend(range(len(example.ids)))
        keep.extend(start + index for index in range(len(example.ids) - 1) if example.supervised[index + 1])
    input_ids = torch.tensor([ids])
    kept = torch.tensor(keep, dtype=torch.long)
    lengths = tuple(len(example.ids) for example in examples)
    return Row(input_ids, torch.tensor([positions]), kept, input_ids[0, kept + 1], lengths)
