"""A run's need of memory in words and parts, for the card beside the settings."""

from __future__ import annotations

from app import format
from app.widgets.memory_view import MemoryView, Part
from core.hardware.fitting import Fit, Verdict
from core.recipe.reference import setting_named

# Gradients and optimizer belong to the adapter: together they are what training it costs.
_PARTS = (
    ("Base model", ("base_model",)),
    ("Adapter and its training", ("adapter", "gradients", "optimizer")),
    ("Activations", ("activations", "predictions")),
    ("The program itself", ("overhead",)),
)


def show(view: MemoryView, fit: Fit) -> None:
    """Show an estimate in the view."""
    parts = [
        Part(name, format.size(size), size, colour)
        for colour, (name, keys) in enumerate(_PARTS)
        if (size := sum(fit.needs.parts[key] for key in keys))
    ]
    view.show_parts(sentence(fit), parts, fit.free_bytes, change=change(fit), remark=remark(fit))


def sentence(fit: Fit) -> str:
    """Whether it fits."""
    needs, free = format.size(fit.needs.total_bytes), format.size(fit.free_bytes)
    where = f"free on {fit.memory.device}" if fit.memory.is_gpu else "free in this machine"
    match fit.verdict:
        case Verdict.FITS:
            return f"Fits: about {needs} of the {free} {where}."
        case Verdict.TIGHT:
            return f"Tight: about {needs} of the {free} {where}. Close other programs first."
    more = "" if fit.changes else " No setting makes it fit: choose a smaller base model."
    return f"Too large: about {needs}, but {free} are {where}.{more}"


def change(fit: Fit) -> str:
    """What a click on "make it fit" changes; empty when there is nothing to change."""
    words = []
    for name, value in (fit.changes or {}).items():
        info = setting_named(name)
        plain = {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value
        said = info.choices.get(str(value)) or (format.count(plain) if isinstance(plain, int) else str(plain))
        words.append(f"{info.title.lower()} {said}")
    return f"Make it fit: {', '.join(words)}" if words else ""


def remark(fit: Fit) -> str:
    """What full fine-tuning would take instead."""
    needs = fit.needs
    times = needs.full_fine_tuning / max(1, needs.total_bytes)
    more = f", {times:.0f} times as much" if times >= 2 else ""
    return (
        f"Full fine-tuning would train all {format.count(needs.total_parameters)} parameters and take about "
        f"{format.size(needs.full_fine_tuning)}{more}."
    )
