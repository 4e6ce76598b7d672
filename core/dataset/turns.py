"""What can be done with the earlier turns of a conversation, and what is odd about them."""

from __future__ import annotations

from itertools import pairwise

from core.dataset.example import Example, Turn

USER, ASSISTANT = "user", "assistant"
History = tuple[Turn, ...]


def in_exchanges(history: History) -> bool:
    """Whether it is made of a user's turn and its answer, over and over."""
    return len(history) % 2 == 0 and all(
        turn.role == (ASSISTANT if place % 2 else USER) for place, turn in enumerate(history)
    )


def together(history: History, index: int) -> range:
    """The places of what moves with a turn: its whole exchange, or itself where there are no clean exchanges."""
    if in_exchanges(history):
        start = index - index % 2
        return range(start, start + 2)
    return range(index, index + 1)


def with_exchange(history: History, place: int) -> History:
    """An empty exchange before ``place`` (at the end: the number of turns)."""
    return (*history[:place], Turn(USER, ""), Turn(ASSISTANT, ""), *history[place:])


def without(history: History, places: range) -> History:
    """Those turns taken away."""
    return history[: places.start] + history[places.stop :]


def moved(history: History, places: range, *, later: bool) -> History:
    """Those turns change places with as many after (``later``) or before them; where there are none, nothing moves."""
    size = len(places)
    start = places.start if later else places.start - size
    if start < 0 or start + 2 * size > len(history):
        return history
    first, second = history[start : start + size], history[start + size : start + 2 * size]
    return (*history[:start], *second, *first, *history[start + 2 * size :])


def with_role(history: History, index: int, role: str) -> History:
    """One turn is somebody else's."""
    return (*history[:index], Turn(role, history[index].content), *history[index + 1 :])


def with_text(history: History, index: int, text: str) -> History:
    """One turn says something else."""
    return (*history[:index], Turn(history[index].role, text), *history[index + 1 :])


def continued(example: Example) -> History:
    """The earlier turns of the turn that follows this example: its own, its prompt and its output."""
    return (*example.history, Turn(USER, example.prompt), Turn(ASSISTANT, example.output))


def remark(history: History, *, writing: bool = False) -> str:
    """What a chat template may stumble over, in a sentence; empty when all is well.

    Args:
        history: the earlier turns; the instruction, a user's turn, follows them.
        writing: somebody is at it; what is empty may be filled in a moment.
    """
    if not history:
        return ""
    if history[0].role == ASSISTANT:
        return "The conversation begins with the assistant. Many models expect the user first."
    if any(one.role == other.role for one, other in pairwise(history)):
        return "Two turns in a row are by the same side. Many models expect user and assistant to alternate."
    if history[-1].role == USER:
        return "The last earlier turn is the user's, like the instruction. Many models expect an answer in between."
    if not writing and any(not turn.content.strip() for turn in history):
        return "A turn is empty. The model would read an empty message there."
    return ""
