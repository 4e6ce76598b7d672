"""Did fine-tuning beat the best prompt? The verdict, from evidence alone; its words are in ``verdict_words``.

The adapter has to beat whichever of best prompt and base model answers better; that makes a win harder, never easier.
One measure of the answers decides, chosen before any of them is looked at (``evidence.deciding``). Blind votes that
cannot be chance count more: what people prefer is what the measure stands for. The order of questions:

1. Do the votes decide? 2. Are there enough examples at all? 3. Is the interval of the deciding measure above or below
zero? 4. If not: does the loss at least say that the adapter is better? 5. If not: is the interval narrow enough to call
it a tie, or may there be a difference that matters (too little data)?
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from core.evaluation.evidence import Deciding, Evidence, Measure, MeasureName
from core.guidance.advice import wants_facts
from core.guidance.purpose import Purpose

FEWEST = 10  # held-out examples
# Differences of the answers that matter: within them, two systems are as good as each other.
MATTERS: dict[Deciding, float] = {"chrf": 5.0, "exact": 0.1}
FORGOT = 0.10  # the neutral loss rose by this share
FEW_TO_LEARN_FROM = 100
_TURNED = 0.02  # a held-out loss this share above its best: the run went on too long
_FALLING = 0.01  # one that fell by this share at the last look: it ended too early
_MOST_WANTED = 5_000


class State(StrEnum):
    """How it ended."""

    CLEAR_WIN = "clear_win"
    LOSS_ONLY = "loss_only"
    TIE = "tie"
    LOSS = "loss"
    TOO_LITTLE = "too_little_data"


Next = Literal[
    "use_adapter",
    "keep_prompt",
    "measure_prompt",
    "better_prompt",
    "hold_out_more",
    "vote",
    "retrieval",
    "more_examples",
    "clean_examples",
    "more_epochs",
    "stop_earlier",
    "forgets",
    "cheaper_prompt",
]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one adapter.

    Attributes:
        state: how it ended.
        evidence: what it was made from.
        decided_by: ``votes`` or the measure; None with too few examples to look at any.
        next: what to do, the most useful first.
        wanted: how many held-out examples would settle it, where it is not settled.
    """

    state: State
    evidence: Evidence
    decided_by: Literal["votes"] | MeasureName | None
    next: tuple[Next, ...]
    wanted: int | None = None

    @property
    def measure(self) -> Measure | None:
        """The measure of the answers that decides."""
        return self.evidence.measures.get(self.evidence.decides)


def judge(evidence: Evidence, purpose: Purpose | None = None) -> Verdict:
    """The verdict; what to do next also follows from what the project is for."""
    state, decided_by = _state(evidence)
    wanted = _wanted(evidence) if state in (State.TOO_LITTLE, State.LOSS_ONLY) else None
    return Verdict(state, evidence, decided_by, tuple(_next(state, evidence, purpose or Purpose())), wanted)


def _state(evidence: Evidence) -> tuple[State, Literal["votes"] | MeasureName | None]:
    voted = _by_votes(evidence)
    if voted is not None:
        return voted, "votes"
    answers = evidence.measures.get(evidence.decides)
    if answers is None or evidence.examples < FEWEST:
        return State.TOO_LITTLE, None
    if answers.gain.is_above:
        return State.CLEAR_WIN, evidence.decides
    if answers.gain.is_below:
        return State.LOSS, evidence.decides
    loss = evidence.measures.get("loss")
    if loss is not None and loss.gain.is_above:
        return State.LOSS_ONLY, "loss"
    margin = MATTERS[evidence.decides]
    narrow = -margin <= answers.gain.low and answers.gain.high <= margin
    return (State.TIE if narrow else State.TOO_LITTLE), evidence.decides


def _by_votes(evidence: Evidence) -> State | None:
    votes = evidence.votes
    if votes is None or not votes.is_decisive:
        return None
    return State.CLEAR_WIN if votes.wins > votes.losses else State.LOSS


def _wanted(evidence: Evidence) -> int | None:
    """How many examples make the interval narrow enough if the scores go on as they are; its width goes with 1/sqrt."""
    answers = evidence.measures.get(evidence.decides)
    if answers is None or answers.gain.n < FEWEST:
        return 2 * FEWEST
    gain = answers.gain
    target = max(abs(gain.difference), MATTERS[evidence.decides] - abs(gain.difference))
    needed = math.ceil(gain.n * (gain.half / target) ** 2 * 1.1 / 10) * 10
    return min(_MOST_WANTED, max(needed, gain.n + 10))


def _next(state: State, evidence: Evidence, purpose: Purpose) -> list[Next]:
    found: list[Next] = []
    won = state is State.CLEAR_WIN
    if state in (State.TOO_LITTLE, State.LOSS_ONLY):
        found.append("hold_out_more")
    if state is State.LOSS_ONLY or (state is State.TOO_LITTLE and evidence.examples >= FEWEST):
        found.append("vote")
    if not evidence.prompt_tried:
        found.append("measure_prompt")
    elif evidence.rival == "base":
        found.append("better_prompt")
    if won:
        found.insert(0, "use_adapter")
    if state is State.LOSS and evidence.rival == "prompt":
        found.append("keep_prompt")
    if state is State.TIE and evidence.rival == "prompt":
        found.append("cheaper_prompt" if saves_tokens(evidence) else "keep_prompt")
    if wants_facts(purpose) and not won:
        found.append("retrieval")
    if not won:
        found += _learning(state, evidence)
    if forgot(evidence) is not None:
        found.append("forgets")
    return found


def _learning(state: State, evidence: Evidence) -> list[Next]:
    """What could make the adapter itself better."""
    found: list[Next] = []
    shape = curve_shape(evidence)
    if shape == "turned":
        found.append("stop_earlier")
    if shape == "falling":
        found.append("more_epochs")
    if evidence.suspicious:
        found.append("clean_examples")
    few = evidence.trained_on is not None and evidence.trained_on < FEW_TO_LEARN_FROM
    if few or (state in (State.TIE, State.LOSS) and not found):
        found.append("more_examples")
    return found


def curve_shape(evidence: Evidence) -> Literal["turned", "falling"] | None:
    """Whether the held-out loss rose again at the end, or was still falling; None otherwise, or when not known."""
    losses = [loss for _, loss in evidence.curve if math.isfinite(loss)]
    if len(losses) < 2:
        return None
    best = min(losses)
    if losses[-1] > best * (1 + _TURNED):
        return "turned"
    return "falling" if losses[-1] == best and losses[-2] > best * (1 + _FALLING) else None


def best_step(evidence: Evidence) -> int | None:
    """The step with the lowest held-out loss."""
    known = [(loss, step) for step, loss in evidence.curve if math.isfinite(loss)]
    return min(known)[1] if known else None


def forgot(evidence: Evidence) -> float | None:
    """By which share the loss on neutral text rose, where that is much; None otherwise."""
    if evidence.neutral is None or evidence.neutral[0] <= 0:
        return None
    before, after = evidence.neutral
    return after / before - 1 if after > before * (1 + FORGOT) else None


def saves_tokens(evidence: Evidence) -> int:
    """How many tokens of the prompt the adapter saves at every call; 0 where it saves none worth a word."""
    ours, theirs = evidence.ours.prompt_tokens, evidence.theirs.prompt_tokens
    if ours is None or theirs is None or theirs < 1.2 * ours:
        return 0
    return round(theirs - ours)
