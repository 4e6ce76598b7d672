"""What is known of base models, in words."""

from __future__ import annotations

from app import format
from app.models_here import Model
from core.base_models.facts import ModelFacts
from core.hardware.fitting import Verdict
from core.hardware.usage import MemoryUse
from core.hardware.uses import TITLES, Need
from core.recipe.schema import Recipe

VERDICTS = {Verdict.FITS: "fits", Verdict.TIGHT: "tight", Verdict.TOO_LARGE: "too large"}
_KINDS = {"starter": "Part of Tunesmith", "folder": "A folder of yours", "cache": "Downloaded, in the hub cache"}


def parameters(many: int) -> str:
    """How many parameters a model has: "7.6 B", "494 M"."""
    if many >= 1e9:
        return f"{format.fixed(many / 1e9, 1)} B"
    return f"{format.fixed(many / 1e6, 0 if many >= 1e7 else 1)} M"


def verdict(found: Verdict) -> str:
    """Whether training in 4-bit fits this machine, as a part of a line."""
    words = {Verdict.FITS: "fits this machine", Verdict.TIGHT: "tight on this machine"}
    return words.get(found, "too large for this machine")


def row_note(model: Model, *, in_use: bool) -> str:
    """The second line of a model's row."""
    if model.facts is None:
        note = "Cannot be used" if model.path.is_dir() else "Not found at the moment"
    else:
        sizes = f"{parameters(model.facts.parameters)} parameters, {format.size(model.facts.size_bytes)}"
        note = f"{sizes}, {verdict(model.needs[0].verdict)}"
    return f"Used here: {note[0].lower()}{note[1:]}" if in_use else note


def facts(model: Model) -> list[tuple[str, str]]:
    """What a model is: (label, words)."""
    found = model.facts
    rows = [("From", _KINDS[model.kind])]
    if found is not None:
        rows += _measures(found)
        rows.append(("Licence", model.licence or "Not stated in its folder"))
    rows.append(("Folder", format.place(model.path)))
    return rows


def _measures(found: ModelFacts) -> list[tuple[str, str]]:
    length = f"{format.count(found.context_length)} tokens" if found.context_length else "Not stated"
    return [
        ("Architecture", found.architecture or found.model_type),
        ("Parameters", f"{format.count(found.parameters)} in {format.plural(found.layers, 'layer')}"),
        ("Context length", length),
        ("Stored as", f"{found.dtype}, {format.size(found.size_bytes)} on disk"),
    ]


def memory_title(memory: MemoryUse) -> str:
    """The heading over what each use takes."""
    return f"Memory, of {format.size(memory.total)} on {memory.device or 'this machine'}"


def need_rows(found: tuple[Need, ...]) -> list[tuple[str, str]]:
    """What each use takes and whether that fits: (label, words)."""
    return [(TITLES[need.use], f"about {format.size(need.bytes)}: {VERDICTS[need.verdict]}") for need in found]


def needs_note(found: ModelFacts) -> str:
    """For which settings :func:`need_rows` says it, and where one reads it for one's own."""
    most = Recipe().training.max_length
    length = format.count(min(most, found.context_length or most))
    return (
        f"Training with the usual settings and examples of up to {length} tokens. The page Settings tells what yours "
        "take, often less. In 4-bit the base model takes less room than in 16-bit, but each step more work."
    )


def template_note(model: Model, chosen: str) -> str:
    """Which chat template is used; ``chosen`` is the title of one that the project chose instead."""
    if chosen:
        return f"This project uses {chosen} instead of the model's own."
    if model.facts is not None and model.facts.has_chat_template:
        return "The model's own. An example as the model reads it:"
    return "The model has none, so Alpaca text is used. An example as the model reads it:"
