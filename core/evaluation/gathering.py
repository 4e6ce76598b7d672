"""From what a comparison has found to the evidence of a verdict on one adapter, and to the figures of every system."""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.evaluation import votes
from core.evaluation.comparison import BASE, PROMPT, Comparison, Measured, System
from core.evaluation.evidence import (
    Deciding,
    Evidence,
    Measure,
    MeasureName,
    Rival,
    Side,
    deciding,
    loss_measure,
    measure,
)
from core.evaluation.metrics import Scores
from core.evaluation.results import Results
from core.evaluation.votes import Vote
from core.files import count_lines
from core.runs.folder import RunFolder
from core.runs.record import Record

AllScores = Mapping[str, Mapping[int, Scores]]
"""The scores of the answers, by system and example."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of one system; None where nothing was, or where a measure does not fit.

    Attributes:
        answered: how many held-out examples it has answered.
        chrf: mean, 0 to 100.
        rouge_l: mean, 0 to 1.
        exact: share, 0 to 1.
        style: share, 0 to 1.
        length_ratio: median of the answers' lengths against the expected ones'.
        loss: nats a token on the held-out outputs.
        neutral: nats a token on the neutral texts.
        prompt_tokens: mean of what a question takes.
        seconds: mean of an answer written alone.
        against: its measures against what the adapters have to beat; empty for those two.
    """

    system: System
    answered: int
    chrf: float | None
    rouge_l: float | None
    exact: float | None
    style: float | None
    length_ratio: float | None
    loss: float | None
    neutral: float | None
    prompt_tokens: float | None
    seconds: float | None
    against: Mapping[MeasureName, Measure]

    @property
    def perplexity(self) -> float | None:
        """Of the held-out outputs."""
        return None if self.loss is None or self.loss > 700 else math.exp(self.loss)


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the run of an adapter tells: how many examples it learnt from, and (step, held-out loss) in order."""

    trained_on: int | None = None
    curve: Sequence[tuple[int, float]] = ()


def rival_of(results: Results, scores: AllScores) -> Rival:
    """What the adapters have to beat: the best prompt, or the base model alone where that one answers better."""
    if not any(system.kind == "prompt" for system in results.comparison.systems):
        return "base"
    prompt, base = scores.get(PROMPT, {}), scores.get(BASE, {})
    exact = _decides(results.comparison) == "exact"

    def total(of: Mapping[int, Scores]) -> float:
        return math.fsum(float(of[id].exact) if exact else of[id].chrf for id in prompt.keys() & base.keys())

    return "base" if total(base) > total(prompt) else "prompt"


def figures(results: Results, scores: AllScores) -> list[Figures]:
    """The figures of every system, in the order of the comparison."""
    rival = rival_of(results, scores)
    return [_figures(results, system, scores, rival) for system in results.comparison.systems]


def gather(
    results: Results,
    adapter: str,
    scores: AllScores,
    *,
    cast: Sequence[Vote] = (),
    facts: RunFacts | None = None,
    suspicious: Collection[int] = (),
) -> Evidence:
    """The evidence on one adapter.

    Args:
        results: of the comparison.
        adapter: key of the adapter.
        scores: of the answers.
        cast: the blind votes of the comparison.
        facts: of the adapter's run.
        suspicious: numbers of the examples that look mislabelled or contradict each other.

    Raises:
        KeyError: the comparison has no such system.
    """
    comparison = results.comparison
    rival, facts = rival_of(results, scores), facts or RunFacts()
    others = {PROMPT, BASE} & {system.key for system in comparison.systems} - {rival}
    tally = votes.tally(cast, first=adapter, second=rival)
    answered = scores.get(adapter, {}).keys() & scores.get(rival, {}).keys()
    before, after = results.neutral_loss(BASE), results.neutral_loss(adapter)
    return Evidence(
        title=comparison.system(adapter).title,
        rival=rival,
        decides=_decides(comparison),
        examples=len(answered),
        measures=_measures(results, scores, adapter, rival),
        against_other={k: m for other in others for k, m in _measures(results, scores, adapter, other).items()},
        votes=tally if tally.voted else None,
        ours=_side(results, adapter),
        theirs=_side(results, rival),
        trained_on=facts.trained_on,
        curve=facts.curve,
        neutral=(before, after) if before is not None and after is not None else None,
        left_out=len({id for id, key, what in results.left_out if key in (adapter, rival) and what == "answer"}),
        suspicious=len(suspicious),
    )


def run_facts(results: Results, adapter: str) -> RunFacts:
    """What the run of an adapter tells (reads its events: not for the drawing thread); nothing of an imported one."""
    run = run_of(results, adapter)
    if run is None:
        return RunFacts()
    step = adapter.partition("@")[2]
    last = int(step) if step.isdecimal() else None
    try:
        trained_on, curve = _facts(run.path, run.events_file.stat().st_mtime_ns)
    except OSError:
        return RunFacts()
    return RunFacts(trained_on, [(at, loss) for at, loss in curve if last is None or at <= last])


def run_of(results: Results, adapter: str) -> RunFolder | None:
    """The run that made an adapter; None of an imported one, or when it is gone."""
    name = adapter.partition("@")[0]
    run = RunFolder(results.folder.project / "runs" / name)
    return run if name and run.train_file.exists() else None


@lru_cache(maxsize=8)
def _facts(run: Path, _changed: int) -> tuple[int, list[tuple[int, float]]]:
    """Of a run whose events have not changed since they were read last: long ones take seconds."""
    folder = RunFolder(run)
    return count_lines(folder.train_file), Record.load(folder).series.heldout


def _decides(comparison: Comparison) -> Deciding:
    return deciding(str(case.frozen.get("output", "")) for case in comparison.held_out())


def _figures(results: Results, system: System, scores: AllScores, rival: Rival) -> Figures:
    own = list(scores.get(system.key, {}).values())
    return Figures(
        system=system,
        answered=len(own),
        chrf=_mean([score.chrf for score in own]),
        rouge_l=_mean([score.rouge_l for score in own]),
        exact=_mean([float(score.exact) for score in own]),
        style=_mean([None if score.style is None else float(score.style) for score in own]),
        length_ratio=statistics.median(score.length_ratio for score in own) if own else None,
        loss=results.loss(system.key),
        neutral=results.neutral_loss(system.key),
        prompt_tokens=results.prompt_tokens(system.key),
        seconds=results.seconds_per_answer(system.key),
        against=_measures(results, scores, system.key, rival) if system.kind == "adapter" else {},
    )


def _measures(results: Results, scores: AllScores, ours: str, theirs: str) -> dict[MeasureName, Measure]:
    found = [
        _of_answers("chrf", scores, ours, theirs),
        _of_answers("exact", scores, ours, theirs),
        _of_answers("style", scores, ours, theirs),
        loss_measure(_losses(results, ours), _losses(results, theirs)),
    ]
    return {item.name: item for item in found if item is not None}


def _of_answers(name: MeasureName, scores: AllScores, ours: str, theirs: str) -> Measure | None:
    one, other = (
        {
            id: float(value)
            for id, score in scores.get(key, {}).items()
            if (value := {"chrf": score.chrf, "exact": score.exact, "style": score.style}[name]) is not None
        }
        for key in (ours, theirs)
    )
    return measure(name, one, other)


def _losses(results: Results, system: str) -> dict[int, Measured]:
    held_out = {case.id for case in results.comparison.held_out()}
    return {id: row for (id, key), row in results.losses.items() if key == system and id in held_out}


def _side(results: Results, system: str) -> Side:
    return Side(results.prompt_tokens(system), results.seconds_per_answer(system))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None
