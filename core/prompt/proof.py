"""The proof that an example teaches what it says: something is learnt, all of the answer, and where it ends."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from core.dataset.example import Example
from core.errors import PromptError, UserError

if TYPE_CHECKING:  # the window and the command line read flaws without a tokenizer
    from core.prompt.format import Encoded, PromptFormat


class Flaw(IntEnum):
    """Why an example cannot be trained; the numbers are kept in files."""

    NONE = 0
    REFUSED = 1
    """The template refuses it, or its prompt is not how the finished conversation begins."""
    NOTHING = 2
    """No token of it counts in the loss."""
    NO_END = 3
    """The token that ends the answer is not learnt."""
    CUT = 4
    """The template leaves a part of the answer out."""
    STOPPED = 5
    """The template ran into a limit of time or memory; that may pass, so it is not kept."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found of one example; ``reason`` and ``hint`` say it in words where there is a flaw."""

    flaw: Flaw = Flaw.NONE
    reason: str = ""
    hint: str = ""
    details: str = ""
    encoded: Encoded | None = None


_WORDS = {
    Flaw.NOTHING: (
        "None of its tokens belongs to the answer, so it teaches nothing.",
        "Write an output for it, or exclude it.",
    ),
    Flaw.NO_END: (
        "No end-of-turn token stands after the answer, so the model would not learn to stop.",
        "Choose another base model or another chat template for it.",
    ),
    Flaw.CUT: (
        "The chat template leaves out a part of the answer, so the model would not learn what you wrote.",
        "Take out what the template removes (often a thought between <think> and </think>), or choose another base "
        "model.",
    ),
}


def prove(prompt: PromptFormat, example: Example) -> Proof:
    """Encode an example and look whether it teaches what it says."""
    try:
        encoded = prompt.encode(example)
    except UserError as error:
        flaw = Flaw.REFUSED if isinstance(error, PromptError) else Flaw.STOPPED
        reason = " ".join(part for part in (error.title, error.reason) if part)
        return Proof(flaw, reason, error.hint or "Change or exclude it.", error.details)
    flaw = flaw_of(encoded, example, prompt.end_ids)
    reason, hint = _WORDS.get(flaw, ("", ""))
    return Proof(flaw, reason, hint, encoded=encoded)


def flaw_of(encoded: Encoded, example: Example, ends: Collection[int]) -> Flaw:
    """What is wrong with an encoded example.

    That the prompt is how the whole text begins is what :meth:`PromptFormat.encode` itself sees to.

    Args:
        encoded: the example as the model sees it.
        example: as it was written.
        ends: the tokens that end a turn.
    """
    supervised = encoded.supervised
    if not any(supervised[1:]):  # the first token of a text is never predicted
        return Flaw.NOTHING
    last = len(supervised) - 1
    while not supervised[last]:
        last -= 1
    if encoded.ids[last] not in ends:
        return Flaw.NO_END
    first = last
    while first and supervised[first - 1]:
        first -= 1
    return Flaw.NONE if _holds("".join(encoded.texts[first : last + 1]), example.output) else Flaw.CUT


def _holds(learnt: str, output: str) -> bool:
    """Whether all of the output is learnt; templates trim white space, or open a thought in the prompt."""
    if output.strip() in learnt:
        return True
    bare, wanted = ("".join(text.split()) for text in (learnt, output))
    return wanted in bare or wanted.removeprefix("<think>") in bare
