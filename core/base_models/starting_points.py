"""Open base models that are good to start from, by the memory they need: the list that ships with the app."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache

from core import paths

_GIGABYTE = 1000**3
_WITHOUT_CARD = 2_000_000_000  # parameters; larger ones would train for days on a processor
_LICENCES = {
    "apache-2.0": ("Apache 2.0", "Free for any use, commercial too."),
    "mit": ("MIT", "Free for any use, commercial too."),
    "llama3.1": ("Llama 3.1 licence", "Free for most uses; what is made from it must say so in its name."),
    "llama3.2": ("Llama 3.2 licence", "Free for most uses; what is made from it must say so in its name."),
    "llama3.3": ("Llama 3.3 licence", "Free for most uses; what is made from it must say so in its name."),
    "gemma": ("Gemma terms", "Free for most uses; a list of uses is forbidden."),
}


@dataclass(frozen=True, slots=True)
class StartingPoint:
    """A model of the list.

    Attributes:
        repo: its id on the hub.
        title: what people call it.
        memory_gb: of the graphics card that trains it in 4-bit: 8, 12, 16, 24 or 48.
        parameters: in all.
        licence: its short name, as the hub has it.
        good_for: a sentence or two.
        asks_consent: whether its owner wants consent on the model's page first.
    """

    repo: str
    title: str
    memory_gb: int
    parameters: int
    licence: str
    good_for: str
    asks_consent: bool = False

    @property
    def licence_title(self) -> str:
        """The licence as people call it."""
        return _LICENCES[self.licence][0]

    @property
    def licence_about(self) -> str:
        """A sentence on it; the text itself is on the model's page."""
        return _LICENCES[self.licence][1]


@cache
def starting_points() -> tuple[StartingPoint, ...]:
    """All of them, the smallest memory first."""
    table = tomllib.loads((paths.resources() / "starting_points.toml").read_text(encoding="utf-8"))
    return tuple(sorted((StartingPoint(**entry) for entry in table["model"]), key=lambda point: point.memory_gb))


def without_card() -> tuple[StartingPoint, ...]:
    """Those that are small enough to be trained on a processor, in hours, the smallest first."""
    small = [point for point in starting_points() if point.parameters <= _WITHOUT_CARD]
    return tuple(sorted(small, key=lambda point: point.parameters))


def for_memory(total_bytes: int) -> tuple[StartingPoint, ...]:
    """Those that a graphics card with so much memory can train, the largest first.

    Cards have a little less than their name says: 8 GB are 7.6 GiB for programs.
    """
    gigabytes = total_bytes / _GIGABYTE * 1.02
    fitting = [point for point in starting_points() if point.memory_gb <= gigabytes]
    return tuple(sorted(fitting, key=lambda point: (-point.memory_gb, -point.parameters)))
