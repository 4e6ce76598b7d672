"""Outputs in another language than nearly all others, where that can be told for sure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

from core.dataset.example import Example
from core.dataset.review.findings import Finding
from core.dataset.review.marks import has_any
from core.dataset.review.rules import BY_ID, LANGUAGE
from core.dataset.review.whole import Whole

NAMES = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese",
    "nl": "Dutch", "pl": "Polish", "ru": "Russian", "uk": "Ukrainian", "cs": "Czech", "sv": "Swedish", "da": "Danish",
    "no": "Norwegian", "fi": "Finnish", "hu": "Hungarian", "ro": "Romanian", "el": "Greek", "tr": "Turkish",
    "ar": "Arabic", "he": "Hebrew", "fa": "Persian", "hi": "Hindi", "bn": "Bengali", "ta": "Tamil", "th": "Thai",
    "vi": "Vietnamese", "id": "Indonesian", "zh": "Chinese", "ja": "Japanese", "ko": "Korean", "bg": "Bulgarian",
    "sk": "Slovak", "hr": "Croatian", "sr": "Serbian", "sl": "Slovenian", "ca": "Catalan", "lt": "Lithuanian",
    "lv": "Latvian", "et": "Estonian",
}  # fmt: skip
"""The languages that are told apart, by their ISO 639 codes."""

_ALIKE = (
    {"no", "nb", "nn", "da", "sv"},
    {"hr", "sr", "bs", "sl"},
    {"cs", "sk"},
    {"es", "ca", "gl", "pt"},
    {"ru", "uk", "bg"},
)
# Who asks for another language gets it.
_ASKED = (
    *("translat", "übersetz", "tradui", "traduc", "traduz", "vertaal", "tłumacz", "перевед", "перевод", "翻译", "翻訳"),
    *("language", "sprache", "langue", "idioma", "lingua", "latin "),
    *(name.lower() for name in NAMES.values()),
    *("deutsch", "englisch", "französisch", "spanisch", "italienisch", "anglais", "allemand", "français", "espagnol"),
    *("inglés", "alemán", "francés", "español", "inglese", "tedesco", "francese", "italiano", "inglês", "alemão"),
    *("português", "engels", "duits", "frans", "nederlands", "polski", "русск", "английск", "中文", "日本語"),
)
_NO_PROSE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|\S*(?:://|@|\\)\S*|<[^<>\n]{1,200}>", re.DOTALL)
_NOT_LATIN = re.compile("[\u0370-\u1dff\u2c00-\uffff]")
_LETTERS = 80  # that a text needs; other scripts than Latin say more with fewer
_FEW_LETTERS = 25
_PROSE = 0.7  # of all signs but spaces are letters
_SURE = 0.98
_LONGEST = 250  # characters that are looked at
_ENOUGH = 20  # outputs whose language is known
_MAJORITY = 0.85


def language(example: Example) -> str:
    """The language of the output; empty if it cannot be told, or if the prompt asks for one."""
    text = example.output[: 2 * _LONGEST]
    if "`" in text or "<" in text or "://" in text or "@" in text or "\\" in text:
        text = _NO_PROSE.sub(" ", text)
    text = text[:_LONGEST]
    letters = sum(map(str.isalpha, text))
    if letters < (_LETTERS if text.isascii() or _is_latin(text) else _FEW_LETTERS):
        return ""
    if letters < _PROSE * len("".join(text.split())):
        return ""
    ranked = dict(_identifier().rank(text))
    found = next(iter(ranked))
    # Sure that it is this language or one that is easily taken for it.
    if sum(ranked.get(code, 0.0) for code in _alike(found)) < _SURE:
        return ""
    prompt = f"{example.system}\n{example.instruction}\n{example.input} ".lower()
    return "" if has_any(prompt, _ASKED) else str(found)


def others(whole: Whole) -> Iterator[Finding]:
    """A finding for each output whose language is not the one of nearly all others."""
    known = [(place, look.language) for place, look in enumerate(whole.of) if look.language]
    counts = Counter(code for _, code in known)
    if len(known) < _ENOUGH:
        return
    main, count = counts.most_common(1)[0]
    if count < _MAJORITY * len(known):
        return
    for place, code in known:
        if code != main and main not in _alike(code):
            message = f"{NAMES[code]}; nearly all other outputs are {NAMES[main]}."
            yield Finding(LANGUAGE, BY_ID[LANGUAGE].severity, (whole.id(place),), message, "output")


def _alike(code: str) -> set[str]:
    return {code}.union(*(languages for languages in _ALIKE if code in languages))


def _is_latin(text: str) -> bool:
    return 4 * len(_NOT_LATIN.findall(text)) < len(text)


@cache
def _identifier() -> Any:
    """The model takes a moment to load, and then 0.1 ms a text."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(set(NAMES) & set(identifier.nb_classes))
    return identifier
