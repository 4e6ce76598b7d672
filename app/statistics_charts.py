"""From statistics to what charts show: bars with their words, and which examples stand behind each of them.

Pure and slow for a million examples: called off the drawing thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import format, statistics_words
from app.widgets.bar_list import Share
from app.widgets.histogram import Column
from core.dataset.bars import Bar, bars, share_bars, shares
from core.dataset.example import Status
from core.dataset.statistics import Statistics

Behind = Callable[[], NDArray[Any]]
"""Where the examples of a bar are in the statistics: a mask, or places."""

_IN = {
    "whole": "",
    "instruction": " in the instruction",
    "input": " in the input",
    "output": " in the output",
    "system": " in the system prompt",
    "history": " in earlier turns",
}
_STATUS = {Status.READY: "Ready", Status.DRAFT: "Draft", Status.EXCLUDED: "Excluded"}


@dataclass(frozen=True)
class HistogramData:
    """What a histogram shows."""

    columns: tuple[Column, ...]
    summary: str
    limit: tuple[float, str] | None
    behind: tuple[tuple[Behind, str], ...]


@dataclass(frozen=True)
class ListData:
    """What a list of bars shows; ``remark`` stands under it."""

    shares: tuple[Share, ...]
    behind: tuple[tuple[Behind, str], ...]
    remark: str = ""


@dataclass(frozen=True)
class Charts:
    """Everything; ``histograms`` is empty while tokens are not counted."""

    statistics: Statistics
    histograms: Mapping[str, HistogramData]
    lists: Mapping[str, ListData]

    def examples(self, key: str, index: int) -> tuple[tuple[int, ...], str]:
        """The ids behind a bar, and what they are in words."""
        chart = self.histograms[key] if key in self.histograms else self.lists[key]
        behind, words = chart.behind[index]
        ids = self.statistics.ids(behind())
        return ids, f"{format.count(len(ids))} {words}"


def charts(statistics: Statistics, *, ready: bool, longest: int) -> Charts:
    """What the charts show.

    Args:
        statistics: of all examples.
        ready: leave out those that are not ready for training.
        longest: tokens that an example may have.
    """
    everything = np.ones(len(statistics), dtype=np.bool_)
    scope = statistics.is_shown(Status.READY) if ready else everything
    histograms = {}
    if statistics.lengths is not None:
        for field in statistics_words.FIELDS:
            histograms[field] = _field(statistics, scope, field, longest if field == "whole" else None)
        histograms["share"] = _supervised(statistics, scope)
    lists = {
        "status": _status(statistics),
        "split": _split(statistics),
        "tags": _groups(statistics.facts.tags, scope, "tagged", "No example has a tag yet."),
        "sources": _groups(statistics.facts.sources, scope, "from", ""),
    }
    return Charts(statistics, histograms, lists)


def _field(statistics: Statistics, scope: NDArray[np.bool_], field: str, longest: int | None) -> HistogramData:
    values = statistics.column(field)
    there = scope & (values > 0)
    of = 0 if field == "whole" else int(scope.sum())
    found = bars(values[there], keep=longest or 0)
    return HistogramData(
        tuple(statistics_words.columns(found, unit="tokens", limit=longest)),
        statistics_words.spread(values[there], of=of) or "No example has one.",
        None if longest is None else (longest + 1, f"Maximum length {format.count(longest)}"),
        tuple(_behind(bar, values, there, f"with {statistics_words.span(bar, 'tokens')}{_IN[field]}") for bar in found),
    )


def _supervised(statistics: Statistics, scope: NDArray[np.bool_]) -> HistogramData:
    whole = statistics.column("whole")
    there = scope & (whole > 0)
    percents = shares(statistics.column("supervised"), whole)
    found = share_bars(percents[there])
    return HistogramData(
        tuple(statistics_words.columns(found, unit="%")),
        f"Half have up to {int(np.median(percents[there]))} %. Only answers are learnt." if found else "",
        None,
        tuple(_behind(bar, percents, there, f"with {statistics_words.span(bar, '%')} supervised") for bar in found),
    )


def _behind(bar: Bar, values: NDArray[np.int64], there: NDArray[np.bool_], words: str) -> tuple[Behind, str]:
    return (lambda: there & bar.holds(values)), words


def _status(statistics: Statistics) -> ListData:
    masks = {name: statistics.is_shown(status) for status, name in _STATUS.items()}
    return ListData(
        tuple(Share(name, int(mask.sum()), len(statistics)) for name, mask in masks.items()),
        tuple(_fixed(mask, f"marked {name.lower()}") for name, mask in masks.items()),
    )


def _split(statistics: Statistics) -> ListData:
    ready = statistics.is_shown(Status.READY)
    heldout = statistics.facts.heldout & ready
    masks = {"Training": ready & ~heldout, "Held-out": heldout}
    words = ("in training", "held out of training")
    total = int(ready.sum())
    rest = len(statistics) - total
    return ListData(
        tuple(Share(name, int(mask.sum()), total) for name, mask in masks.items()),
        tuple(_fixed(mask, said) for mask, said in zip(masks.values(), words, strict=True)),
        f"{format.plural(rest, 'example')} not ready: on neither side." if rest else "",
    )


def _groups(groups: Mapping[str, NDArray[np.int32]], scope: NDArray[np.bool_], words: str, without: str) -> ListData:
    total = int(scope.sum())
    inside = {name: places[scope[places]] for name, places in groups.items()}
    found = sorted(
        ((name, places) for name, places in inside.items() if len(places)),
        key=lambda group: (-len(group[1]), group[0].casefold()),
    )
    return ListData(
        tuple(Share(name, len(places), total) for name, places in found),
        tuple(_fixed(places, f"{words} {name}") for name, places in found),
        "" if found else without,
    )


def _fixed(where: NDArray[Any], words: str) -> tuple[Behind, str]:
    return (lambda: where), words
