"""What a comparison found, in the words and figures of its widgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from app import format
from app.widgets.answer_block import AnswerWords, BlockWords
from app.widgets.forgetting_meter import Forgetting
from app.widgets.hard_rows_list import HardGroupWords, HardRowWords
from app.widgets.score_table import Column, Figure, ScoreRow
from app.widgets.verdict_card import NextWords, Tone, VerdictWords
from core.evaluation import verdict_words
from core.evaluation.comparison import BASE
from core.evaluation.verdict import FORGOT, State, Verdict

if TYPE_CHECKING:
    from core.evaluation.comparison import Comparison, System
    from core.evaluation.evidence import Measure, MeasureName
    from core.evaluation.gathering import Figures
    from core.evaluation.hard_rows import HardRow
    from core.evaluation.report import Report

ORDERS = {
    "": "In their order",
    "best": "Largest gain first",
    "worst": "Largest loss first",
    "low": "Lowest score first",
}
_TONES: dict[State, Tone] = {
    State.CLEAR_WIN: "good",
    State.LOSS_ONLY: "information",
    State.TIE: "information",
    State.LOSS: "warn",
    State.TOO_LITTLE: "warn",
}
_ACTS = {
    "use_adapter": "Open Adapters",
    "measure_prompt": "New comparison…",
    "better_prompt": "Open Prompt first",
    "hold_out_more": "Open Settings",
    "vote": "Vote blind",
    "more_examples": "Open Examples",
    "clean_examples": "Look at hard rows",
    "more_epochs": "Open Settings",
    "stop_earlier": "Open Settings",
    "forgets": "Open Settings",
}
_KINDS = {
    "worst": ("Worst after training", "The adapter still does not know what to say here; the loss is highest."),
    "memorised": ("Learnt by heart", "The loss is next to nothing here, but high on new questions."),
    "contradictory": ("Contradictions", "The same question has different answers; the model cannot learn both."),
    "mislabelled": ("Possibly wrong", "The expected answer does not fit what the other examples teach."),
}
_COLUMNS: dict[str, tuple[str, str]] = {
    "chrf": ("chrF", "How close the answers are to the expected ones, by runs of letters; 100 is the same. "
             "Right for every language."),
    "rouge_l": ("ROUGE-L", "The longest run of words that both have, from 0 to 1. Not for languages without spaces."),
    "exact": ("Exact", "The share of answers that are exactly what was expected."),
    "style": ("Style", "The share of answers that keep your style rule."),
    "loss": ("Loss", "How surprising the expected answers are to the model; lower is better."),
    "perplexity": ("Perplexity", "The same as a number of equally likely words; lower is better."),
    "length": ("Length ratio", "The length of the answers against the expected ones; 1 is the same."),
    "prompt_tokens": ("Prompt tokens", "Tokens that a question takes, at every call."),
    "seconds": ("Time", "Seconds for an answer."),
}  # fmt: skip

_MINOR = ("rouge_l", "perplexity", "length", "seconds")


def verdict(found: Verdict, *, so_far: bool = False, stopped: bool = False) -> VerdictWords:
    """The verdict card; ``so_far`` while answers are missing, ``stopped`` where nobody works on them."""
    steps = [
        NextWords(item.kind, item.title, item.reason, _ACTS.get(item.kind, "")) for item in verdict_words.advice(found)
    ]
    sentence = verdict_words.sentence(found)
    if so_far and found.decided_by is None:
        why = "the comparison was stopped." if stopped else "answers are still to come."
        return VerdictWords("information", f"No verdict yet: {why}", verdict_words.lines(found), [])
    if so_far:
        return VerdictWords(
            "information", f"So far: {sentence[0].lower()}{sentence[1:]}", verdict_words.lines(found), []
        )
    return VerdictWords(_TONES[found.state], sentence, verdict_words.lines(found), steps)


def without_adapter(report: Report, *, stopped: bool = False) -> VerdictWords:
    """What the card says of a comparison without adapters; ``stopped`` where nobody works on what is missing."""
    if stopped and not report.results.answers:
        return VerdictWords("information", "It was stopped before the first answer.", [], [])
    return VerdictWords(
        "information",
        "This is what your best prompt does, without any training.",
        ["Read the answers: if they are good enough, no fine-tuning is needed."],
        [],
    )


def against(report: Report) -> str:
    """What the ranges under the figures are."""
    rival = "your best prompt" if report.rival == "prompt" else "the base model alone"
    return (
        f"Under a figure: by how much it differs from {rival}, as the range that holds the true difference in 95 of "
        "100 cases. Bold is best."
    )


def no_hard_rows(report: Report, adapter: str, *, so_far: bool) -> tuple[str, str]:
    """What is said where no row is hard: a title and a text."""
    if not adapter:
        return "Nothing to find here", "Hard rows are found by the loss before and after training."
    if so_far:
        return "Not known yet", "The losses of the examples are still being measured."
    measured = format.count(len(report.results.losses_by_example(adapter, "train")))
    return "No hard rows", f"Among {measured} training examples and the held-out ones, none stands out."


def scores(figures: Sequence[Figures], *, only: Sequence[str] = ()) -> tuple[list[Column], list[ScoreRow]]:
    """The table of scores; columns of which nothing is known are left out, and all but ``only``, if given."""
    values: dict[str, list[float | None]] = {
        "chrf": [item.chrf for item in figures],
        "rouge_l": [item.rouge_l for item in figures],
        "exact": [item.exact for item in figures],
        "style": [item.style for item in figures],
        "loss": [item.loss for item in figures],
        "perplexity": [item.perplexity for item in figures],
        "length": [item.length_ratio for item in figures],
        "prompt_tokens": [item.prompt_tokens for item in figures],
        "seconds": [item.seconds for item in figures],
    }
    known = {
        name: column
        for name, column in values.items()
        if any(value is not None for value in column) and (not only or name in only)
    }
    best = {name: _best(name, column) for name, column in known.items()}
    rows = [
        ScoreRow(
            item.system.title,
            _about(item.system),
            [_figure(name, column[place], best[name], item) for name, column in known.items()],
        )
        for place, item in enumerate(figures)
    ]
    return [Column(*_COLUMNS[name], minor=name in _MINOR) for name in known], rows


def forgetting(figures: Sequence[Figures]) -> list[Forgetting]:
    """The meter; nothing where the neutral text was not measured."""
    before = next((item.neutral for item in figures if item.system.key == BASE), None)
    if before is None or before <= 0:
        return []
    rows = [Forgetting("Base model", before, "before training")]
    for item in figures:
        if item.system.kind == "adapter" and item.neutral is not None:
            change = item.neutral / before - 1
            much = change > FORGOT
            said = "it forgot some of what it could" if much else "hardly anything was forgotten"
            rows.append(
                Forgetting(item.system.title, item.neutral, f"{100 * change:+.0f} %: {said}".replace("-", "−"), much)
            )
    return rows


def blocks(report: Report, adapter: str, order: str, *, stopped: bool = False) -> list[BlockWords]:
    """The answered examples, in an order of :data:`ORDERS`; ``stopped`` where nobody works on what is missing."""
    comparison = report.results.comparison
    rival = report.rival

    def score(id: int, key: str) -> float:
        found = report.scores.get(key, {}).get(id)
        return 0.0 if found is None else found.chrf

    keys: dict[str, Callable[[int], float]] = {
        "best": lambda id: score(id, rival) - score(id, adapter),
        "worst": lambda id: score(id, adapter) - score(id, rival),
        "low": lambda id: score(id, adapter),
    }
    cases = comparison.answered()
    places = {case.id: place for place, case in enumerate(cases, start=1)}
    if order in keys:
        cases = sorted(cases, key=lambda case: keys[order](case.id))
    return [
        BlockWords(
            case.id,
            f"Held-out example {format.count(places[case.id])} of {format.count(len(cases))}",
            case.example().prompt,
            case.example().output,
            [_answer(report, case.id, system, stopped=stopped) for system in comparison.systems],
        )
        for case in cases
    ]


def hard_groups(report: Report, adapter: str) -> list[HardGroupWords]:
    """The hard rows of an adapter by kind."""
    prompts = {case.id: " ".join(case.example().prompt.split()) for case in report.results.comparison.cases}
    found: list[HardGroupWords] = []
    for kind, (title, explanation) in _KINDS.items():
        rows = [_hard(row, prompts) for row in report.hard.get(adapter, ()) if row.kind == kind]
        if rows:
            found.append(HardGroupWords(kind, title, explanation, rows))
    return found


def past(comparison: Comparison, *, stopped: str = "") -> str:
    """A comparison in the list of past ones; ``stopped`` says how far one came that was not finished."""
    examples = format.plural(len(comparison.answered()), "example")
    return f"{comparison.title}  ·  {examples}  ·  {format.ago(comparison.created)}{stopped and f'  ·  {stopped}'}"


def _about(system: System) -> str:
    match system.kind:
        case "base":
            return "no prompt, no adapter"
        case "prompt":
            shown = len(system.shots)
            return f"{format.plural(shown, 'example')} in the prompt" if shown else "a system prompt"
        case _:
            return "adapter"


def _figure(name: str, value: float | None, best: float | None, item: Figures) -> Figure:
    if value is None:
        return Figure(format.NOTHING)
    texts: dict[str, Callable[[float], str]] = {
        "chrf": lambda v: format.fixed(v, 1),
        "rouge_l": lambda v: format.fixed(v, 2),
        "exact": format.percent,
        "style": format.percent,
        "loss": format.loss,
        "perplexity": lambda v: format.number(v, 3),
        "length": lambda v: format.fixed(v, 2),
        "prompt_tokens": lambda v: format.count(round(v)),
        "seconds": lambda v: f"{format.fixed(v, 1)} s",
    }
    names: tuple[MeasureName, ...] = ("chrf", "exact", "style", "loss")
    measure = next((item.against[key] for key in names if key == name and key in item.against), None)
    return Figure(texts[name](value), "" if measure is None else _interval(measure), value == best)


def _interval(measure: Measure) -> str:
    """The difference to what has to be beaten, from - to."""
    gain = measure.gain.negated() if measure.name == "loss" else measure.gain
    factor, digits = {"chrf": (1, 1), "loss": (1, 2)}.get(measure.name, (100, 0))
    low, high = (f"{value * factor:+.{digits}f}".replace("-", "−") for value in (gain.low, gain.high))
    return f"{low} … {high}"


def _best(name: str, values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    if name == "length" or len(known) < 2 or len(set(known)) == 1:
        return None
    lower = name in ("loss", "perplexity", "prompt_tokens", "seconds")
    return min(known) if lower else max(known)


def _answer(report: Report, id: int, system: System, *, stopped: bool) -> AnswerWords:
    row = report.results.answers.get((id, system.key))
    left_out = report.results.left_out.get((id, system.key, "answer"))
    if row is None:
        missing = "Stopped before this answer." if stopped else "No answer yet."
        return AnswerWords(_column(system), None, missing=missing if left_out is None else left_out.reason)
    score = report.scores[system.key].get(id)
    remark = "" if score is None else f"chrF\u00a0{format.fixed(score.chrf, 1)}"
    if row.end == "length":
        remark = f"{remark}  ·  cut at {format.plural(row.tokens, 'token')}"
    if score is not None and score.style is not None:
        remark += "  ·  keeps the rule" if score.style else "  ·  breaks the rule"
    return AnswerWords(_column(system), row.text, remark)


def _column(system: System) -> str:
    """What stands over its answers, where there is little room."""
    return "With your best prompt" if system.kind == "prompt" else system.title


def _hard(row: HardRow, prompts: dict[int, str]) -> HardRowWords:
    ids = tuple(row.examples)
    return HardRowWords(ids, prompts.get(ids[0], f"Example {ids[0]}") if ids else "", row.reason)
