"""A verdict in plain words: the sentence on top, the evidence under it, and what to do next with its reason."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.evaluation import verdict as judging
from core.evaluation.evidence import Evidence, Measure
from core.evaluation.verdict import FEWEST, Next, State, Verdict

_PROMPT, _PROMPT_TO_OTHERS = "your best prompt", "the prompt it was compared with"
_SLIGHT = {"chrf": 2.0, "exact": 0.03}


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do next, and why."""

    kind: Next
    title: str
    reason: str


def sentence(verdict: Verdict, *, for_others: bool = False) -> str:
    """The verdict in one sentence (with the number of examples, but without figures of how much).

    Args:
        verdict: what is said.
        for_others: whether readers are others than the one who trained, voted and wrote the prompt.
    """
    evidence = verdict.evidence
    prompt = _PROMPT_TO_OTHERS if for_others else _PROMPT
    rival = rival_name(evidence, prompt)
    if evidence.rival == "base" and evidence.prompt_tried:
        rival += f", which does better than {prompt},"
    on = f"on {evidence.examples} held-out examples"
    match verdict.state:
        case State.CLEAR_WIN:
            if verdict.decided_by == "votes":
                return _preferred("the fine-tuned answers", f"those of {rival_name(evidence, prompt)}", for_others)
            return _joined(f"Fine-tuning beat {rival}{_slightly(verdict)}, {on}.")
        case State.LOSS:
            if verdict.decided_by == "votes":
                return _preferred(f"those of {rival_name(evidence, prompt)}", "the fine-tuned answers", for_others)
            return _joined(f"Fine-tuning did not help: {rival} did better{_slightly(verdict)}, {on}.")
        case State.LOSS_ONLY:
            return _joined(
                f"Fine-tuning fits {'the' if for_others else 'your'} examples better than {rival}, but its answers are "
                f"not clearly better, {on}."
            )
        case State.TIE:
            return _joined(f"Fine-tuning did not beat {rival}: both are equally good, {on}.")
        case _:
            if evidence.examples < FEWEST:
                return f"There is too little data for a verdict: {_count(evidence.examples, 'held-out example')}."
            return _joined(f"{evidence.examples} held-out examples are too few to tell fine-tuning from {rival}.")


def brief(verdict: Verdict) -> str:
    """The verdict in a few words, for a place that lists it among other things."""
    rival = rival_name(verdict.evidence)
    match verdict.state:
        case State.CLEAR_WIN:
            return f"Better than {rival}{_slightly(verdict)}"
        case State.LOSS:
            return f"Worse than {rival}{_slightly(verdict)}"
        case State.LOSS_ONLY:
            return f"Lower loss than {rival}, but no clearly better answers"
        case State.TIE:
            return f"As good as {rival}"
        case _:
            return f"Not told apart from {rival} yet"


def _joined(words: str) -> str:
    """Without a comma before another sign."""
    for sign in (",", ":", ".", " by"):
        words = words.replace(f",{sign}", sign)
    return words


def lines(verdict: Verdict) -> list[str]:
    """The evidence, a sentence each; the one that decides first."""
    evidence = verdict.evidence
    rival = rival_name(evidence)
    found = [_votes(evidence), _answers(verdict.measure, rival)]
    if verdict.decided_by != "votes":
        found.reverse()
    style, loss = evidence.measures.get("style"), evidence.measures.get("loss")
    if style is not None:
        found.append(
            f"Your style rule holds for {_share(style.ours)} of its answers, {_share(style.theirs)} with {rival}."
        )
    if loss is not None:
        found.append(
            f"Loss on the expected outputs: {loss.ours:.3f} against {loss.theirs:.3f} (lower is better; "
            f"95 % interval of the difference {_between(-loss.gain.high, -loss.gain.low, '+.3f')})."
        )
    found += [_against_other(evidence), _cost(evidence), _neutral(evidence), _left_out(evidence)]
    return [line for line in found if line]


def advice(verdict: Verdict) -> list[Advice]:
    """What to do next, the most useful first."""
    return [Advice(kind, *_advice(kind, verdict)) for kind in verdict.next]


def rival_name(evidence: Evidence, prompt: str = _PROMPT) -> str:
    """What the adapter has to beat, inside a sentence; ``prompt`` is what the prompt is called."""
    return prompt if evidence.rival == "prompt" else "the base model alone"


def _preferred(these: str, those: str, for_others: bool) -> str:
    if for_others:
        return f"In a blind test, {these} were preferred to {those}."
    return f"You preferred {these} to {those}, without knowing which was which."


def _slightly(verdict: Verdict) -> str:
    measure = verdict.measure
    slight = measure is not None and abs(measure.gain.difference) < _SLIGHT[verdict.evidence.decides]
    return " by a little" if slight else ""


def _answers(measure: Measure | None, rival: str) -> str:
    if measure is None:
        return ""
    gain = measure.gain
    if measure.name == "exact":
        return (
            f"Exactly the expected answer: {_share(measure.ours)} of its answers, {_share(measure.theirs)} with {rival}"
            f" ({_points(gain.difference * 100)}; 95 % interval {_between(gain.low * 100, gain.high * 100, '+.0f')})."
        )
    return (
        f"Closeness to the expected answers (chrF, 0 to 100): {measure.ours:.1f} against {measure.theirs:.1f} with "
        f"{rival} ({_signed(gain.difference, '+.1f')}; 95 % interval {_between(gain.low, gain.high, '+.1f')})."
    )


