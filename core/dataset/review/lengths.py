"""Outputs much shorter or longer than the others, and examples that are longer than training takes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.dataset.review.findings import Finding
from core.dataset.review.rules import BY_ID, UNUSUAL_LENGTH
from core.dataset.review.whole import Whole

_ENOUGH = 30  # outputs
_FAR = 6.0  # robust standard deviations of the logarithm (Iglewicz and Hoaglin, 1993, take 3.5 as the least)
_TIMES = 8.0  # as long or as short as the middle one, at least
_LEAST_SPREAD = 0.2  # of the logarithms; where all are of one length, small differences are nothing
_MOST = 0.003  # of the outputs; more of them are a kind of their own
_FEWEST = 2


def unusual(whole: Whole) -> Iterator[Finding]:
    """A finding for each output whose length stands out."""
    lengths = np.array([look.length for look in whole.of], dtype=np.float64)
    places = np.flatnonzero((lengths > 0) & ~whole.listed.drafts)
    if len(places) < _ENOUGH:
        return
    logs = np.log(lengths[places])
    middle = float(np.median(logs))
    spread = max(_LEAST_SPREAD, 1.4826 * float(np.median(np.abs(logs - middle))))
    far = np.abs(logs - middle) > max(_FAR * spread, np.log(_TIMES))
    typical = round(float(np.exp(middle)))
    for side, word in ((logs < middle, "short"), (logs > middle, "long")):
        found = places[far & side]
        if len(found) > max(_FEWEST, _MOST * len(places)):
            continue
        for place in found.tolist():
            length = int(lengths[place])
            message = f"Very {word}: {_characters(length)}, where others have about {typical:,}."
            yield Finding(UNUSUAL_LENGTH, BY_ID[UNUSUAL_LENGTH].severity, (whole.id(place),), message, "output")


def _characters(count: int) -> str:
    return "1 character" if count == 1 else f"{count:,} characters"
