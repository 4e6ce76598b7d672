"""Examples worth a look after training, by what the loss of each and the answers say; each with its reason."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from core.dataset.example import Example
from core.dataset.split import same_prompt
from core.evaluation.comparison import BASE
from core.evaluation.results import Results

Kind = Literal["worst", "memorised", "contradictory", "mislabelled"]
_MOST = 20  # rows of a kind
_CERTAIN = 0.1  # nats a token: the model gives each token nine chances in ten
_KNOWN_BEFORE = 0.5  # nats a token: what the base model knew already is not memorised by training
_GAP = 5.0  # held-out losses are so many times those of what was memorised
_FAR = 4.0  # spreads above the middle, in the logarithm of the loss: far outside of what is usual
_LEAST_SPREAD = 0.25  # where all losses are alike, one that is 2.7 times theirs is far outside
_WORST = 5  # there is always a worst one; a few are worth reading
_LEAST = 1e-4  # nats a token; what is lower is alike
_COPY = 24  # characters; shorter outputs (labels) are said again and again with good reason


@dataclass(frozen=True, slots=True)
class HardRow:
    """One or more examples, and what is odd about them.

    Attributes:
        kind: ``worst`` (the adapter answers it worst), ``memorised``, ``contradictory`` (the same question with
            different outputs) or ``mislabelled`` (its output may be wrong).
        examples: the ids, the most telling first.
        reason: in words.
        before: the loss a token of the first with the base model, in nats.
        after: the same with the adapter.
    """

    kind: Kind
    examples: tuple[int, ...]
    reason: str
    before: float | None = None
    after: float | None = None


def hard_rows(results: Results, system: str, train: Iterable[Example] = ()) -> list[HardRow]:
    """What is worth a look, kind by kind, the most striking of each first.

    Args:
        results: of a comparison with the base model.
        system: the key of the adapter.
        train: all examples that it was trained on, for finding copies and contradictions; those of the comparison
            unless given.
    """
    cases = {case.id: case.example() for case in results.comparison.cases}
    known = {example.id: example for example in train} or {
        case.id: case.example() for case in results.comparison.cases if case.side == "train"
    }
    conflicts = _contradictory(known | cases)
    told = {id for row in conflicts for id in row.examples}
    losses = _Losses(results, system)
    mislabelled = [row for row in _mislabelled(losses) if row.examples[0] not in told]
    told |= {row.examples[0] for row in mislabelled}
    copied = _copied(results, system, cases, known)
    return [
        *conflicts[:_MOST],
        *mislabelled[:_MOST],
        *[*copied, *_memorised(losses)][:_MOST],
        *[row for row in _worst(losses) if row.examples[0] not in told][:_MOST],
    ]


class _Losses:
    """Nats a token by example, before and after training, on both sides."""

    def __init__(self, results: Results, system: str) -> None:
        self.train = results.losses_by_example(system, "train")
        self.heldout = results.losses_by_example(system)
        self.before = results.losses_by_example(BASE) | results.losses_by_example(BASE, "train")

    def row(self, kind: Kind, id: int, reason: str) -> HardRow:
        after = self.train.get(id, self.heldout.get(id))
        return HardRow(kind, (id,), reason, self.before.get(id), after)


def _contradictory(examples: Mapping[int, Example]) -> list[HardRow]:
    """The same question with different outputs: whatever is learnt, one of them is wrong."""
    asked: dict[str, dict[str, list[int]]] = {}
    for id, example in examples.items():
        outputs = asked.setdefault(same_prompt(example) + "\n" + example.system, {})
        outputs.setdefault(" ".join(example.output.split()), []).append(id)
    return [
        HardRow(
            "contradictory",
            tuple(id for ids in outputs.values() for id in ids),
            f"The same question has {len(outputs)} different outputs.",
        )
        for outputs in asked.values()
        if len(outputs) > 1
    ]


def _mislabelled(losses: _Losses) -> list[HardRow]:
    """Trained on, and still far harder than the others: what contradicts all the rest is learnt last."""
    middle, far = _usual(losses.train.values())
    found = [
        losses.row(
            "mislabelled",
            id,
            f"After training its loss is {_nats(after)}{_before(losses, id)}; that of the others is about "
            f"{_nats(middle)}. Its output may be wrong, or belong to another question.",
        )
        for id, after in losses.train.items()
        if after > max(far, _CERTAIN)
    ]
    return sorted(found, key=_by_loss)


def _memorised(losses: _Losses) -> list[HardRow]:
    """Trained on and known by heart, while new questions are still hard."""
    heldout = statistics.fmean(losses.heldout.values()) if losses.heldout else 0.0
    found = [
        losses.row(
            "memorised",
            id,
            f"The adapter is certain of every word of it (loss {_nats(after)}, {_nats(before)} before), but not of "
            f"what it has not seen ({_nats(heldout)}): it was learnt by heart.",
        )
        for id, after in losses.train.items()
        if after < _CERTAIN and heldout > _GAP * max(after, _CERTAIN / 2)
        if (before := losses.before.get(id, 0.0)) > _KNOWN_BEFORE
    ]
    return sorted(found, key=lambda row: row.after or 0.0)


def _copied(results: Results, system: str, cases: Mapping[int, Example], train: Mapping[int, Example]) -> list[HardRow]:
    """A new question that is answered with the output of a training example."""
    outputs = {_plain(example.output): id for id, example in train.items() if len(example.output) >= _COPY}
    found = []
    for id, example in cases.items():
        row = results.answers.get((id, system))
        source = outputs.get(_plain(row.text)) if row is not None else None
        if source is not None and source != id and _plain(example.output) != _plain(train[source].output):
            reason = f"The answer to it is the output of example {source}, word for word: that one was learnt by heart."
            found.append(HardRow("memorised", (source, id), reason))
    return found


def _worst(losses: _Losses) -> list[HardRow]:
    """The new questions that the adapter is furthest from: the few worst, and all that are far outside."""
    middle, far = _usual(losses.heldout.values())
    ordered = sorted(losses.heldout, key=lambda id: -losses.heldout[id])
    return [
        losses.row(
            "worst",
            id,
            f"Its loss is {_nats(losses.heldout[id])}{_before(losses, id)}; that of half of the held-out examples is "
            f"under {_nats(middle)}.",
        )
        for number, id in enumerate(ordered)
        if losses.heldout[id] > (max(middle, _CERTAIN) if number < _WORST else far)
    ]


def _usual(losses: Iterable[float]) -> tuple[float, float]:
    """The middle of some losses, and from where on one is far outside.

    Median and its absolute deviation, of the logarithms: losses are spread over orders of magnitude.
    """
    logs = [math.log(max(loss, _LEAST)) for loss in losses]
    if not logs:
        return 0.0, 0.0
    middle = statistics.median(logs)
    spread = 1.4826 * statistics.median(abs(one - middle) for one in logs)
    return math.exp(middle), math.exp(middle + _FAR * max(spread, _LEAST_SPREAD))


def _before(losses: _Losses, id: int) -> str:
    before = losses.before.get(id)
    return "" if before is None else f" ({_nats(before)} before training)"


def _nats(loss: float) -> str:
    return f"{loss:.2f}" if loss >= 0.1 else f"{loss:.3f}"


def _by_loss(row: HardRow) -> float:
    return -(row.after or 0.0)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def ids(rows: Sequence[HardRow]) -> list[int]:
    """All examples of some rows, each once."""
    return list(dict.fromkeys(id for row in rows for id in row.examples))
