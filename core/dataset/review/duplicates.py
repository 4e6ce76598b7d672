"""Examples that are the same or nearly so, that ask the same, and what of it lies on both sides of the split."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from core.dataset.review import near
from core.dataset.review.findings import Finding
from core.dataset.review.marks import Same
from core.dataset.review.rules import BY_ID, CONFLICT, EXACT, LEAK, MISSING, NEAR
from core.dataset.review.whole import Whole

_QUOTED = 500  # findings whose outputs are quoted
_QUOTE = 40  # characters of each

Sets = list[tuple[int, ...]]


def findings(whole: Whole) -> Iterator[Finding]:
    """All that comes of comparing each example with all others."""
    asked = np.array([not _is_empty(whole, place) for place in range(len(whole))], dtype=np.bool_)
    exact = _sets(whole, lambda same: same.exact, asked)
    alike = list(_near(whole, exact, asked))
    prompts = _sets(whole, lambda same: same.prompt, asked)
    yield from (_finding(whole, EXACT, places, f"The same {_times(len(places))}.") for places in exact)
    yield from (_finding(whole, NEAR, places, _near_words(whole, places)) for places in alike)
    yield from _conflicts(whole, prompts, alike)
    yield from _leaks(whole, exact, alike, prompts)


def _sets(whole: Whole, key: Callable[[Same], int], asked: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Sets:
    """The places that share a key, together; the one to keep first."""
    keys = np.array([key(look.same) for look in whole.of], dtype=np.int64)
    return [tuple(places.tolist()) for places in whole.groups(keys) if asked[places].all()]


def _near(whole: Whole, exact: Sets, asked: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Iterator[tuple[int, ...]]:
    """Near-duplicates together, without exact copies; the one to keep comes first."""
    single = asked.copy()
    for _, *copies in exact:
        single[copies] = False
    order = np.lexsort((whole.listed.ids, ~whole.listed.ready))
    places = order[single[order]]
    bare = np.array([whole.of[place].same.bare for place in places.tolist()], dtype=np.int64)
    _, firsts, inverse = np.unique(bare, return_index=True, return_inverse=True)
    leaders = places[firsts[inverse]]  # of those with the same words, the one to keep
    same = [(int(lead), int(place)) for lead, place in zip(leaders, places, strict=True) if lead != place]
    others = near.pairs(whole, np.sort(places[firsts]))
    yield from near.clusters(places.tolist(), _spread(same, others))


def _spread(same: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is near a leader is near to all with the leader's words."""
    following: dict[int, list[int]] = {}
    for lead, place in same:
        following.setdefault(lead, [lead]).append(place)
    pairs = list(same)
    for one, other in others:
        pairs += [(a, b) for a in following.get(one, [one]) for b in following.get(other, [other])]
    return pairs


def _conflicts(whole: Whole, prompts: Sets, alike: Sets) -> Iterator[Finding]:
    """One finding for each prompt that is answered in really different words."""
    cluster = {place: number for number, places in enumerate(alike) for place in places}
    found: list[list[int]] = []
    for places in prompts:
        answered = [place for place in places if whole.of[place].length]
        answers = {
            ("near", cluster[place]) if place in cluster else ("words", whole.of[place].same.answer)
            for place in answered
        }
        if len(answers) > 1 and len({whole.of[place].same.answer for place in answered}) > 1:
            found.append(answered)
    outputs = _outputs(whole, [place for answered in found[:_QUOTED] for place in answered])
    for answered in found:
        said = list(dict.fromkeys(f"“{outputs[place]}”" for place in answered if place in outputs))
        quoted = " and ".join(said) if len(said) == 2 else ", ".join(said[:3]) + " and others" * (len(said) > 3)
        message = f"Asked {_times(len(answered))}, answered {quoted or 'in different words'}."
        yield _finding(whole, CONFLICT, answered, message)


def _outputs(whole: Whole, places: Sequence[int]) -> dict[int, str]:
    """The beginnings of outputs, on one line."""
    by_id = {whole.id(place): place for place in places}
    found: dict[int, str] = {}
    for example in whole.memory.rows(list(by_id)):
        line = " ".join(example.output[: 2 * _QUOTE].split())
        found[by_id[example.id]] = line if len(line) <= _QUOTE else line[:_QUOTE].rstrip() + "…"
    return found


def _leaks(whole: Whole, exact: Sets, alike: Sets, prompts: Sets) -> Iterator[Finding]:
    """One finding for each held-out example that training sees in one form or another."""
    told: set[int] = set()
    kinds = (
        (exact, "Trained on word for word in example {}."),
        (alike, "Trained on in nearly the same words in example {}."),
        (prompts, "The same is asked in training, in example {}."),
    )
    for sets, message in kinds:
        for places in sets:
            ready = [place for place in places if whole.listed.ready[place]]
            trained = [place for place in ready if not whole.listed.heldout[place]]
            for place in ready if trained else ():
                if whole.listed.heldout[place] and place not in told:
                    told.add(place)
                    words = message.format(f"{whole.id(trained[0])}")
                    yield _finding(whole, LEAK, (place, *trained), words)


def _finding(whole: Whole, rule: str, places: Iterable[int], message: str, field: str = "") -> Finding:
    return Finding(rule, BY_ID[rule].severity, tuple(whole.id(place) for place in places), message, field)


def _near_words(whole: Whole, places: Sequence[int]) -> str:
    if len({whole.of[place].same.bare for place in places}) == 1:
        return "They differ in capital letters, signs and spaces only."
    return "They differ in a word or two."


def _is_empty(whole: Whole, place: int) -> bool:
    """Whether nothing is asked: that is incomplete, and no duplicate of other incomplete ones."""
    return any(mark.rule == MISSING and mark.field == "instruction" for mark in whole.of[place].marks)


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count:,} times"
