"""Near-duplicates: examples that differ in next to nothing, found without comparing each with each.

Candidates come from a set join with prefix filter (Xiao et al., "Efficient similarity joins for near-duplicate
detection", 2008): two sets of words of which nearly all are shared must share one of their rarest. In collections of
letters after one pattern the rarest words are what sets the letters apart, so few candidates come up. Each is then
compared word by word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.dataset.example import Example
from core.dataset.review.sameness import prompt_words, words
from core.dataset.review.whole import Whole

Ints = NDArray[np.int64]

_SHARED = 0.8  # of the words, at least
_FEWEST_WORDS = 8  # fewer say too little
_BITS = 512  # of the marks by which sets are compared at first
_MOST_WORDS = 12_000_000  # of all sets together; a million examples fit into memory
_COMPARED = 500_000  # pairs at a time
_WINDOW = 32  # others with the same rare word that an example is compared with
_MOST_PAIRS = 200_000  # compared word by word; those most alike first
_AT_ONCE = 2000  # pairs
_IN_MEMORY = 20_000  # examples

_SMALL = 4  # letters of a word that may be there or not
_TYPING = 6  # letters of a word in which a typing error can be told from another word
_DIFFERENCE = 0.05  # of a text's words, small words and typing errors counted half, other words twice
_SHORT = 6  # words that a text must have to differ at all
_LONGEST = 5000  # words of a text whose differing words are looked at one by one
_NEGATION = re.compile(
    "not?|nor|never|none|without|nicht|keine?[nmrs]?|nie|ohne|pas|ne|non|jamais|sans|nunca|sin|não|nem|sem|senza|mai|"
    "niet|geen|nooit|zonder|bez|не|нет|без|ні|inte|utan|ikke|ej"
)
_ALONE = 0.5  # of a short text, if the other text is the same


class Parts(NamedTuple):
    """The words of an example as they are compared."""

    prompt: list[str]
    output: list[str]


def parts(example: Example) -> Parts:
    """The words of an example."""
    return Parts(prompt_words(example), words(example.output))


def is_near(one: Parts, other: Parts) -> bool:
    """Whether two examples differ in next to nothing, in what is asked and in what is answered."""
    prompt = _difference(one.prompt, other.prompt)
    if prompt > _DIFFERENCE * max(len(one.prompt), len(other.prompt)) and prompt > _ALONE:
        return False
    output = _difference(one.output, other.output)
    return _is_small(prompt, one.prompt, other.prompt, alone=output == 0 and len(one.output) >= _SHORT) and _is_small(
        output, one.output, other.output, alone=prompt == 0
    )


def pairs(whole: Whole, places: Ints) -> list[tuple[int, int]]:
    """The pairs among ``places`` that are near-duplicates; they are no exact ones.

    What was compared in an earlier review is not compared again.
    """
    found = _candidates([whole.of[place].same.words for place in places.tolist()])
    asked = places[found]
    contents = whole.listed.contents[asked]
    verdicts = whole.memory.pairs(contents)
    unknown = np.flatnonzero(verdicts < 0)
    texts: dict[int, Parts] = {}
    for start in range(0, len(unknown), _AT_ONCE):
        part = unknown[start : start + _AT_ONCE]
        ids = whole.listed.ids[asked[part]]
        if len(texts) > _IN_MEMORY:
            texts.clear()
        missing = [id for id in np.unique(ids).tolist() if id not in texts]
        texts.update((example.id, parts(example)) for example in whole.memory.rows(missing))
        for at, (one, other) in zip(part.tolist(), ids.tolist(), strict=True):
            verdicts[at] = one in texts and other in texts and is_near(texts[one], texts[other])
    whole.memory.keep_pairs(contents, verdicts)
    return [(one, other) for one, other in asked[verdicts == 1].tolist()]


def _candidates(sets: Sequence[bytes]) -> Ints:
    """Pairs of sets that may share enough words, a row each, as places in ``sets``; most alike first."""
    kept = 4 * max(_FEWEST_WORDS, _MOST_WORDS // max(1, len(sets)))  # the smallest hashes are a fair sample of each
    sets = [words[:kept] for words in sets]
    sizes = np.array([len(words) // 4 for words in sets], dtype=np.int64)
    tokens = np.frombuffer(b"".join(sets), dtype="<u4")
    owners = np.repeat(np.arange(len(sets), dtype=np.int32), sizes)
    marks = np.zeros((len(sets), _BITS // 64), dtype=np.uint64)
    bits = tokens % _BITS
    np.bitwise_or.at(marks, (owners, bits >> 6), np.uint64(1) << (bits & 63).astype(np.uint64))
    token, owner = _rarest(sizes, tokens, owners)
    found: list[Ints] = [np.empty((0, 3), dtype=np.int64)]
    for step in range(1, _WINDOW + 1):
        same = np.flatnonzero(token[step:] == token[:-step])
        if not len(same):
            break
        for start in range(0, len(same), _COMPARED):
            part = same[start : start + _COMPARED]
            found.append(_alike(owner[part], owner[part + step], sizes, marks))
    pairs = np.concatenate(found)
    _, first = np.unique(pairs[:, 0] * len(sets) + pairs[:, 1], return_index=True)
    pairs = pairs[first]
    return pairs[np.argsort(pairs[:, 2], kind="stable")[:_MOST_PAIRS], :2]


def _alike(one: Ints, other: Ints, sizes: Ints, marks: NDArray[np.uint64]) -> Ints:
    """Those of the pairs whose marks differ little enough, a row each, and by how much they differ."""
    low, high = np.minimum(sizes[one], sizes[other]), np.maximum(sizes[one], sizes[other])
    similar = low >= _SHARED * high
    one, other, both = one[similar], other[similar], (low + high)[similar]
    # Bits that differ are words that only one has; two words may share a bit, so there may be more of them.
    distance = np.bitwise_count(marks[one] ^ marks[other]).sum(axis=1, dtype=np.int64)
    alike = distance <= (1 - _SHARED) / (1 + _SHARED) * both
    one, other = one[alike], other[alike]
    return np.column_stack([np.minimum(one, other), np.maximum(one, other), distance[alike]]).astype(np.int64)


def _rarest(sizes: Ints, tokens: NDArray[np.uint32], owners: NDArray[np.int32]) -> tuple[Ints, Ints]:
    """So many of the rarest words of each set that two of nearly the same words share one, with their sets.

    Ordered by word, and of each word the sets that may be most alike beside each other.
    """
    _, inverse, counts = np.unique(tokens, return_inverse=True, return_counts=True)
    numbers, frequency = inverse.astype(np.int32), counts.astype(np.int32)[inverse]
    order = np.lexsort((numbers, frequency, owners))
    starts = np.cumsum(sizes) - sizes
    rank = np.arange(len(tokens)) - starts[owners]  # owners come in order, so does each one's share of ``order``
    prefix = sizes - np.ceil(_SHARED * sizes).astype(np.int64) + 1
    chosen = order[(rank < prefix[owners]) & (sizes[owners] >= _FEWEST_WORDS) & (frequency[order] > 1)]
    token, owner = numbers[chosen].astype(np.int64), owners[chosen].astype(np.int64)
    firsts = np.append(tokens, 0)[starts]  # near-duplicates mostly have the same smallest hash
    by_token = np.lexsort((owner, sizes[owner], firsts[owner], token))
    return token[by_token], owner[by_token]


def _difference(one: list[str], other: list[str]) -> float:
    """How many words differ, weighted by how much they may change what is said; infinite for a number."""
    from rapidfuzz.distance import Levenshtein

    if one == other:
        return 0.0
    most = int(2 * _DIFFERENCE * max(len(one), len(other))) + 1
    distance = Levenshtein.distance(one, other, score_cutoff=most)
    if distance > most:
        return float("inf")
    if max(len(one), len(other)) > _LONGEST:
        return 2.0 * distance
    weight = 0.0
    for step in Levenshtein.opcodes(one, other):
        here, there = one[step.src_start : step.src_end], other[step.dest_start : step.dest_end]
        if step.tag == "replace":
            weight += sum(_replaced(word, by) for word, by in zip(here, there, strict=True))
        elif step.tag != "equal":
            weight += sum(_added(word) for word in (*here, *there))
    return weight


def _replaced(word: str, other: str) -> float:
    from rapidfuzz.distance import OSA

    if _counts(word) or _counts(other):
        return float("inf")
    shorter = min(len(word), len(other))
    if shorter >= _TYPING and OSA.distance(word, other) == 1:
        return 0.5
    return 2.0


def _added(word: str) -> float:
    if _counts(word):
        return float("inf")
    return 0.5 if len(word) <= _SMALL else 1.0


def _counts(word: str) -> bool:
    """Whether it is a number, a sign or a negation: with another one, another thing is said."""
    return not word.isalpha() or bool(_NEGATION.fullmatch(word))


def _is_small(difference: float, one: list[str], other: list[str], *, alone: bool) -> bool:
    if difference == 0:
        return True
    length = max(len(one), len(other))
    return difference <= _DIFFERENCE * length or (alone and difference <= _ALONE and length >= _SHORT)


def clusters(places: Sequence[int], near: Sequence[tuple[int, int]]) -> Iterator[tuple[int, ...]]:
    """Near-duplicates together, each with the first of them, by the order of ``places``."""
    beside: dict[int, list[int]] = {}
    for one, other in near:
        beside.setdefault(one, []).append(other)
        beside.setdefault(other, []).append(one)
    taken: set[int] = set()
    for place in places:
        if place in beside and place not in taken:
            others = [other for other in beside[place] if other not in taken]
            taken.update((place, *others))
            if others:
                yield (place, *others)
