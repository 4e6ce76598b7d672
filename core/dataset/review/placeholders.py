"""Text that was to be filled in and was not: "[your name]", "TODO:", "Lorem ipsum", a spreadsheet's error."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from core.dataset.example import Example
from core.dataset.review.marks import Mark, has_any
from core.dataset.review.rules import PLACEHOLDER
from core.dataset.review.whole import Whole

_WORDS = (
    "name|first name|last name|full name|date|time|company|company name|address|city|country|phone|phone number|email|"
    "email address|title|job title|position|topic|product|product name|number|link|url|website|signature|amount|price|"
    "subject|recipient|sender|customer|customer name|client|department|location|event|organization|school|"
    # German, French, Spanish, Italian, Portuguese, Dutch
    "vorname|nachname|datum|firma|adresse|anschrift|ort|telefonnummer|betrag|thema|unterschrift|"
    "nom|prénom|entreprise|société|ville|téléphone|montant|sujet|"
    "nombre|apellido|fecha|empresa|dirección|ciudad|teléfono|importe|"
    "nome|cognome|data|azienda|indirizzo|città|telefono|sobrenome|endereço|cidade|telefone|naam|bedrijf|adres"
)
_YOUR = (
    "your|insert|enter|add|fill in|ihr|ihre|ihren|dein|deine|hier|votre|vos|insérer|su|tu|insertar|il tuo|seu|sua|uw"
)
# In program text, brackets hold names of other things.
_BRACKET = re.compile(
    rf"(?<![\w)\]$])(?:\[{{1,2}} ?(?:(?i:(?:{_YOUR}) [\w ’'/-]{{2,40}}|{_WORDS})|[A-Z]{{2,}}(?:_[A-Z]+)+) ?\]{{1,2}}"
    r"(?!\()"
    rf"|<(?:(?i:(?:{_YOUR})[ _-][\w ’'/-]{{2,40}})|[A-Z]{{2,}}(?:_[A-Z]+)+)>)"
)
_MUSTACHE = re.compile(r"\{\{ ?[a-zA-Z_][\w.]{1,40} ?\}\}")
_PROGRAM = re.compile(
    r"[;{}]\s*$|</|=>|^\s*(?:def|function|import|class|return|SELECT|#include|<\?)\b|\w\(\w*\)|\w = ", re.M
)
_STANDING = re.compile(
    r"\blorem ipsum\b|\b(?:TODO|FIXME|TBD|TBA)(?: ?:|(?=\]|\)|$))|\[(?:TODO|TBD|TBA|XX+)\]|(?<!_)_{4,20}(?!_)|"
    r"\b(?i:insert|put|your) (?i:\w+ ){0,3}(?i:text|name|answer|content) here\b",
    re.MULTILINE,
)
_CROSSES = re.compile(r"\bXXXX+\b")
_LOREM = re.compile(r"\blorem ipsum\b", re.IGNORECASE)
_BROKEN = re.compile(r"#(?:REF|VALUE|NAME|DIV/0|NUM|NULL|N/A)[!?]?|nan|undefined|\[object Object\]", re.IGNORECASE)
_EMPTY = re.compile(
    r"[.…\-–—_?!*/]+|[xX]{2,}|asdf\w*|qwertz?\w*|test|foo|bar|foobar|blah(?: blah)*|tbd|tba|todo", re.IGNORECASE
)
_CODE = re.compile(r"```.*?(?:```|\Z)|`+[^`\n]+`+", re.DOTALL)
_HINTS = ("[", "{", "<", "____", "XXXX", "TODO", "FIXME", "TBD", "TBA", "orem ipsum", "LOREM", " here", "HERE")
_MANY = 0.05  # of the examples: then they are there by design
_FEW = 0.02  # of the examples: what is said more often is a label


def look(example: Example) -> Iterator[Mark]:
    """Mark the first placeholder of the output; what the prompt has as well was copied from there on purpose."""
    text = example.output
    bare = text.strip()
    if not bare:
        return
    prompt = f"{example.system}\n{example.instruction}\n{example.input}"
    if len(bare) <= 40 and (_BROKEN.fullmatch(bare) or _EMPTY.fullmatch(bare)):
        if bare.casefold() not in prompt.casefold():
            yield Mark(PLACEHOLDER, f"The whole output is “{bare}”.", "output", key="whole")
        return
    if has_any(text, _HINTS) and (found := _first(text, prompt)):
        message, start, end, kind = found
        yield Mark(PLACEHOLDER, message, "output", start, end, kind)
    elif _LOREM.search(example.instruction) and "lorem" not in bare.casefold():
        found_in = _LOREM.search(example.instruction)
        assert found_in is not None
        yield Mark(PLACEHOLDER, "The instruction is filler text.", "instruction", *found_in.span())


def stands(whole: Whole, marks: Iterable[tuple[int, Mark]]) -> Iterator[tuple[int, Mark]]:
    """Those that are there by mistake: kinds that many examples have are meant."""
    marks = list(marks)
    counts = Counter(mark.key for _, mark in marks)
    outputs = Counter(mark.message for _, mark in marks if mark.key == "whole")
    for place, mark in marks:
        if mark.key == "whole":
            fine = outputs[mark.message] > max(2, _FEW * len(whole))
        else:
            fine = bool(mark.key) and counts[mark.key] > max(3, _MANY * len(whole))
        if not fine:
            yield place, mark


def _first(text: str, prompt: str) -> tuple[str, int, int, str] | None:
    covered = _CODE.sub(lambda found: " " * len(found[0]), text) if "`" in text else text
    kinds = ((_STANDING, ""), (_LOREM, ""), (_CROSSES, ""), (_BRACKET, "bracket"), (_MUSTACHE, "mustache"))
    for pattern, kind in kinds[:2] if _PROGRAM.search(text) else kinds:
        for found in pattern.finditer(covered):
            if found[0].casefold() not in prompt.casefold() and not _is_form(found[0], prompt):
                return f"“{found[0]}” was to be filled in.", *found.span(), kind
    return None


def _is_form(found: str, prompt: str) -> bool:
    """Whether a gap is what was asked for: blanks of a quiz, a template of a letter."""
    asked = prompt.casefold()
    return any(
        word in asked for word in ("template", "placeholder", "blank", "vorlage", "platzhalter", "lücke", "modèle")
    )
