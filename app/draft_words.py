"""What is said of drafts: before they are written, while they are, and of each one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import format
from app.draft_choice import AT_ONCE, Choice

if TYPE_CHECKING:
    from app.drafts import Draft
    from core.generation.client import Token

CHANGED = "The instruction, the input or what comes before them has changed since this draft was written."
REPLACES = "Accepting it replaces the output above; undo brings that back."
GAVE_WAY = "Training needs the memory that the model would take. Drafts can be written when no run is being trained."


def note(draft: Draft, *, loading: bool) -> tuple[str, bool]:
    """How far a draft is or how it ended, and whether the model is at it."""
    from app.drafts import Stage

    if draft.stage is Stage.WAITING:
        return "Its turn is to come.", False
    if draft.stage is Stage.WRITING:
        return ("Loading the model…" if loading else "Writing…"), True
    if draft.problem is not None:
        return f"The model could not be asked. {draft.problem}", False
    if draft.end is None or not draft.text:
        return "The model wrote no words.", False
    if draft.stage is Stage.STOPPED:
        return "Stopped before its end.", False
    return f"{ending_words(draft.end, draft.longest)}.", False


def notes(choice: Choice, left: int) -> list[str]:
    """Sentences about what gets no draft and what is there already; ``left`` examples were too many."""
    words: list[str] = []
    if left:
        wait = f"{format.plural(left, 'example')} must wait"
        words.append(f"At most {format.count(AT_ONCE)} drafts are written at once; {wait}.")
    if choice.blank:
        get = "has no instruction and gets no draft" if choice.blank == 1 else "have no instruction and get no draft"
        words.append(f"{format.plural(choice.blank, 'example')} {get}.")
    if choice.written and len(choice.ids) > 1:
        has = "has" if choice.written == 1 else "have"
        words.append(
            f"{format.count(choice.written)} of them {has} an output, which stays unless you accept the draft."
        )
    return words


def ending_words(token: Token, limit: int) -> str:
    """How an answer ended, and how fast it was written."""
    if token.end == "cancelled":
        return "Stopped"
    words = format.plural(token.tokens, "token")
    if token.seconds > 0:
        each = format.count(round(token.tokens / token.seconds))
        words += f" in {format.fixed(token.seconds, 1)} s, {each} a second"
    if token.end == "length":
        why = f"cut at {format.count(limit)}" if token.tokens >= limit else "cut: no more fits"
        return f"{why[0].upper()}{why[1:]}; {words}"
    return words
