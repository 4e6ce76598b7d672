"""Outputs that stop in the middle of a sentence, as far as the other outputs of the project do not do so too."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise

from core.dataset.example import Example
from core.dataset.review.marks import Mark
from core.dataset.review.rules import UNFINISHED
from core.dataset.review.whole import Whole

NONE, WHOLE, OPEN, CUT = range(4)
"""How an output ends: not as prose (a label, a list, code); with a full stop; without; clearly cut."""

_ENOUGH = 20  # whole endings before those without a full stop are held against others
_USUAL = 0.97  # of the outputs have a full stop
_MOST_CUT = 0.5  # of the outputs; more of them are no accident
_FEWEST_CUT = 5

_LIST_ITEM = re.compile(r"\s*(?:[-*•·–—#>|+]|\(?\d{1,3}[.):-]|\(?[a-zA-Z][.)])\s")
_CODE = re.compile(r"[{}=\\|;<>$_\[\]]|\w\(\w*\)|://|@\w|^\s{4,}\S|^\S+:\s")
_SENTENCE = re.compile(r"\w[.!?]['\"’”»)\]]*\s+\S|[。！？]")
_ENDS = frozenset(".!?…。！？؟।։။።｡")
_NO_STOPS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")  # Thai, Lao, Burmese, Khmer
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
# No sentence ends in these, in whatever language they are words.
_GOING_ON = re.compile(
    "the|and|or|but|because|your|our|their|than|into|between|whose|whereas|although|"
    "und|oder|aber|sowie|weil|dass|eine|einen|einem|einer|eines|dem|den|der|zur|zum|vom|für|sondern|"
    "et|les|des|dans|avec|mais|parce|aux|cette|notre|votre|"
    "los|las|del|pero|porque|para|una|nuestro|"
    "gli|della|delle|degli|nella|perché|nostro|"
    "uma|dos|das|pelo|pela|nosso|"
    "een|het|maar|omdat|voor|"
    "oraz|lub|ponieważ|który|która|"
    "и|или|но|потому|что|который|для"
)


def ending(text: str) -> int:
    """How an output ends."""
    text = text.rstrip()
    if not text or text.endswith(("```", "~~~")) or text.count("```") % 2:
        return NONE
    line = text[text.rfind("\n") + 1 :]
    cjk = bool(_CJK.search(line))
    words = line.split()
    if (len(line) < 12 if cjk else len(words) < 5) or _LIST_ITEM.match(line) or _NO_STOPS.search(line):
        return NONE
    last = _without_closers(line)
    if not last:
        return NONE
    if last[-1] in _ENDS:
        return WHOLE
    if _CODE.search(line):
        return NONE
    if (last[-1] in ",，、،" and (cjk or len(words) > 7)) or (
        len(words) > 7 and last[-1] in "-(–—" and len(last) == len(line)
    ):
        return CUT
    if len(words) > 5 and last == line and _GOING_ON.fullmatch(words[-1]):
        return CUT
    if cjk:
        return OPEN if len(line) > 40 and last[-1].isalnum() and last == line else NONE
    return OPEN if last == line and last[-1].isalnum() and _is_open(text, words) else NONE


def _is_open(text: str, words: list[str]) -> bool:
    """Whether a text that ends in these words without a full stop is prose, and no signature or title."""
    sentences = list(_SENTENCE.finditer(text))
    if not sentences and len(words) < 15:
        return False
    tail = text[sentences[-1].end() - 1 :].split() if sentences else words
    begins = next((letter for letter in text if letter.isalpha()), "")
    listed = 3 * sum(word.endswith((",", ";")) for word in tail) > len(tail)
    signed = len(tail) < 12 and any(word.endswith(",") and after[0].isupper() for word, after in pairwise(tail))
    tagged = any(word.startswith(("#", "@")) for word in tail)
    if begins.islower() or listed or signed or tagged:
        return False
    return len(tail) >= 5 and words[-1].islower()


def look(example: Example) -> Iterator[Mark]:
    """Mark what is open; the others decide whether that matters."""
    found = ending(example.output)
    if found in (OPEN, CUT):
        text = example.output.rstrip()
        start = max(text.rfind(" ", 0, len(text) - 1), text.rfind("\n", 0, len(text) - 1)) + 1
        if _CJK.search(text[start:]):
            start = len(text) - 1
        message = (
            "It stops in the middle of a sentence."
            if found == CUT
            else "It ends without a full stop, other than nearly all outputs."
        )
        yield Mark(UNFINISHED, message, "output", start, len(text), "cut" if found == CUT else "open")


def stands(whole: Whole, marks: Iterable[tuple[int, Mark]]) -> Iterator[tuple[int, Mark]]:
    """Those that end otherwise than nearly all others do; drafts may be unfinished."""
    counts = [0, 0, 0, 0]
    for look in whole.of:
        counts[look.ending] += 1
    prose = counts[WHOLE] + counts[OPEN] + counts[CUT]
    cut = counts[CUT] < _FEWEST_CUT or counts[CUT] <= _MOST_CUT * prose
    without = counts[WHOLE] >= _ENOUGH and counts[WHOLE] >= _USUAL * (counts[WHOLE] + counts[OPEN])
    for place, mark in marks:
        if not whole.listed.drafts[place] and (cut if mark.key == "cut" else without):
            yield place, mark


def _without_closers(line: str) -> str:
    """The line without quotes, brackets, emphasis, emoji and spaces at its end."""
    end = len(line)
    while end and _closes(line[end - 1]):
        end -= 1
    return line[:end]


def _closes(sign: str) -> bool:
    return sign in "\"'’”“»«)]}*_~` \t" or unicodedata.category(sign) in ("So", "Sk", "Mn", "Cf", "Pf", "Pe")
