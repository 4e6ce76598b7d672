"""Which examples are trained on and which are kept out, to see whether the model learns or only memorises.

The side of an example follows from a hash of its prompt: it stays the same when other examples come and go, and
examples that ask the same are never on both sides.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable

from core.dataset.example import Example, Split

FEWEST_EXAMPLES = 50  # with fewer, all are trained on
FEWEST_HELDOUT = 10
MOST_HELDOUT = 200


def split(examples: Iterable[Example], share: float) -> tuple[list[Example], list[Example]]:
    """Divide examples into (train, held out), each in the order given.

    What the user assigned stays as assigned, and automatic examples with the same prompt follow. Of the others those
    with the smallest hashes are held out: ``share`` of them, but at least 10 and at most 200 with the assigned ones,
    and none when there are fewer than 50 examples or ``share`` is 0.
    """
    examples = list(examples)
    keys = [_key(example) for example in examples]
    assigned: dict[bytes, Split] = {}
    for key, example in zip(keys, examples, strict=True):
        if example.split is not Split.AUTO and assigned.get(key) is not Split.HELDOUT:
            assigned[key] = example.split
    free: dict[bytes, int] = {}
    heldout = 0
    for key, example in zip(keys, examples, strict=True):
        if example.split is Split.HELDOUT or (example.split is Split.AUTO and assigned.get(key) is Split.HELDOUT):
            heldout += 1
        elif key not in assigned:
            free[key] = free.get(key, 0) + 1
    chosen = _chosen(free, heldout, share) if share > 0 and len(examples) >= FEWEST_EXAMPLES else set()
    sides = [
        example.split if example.split is not Split.AUTO else assigned.get(key, _side_of(key in chosen))
        for key, example in zip(keys, examples, strict=True)
    ]
    train = [example for example, side in zip(examples, sides, strict=True) if side is not Split.HELDOUT]
    return train, [example for example, side in zip(examples, sides, strict=True) if side is Split.HELDOUT]


def side(example: Example, share: float) -> Split:
    """The side of one example, for display: what the user assigned, else what its hash says.

    The bounds of :func:`split` (none under 50 examples, 10 to 200) depend on the others and are not looked at.
    """
    return example.split if example.split is not Split.AUTO else _side_of(_fraction(_key(example)) < share)


def same_prompt(example: Example) -> str:
    """The prompt as compared for duplicates: earlier turns, instruction and input, without case and spacing."""
    text = "\n".join((*(turn.content for turn in example.history), example.instruction, example.input))
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _chosen(groups: dict[bytes, int], heldout: int, share: float) -> set[bytes]:
    """The prompts to hold out, smallest hash first; whole groups only, and at least one prompt stays for training."""
    chosen: set[bytes] = set()
    for key in sorted(groups)[:-1]:
        if _fraction(key) >= share and heldout >= FEWEST_HELDOUT:
            break
        if heldout + groups[key] <= MOST_HELDOUT:
            chosen.add(key)
            heldout += groups[key]
    return chosen


def _side_of(held_out: bool) -> Split:
    return Split.HELDOUT if held_out else Split.TRAIN


def _key(example: Example) -> bytes:
    return hashlib.blake2b(same_prompt(example).encode("utf-8", "replace"), digest_size=8).digest()


def _fraction(key: bytes) -> float:
    return int.from_bytes(key, "big") / 2**64
