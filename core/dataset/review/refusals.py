"""Answers in which an AI refuses, or speaks of itself as one, in the languages that are met most."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.dataset.example import Example
from core.dataset.review.marks import Mark, has_any
from core.dataset.review.rules import REFUSAL

_MAKER = r"(?:large )?(?:language model|assistant|chatbot|model|system|program)"
_CANNOT = r"cannot|can(?:'|’)t|can not|am unable to|am not able to|won(?:'|’)t"
_PHRASES = (
    # English. "As an AI researcher" is a person.
    rf"as an? (?:ai|artificial intelligence)(?: {_MAKER}(?: (?:developed|created|trained|made))?\b|,| i\b)",
    r"as a (?:large )?language model\b",
    r"i(?:'|’| a)m (?:just |only |merely )?an? (?:ai|artificial intelligence)\b(?![\w-]| \w*(?:er|ist)\b)",
    r"i(?:'|’| a)m (?:just |only |merely )?a (?:large )?language model\b",
    r"my (?:knowledge|training data)(?: \w+)? (?:cut-?off|only goes up to)",
    rf"i (?:{_CANNOT}) (?:assist|help|comply|fulfill?|engage) (?:you )?(?:with|in)? ?(?:that|this|your|such)(?: \w+)? "
    r"request\b",
    rf"i(?:'|’)m sorry, (?:but )?i (?:{_CANNOT}) (?:assist|help) (?:you )?with that",
    r"it goes against my (?:programming|guidelines)",
    # German
    r"als (?:eine? )?(?:ki|künstliche intelligenz)(?:-?(?:sprach)?modell|-assistent\w*)?(?:,| (?:kann|habe|bin) ich)",
    r"als (?:ein |großes )?(?:ki-?)?sprachmodell\b",
    r"ich bin (?:nur |lediglich )?(?:eine? )?(?:ki\b(?!-)|ki-(?:sprachmodell|assistent)|künstliche intelligenz)",
    # French
    r"en tant qu(?:e |'|’)(?:une? )?(?:ia\b|intelligence artificielle|modèle de lang|assistant (?:ia|virtuel))",
    r"je suis (?:seulement |juste )?une? (?:ia\b|intelligence artificielle|modèle de lang)",
    # Spanish, Portuguese, Italian
    r"como (?:uma? |una? )?(?:ia\b|inteligencia artificial|inteligência artificial|modelo de (?:lenguaje|linguagem))",
    r"soy (?:solo |sólo )?una? (?:ia\b|inteligencia artificial|modelo de lenguaje)",
    r"(?:in quanto|come) (?:un )?(?:ia\b|intelligenza artificiale|modello (?:di linguaggio|linguistico))",
    # Dutch, Polish, Turkish
    r"als (?:een )?(?:ai|kunstmatige intelligentie|taalmodel)(?:-?taalmodel|-assistent)?(?:,| (?:kan|heb|ben) ik)",
    r"jako (?:model językowy|sztuczna inteligencja)",
    r"yapay zek[aâ] (?:dil )?modeli olarak",
    # Russian, Ukrainian
    r"(?:как|як) (?:большая |великий )?(?:языковая модель|мовна модель|искусственный интеллект|штучний інтелект|ии\b)",
    # Chinese, Japanese, Korean
    r"作为(?:一个|一款|一名)?(?:ai|人工智能|大?语言模型)",
    r"(?:ai|人工知能|大規模言語モデル|言語モデル)(?:アシスタント|言語モデル)?として、",
    r"(?:ai|인공지능)(?: 언어)?(?: ?모델)?로서",
)
_ANY = re.compile("|".join(f"(?:{phrase})" for phrase in _PHRASES), re.IGNORECASE)
# A quick look first: each phrase has one of these.
_HINTS = (
    *(
        " ai",
        "ai ",
        "artificial",
        "language model",
        "my knowledge",
        "my training",
        " request",
        "with that",
        "goes against",
    ),
    *(
        "ki-",
        " ki",
        "ki,",
        "sprachmodell",
        "künstliche",
        " ia",
        "'ia",
        "’ia",
        "ia,",
        "artificielle",
        "modèle",
        "inteligenc",
    ),
    *(
        "inteligênc",
        "modelo de",
        "intelligenz",
        "modello",
        "taalmodel",
        "kunstmatige",
        "jako ",
        "yapay",
        "языков",
        "мовна",
    ),
    *(
        "искусств",
        "штучн",
        " ии",
        "ии ",
        "ai人",
        "ai言",
        "ai语",
        "人工",
        "语言模型",
        "言語モデル",
        "として",
        "인공지능",
        "로서",
    ),
)
_ABOUT_AI = re.compile(
    r"\bAI\b|\bKI\b|\bIA\b|artificial|language model|chatbot|robot|android|sentient|\bGPT|ChatGPT|sprachmodell|"
    r"künstliche|inteligenc|intelligen[cz][ae] art|ИИ|искусств|人工|语言模型|言語モデル|인공지능",
    re.IGNORECASE,
)


def look(example: Example) -> Iterator[Mark]:
    """Mark the first such phrase of the output, unless the prompt speaks of such things too."""
    text = example.output
    if not has_any(text.casefold(), _HINTS):
        return
    found = _ANY.search(text)
    if found and not _ABOUT_AI.search(f"{example.instruction}\n{example.input}"):
        yield Mark(REFUSAL, "The output refuses, or speaks as an AI.", "output", *found.span())