def _votes(evidence: Evidence) -> str:
    votes = evidence.votes
    if votes is None or not votes.voted:
        return ""
    told = f"Blind votes: {votes.wins} for fine-tuning, {votes.losses} for {rival_name(evidence)}"
    told += f", {_count(votes.ties, 'tie')}"
    if votes.is_decisive:
        return f"{told}. Chance alone gives votes as uneven as these in {_chance(votes.probability)} of cases."
    return f"{told}. That may be chance (sign test, p = {votes.probability:.2f})."


def _against_other(evidence: Evidence) -> str:
    measure = evidence.against_other.get(evidence.decides)
    if measure is None:
        return ""
    gain = measure.gain
    how = "better than" if gain.is_above else "worse than" if gain.is_below else "not clearly different from"
    figures = (
        f"{_share(measure.ours)} against {_share(measure.theirs)} exact"
        if measure.name == "exact"
        else f"chrF {measure.ours:.1f} against {measure.theirs:.1f}"
    )
    whose = "the base model without a prompt" if evidence.rival == "prompt" else "your best prompt"
    return f"Its answers are {how} those of {whose} ({figures})."


def _cost(evidence: Evidence) -> str:
    ours, theirs = evidence.ours.prompt_tokens, evidence.theirs.prompt_tokens
    if evidence.rival != "prompt" or ours is None or theirs is None:
        return ""
    told = f"A question takes {ours:,.0f} tokens with the adapter, {theirs:,.0f} with your best prompt, at every call"
    if evidence.ours.seconds is not None and evidence.theirs.seconds is not None:
        told += f"; an answer took {evidence.ours.seconds:.1f} s and {evidence.theirs.seconds:.1f} s"
    return f"{told}."


def _neutral(evidence: Evidence) -> str:
    if evidence.neutral is None:
        return ""
    before, after = evidence.neutral
    much = judging.forgot(evidence)
    told = f"Loss on neutral text: {before:.3f} before, {after:.3f} after"
    return (
        f"{told} (it forgot: {_share(much)} higher)."
        if much is not None
        else f"{told} (hardly anything was forgotten)."
    )


def _left_out(evidence: Evidence) -> str:
    if not evidence.left_out:
        return ""
    where = "with the adapter or with your best prompt" if evidence.rival == "prompt" else "by both"
    what, do = _count(evidence.left_out, "example"), "does" if evidence.left_out == 1 else "do"
    return f"{what} could not be answered {where} and {do} not count; each says why among the answers."


def _advice(kind: Next, verdict: Verdict) -> tuple[str, str]:
    evidence = verdict.evidence
    saved = judging.saves_tokens(evidence)
    match kind:
        case "use_adapter":
            saves = f", and saves {saved:,} tokens of prompt at every call" if saved else ""
            return "Use the adapter", f"It does what you trained it for{saves}. Export it from the Adapters page."
        case "keep_prompt":
            return "Keep your best prompt", "It is at least as good, and a prompt is easier to change than an adapter."
        case "measure_prompt":
            return (
                "Try a good prompt, too",
                "The adapter was only compared with the base model alone. A good prompt with a few examples may do as "
                "well without any training.",
            )
        case "better_prompt":
            return (
                "Write a better prompt",
                "Your prompt makes the base model's answers worse, so training was measured against the base model "
                "alone. A good prompt is a harder rival.",
            )
        case "hold_out_more":
            about = f"About {verdict.wanted} would settle it. " if verdict.wanted else ""
            return (
                "Hold out more examples",
                f"{about}The more held-out examples, the smaller the differences that show.",
            )
        case "vote":
            return "Vote blind", "Your own preference, without names, tells what a count of letters cannot."
        case "retrieval":
            return (
                "Let it look facts up (retrieval)",
                "Your purpose needs knowledge. Fine-tuning teaches how to answer, not facts; search your documents and "
                "put what is found into the prompt.",
            )
        case "more_examples":
            return "Write more examples", _more_examples(evidence)
        case "clean_examples":
            count = _count(evidence.suspicious, "example")
            looks = "looks" if evidence.suspicious == 1 else "look"
            return (
                "Clean the examples",
                f"{count} {looks} mislabelled or contradict others; they are listed under Hard rows.",
            )
        case "more_epochs":
            return "Train longer", "The held-out loss was still falling when the run ended: give it more epochs."
        case "stop_earlier":
            step = judging.best_step(evidence)
            return (
                "Stop earlier",
                f"The held-out loss was lowest at step {step:,} and rose after it: train for fewer epochs.",
            )
        case "forgets":
            return (
                "Train more gently",
                f"The loss on neutral text rose by {_share(judging.forgot(evidence) or 0)}: the model lost some of "
                "what it could. A lower learning rate, fewer epochs or a lower rank keep more.",
            )
        case "cheaper_prompt":
            return (
                "Choose by what a call costs",
                f"Both are equally good; the adapter saves {saved:,} tokens of prompt at every call, the prompt needs "
                "no training and is easier to change.",
            )


def _more_examples(evidence: Evidence) -> str:
    if evidence.trained_on is not None and evidence.trained_on < judging.FEW_TO_LEARN_FROM:
        return f"It learnt from {_count(evidence.trained_on, 'example')}; a few hundred good ones are a usual start."
    return "More varied ones, above all of the kind where its answers are worst."


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _share(value: float) -> str:
    return f"{round(100 * value)} %"


def _points(value: float) -> str:
    return f"{_signed(value, '+.1f')} points"


def _between(low: float, high: float, form: str) -> str:
    return f"{_signed(low, form)} to {_signed(high, form)}"


def _signed(value: float, form: str) -> str:
    """With a true minus sign; a hyphen reads as a range."""
    return f"{value:{form}}".replace("-", "\N{MINUS SIGN}")


def _chance(probability: float) -> str:
    if probability < 0.001:
        return "less than 0.1 %"
    return f"{probability * 100:.{max(0, -math.floor(math.log10(probability * 100)))}f} %"
