"""What to say before a run: what it will do, what is worth knowing, and what stands in its way."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from app import format
from app.widgets.run_card import Remark
from core.base_models.catalogue import display_name
from core.dataset.example import Status
from core.dataset.split import FEWEST_EXAMPLES
from core.dataset.store import Query
from core.errors import UserError
from core.library import entries
from core.recipe.reference import setting_named
from core.recipe.schema import Recipe
from core.runs import plan as plans
from core.runs.plan import FEW_STEPS, Plan, left_out_words, steps_per_epoch

if TYPE_CHECKING:
    from core.project import Project
    from core.prompt.gate import Checked

EXAMPLES, TRAIN = "examples", "train"
SHARE, LENGTH = "heldout.share", "training.max_length"
MANY = 0.1  # of the ready examples; so many left out are another training than the one that was meant
REFUSED = "refused"  # leads to the list of what cannot be trained


def too_long(checked: Checked | None) -> tuple[int, ...]:
    """The numbers of the examples that are known to be longer than the maximum length."""
    return checked.too_long if checked is not None else ()


def planned(project: Project, recipe: Recipe, too_long: Collection[int] = ()) -> Plan:
    """Count the ready examples and what a run would do with them (many examples: seconds)."""
    return plans.plan(project.store.iterate(Query(status=Status.READY)), recipe, too_long=too_long)


def adapters(project: Project) -> dict[str, str]:
    """The adapters that a run can start from, of runs and imported ones, the newest first: ``{key: title}``."""
    return {adapter.key: adapter.title for adapter in entries.adapters(project)}


def first_steps(plan: Plan, recipe: Recipe) -> tuple[tuple[str, str], ...]:
    """What the first run will do in three steps, a title and a sentence or two each."""
    shows = "whether the model learns or only memorises."
    if not plan.ready:
        split = f"From {FEWEST_EXAMPLES} ready examples up, some are held out to show {shows}"
    elif plan.left_out:
        split = (
            f"{left_out_words(plan.left_out, plan.ready)} {format.count(plan.train)} are trained on, "
            f"{format.count(plan.heldout)} held out to show {shows}"
        )
    elif not plan.heldout:
        split = (
            f"Your {format.plural(plan.train, 'ready example')} are all trained on. From {FEWEST_EXAMPLES} up, some "
            f"are held out to show {shows}"
        )
    else:
        split = (
            f"Of your {format.plural(plan.ready, 'ready example')}, {format.count(plan.heldout)} are held out: they "
            f"are never trained on and show {shows}"
        )
    quantized = "in 4-bit " if recipe.model.quantization == "nf4" else ""
    amount = f" in {format.plural(plan.steps, 'step')}" if plan.steps else ""
    learns = (
        f"{display_name(recipe.model.base)} is loaded {quantized}and stays as it is. Beside it, matrices of rank "
        f"{recipe.lora.rank} learn from your examples{amount} "
        f"({recipe.training.epochs:g} {'time' if recipe.training.epochs == 1 else 'times'} through)."
    )
    watch = (
        "The loss falls while you look on; you read what the model answers, and can pause or stop at any time. "
        "Closing the window does not end the run."
    )
    return (
        ("Your examples are set apart", split),
        ("A small adapter learns", learns),
        ("You watch, then take the adapter away", watch),
    )


def plan_sentences(plan: Plan | None, recipe: Recipe) -> list[str]:
    """Two or three short sentences; nothing while the examples are being counted."""
    if plan is None:
        return ["Counting the examples…"]
    left_out = [left_out_words(plan.left_out, plan.ready)] if plan.left_out else []
    if not plan.train:
        return left_out or ["No example is ready yet."]
    heldout = f", {format.count(plan.heldout)} held out" if plan.heldout else ", none held out"
    passes = recipe.training.epochs
    each = format.plural(steps_per_epoch(plan.train, recipe), "step")
    sentences = [
        f"{format.plural(plan.train, 'example')} trained on{heldout}.",
        f"{format.plural(plan.steps, 'step')}: {each} a pass, {passes:g} {'pass' if passes == 1 else 'passes'}.",
    ]
    if recipe.heldout.early_stopping and plan.heldout:
        sentences.append("Ends earlier when the held-out loss stops falling.")
    return sentences + left_out


def run_remarks(
    plan: Plan | None,
    *,
    base_error: UserError | None,
    read_only: bool,
    training: bool,
    trainable: int | None = None,
    unusual: Mapping[str, str] | None = None,
    checked: Checked | None = None,
    obstacles: Mapping[str, str] | None = None,
) -> list[Remark]:
    """Problems that keep the run from starting, and warnings.

    Args:
        plan: the numbers of examples and steps; None while they are being counted.
        base_error: why the base model cannot be used.
        read_only: whether the project can only be looked at.
        training: whether a run is being trained now.
        trainable: how many numbers would be trained; None while that is not known.
        unusual: what to say of unusual settings, by name.
        checked: what the check of all examples found; None while it is not known.
        obstacles: what in the settings cannot be trained, by name.
    """
    none_held_out = plan is not None and plan.train > 0 and not plan.heldout
    found = [_unusual(*item) for item in (unusual or {}).items() if not (none_held_out and item[0] == SHARE)]
    found += [replace(_unusual(*item), is_problem=True) for item in (obstacles or {}).items()]
    if trainable == 0 and not obstacles:
        text = "The base model has none of the chosen target modules, so nothing would be trained."
        found.append(Remark(text, "lora.target_modules", "Choose other modules", is_problem=True))
    if read_only:
        found.append(Remark("This project is read-only: nothing can be trained in it.", is_problem=True))
    if training:
        found.append(Remark("A run is being trained. One at a time.", TRAIN, "Show it", is_problem=True, passes=True))
    if base_error is not None:
        text = " ".join(part for part in (base_error.title, base_error.hint) if part)
        found.append(Remark(text, "model.base", "Choose another base model", is_problem=True))
    if checked is not None:
        found += _proven(checked)
    if plan is None:
        return found
    if not plan.train and plan.left_out:
        if not any(remark.link == LENGTH and remark.is_problem for remark in found):
            text = "There is nothing to train on: every example that is not held out is longer than the maximum length."
            found.append(Remark(text, LENGTH, "Go to the maximum length", is_problem=True))
    elif not plan.train:
        text = "There is nothing to train on: no example has an instruction and an output yet."
        found.append(Remark(text, EXAMPLES, "Write examples", is_problem=True))
    elif plan.is_short:
        text = (
            f"Only {format.plural(plan.steps, 'step')}. Under {FEW_STEPS}, little is learnt: more examples or "
            "more epochs help, or a smaller batch."
        )
        found.append(Remark(text, "training.epochs", "Go to the epochs"))
    if none_held_out:
        found.append(_no_heldout(plan))
    return found


def _proven(checked: Checked) -> list[Remark]:
    """What the check of all examples says of the run."""
    found = []
    if checked.flawed:
        text = f"{format.plural(len(checked.flawed), 'example')} cannot be trained with this base model."
        found.append(Remark(text, REFUSED, "Show which, and why", is_problem=True))
    elif checked.problem is not None:
        text = f"{checked.problem.title} {checked.problem.reason}"
        found.append(Remark(text, LENGTH, "Go to the maximum length", is_problem=True))
    elif checked.too_long:
        lost = len(checked.too_long)
        text = left_out_words(lost, checked.ready)
        found.append(Remark(text, LENGTH, "Go to the maximum length", by_button=lost >= MANY * checked.ready))
    return found


def _unusual(name: str, text: str) -> Remark:
    title = setting_named(name).title
    said = text if text.startswith(title) else f"{title}: {_within(text)}"
    return Remark(said, name, "Show the setting")


def _within(text: str) -> str:
    """A sentence after a colon; a word like LoRA keeps its capitals."""
    first = text.partition(" ")[0]
    return text if first[1:] != first[1:].lower() else f"{text[:1].lower()}{text[1:]}"


def _no_heldout(plan: Plan) -> Remark:
    if plan.ready < FEWEST_EXAMPLES:
        text = f"Under {FEWEST_EXAMPLES} ready examples none is held out, so nobody can tell learning from memorising."
        return Remark(text, EXAMPLES, "Write more examples")
    if plan.too_long_heldout:
        text = "Every held-out example is too long, so nobody can tell learning from memorising."
        return Remark(text, LENGTH, "Go to the maximum length")
    text = "Nothing is held out, so nobody can tell learning from memorising."
    return Remark(text, SHARE, "Go to the held-out share")
