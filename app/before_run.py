"""What to say before a run: what it will do, what is worth knowing, and what stands in its way."""

from __future__ import annotations

from app import format
from app.widgets.run_card import Remark
from core.errors import UserError
from core.recipe.schema import Recipe
from core.runs.plan import FEW_STEPS, Plan, steps_per_epoch

EXAMPLES, TRAIN = "examples", "train"
MANY_ENOUGH = 50  # from here on some examples are held out


def plan_sentences(plan: Plan | None, recipe: Recipe) -> list[str]:
    """Two or three short sentences; nothing while the examples are being counted."""
    if plan is None:
        return ["Counting the examples…"]
    if not plan.train:
        return ["No example is ready yet."]
    heldout = f", {format.count(plan.heldout)} held out" if plan.heldout else ", none held out"
    passes = recipe.training.epochs
    each = format.plural(steps_per_epoch(plan.train, recipe), "step")
    sentences = [
        f"{format.plural(plan.train, 'example')} trained on{heldout}.",
        f"{format.plural(plan.steps, 'step')}: {each} a pass, {passes:g} {'pass' if passes == 1 else 'passes'}.",
    ]
    if recipe.heldout.early_stopping and plan.heldout:
        sentences.append("Ends earlier when the held-out loss stops falling.")
    return sentences


def run_remarks(plan: Plan | None, *, base_error: UserError | None, read_only: bool, training: bool) -> list[Remark]:
    """Problems that keep the run from starting, and warnings."""
    found = []
    if read_only:
        found.append(Remark("This project is read-only: nothing can be trained in it.", is_problem=True))
    if training:
        found.append(Remark("A run is being trained. One at a time.", TRAIN, "Show it", is_problem=True))
    if base_error is not None:
        text = " ".join(part for part in (base_error.title, base_error.hint) if part)
        found.append(Remark(text, "model.base", "Choose another base model", is_problem=True))
    if plan is None:
        return found
    if not plan.train:
        text = "There is nothing to train on: no example has an instruction and an output yet."
        found.append(Remark(text, EXAMPLES, "Write examples", is_problem=True))
    elif plan.is_short:
        text = (
            f"Only {format.plural(plan.steps, 'step')}. Under {FEW_STEPS}, little is learnt: more examples or "
            "more epochs help, or a smaller batch."
        )
        found.append(Remark(text, "training.epochs", "Go to the epochs"))
    if plan.train and not plan.heldout:
        found.append(_no_heldout(plan))
    return found


def _no_heldout(plan: Plan) -> Remark:
    if plan.ready < MANY_ENOUGH:
        text = f"Under {MANY_ENOUGH} ready examples none is held out, so nobody can tell learning from memorising."
        return Remark(text, EXAMPLES, "Write more examples")
    text = "Nothing is held out, so nobody can tell learning from memorising."
    return Remark(text, "heldout.share", "Go to the held-out share")
