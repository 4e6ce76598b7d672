"""What comparisons have found out about an adapter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.errors import RunError
from core.evaluation import verdict_words, votes
from core.evaluation.comparison import ComparisonFolder, System, comparisons
from core.evaluation.gathering import gather
from core.evaluation.metrics import scores as scores_of
from core.evaluation.results import Results
from core.evaluation.verdict import judge
from core.export import sums
from core.export.adapter_config import WEIGHTS_FILE
from core.library.entries import BASE


@dataclass(frozen=True, slots=True)
class Score:
    """What one comparison says of an adapter on held-out examples, beside the base model alone.

    Attributes:
        comparison: its name.
        at: when it was made, in Unix seconds.
        answers: how many examples the adapter has answered.
        loss, base_loss: mean held-out loss in nats a token; None where it was not measured.
        chrf, base_chrf: mean chrF of the answers, 0 to 100; None without answers.
        exact: how many answers were exactly what was expected.
        verdict: whether it beat the best prompt or the base model, in a sentence.
        brief: the same in a few words.
        verdict_for_others: the sentence for readers of what is given away.
    """

    comparison: str
    at: float
    answers: int
    loss: float | None
    base_loss: float | None
    chrf: float | None
    base_chrf: float | None
    exact: int
    verdict: str
    brief: str
    verdict_for_others: str


def scores(project: Path, key: str) -> Iterator[Score]:
    """The comparisons that have measured an adapter, the newest first; each is read when its turn comes.

    Those of earlier weights (it was trained further, or another one has its name) are left out.
    """
    for folder in comparisons(project):
        if (score := _score(folder, key)) is not None:
            yield score


def _score(folder: ComparisonFolder, key: str) -> Score | None:
    try:
        comparison = folder.read()
    except RunError:
        return None  # its own page says what is wrong with it
    system = next((system for system in comparison.systems if system.key == key), None)
    if system is None or not _is_the_same(folder, system):
        return None
    results = Results(folder, comparison)
    of_all = {system.key: scores_of(results, system.key) for system in comparison.systems}
    mine, base = of_all[key], of_all.get(BASE, {})
    loss = results.loss(key)
    if not mine and loss is None:
        return None
    verdict = judge(gather(results, key, of_all, cast=votes.read(folder.votes_file)))
    return Score(
        comparison=folder.name,
        at=comparison.created,
        answers=len(mine),
        loss=loss,
        base_loss=results.loss(BASE),
        chrf=_mean([score.chrf for score in mine.values()]),
        base_chrf=_mean([score.chrf for score in base.values()]),
        exact=sum(score.exact for score in mine.values()),
        verdict=verdict_words.sentence(verdict),
        brief=verdict_words.brief(verdict),
        verdict_for_others=verdict_words.sentence(verdict, for_others=True),
    )


def _is_the_same(folder: ComparisonFolder, system: System) -> bool:
    """Whether an adapter still has the weights that were measured."""
    adapter = folder.adapter(system)
    if adapter is None or not system.sha256:
        return True
    try:
        status = (adapter / WEIGHTS_FILE).stat()
        return _hash(adapter / WEIGHTS_FILE, status.st_mtime_ns, status.st_size) == system.sha256
    except OSError:
        return False


@lru_cache(maxsize=100)
def _hash(file: Path, _changed: int, _size: int) -> str:
    """Of a file that has not changed since it was read last."""
    return sums.hash_file(file)


def _mean(numbers: list[float]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None
