"""What the Adapters page says of one adapter, read off the drawing thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app import format

if TYPE_CHECKING:
    from core.dataset.example import Example
    from core.library.entries import Adapter
    from core.library.scores import Score
    from core.recipe.schema import ModelSettings, Recipe
    from core.runs.folder import RunFolder
    from core.runs.notes import Notes
    from core.runs.record import Record


@dataclass(frozen=True, slots=True)
class AdapterDetails:
    """An adapter and all that is shown of it.

    Attributes:
        key: names it in its project.
        folder: its files.
        title: what people call it.
        name: the words that stand for it while the user gave none.
        model: the base model and how it is held; None where that cannot be read.
        base: what people call its base model.
        notes: what the user says of it.
        facts: (label, words) in the order in which they are shown.
        files: (name, bytes) of its folder.
        heldout: the examples that it was not trained on.
        run: the run that made it; None for an imported one.
    """

    key: str
    folder: Path
    title: str
    name: str
    model: ModelSettings | None
    base: str
    notes: Notes
    facts: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, int], ...]
    heldout: tuple[Example, ...]
    run: RunFolder | None = None


def load(project: Path, key: str) -> AdapterDetails:
    """Read an adapter (long runs: seconds); ``project`` is the project's folder.

    Raises:
        RunError: it is gone.
    """
    from core.library import imported
    from core.runs.folder import RunFolder

    if imported.is_key(key):
        return _imported(project, imported.folder_of(project) / imported.name_of(key))
    return _of_run(project, RunFolder(project / "runs" / key))


def _of_run(project: Path, run: RunFolder) -> AdapterDetails:
    from core.base_models import catalogue
    from core.errors import RecipeError, RunError
    from core.library import entries
    from core.runs import notes
    from core.runs.notes import Notes
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
    adapter = entries.of_run(run)
    said = notes.read(run)
    more = _lineage_facts(project, adapter) if adapter is not None else []
    return AdapterDetails(
        key=entries.key_of(run),
        folder=run.adapter,
        title=notes.title(run, said),
        name=notes.name(run, Notes()),
        model=recipe.model if recipe is not None else None,
        base=base,
        notes=said,
        facts=(*facts(record, recipe, base), *more),
        files=tuple(sorted(_files(run.adapter))),
        heldout=tuple(heldout),
        run=run,
    )


def _imported(project: Path, folder: Path) -> AdapterDetails:
    from core.base_models import catalogue
    from core.errors import RunError
    from core.library import entries, imported
    from core.recipe import words
    from core.recipe.reference import setting_named
    from core.runs import notes

    adapter, origin = entries.of_import(folder), imported.origin(folder)
    if adapter is None or origin is None:
        raise RunError("This adapter is not there any more.", details=str(folder))
    base = catalogue.display_name(adapter.base)
    held = words.value(setting_named("model.quantization"), adapter.model.quantization)
    return AdapterDetails(
        key=adapter.key,
        folder=folder,
        title=adapter.title,
        name=origin.title or folder.name,
        model=adapter.model,
        base=base,
        notes=notes.read_from(folder),
        facts=(("Base model", f"{base}, {held}"), *_lineage_facts(project, adapter)),
        files=tuple(sorted(_files(folder))),
        heldout=(),
    )


def _lineage_facts(project: Path, adapter: Adapter) -> list[tuple[str, str]]:
    """Where it comes from, and what comparisons found out: (label, words)."""
    from core.library import lineage
    from core.library.scores import scores

    found = lineage.of(adapter)
    facts = []
    if found.start_from:
        facts.append(("Started from", _title(project, found.start_from)))
    if found.origin is not None:
        facts.append(("Imported", f"{format.ago(found.origin.at)}, from {found.origin.source}"))
        facts.append(("Match", found.origin.match))
        facts.append(("Settings", _told_by_files(adapter)))
    score = next(scores(project, adapter.key), None)
    if score is not None:
        facts.append(("Compared", _score(score)))
    if found.data is not None:
        facts.append(("Examples", f"Fingerprint {found.data.sha256[:12]}"))
    if found.base.sha256:
        revision = f", revision {found.base.revision[:12]}" if found.base.revision else ""
        facts.append(("Base files", f"Fingerprint {found.base.sha256[:12]}{revision}"))
    return [(label, words) for label, words in facts if words]


def _title(project: Path, key: str) -> str:
    """What people call the adapter that a setting names; of a folder elsewhere its path."""
    from core.library import entries, imported
    from core.runs.folder import RunFolder

    if imported.is_key(key):
        adapter = entries.of_import(imported.folder_of(project) / imported.name_of(key))
    else:
        adapter = entries.of_run(RunFolder(project / "runs" / key)) if "/" not in key else None
    return adapter.title if adapter is not None else key


def _score(score: Score) -> str:
    """What a comparison found, beside the base model alone."""
    parts = [f"{score.brief}, {format.ago(score.at)}"]
    if score.loss is not None:
        base = f" (base model {format.loss(score.base_loss)})" if score.base_loss is not None else ""
        parts.append(f"Held-out loss {format.loss(score.loss)}{base}")
    if score.chrf is not None:
        base = f" (base model {format.fixed(score.base_chrf, 1)})" if score.base_chrf is not None else ""
        parts.append(f"chrF {format.fixed(score.chrf, 1)}{base} on {format.plural(score.answers, 'answer')}")
    if score.exact:
        parts.append(f"{format.count(score.exact)} exactly as expected")
    return "\n".join(parts)


def _told_by_files(adapter: Adapter) -> str:
    """The settings that an imported adapter's configuration tells."""
    from core.errors import UserError
    from core.export import adapter_config

    try:
        config = adapter_config.read(adapter.folder)
    except UserError as error:
        return error.title
    modules = list(dict.fromkeys(name.rpartition(".")[2] for name in config.target_modules))
    kinds = [words for words, is_on in (("DoRA", config.use_dora), ("rsLoRA", config.use_rslora)) if is_on]
    return ", ".join((f"Rank {config.rank}", f"alpha {config.alpha:g}", " ".join(modules), *kinds))


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
    ours = ("imported.json", "notes.json")  # of an imported one: what is kept of it here
    return [(path.name, path.stat().st_size) for path in folder.iterdir() if path.is_file() and path.name not in ours]
