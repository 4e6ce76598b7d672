"""From looks at single examples to findings: every rule has its say, those that compare examples included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from core.dataset.review import duplicates
from core.dataset.review.findings import Finding
from core.dataset.review.marks import Mark
from core.dataset.review.rules import BY_ID, MISSING, WHITESPACE
from core.dataset.review.whole import Whole


def findings(whole: Whole) -> Iterator[Finding]:
    """All findings, rule by rule."""
    for rule in _COMPARING:
        yield from rule(whole)
    for id, stands in _STANDING.items():
        yield from told(whole, stands(whole, whole.marks(id)))


def told(whole: Whole, marks: Iterable[tuple[int, Mark]]) -> Iterator[Finding]:
    """A finding for each mark."""
    for place, mark in marks:
        severity = BY_ID[mark.rule].severity
        yield Finding(mark.rule, severity, (whole.id(place),), mark.message, mark.field, mark.start, mark.end)


def _all(whole: Whole, marks: Iterable[tuple[int, Mark]]) -> Iterable[tuple[int, Mark]]:
    return marks


def _no_drafts(whole: Whole, marks: Iterable[tuple[int, Mark]]) -> Iterable[tuple[int, Mark]]:
    """What the user marked as a draft may well lack something."""
    return ((place, mark) for place, mark in marks if not whole.listed.drafts[place])


_COMPARING: tuple[Callable[[Whole], Iterator[Finding]], ...] = (duplicates.exact, duplicates.conflicts)
_STANDING: dict[str, Callable[[Whole, Iterable[tuple[int, Mark]]], Iterable[tuple[int, Mark]]]] = {
    MISSING: _no_drafts,
    WHITESPACE: _all,
}
