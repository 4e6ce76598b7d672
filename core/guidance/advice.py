"""Prompt, retrieval, fine-tuning, or fine-tuning with retrieval: the advice that follows from a purpose, with reasons.

The order is always the same. First a good prompt: it costs an hour and is what everything else has to beat. If it lacks
access to knowledge, retrieval. If the behaviour must change, fine-tuning. Both, if both are missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.guidance.purpose import Purpose


class Way(StrEnum):
    """What is advised."""

    UNKNOWN = "unknown"
    PROMPT = "prompt"
    RETRIEVAL = "retrieval"
    TUNING = "fine_tuning"
    BOTH = "fine_tuning_with_retrieval"


TITLES = {
    Way.UNKNOWN: "Answer the first question, and the advice begins.",
    Way.PROMPT: "Write a better prompt first.",
    Way.RETRIEVAL: "Give the model the text (retrieval).",
    Way.TUNING: "Fine-tune: it suits what you want.",
    Way.BOTH: "Fine-tune for the behaviour, and give the model the text for the facts.",
}


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do.

    Attributes:
        way: the tool.
        title: it in a sentence.
        reasons: why, each from an answer.
        next: what to do, in order.
        cautions: what may stand in the way of fine-tuning, whatever is advised.
    """

    way: Way
    title: str
    reasons: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()


def advise(purpose: Purpose) -> Advice:
    """The advice that follows from what was answered so far."""
    way = _way(purpose)
    return Advice(way, TITLES[way], tuple(_reasons(purpose, way)), tuple(_next(way)), tuple(_cautions(purpose, way)))


def wants_facts(purpose: Purpose) -> bool:
    """Whether answers need facts that are better looked up than learnt."""
    return purpose.has("lacks", "knowledge") or purpose.has("sources", "yes") or purpose.has("changes", "daily")


def wants_behaviour(purpose: Purpose) -> bool:
    """Whether the model must behave otherwise than it does."""
    return purpose.has("lacks", "tone", "form", "task")


def _way(purpose: Purpose) -> Way:
    if purpose.has("prompt", "enough") and not wants_facts(purpose) and not purpose.has("volume", "many", "fast"):
        return Way.PROMPT
    if not purpose.answers.get("lacks"):
        return Way.UNKNOWN
    if not wants_behaviour(purpose):
        return Way.RETRIEVAL
    if purpose.has("prompt", "nothing", "short"):
        return Way.PROMPT
    return Way.BOTH if wants_facts(purpose) else Way.TUNING


def _reasons(purpose: Purpose, way: Way) -> list[str]:
    found: list[str] = []
    if way is Way.PROMPT and purpose.has("prompt", "nothing", "short"):
        found.append(
            "A careful prompt with a few examples has not been tried yet. It takes an hour, often is enough, and is "
            "what an adapter has to beat."
        )
    if purpose.has("prompt", "enough"):
        found.append(
            "Your prompt already gives good answers."
            if way is Way.PROMPT
            else "Your prompt already gives good answers; an adapter can give them without reading it each time."
        )
    if purpose.has("lacks", "knowledge"):
        found.append(
            "Facts that are learnt from examples come out sounding sure, not right; looked up, they are right."
        )
    if purpose.has("changes", "daily", "monthly") and wants_facts(purpose):
        found.append("The facts change, and a trained model stays as it was on the day of training.")
    if purpose.has("sources", "yes"):
        found.append("Answers must name their sources, and only a model that is given the text can do that.")
    if wants_behaviour(purpose) and way in (Way.TUNING, Way.BOTH):
        found.append("A voice, a form, one task done the same way every time: that is what examples teach well.")
    if purpose.has("prompt", "careful") and way in (Way.TUNING, Way.BOTH):
        found.append("A careful prompt was tried, and is not enough.")
    if purpose.has("volume", "many", "fast") and way in (Way.TUNING, Way.BOTH, Way.PROMPT):
        found.append("Many or quick answers: an adapter needs no long prompt, which is read anew for every answer.")
    if purpose.has("privacy", "no"):
        found.append(
            "The data must stay with you: everything here runs on your own machine, prompts and training alike."
        )
    return found


def _next(way: Way) -> list[str]:
    prompt = (
        "Write down what the model should do, as a system prompt, and try it on held-out examples (Compare, Prompt "
        "first)."
    )
    look_up = "Put the passages that hold the answer into the input, found by a search over your documents."
    examples = "Write examples: fifty consistent ones are a start. Leave facts out of the outputs that change."
    steps = {
        Way.UNKNOWN: [],
        Way.PROMPT: [prompt, "Come back here with what it could not do."],
        Way.RETRIEVAL: [
            look_up,
            "Keep a good prompt around them; fine-tune later only if the tone or the form is wrong.",
        ],
        Way.TUNING: [prompt, examples, "Train, then read the verdict: did it beat the prompt?"],
        Way.BOTH: [
            prompt,
            look_up,
            "Write examples whose input holds such passages, so that the model learns to answer from them.",
            "Train, then read the verdict: did it beat the prompt with the same passages?",
        ],
    }
    return steps[way]


def _cautions(purpose: Purpose, way: Way) -> list[str]:
    found: list[str] = []
    tunes = way in (Way.TUNING, Way.BOTH)
    if tunes and purpose.has("examples", "few"):
        found.append(
            "Fewer than 20 examples teach little and cannot show whether it worked. Write 50 before you train."
        )
    if tunes and purpose.has("examples", "some"):
        found.append("With fewer than 100 examples the verdict will often be open; each good one more counts.")
    if tunes and purpose.has("budget", "hours"):
        found.append("An afternoon is enough for training a small model, seldom for writing the examples well.")
    if tunes and purpose.has("changes", "daily") and not purpose.has("budget", "weeks"):
        found.append("What changes every day must not be in the outputs: somebody would have to train again and again.")
    if way is Way.PROMPT and purpose.has("volume", "many", "fast") and not purpose.has("prompt", "enough"):
        found.append("If the prompt works but is too long or too slow, an adapter can take its place.")
    return found
