"""Models that could be downloaded, as rows and facts: what a search found, and good starting points."""

from __future__ import annotations

from dataclasses import dataclass

from app import format, model_words
from core.base_models.hub.model import FoundModel
from core.base_models.starting_points import StartingPoint
from core.hardware.usage import MemoryUse
from core.hardware.uses import rough_need, rough_verdict

_CONSENT = "Its owner wants you to agree to its terms on its page first"
_SLOW = "; without one, training takes hours"
Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """A model on the hub: its id, its name, the line under that, what is known of it, and what speaks against it."""

    repo: str
    title: str
    note: str
    facts: Facts
    problem: str = ""


def of_found(found: FoundModel, memory: MemoryUse) -> Offer:
    """What a search found."""
    parts = [*(["asks for consent"] if found.gated else []), found.licence or "no licence stated"]
    facts = [
        ("Downloads", f"{format.count(found.downloads)} in the last 30 days"),
        ("Licence", _licence(found.licence)),
    ]
    if found.architecture:
        facts.insert(0, ("Architecture", found.architecture))
    if found.parameters:
        parts = [_many(found.parameters), _fit(found.parameters, memory), *parts]
        facts[:0] = _size(found.parameters, memory)
    facts.append(("Access", _CONSENT if found.gated else "Open to everybody"))
    if found.updated:
        facts.append(("Last change", found.updated))
    note = "Not for training here" if found.problem else ", ".join(parts)
    return Offer(found.repo, found.repo, note, tuple(facts), found.problem)


def of_point(point: StartingPoint, memory: MemoryUse) -> Offer:
    """A model of the list that ships with the app."""
    consent = ["asks for consent"] if point.asks_consent else []
    note = [_many(point.parameters), _fit(point.parameters, memory), *consent, point.licence_title]
    facts = (
        ("Good for", point.good_for),
        *_size(point.parameters, memory),
        ("Made for", f"Graphics cards with {point.memory_gb} GB and more{'' if memory.is_gpu else _SLOW}"),
        ("Licence", f"{point.licence_title}. {point.licence_about}"),
        ("Access", _CONSENT if point.asks_consent else "Open to everybody"),
        ("On the hub", point.repo),
    )
    return Offer(point.repo, point.title, ", ".join(note), facts)


def of_id(repo: str) -> Offer:
    """A model whose id was typed; nothing is known of it yet."""
    return Offer(repo, repo, "Look it up by this name", (("On the hub", repo),))


def _size(parameters: int, memory: MemoryUse) -> Facts:
    verdict = rough_verdict(parameters, memory)
    need = f"roughly {format.size(rough_need(parameters))}: {model_words.VERDICTS[verdict]}"
    return (("Parameters", model_words.parameters(parameters)), ("Training in 4-bit", need))


def _many(parameters: int) -> str:
    return f"{model_words.parameters(parameters)} parameters"


def _fit(parameters: int, memory: MemoryUse) -> str:
    return model_words.VERDICTS[rough_verdict(parameters, memory)]


def _licence(name: str) -> str:
    return name or "Not stated: ask its owner before you use it for more than trying"
