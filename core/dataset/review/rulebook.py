"""From looks at single examples to findings: every rule has its say, those that compare examples included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from core.dataset.review import duplicates, endings, language, lengths, personal, placeholders, unbalanced
from core.dataset.review.findings import Finding
from core.dataset.review.marks import Mark
from core.dataset.review.rules import (
    BY_ID,
    CONTROL,
    ENCODING,
    LOST,
    MISSING,
    PERSONAL,
    PLACEHOLDER,
    REFUSAL,
    SECRET,
    UNBALANCED,
    UNFINISHED,
    WHITESPACE,
)
from core.dataset.review.whole import Whole

Marks = Iterable[tuple[int, Mark]]


def findings(whole: Whole) -> Iterator[Finding]:
    """All findings but those that need the base model, rule by rule."""
    for compare in _COMPARING:
        yield from compare(whole)
    for rule, stands in _STANDING.items():
        for place, mark in stands(whole, whole.marks(rule)):
            severity = BY_ID[rule].severity
            yield Finding(rule, severity, (whole.id(place),), mark.message, mark.field, mark.start, mark.end)


def _all(whole: Whole, marks: Marks) -> Marks:
    return marks


def _no_drafts(whole: Whole, marks: Marks) -> Marks:
    """What the user marked as a draft may well lack something."""
    return ((place, mark) for place, mark in marks if not whole.listed.drafts[place])


_COMPARING: tuple[Callable[[Whole], Iterator[Finding]], ...] = (
    duplicates.findings,
    language.others,
    lengths.unusual,
)
_STANDING: dict[str, Callable[[Whole, Marks], Marks]] = {
    MISSING: _no_drafts,
    WHITESPACE: _all,
    ENCODING: _all,
    LOST: _all,
    REFUSAL: _all,
    CONTROL: _all,
    SECRET: _all,
    UNFINISHED: endings.stands,
    UNBALANCED: unbalanced.stands,
    PLACEHOLDER: placeholders.stands,
    PERSONAL: personal.stands,
}
