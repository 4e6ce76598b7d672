"""A comparison on disk: what is compared is frozen, what is found is appended line by line, both are read again here.

``PROJECT/comparisons/0001/`` holds ``comparison.json`` (a :class:`Comparison`), ``rows.jsonl`` (a row a line) and what
the process tells of itself, as a run folder does. Nothing that was found is ever done again or lost.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.dataset.example import Example
from core.errors import RunError
from core.evaluation.prompting import BestPrompt
from core.files import write_atomically
from core.recipe.schema import ModelSettings
from core.runs import numbers
from core.runs.folder import RunFolder
from core.runs.heavy import COMPARISONS

BASE, PROMPT = "base", "prompt"  # keys of the systems that are no adapters
FOLDER = COMPARISONS
FORMAT = 1

Kind = Literal["base", "prompt", "adapter"]
Side = Literal["heldout", "train"]
End = Literal["end", "length"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class System(_Frozen):
    """Something that answers: the base model, the base model with the best prompt, or an adapter.

    Attributes:
        key: ``base``, ``prompt``, or the adapter's key (``0001-name``, ``0001-name@100``, ``adapters/NAME``).
        kind: which of the three.
        title: what people call it.
        folder: of an adapter; relative to the project when it lies there.
        sha256: of the adapter's weights when the comparison was made.
        prompt: of ``prompt``.
        shots: of ``prompt``: the training examples that are shown, as ``Example.frozen()``.
    """

    key: str
    kind: Kind
    title: str
    folder: str = ""
    sha256: str = ""
    prompt: BestPrompt | None = None
    shots: list[dict[str, Any]] = []

    def shown(self) -> list[Example]:
        """The shots."""
        return [Example.from_frozen(shot) for shot in self.shots]


class Case(_Frozen):
    """An example that is looked at. Its loss is measured always, an answer written only with ``answered``.

    Training examples (``side`` is ``train``) are there to find those that were learnt by heart, or not at all.
    """

    frozen: dict[str, Any]
    side: Side = "heldout"
    answered: bool = True

    @property
    def id(self) -> int:
        """The store's number, unique in a comparison."""
        return int(self.frozen["id"])

    def example(self) -> Example:
        """The example itself."""
        return Example.from_frozen(self.frozen)


class Comparison(_Frozen):
    """What is compared; never changed once written.

    Attributes:
        base: the base model as the recipe names it.
        model: how it is held in memory.
        run: the run whose examples these are; empty when they are the project's.
        systems: who answers, in the order of the columns.
        cases: the examples, held-out ones first.
        max_new_tokens: the longest answer.
        neutral: whether the neutral texts are measured (the forgetting meter).
    """

    format: int = FORMAT
    created: float = Field(default_factory=time.time)
    title: str = ""
    base: str
    model: ModelSettings
    run: str = ""
    systems: list[System]
    cases: list[Case]
    max_new_tokens: int = Field(ge=1)
    neutral: bool = True

    def system(self, key: str) -> System:
        """The system with this key.

        Raises:
            KeyError: there is none.
        """
        for system in self.systems:
            if system.key == key:
                return system
        raise KeyError(key)

    def held_out(self) -> list[Case]:
        """The held-out examples."""
        return [case for case in self.cases if case.side == "heldout"]

    def answered(self) -> list[Case]:
        """The examples that are answered."""
        return [case for case in self.cases if case.answered]

    def measured_by(self, system: System) -> list[Case]:
        """The examples whose loss is measured with a system; training examples only without the prompt."""
        return self.held_out() if system.kind == "prompt" else list(self.cases)


class Answered(_Frozen):
    """A row: what a system said to an example.

    Attributes:
        tokens: written, with the one that ended the answer.
        prompt_tokens: read before.
        seconds: from the question to the end of the answer when it was written alone; None in a batch of several.
        shots: how many training examples the prompt showed (fewer than asked for where the model's context is short).
        chrf: how near it is to the expected output (see :mod:`core.evaluation.metrics`).
        rouge_l: the same by words; None where they are not told apart by spaces.
    """

    type: Literal["answer"] = "answer"
    example: int
    system: str
    text: str
    tokens: int
    prompt_tokens: int
    end: End
    seconds: float | None = None
    shots: int = 0
    chrf: float | None = None
    rouge_l: float | None = None


class Measured(_Frozen):
    """A row: the cross entropy of an example's output, in nats, summed over its ``targets`` tokens.

    The output with its end token counts, earlier turns of a conversation do not. None: it was no finite number.
    """

    type: Literal["loss"] = "loss"
    example: int
    system: str
    loss: float | None
    targets: int

    @property
    def mean(self) -> float | None:
        """The loss a token."""
        return None if self.loss is None or not self.targets else self.loss / self.targets


