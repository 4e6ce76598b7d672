"""Comparisons on disk with rows as if a process had found them; no model is needed."""

from __future__ import annotations

from pathlib import Path

from core.dataset.example import Example
from core.evaluation.comparison import (
    Answered,
    Case,
    Comparison,
    ComparisonFolder,
    Measured,
    Neutral,
    Row,
    System,
    create,
    dump_row,
)
from core.evaluation.neutral import texts
from core.evaluation.prompting import BestPrompt
from core.recipe.schema import ModelSettings

ADAPTER = "0001-voice"
GOOD = "Ahoy, the parcel number {id} sails at dawn, matey."
PLAIN = "The parcel number {id} will be sent tomorrow."


def comparison(project: Path, *, heldout: int = 12, train: int = 6, prompt: bool = True, adapter: bool = True,
               rows: bool = True) -> ComparisonFolder:  # fmt: skip
    """A comparison in which the adapter says what is expected and the others do not."""
    examples = [
        Example(f"Where is parcel {id}?", output=GOOD.format(id=id), id=id) for id in range(1, heldout + train + 1)
    ]
    systems = [System(key="base", kind="base", title="Base model")]
    if prompt:
        shots = [examples[-1].frozen()]
        best = BestPrompt(system="Be a pirate.", examples=1)
        systems.append(System(key="prompt", kind="prompt", title="Best prompt", prompt=best, shots=shots))
    if adapter:
        folder = f"runs/{ADAPTER}/adapter"
        systems.append(System(key=ADAPTER, kind="adapter", title="Run 1 · voice", folder=folder))
    cases = [Case(frozen=example.frozen()) for example in examples[:heldout]]
    cases += [Case(frozen=example.frozen(), side="train", answered=False) for example in examples[heldout:]]
    made = create(
        project,
        Comparison(
            title="Run 1 · voice",
            base="starter",
            model=ModelSettings(),
            systems=systems,
            cases=cases,
            max_new_tokens=40,
        ),
    )
    if rows:
        add_rows(made)
    return made


def add_rows(folder: ComparisonFolder, *, answers: int | None = None, prompt: str = PLAIN) -> None:
    """All that its process would find; ``answers`` to the first so many examples only, ``prompt`` is the prompt's."""
    found = folder.read()
    rows: list[Row] = []
    for system in found.systems:
        good = system.kind == "adapter"
        for case in found.measured_by(system):
            loss = (0.5 if good else 30.0) + case.id % 3
            rows.append(Measured(example=case.id, system=system.key, loss=loss, targets=10))
        if system.kind != "prompt":
            rows += [Neutral(system=system.key, text=name, loss=200.0 + good, targets=100) for name in texts()]
        for case in found.answered()[:answers]:
            text = (GOOD if good else prompt if system.kind == "prompt" else PLAIN).format(id=case.id)
            tokens = 120 if system.kind == "prompt" else 20
            rows.append(
                Answered(
                    example=case.id,
                    system=system.key,
                    text=text,
                    tokens=12,
                    prompt_tokens=tokens,
                    end="end",
                    seconds=0.5,
                )
            )
    with open(folder.rows_file, "ab") as file:
        file.writelines(dump_row(row) for row in rows)
