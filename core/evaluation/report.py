"""A comparison as people look at it: figures, verdicts, hard rows and votes, made from what was found so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

from core.dataset.example import Example
from core.errors import UserError
from core.evaluation import metrics, votes
from core.evaluation.comparison import ComparisonFolder
from core.evaluation.evidence import Rival
from core.evaluation.gathering import AllScores, Figures, figures, gather, rival_of, run_facts, run_of
from core.evaluation.hard_rows import HardRow, hard_rows
from core.evaluation.planning import MOST_LOOKED_AT
from core.evaluation.results import Results
from core.evaluation.style import StyleRule
from core.evaluation.verdict import Verdict, judge
from core.evaluation.votes import Vote
from core.guidance.purpose import Purpose
from core.runs.folder import read_examples

SUSPICIOUS = ("contradictory", "mislabelled")


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found, and what it means.

    Attributes:
        results: the rows, as they were when the report was made.
        scores: of the answers, by system and example.
        figures: of every system.
        rival: what the adapters have to beat.
        verdicts: on every adapter, by its key.
        hard: the hard and suspicious rows of every adapter, by its key.
        votes: the blind ones.
        style_problem: why the style rule could not be used.
    """

    results: Results
    scores: AllScores
    figures: Sequence[Figures]
    rival: Rival
    verdicts: Mapping[str, Verdict]
    hard: Mapping[str, Sequence[HardRow]]
    votes: Sequence[Vote]
    style_problem: UserError | None = None


def report(folder: ComparisonFolder, *, rule: StyleRule | None = None, purpose: Purpose | None = None) -> Report:
    """Read a comparison and make its report; some seconds for a long one.

    Args:
        folder: of the comparison.
        rule: the style rule; none unless given.
        purpose: what the project is for.

    Raises:
        RunError: it cannot be read.
    """
    results = Results(folder)
    keys = [system.key for system in results.comparison.systems]
    problem: UserError | None = None
    try:
        scores = {key: metrics.scores(results, key, rule) for key in keys}
    except UserError as error:  # a rule that cannot be used spoils the style alone
        problem = error
        scores = {key: metrics.scores(results, key) for key in keys}
    cast = votes.read(folder.votes_file)
    adapters = [system.key for system in results.comparison.systems if system.kind == "adapter"]
    hard = {key: hard_rows(results, key, _learnt(results, key)) for key in adapters}
    verdicts = {
        key: judge(
            gather(
                results,
                key,
                scores,
                cast=cast,
                facts=run_facts(results, key),
                suspicious={id for row in hard[key] if row.kind in SUSPICIOUS for id in row.examples},
            ),
            purpose,
        )
        for key in adapters
    }
    return Report(results, scores, figures(results, scores), rival_of(results, scores), verdicts, hard, cast, problem)


def _learnt(results: Results, adapter: str) -> list[Example]:
    """What an adapter was trained on (of very much, a part); nothing where its run is not there any more."""
    run = run_of(results, adapter)
    try:
        return [] if run is None else _examples(run.train_file, run.train_file.stat().st_mtime_ns)
    except (OSError, UserError):
        return []


@lru_cache(maxsize=2)
def _examples(file: Path, _changed: int) -> list[Example]:
    """Of a file that has not changed since it was read last."""
    return list(islice(read_examples(file), MOST_LOOKED_AT))
