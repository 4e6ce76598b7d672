"""What the best prompt does for the base model, in plain words: said before anything is trained."""

from __future__ import annotations

from core.evaluation.comparison import BASE, PROMPT
from core.evaluation.report import Report

GOOD = 0.8  # of the answers exact, or chrF of 80: hard to beat by training
_POINTS = 5.0  # chrF that matter


def lines(report: Report) -> list[str]:
    """A few sentences, the most telling first; empty while too little is known."""
    found = {item.system.key: item for item in report.figures}
    base, prompt = found.get(BASE), found.get(PROMPT)
    if base is None or prompt is None or not prompt.answered or not base.answered:
        return []
    said: list[str] = []
    n = prompt.answered
    if prompt.exact is not None and base.exact is not None:
        said.append(
            f"{_of(prompt.exact, n)} answers are exactly what was expected with the prompt, "
            f"{_of(base.exact, n)} without."
        )
    if prompt.chrf is not None and base.chrf is not None:
        change = prompt.chrf - base.chrf
        figures = f"chrF {base.chrf:.0f} without, {prompt.chrf:.0f} with it (letters in common; 100 is the same)"
        if change >= _POINTS:
            said.append(f"The prompt brings the answers closer to what you expect: {figures}.")
        elif change <= -_POINTS:
            said.append(f"The prompt makes the answers worse: {figures}. Say it otherwise, or show other examples.")
        else:
            said.append(f"The prompt changes little: {figures}.")
    if prompt.prompt_tokens is not None and base.prompt_tokens is not None:
        said.append(
            f"A question takes {prompt.prompt_tokens:,.0f} tokens with the prompt, {base.prompt_tokens:,.0f} without, "
            "at every call."
        )
    said.append(_then(prompt.exact or 0.0, prompt.chrf or 0.0))
    return said


def _of(share: float, n: int) -> str:
    return f"{round(share * n)} of {n}"


def _then(exact: float, chrf: float) -> str:
    if exact >= GOOD or chrf >= 100 * GOOD:
        return "These answers are close to what you expect: with this prompt there may be nothing left to train."
    return (
        "Read the answers. Wrong facts: give the model the text. Wrong tone or form: train, and this is what the "
        "adapter has to beat."
    )
