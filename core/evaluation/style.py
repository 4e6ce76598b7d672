"""How often texts have a voice: the share in which the pattern that marks it is found."""

from __future__ import annotations

import re
from collections.abc import Iterable

from core.errors import UserError


def style_rate(texts: Iterable[str], pattern: str) -> float:
    """The share (0 to 1) of texts in which the regular expression is found; 0 when there are none.

    Case counts, and ``.`` does not match line ends, unless the pattern says otherwise (``(?i)``, ``(?s)``).

    Raises:
        UserError: it is not a regular expression.
    """
    try:
        mark = re.compile(pattern)
    except re.error as error:
        raise UserError(f"The style pattern {pattern!r} is not a regular expression.", reason=str(error)) from error
    found = [mark.search(text) is not None for text in texts]
    return sum(found) / len(found) if found else 0.0


def exact_rate(texts: Iterable[str], expected: Iterable[str]) -> float:
    """The share (0 to 1) of texts that are what was expected, whitespace at the ends aside; 0 when there are none.

    Raises:
        ValueError: there are not as many of one as of the other.
    """
    same = [text.strip() == wanted.strip() for text, wanted in zip(texts, expected, strict=True)]
    return sum(same) / len(same) if same else 0.0
