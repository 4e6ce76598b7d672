"""Which examples are trained on and which are kept out, to see whether the model learns or only memorises.

The side of an example follows from a hash of its prompt: it stays the same when other examples come and go, and
examples that ask the same are never on both sides.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence

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
    held_out = sides([_key(example) for example in examples], [example.split for example in examples], share)
    train = [example for example, out in zip(examples, held_out, strict=True) if not out]
    return train, [example for example, out in zip(examples, held_out, strict=True) if out]


def pinned_first(heldout: Sequence[Example], pinned: Sequence[int]) -> list[Example]:
    """The held-out examples with the pinned ones before all others, in the order of the pins."""
    place = {id: number for number, id in enumerate(pinned)}
    return sorted(heldout, key=lambda example: place.get(example.id, len(place)))


def sides(keys: Sequence[int], assigned: Sequence[Split], share: float) -> list[bool]:
    """Whether each example is held out, as :func:`split` says.

    Args:
        keys: :func:`prompt_key` of each.
        assigned: what the user said of each.
        share: of the automatic ones to hold out.
    """
    by_hand: dict[int, Split] = {}
    for key, said in zip(keys, assigned, strict=True):
        if said is not Split.AUTO and by_hand.get(key) is not Split.HELDOUT:
            by_hand[key] = said
    free: dict[int, int] = {}
    heldout = 0
    for key, said in zip(keys, assigned, strict=True):
        if said is Split.HELDOUT or (said is Split.AUTO and by_hand.get(key) is Split.HELDOUT):
            heldout += 1
        elif key not in by_hand:
            free[key] = free.get(key, 0) + 1
    chosen = chosen_prompts(free, heldout, share)[0] if share > 0 and len(keys) >= FEWEST_EXAMPLES else set()
    return [
        (by_hand[key] if key in by_hand else _side_of(key in chosen)) is Split.HELDOUT
        if said is Split.AUTO
        else said is Split.HELDOUT
        for key, said in zip(keys, assigned, strict=True)
    ]


def side(example: Example, share: float) -> Split:
    """The side of one example, for display: what the user assigned, else what its hash says.

    The bounds of :func:`split` (none under 50 examples, 10 to 200) depend on the others and are not looked at.
    """
    return example.split if example.split is not Split.AUTO else _side_of(_fraction(_key(example)) < share)


def same_prompt(example: Example) -> str:
    """The prompt as compared for duplicates: earlier turns, instruction and input, without case and spacing."""
    return prompt_text([turn.content for turn in example.history], example.instruction, example.input)


def prompt_text(turns: Iterable[str], instruction: str, input: str) -> str:
    """:func:`same_prompt` of an example's parts; ``turns`` are the texts of its earlier turns."""
    text = "\n".join((*turns, instruction, input))
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def prompt_key(prompt: str) -> int:
    """The hash of a compared prompt that decides its side: 64 bits, signed, as the database holds it."""
    return int.from_bytes(
        hashlib.blake2b(prompt.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True
    )


def chosen_prompts(groups: dict[int, int], heldout: int, share: float, *, whole: bool = True) -> tuple[set[int], bool]:
    """The prompts to hold out, smallest hash first; whole groups only, and at least one prompt stays for training.

    Args:
        groups: how many examples have each prompt that nobody assigned; with ``whole`` False the ones with the
            smallest hashes, of more.
        heldout: how many examples are held out already.
        share: of the prompts to hold out.
        whole: whether ``groups`` has all prompts.

    Returns:
        the prompts, and whether they are what all prompts would give.
    """
    chosen: set[int] = set()
    ordered = sorted(groups, key=_fraction)
    for key in ordered[:-1] if whole else ordered:
        if heldout >= MOST_HELDOUT or (_fraction(key) >= share and heldout >= FEWEST_HELDOUT):
            return chosen, True
        if heldout + groups[key] <= MOST_HELDOUT:
            chosen.add(key)
            heldout += groups[key]
    return chosen, whole


def by_lot(examples: Iterable[Example]) -> list[Example]:
    """As if drawn by lot, but the same each time: the first few stand for all."""
    return sorted(examples, key=lambda example: (prompt_key(same_prompt(example)), example.id))


def _side_of(held_out: bool) -> Split:
    return Split.HELDOUT if held_out else Split.TRAIN


def _key(example: Example) -> int:
    return prompt_key(same_prompt(example))


def _fraction(key: int) -> float:
    """Where a key lies between 0 and 1."""
    return (key & (2**64 - 1)) / 2**64