class Neutral(_Frozen):
    """A row: the cross entropy of a neutral text, in nats, summed."""

    type: Literal["neutral"] = "neutral"
    system: str
    text: str
    loss: float | None
    targets: int


class LeftOut(_Frozen):
    """A row: what could not be done for an example, and why (too long for the model, or too much for the memory)."""

    type: Literal["left_out"] = "left_out"
    example: int
    system: str
    what: Literal["answer", "loss"]
    reason: str


Row = Annotated[Answered | Measured | Neutral | LeftOut, Field(discriminator="type")]


@dataclass(frozen=True, slots=True)
class ComparisonFolder:
    """Paths and files of one comparison."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's name, for example ``0001``."""
        return self.path.name

    @property
    def project(self) -> Path:
        """The project's folder."""
        return self.path.parent.parent

    @property
    def file(self) -> Path:
        """What is compared."""
        return self.path / "comparison.json"

    @property
    def rows_file(self) -> Path:
        """What was found."""
        return self.path / "rows.jsonl"

    @property
    def votes_file(self) -> Path:
        """What the user voted for, blind."""
        return self.path / "votes.jsonl"

    @property
    def job(self) -> RunFolder:
        """The same folder as that of a process: its events, its log, whether it lives."""
        return RunFolder(self.path)

    def read(self) -> Comparison:
        """What is compared.

        Raises:
            RunError: it cannot be read, is damaged, or of a newer version.
        """
        try:
            comparison = Comparison.model_validate_json(self.file.read_bytes())
        except OSError as error:
            raise RunError(
                "The comparison cannot be read.", reason=f"{error.strerror or error}.", details=str(self.file)
            ) from error
        except ValidationError as error:
            raise RunError(
                "The comparison is damaged.",
                reason=f"{self.file.name} is not as it was written.",
                hint="Compare again; delete this one.",
                details=f"{self.file}: {error}",
            ) from error
        if comparison.format > FORMAT:
            raise RunError(
                "This comparison was made by a newer version of Tunesmith.", hint="Update Tunesmith to read it."
            )
        return comparison

    def adapter(self, system: System) -> Path | None:
        """The folder of a system's adapter; None for those without."""
        return self.project / system.folder if system.kind == "adapter" else None


def create(project: Path, comparison: Comparison) -> ComparisonFolder:
    """Freeze a comparison into a new numbered folder of a project.

    Raises:
        ValueError: it compares nothing, or two systems or examples cannot be told apart.
        RunError: the folder cannot be written.
    """
    _check(comparison.systems, comparison.cases)
    parent = project / FOLDER
    try:
        parent.mkdir(exist_ok=True)
        with numbers.giving(parent):
            folder = ComparisonFolder(parent / f"{numbers.highest(parent) + 1:04d}")
            folder.path.mkdir()
            numbers.remember(parent)
        write_atomically(folder.file, comparison.model_dump_json(indent=1).encode())
    except OSError as error:
        raise RunError(
            "The comparison could not be prepared.",
            reason=f"Its folder cannot be written: {error.strerror or error}.",
            hint="Free some space or check the permissions of the project's folder.",
            details=str(error),
        ) from error
    return folder


def comparisons(project: Path) -> list[ComparisonFolder]:
    """All comparisons of a project, newest first."""
    parent = project / FOLDER
    found = parent.iterdir() if parent.is_dir() else ()
    folders = [ComparisonFolder(path) for path in found if re.fullmatch(r"\d+", path.name)]
    whole = (folder for folder in folders if folder.file.is_file())
    return sorted(whole, key=lambda folder: int(folder.name), reverse=True)


def relative_to(project: Path, folder: Path) -> str:
    """How an adapter's folder is written down: from the project on when it lies there, so that it may be moved."""
    whole, inside = folder.resolve(), project.resolve()
    return whole.relative_to(inside).as_posix() if whole.is_relative_to(inside) else str(whole)


def dump_row(row: Row) -> bytes:
    """A line of ``rows.jsonl``."""
    return json.dumps(row.model_dump(), ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _check(systems: Sequence[System], cases: Iterable[Case]) -> None:
    keys = [system.key for system in systems]
    ids = [case.id for case in cases]
    if not keys or not ids:
        raise ValueError("a comparison needs systems and examples")
    if len(set(keys)) < len(keys) or len(set(ids)) < len(ids):
        raise ValueError("systems and examples of a comparison must differ")
