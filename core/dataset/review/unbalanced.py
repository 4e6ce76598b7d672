"""Tags, brackets and code blocks that are opened and not closed, or closed and not opened."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from core.dataset.example import Example
from core.dataset.review.marks import Mark
from core.dataset.review.rules import UNBALANCED
from core.dataset.review.whole import Whole

_FENCE = re.compile(r"^ {0,3}(```+|~~~+)[^`\n]*$", re.MULTILINE)
_INLINE = re.compile(r"`[^`\n]*`")
_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]{0,30})(?:\s[^<>\n]{0,200})?(/?)>")
# These have no end in HTML, or may be left open there.
_VOID = re.compile("area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr|p|li|td|th|tr|dt|dd|s|option")
_MENTION = re.compile(r"['\"”’]? (?:html |HTML |XML )?(?:tags?|elements?|blocks?)\b")
_PAREN = re.compile(r"(?:(?<=\s)|\A)\((?=\w)")
_ENOUGH = 3  # other examples that close a tag
_USUAL = 0.8  # of the examples with a tag close it


def look(example: Example) -> Iterator[Mark]:
    """Mark the output's first place of each kind. Marks without a message say that a tag is used in pairs."""
    text = example.output
    yield from _fences(text)
    if "<" in text:
        yield from _tags(_uncoded(text), f"{example.system}\n{example.instruction}\n{example.input}")
    yield from _brackets(text)


def stands(whole: Whole, marks: Iterable[tuple[int, Mark]]) -> Iterator[tuple[int, Mark]]:
    """Those that others bear out: a tag that is only opened is a mistake where other examples close it."""
    marks = list(marks)
    paired = Counter(mark.key for _, mark in marks if not mark.message)
    opened = Counter(mark.key for _, mark in marks if mark.message and mark.key)
    for place, mark in marks:
        if not mark.message or whole.listed.drafts[place]:
            continue
        pairs = paired[mark.key]
        if not mark.key or (pairs >= _ENOUGH and pairs >= _USUAL * (pairs + opened[mark.key])):
            yield place, mark


def _fences(text: str) -> Iterator[Mark]:
    if "```" not in text and "~~~" not in text:
        return
    found = list(_FENCE.finditer(text))
    if len(found) % 2:
        yield Mark(UNBALANCED, "A code block is opened and not closed.", "output", *found[-1].span())


def _tags(text: str, prompt: str) -> Iterator[Mark]:
    waiting: dict[str, list[tuple[int, int]]] = {}
    closed: set[str] = set()
    for found in _TAG.finditer(text):
        closing, name, empty = found.groups()
        name = name.lower()
        if empty or _VOID.fullmatch(name) or _is_mention(text, found):
            continue
        if not closing:
            waiting.setdefault(name, []).append(found.span())
        elif waiting.get(name):
            waiting[name].pop()
            closed.add(name)
        else:
            if found[0] in prompt:
                continue
            yield Mark(UNBALANCED, f"“{found[0]}” closes what was never opened.", "output", *found.span())
            return
    for name, places in waiting.items():
        if places and f"<{name}>" not in prompt.lower():
            key = "" if name in closed else name
            yield Mark(UNBALANCED, f"“<{name}>” is opened and not closed.", "output", *places[-1], key)
            return
    for name in sorted(closed):
        yield Mark(UNBALANCED, "", "output", key=name)


def _is_mention(text: str, tag: re.Match[str]) -> bool:
    """Whether the text speaks of a tag rather than using it."""
    return bool(_MENTION.match(text, tag.end()) or text[tag.start() - 1 : tag.start()] in ("'", '"', "“", "‘"))


def _brackets(text: str) -> Iterator[Mark]:
    bare = text.strip()
    if bare[:1] in ("{", "["):
        yield from _json(text, bare)
        return
    covered = _uncoded(text) if "`" in text else text
    at = -1
    for found in _PAREN.finditer(covered):
        at = found.start()
    # Closed by a square bracket it is an interval; a formula may have its own ways.
    if at >= 0 and not re.search(r"[)\]）]", covered[at:]) and not re.search(r"[$\\]", covered):
        yield Mark(UNBALANCED, "A bracket is opened and not closed.", "output", at, at + 1)


def _json(text: str, bare: str) -> Iterator[Mark]:
    """JSON that lacks its end."""
    if not re.match(r'[{\[]\s*(?:["{\[]|-?\d|true|false|null)', bare):
        return
    try:
        json.loads(bare)
    except RecursionError:
        return
    except ValueError:
        strings = re.sub(r'"(?:[^"\\]|\\.)*"', '""', bare)
        opened, closed = (sum(map(strings.count, signs)) for signs in ("{[", "}]"))
        if opened > closed and '"' in bare:
            end = len(text.rstrip())
            message = "This data is opened with a bracket and not closed."
            yield Mark(UNBALANCED, message, "output", max(0, end - 20), end)


def _uncoded(text: str) -> str:
    """The text with code blanked out, in the same places."""
    fences = list(_FENCE.finditer(text))
    parts: list[str] = []
    done = 0
    for opening, closing in zip(fences[::2], fences[1::2], strict=False):
        parts += [text[done : opening.start()], " " * (closing.end() - opening.start())]
        done = closing.end()
    parts.append(text[done : fences[-1].start()] if len(fences) % 2 else text[done:])
    return _INLINE.sub(lambda found: " " * len(found[0]), "".join(parts))
