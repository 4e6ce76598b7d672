"""The hand-written vocabulary (``data/words.toml``), and words that nobody has written before."""

from __future__ import annotations

import random
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"

_ONSETS = """
b bl br c ch cl cr d dr f fl fr g gl gr h j k l m n
p pl pr qu r s sc sh sk sl sm sn sp st str sw t th tr tw v w wh y z
"""
_VOWELS = "a a a e e e e i i i o o o u u ai ea ee oa oo ou y"
_CODAS = "b ck d f g l ll m n n nd ng nk nt p r r rd rk rn s sh ss st t th v w x"
_ENDINGS = """
a age al an ant ard ary ate el en er er et ey ia ic ie ing
ion ish ist ity ive le ment o ock on or ory ow ture um us y
"""


@dataclass(frozen=True)
class Vocabulary:
    """The lists of words.toml, split; pairs and facts are tuples."""

    nouns: tuple[str, ...]
    adjectives: tuple[str, ...]
    materials: tuple[str, ...]
    colours: tuple[str, ...]
    rooms: tuple[str, ...]
    towns: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    titles: tuple[str, ...]
    jobs: tuple[str, ...]
    family: tuple[str, ...]
    days: tuple[str, ...]
    months: tuple[str, ...]
    events: tuple[str, ...]
    foods: tuple[str, ...]
    pets: tuple[str, ...]
    adverbs: tuple[str, ...]
    verbs: dict[str, tuple[tuple[str, str], ...]]  # kind -> (base form, past)
    categories: dict[str, tuple[str, ...]]
    opposites: tuple[tuple[str, str], ...]
    capitals: tuple[tuple[str, str], ...]
    definitions: tuple[tuple[str, str], ...]
    tails: tuple[str, ...]
    reasons: tuple[str, ...]
    fillers: tuple[str, ...]


def load(name: str) -> dict[str, Any]:
    """The content of ``data/NAME.toml``."""
    return tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def vocabulary() -> Vocabulary:
    """All words, read once."""
    table = load("words")
    people, world, facts, clauses = table["people"], table["world"], table["facts"], table["clauses"]
    groups = [table["nouns"][group].split() for group in table["nouns"]]
    return Vocabulary(
        nouns=tuple(dict.fromkeys(noun for group in groups for noun in group)),
        adjectives=tuple(dict.fromkeys(table["adjectives"]["plain"].split())),
        materials=tuple(table["materials"]["all"].split()),
        colours=tuple(table["colours"]["all"].split()),
        rooms=tuple(table["places"]["rooms"].split()),
        towns=tuple(table["places"]["towns"].split()),
        first_names=tuple(people["first"].split()),
        last_names=tuple(people["last"].split()),
        titles=tuple(people["titles"].split()),
        jobs=tuple(people["jobs"].split()),
        family=tuple(people["family"].split()),
        days=tuple(world["days"].split()),
        months=tuple(world["months"].split()),
        events=tuple(world["events"].split()),
        foods=tuple(world["foods"].split()),
        pets=tuple(world["pets"].split()),
        adverbs=tuple(world["adverbs"].split()),
        verbs={kind: _pairs(text) for kind, text in table["verbs"].items()},
        categories={name: tuple(words.split()) for name, words in _parted(facts["categories"])},
        opposites=_pairs(facts["opposites"]),
        capitals=_pairs(facts["capitals"]),
        definitions=tuple(_parted(facts["definitions"])),
        tails=_phrases(clauses["tails"]),
        reasons=_phrases(clauses["reasons"]),
        fillers=_phrases(clauses["fillers"]),
    )


def invented(rng: random.Random) -> str:
    """A word that looks English and is not: new syllables, or the head of one known word and the tail of another."""
    if rng.random() < 0.5:
        nouns = vocabulary().nouns
        head, tail = rng.choice(nouns), rng.choice(nouns)
        return head[: rng.randint(2, 4)] + tail[-rng.randint(2, 4) :]
    word = "".join(_syllable(rng) for _ in range(rng.randint(1, 2)))
    return word + (rng.choice(_ENDINGS.split()) if rng.random() < 0.5 else "")


def _syllable(rng: random.Random) -> str:
    coda = rng.choice(_CODAS.split()) if rng.random() < 0.6 else ""
    return rng.choice(_ONSETS.split()) + rng.choice(_VOWELS.split()) + coda


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (entry.split() for entry in text.replace("\n", " ").split(",") if entry.strip())
    return tuple((first, second) for first, second in pairs)


def _parted(text: str) -> list[tuple[str, str]]:
    entries = (entry.partition(":") for entry in text.replace("\n", " ").split(";") if entry.strip())
    return [(name.strip(), rest.strip()) for name, _, rest in entries]


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.replace("\n", "").split("|") if part)
