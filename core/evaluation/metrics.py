"""How near an answer is to the expected output, an example at a time: chrF, ROUGE-L, exact match, length, style."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from core.evaluation.results import Results
from core.evaluation.style import StyleRule

_LETTERS_OR_DIGITS = re.compile(r"[^\W_]+")
# Scripts that are written without spaces: words cannot be counted there, letters can.
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")
_MOSTLY = 0.3  # of the letters; words of another script are common among them


@dataclass(frozen=True, slots=True)
class Scores:
    """What is said of one answer.

    Attributes:
        chrf: chrF2 (Popović 2015), 0 to 100, as sacrebleu computes it for a sentence: n-grams of letters that both
            have. Right for every language.
        rouge_l: ROUGE-L F1 (Lin 2004), 0 to 1: the longest sequence of words that both have. None where the expected
            output is in a script without spaces.
        exact: whether it is what was expected, whitespace at the ends aside.
        length_ratio: its length by that of the expected output, in characters.
        style: whether it keeps the user's rule; None without one.
    """

    chrf: float
    rouge_l: float | None
    exact: bool
    length_ratio: float
    style: bool | None


def scores(results: Results, system: str, style: StyleRule | None = None) -> dict[int, Scores]:
    """The scores of all answers of a system so far, by example.

    Raises:
        UserError: the style rule cannot be used, or takes too long.
    """
    found: dict[int, Scores] = {}
    for case in results.comparison.answered():
        row = results.answers.get((case.id, system))
        if row is None:
            continue
        expected = case.example().output
        found[case.id] = Scores(
            chrf=chrf(row.text, expected) if row.chrf is None else row.chrf,
            rouge_l=rouge_l(row.text, expected) if row.rouge_l is None else row.rouge_l,
            exact=row.text.strip() == expected.strip(),
            length_ratio=len(row.text.strip()) / max(1, len(expected.strip())),
            style=None if style is None else style.holds(row.text),
        )
    return found


def chrf(answer: str, expected: str) -> float:
    """chrF2 of an answer, 0 to 100."""
    from sacrebleu import sentence_chrf  # some tenths of a second; the window seldom needs it

    return float(sentence_chrf(answer.strip(), [expected.strip()]).score)


def rouge_l(answer: str, expected: str) -> float | None:
    """ROUGE-L F1 of an answer, 0 to 1; None where words are not told apart by spaces."""
    if not has_spaces(expected):
        return None
    return float(_scorer().score(expected, answer)["rougeL"].fmeasure)


def has_spaces(text: str) -> bool:
    """Whether a text is in a script that puts spaces between words."""
    letters = [letter for letter in text if letter.isalpha()]
    unspaced = sum(1 for letter in letters if not letter.isascii() and _is_unspaced(letter))
    return unspaced <= _MOSTLY * len(letters)


@cache
def _is_unspaced(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(_UNSPACED)


@cache
def _scorer() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], tokenizer=_Words())


class _Words:
    """Words of every script in small letters; rouge-score's own takes a to z and digits only."""

    def tokenize(self, text: str) -> Sequence[str]:
        """The words."""
        return _LETTERS_OR_DIGITS.findall(unicodedata.normalize("NFC", text).lower())
