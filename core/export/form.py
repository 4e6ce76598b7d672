"""What a form of export is: who reads it, what can be chosen, what it refuses and why, how large it gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.base_models.facts import ModelFacts
from core.export import adapter_config
from core.export.adapter_config import AdapterConfig
from core.export.source import Source
from core.recipe.schema import ModelSettings


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an adapter and its base model without loading either; ``folder`` is where the base lies."""

    config: AdapterConfig
    base: ModelFacts
    model: ModelSettings
    adapter_bytes: int
    folder: Path

    @classmethod
    def read(cls, source: Source) -> Facts:
        """Read the headers.

        Raises:
            ModelError: the adapter or the base model is missing, damaged, or of a kind that is not used here.
        """
        config = adapter_config.read(source.adapter)
        size = sum(path.stat().st_size for path in source.adapter.iterdir() if path.is_file())
        folder = source.base_folder()
        return cls(config, ModelFacts.read(folder), source.model, size, folder)


@dataclass(frozen=True, slots=True)
class Value:
    """One of several possibilities; ``help`` says in a line what it means."""

    key: str
    words: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose; the first value is the default."""

    name: str
    title: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next with a finished export; ``command`` can be copied and may be empty."""

    words: str
    command: str = ""


def _no_choice(_facts: Facts) -> tuple[Choice, ...]:
    return ()


def _nothing(_facts: Facts, _chosen: Mapping[str, str]) -> int:
    return 0


def _no_remark(_facts: Facts) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of file or folder that other programs read.

    Attributes:
        id: its name on the command line.
        title: its name for people.
        readers: which programs read it.
        about: one or two sentences on what it is.
        refusal: why this adapter cannot have the form, with the forms that it can have; empty when it can.
        size: how many bytes it will have, about.
        next_steps: what to do with it.
        choices: what can be chosen for this adapter.
        remark: what is worth knowing before, in a sentence; mostly empty.
        aside: how many bytes are needed besides while it is made.
        endings: of the file, an empty one for a folder; the first is the default.
    """

    id: str
    title: str
    readers: str
    about: str
    refusal: Callable[[Facts], str]
    size: Callable[[Facts, Mapping[str, str]], int]
    next_steps: Callable[[Path, Facts], tuple[Step, ...]]
    choices: Callable[[Facts], tuple[Choice, ...]] = _no_choice
    remark: Callable[[Facts], str] = _no_remark
    aside: Callable[[Facts, Mapping[str, str]], int] = _nothing
    endings: tuple[str, ...] = ("",)

    def settle(self, facts: Facts, chosen: Mapping[str, str]) -> dict[str, str]:
        """The choices with their defaults.

        Raises:
            ValueError: something was chosen that there is not; the text says what there is.
        """
        choices = {choice.name: [value.key for value in choice.values] for choice in self.choices(facts)}
        for name, key in chosen.items():
            if name not in choices:
                raise ValueError(f"{name} is nothing that can be chosen here ({', '.join(choices) or 'nothing is'}).")
            if key not in choices[name]:
                raise ValueError(f"{name} is {key}; it can be {', '.join(choices[name])}.")
        return {name: chosen.get(name, keys[0]) for name, keys in choices.items()}
