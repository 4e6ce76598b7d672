"""What the Adapters page says of one adapter, read off the drawing thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app import format

if TYPE_CHECKING:
    from core.dataset.example import Example
    from core.recipe.schema import Recipe
    from core.runs.folder import RunFolder
    from core.runs.record import Record


@dataclass(frozen=True, slots=True)
class AdapterDetails:
    """An adapter and all that is shown of it.

    Attributes:
        run: the run that made it.
        title: the run's number and name.
        recipe: its settings; None where they cannot be read.
        base: what people call its base model.
        facts: (label, words) in the order in which they are shown.
        files: (name, bytes) of its folder.
        heldout: the examples that it was not trained on.
    """

    run: RunFolder
    title: str
    recipe: Recipe | None
    base: str
    facts: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, int], ...]
    heldout: tuple[Example, ...]


def load(run: RunFolder) -> AdapterDetails:
    """Read a run's adapter (long runs: seconds)."""
    from core.base_models import catalogue
    from core.errors import RecipeError, RunError
    from core.runs import notes
    from core.runs.record import Record

    record = Record.load(run)
    try:
        recipe = run.recipe()
    except (RecipeError, OSError):
        recipe = None
    try:
        heldout = run.heldout_examples()
    except (RunError, OSError):
        heldout = []
    base = catalogue.display_name(recipe.model.base) if recipe is not None else ""
    return AdapterDetails(
        run=run,
        title=notes.title(run, notes.read(run)),
        recipe=recipe,
        base=base,
        facts=tuple(facts(record, recipe, base)),
        files=tuple(sorted(_files(run.adapter))),
        heldout=tuple(heldout),
    )


def facts(record: Record, recipe: Recipe | None, base: str) -> list[tuple[str, str]]:
    """What it is, in words: (label, words)."""
    found = [("Base model", _base(recipe, base))]
    if record.started is not None:
        found.append(("Learnt from", _examples(record)))
    found += [("Training loss", _loss(record)), ("Held-out loss", _heldout(record))]
    if recipe is not None:
        found.append(("Settings", _settings(recipe)))
    return [(label, words) for label, words in found if words]


def _base(recipe: Recipe | None, base: str) -> str:
    from core.recipe import words
    from core.recipe.reference import setting_named

    if recipe is None:
        return "Its settings cannot be read."
    return f"{base}, {words.value(setting_named('model.quantization'), recipe.model.quantization)}"


def _settings(recipe: Recipe) -> str:
    from core.recipe import words
    from core.recipe.reference import setting_named

    def value(name: str, content: object) -> str:
        return words.value(setting_named(name), content)

    lora, training = recipe.lora, recipe.training
    target = lora.target_modules if isinstance(lora.target_modules, str) else "list"
    modules = setting_named("lora.target_modules").choices.get(target, target)
    epochs = f"{training.epochs:g} {'epoch' if training.epochs == 1 else 'epochs'}"
    return ", ".join(
        (
            f"Rank {lora.rank}",
            f"alpha {lora.alpha}",
            modules[0].lower() + modules[1:],
            f"learning rate {value('training.learning_rate', training.learning_rate)}",
            epochs,
            f"batch size {training.batch_size}",
        )
    )


def _examples(record: Record) -> str:
    started = record.started
    assert started is not None
    parts = [format.plural(started.examples, "example")]
    parts.append(f"{format.count(started.heldout_examples)} held out" if started.heldout_examples else "none held out")
    if started.left_out:
        parts.append(f"{format.count(started.left_out)} left out as too long")
    return ", ".join(parts)


def _loss(record: Record) -> str:
    progress = record.progress
    if progress.loss is None:
        return ""
    steps = f" after {format.plural(progress.step, 'step')}" if progress.step else ""
    return f"{format.loss(progress.loss)}{steps}"


def _heldout(record: Record) -> str:
    after = record.progress.heldout_loss
    if after is None:
        return ""
    before = next((loss for step, loss in record.series.heldout if step == 0), None)
    return f"{format.loss(after)} ({format.loss(before)} before)" if before is not None else format.loss(after)


def _files(folder: Path) -> list[tuple[str, int]]:
    if not folder.is_dir():
        return []
    return [(path.name, path.stat().st_size) for path in folder.iterdir() if path.is_file()]
