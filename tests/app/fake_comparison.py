"""Comparisons without a model: planned in a blink, their rows written by a job that only pretends to compute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Literal

from core.child import Stopped
from core.dataset.example import Example
from core.errors import UserError
from core.evaluation.comparison import (
    Answered,
    Case,
    Comparison,
    ComparisonFolder,
    Measured,
    Row,
    System,
    create,
    dump_row,
)
from core.evaluation.job import Doing
from core.evaluation.prompting import BestPrompt
from core.recipe.schema import ModelSettings

ADAPTER = "0001-harbour"


def comparison(examples: int = 6, *, train: int = 0, adapters: Sequence[str] = (ADAPTER,)) -> Comparison:
    """The base model, the best prompt and adapters, on examples with the ids 1 to ``examples``; then training ones."""
    systems = [
        System(key="base", kind="base", title="Base model"),
        System(key="prompt", kind="prompt", title="Best prompt", prompt=BestPrompt(system="Be brief.", examples=0)),
        *(System(key=key, kind="adapter", title=key[5:].title(), folder=f"runs/{key}/adapter") for key in adapters),
    ]
    sides: list[tuple[int, Literal["heldout", "train"]]] = [(id, "heldout") for id in range(1, examples + 1)]
    sides += [(id, "train") for id in range(examples + 1, examples + train + 1)]
    return Comparison(
        title="Harbour",
        base="starter",
        model=ModelSettings(),
        run=ADAPTER,
        systems=systems,
        cases=[
            Case(
                frozen=Example(f"Question {id}", "", f"Ahoy, answer {id}", id=id).frozen(),
                side=side,
                answered=side == "heldout",
            )
            for id, side in sides
        ],
        max_new_tokens=64,
    )


def make_comparison(project: Path, examples: int = 6, **more: int) -> ComparisonFolder:
    """One of these on disk, without any rows."""
    return create(project, comparison(examples, **more))


def rows(said: Comparison, losses: dict[str, float], answers: dict[str, str]) -> list[Row]:
    """All rows: nats a token and the answer (``{id}`` is the example's) of each system."""
    found: list[Row] = []
    for system in said.systems:
        for case in said.measured_by(system):
            loss = 10 * (losses[system.key] + case.id % 3 / 10)
            found.append(Measured(example=case.id, system=system.key, loss=loss, targets=10))
    for case in said.answered():
        for system in said.systems:
            found.append(
                Answered(
                    example=case.id,
                    system=system.key,
                    text=answers[system.key].format(id=case.id),
                    tokens=8,
                    prompt_tokens=90 if system.kind == "prompt" else 12,
                    end="end",
                    seconds=1.5,
                )
            )
    return found


def write(folder: ComparisonFolder, found: Sequence[Row]) -> None:
    """Append rows, as the process does."""
    with open(folder.rows_file, "ab") as file:
        file.writelines(map(dump_row, found))


class FakeComparisonJob:
    """Writes and tells some rows at a time; with ``waits`` it then stays until it is stopped."""

    def __init__(
        self,
        folder: ComparisonFolder,
        *batches: Sequence[Row],
        waits: bool = False,
        fails: UserError | None = None,
    ) -> None:
        self.folder = folder
        self._batches = batches
        self._waits, self._fails = waits, fails
        self._stop = Event()
        self.left = False

    def messages(self) -> Iterator[Doing]:
        """See :class:`core.evaluation.job.ComparisonJob`."""
        yield Doing("Starting the process")
        for number, batch in enumerate(self._batches):
            write(self.folder, batch)
            yield Doing("Writing the answers", number / len(self._batches), 60.0, tuple(batch))
        if self._waits:
            assert self._stop.wait(20)
            raise Stopped
        if self._fails is not None:
            raise self._fails
        yield Doing("Done", 1.0, 0.0)

    def stop(self) -> None:
        """End it."""
        self._stop.set()

    def leave(self) -> None:
        """The project is closed."""
        self.left = True
        self.stop()
