"""Examples that are the same word for word, and those that ask the same but are answered otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.dataset.review.findings import Finding
from core.dataset.review.rules import BY_ID, CONFLICT, EXACT
from core.dataset.review.whole import Whole


def exact(whole: Whole) -> Iterator[Finding]:
    """One finding for each set of examples that are the same but for white space; the one to keep comes first."""
    keys = np.array([look.same.exact for look in whole.of], dtype=np.int64)
    for places in whole.groups(keys):
        if not _is_empty(whole, int(places[0])):
            ids = tuple(whole.id(place) for place in places)
            yield Finding(EXACT, BY_ID[EXACT].severity, ids, f"Word for word the same, {_times(len(ids))}.")


def conflicts(whole: Whole) -> Iterator[Finding]:
    """One finding for each prompt that is answered in different words."""
    keys = np.array([look.same.prompt for look in whole.of], dtype=np.int64)
    for places in whole.groups(keys):
        answered = [int(place) for place in places if whole.of[place].length and not _is_empty(whole, int(place))]
        answers = {whole.of[place].same.answer for place in answered}
        if len(answers) > 1:
            ids = tuple(whole.id(place) for place in answered)
            message = f"The same is asked {_times(len(ids))}, with {len(answers):,} different outputs."
            yield Finding(CONFLICT, BY_ID[CONFLICT].severity, ids, message, "output")


def _is_empty(whole: Whole, place: int) -> bool:
    """Whether nothing is asked: then the example is incomplete, and no duplicate of other incomplete ones."""
    return any(mark.rule == "missing" and mark.field == "instruction" for mark in whole.of[place].marks)


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count:,} times"
