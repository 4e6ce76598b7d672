"""The queue in words: how it stands, what each entry would do, what is trained now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import format
from app.widgets.queue_list import QueueWords
from app.widgets.queue_panel import NowWords
from core.recipe import presets
from core.recipe import words as recipe_words
from core.runs import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.jobs import TrainingThread
    from app.widgets.queue_panel import QueuePanel
    from core.project import Project
    from core.runs.folder import RunFolder
    from core.runs.queue_view import QueueView, Waiting

AFTER_FAILURE = {"go_on": "Go on", "wait": "Wait"}


def show(panel: QueuePanel, view: QueueView | None, *, training: TrainingThread | None) -> None:
    """Put the queue on the panel; None while it is being read."""
    if view is None:
        panel.set_queue([], on=False, words="", note="", after_failure="go_on")
        return
    rows = [QueueWords(one.run.name, one.title, _entry(one)) for one in view.waiting]
    panel.set_queue(
        rows,
        on=view.standing.on,
        words=_words(view),
        note=_note(view, training),
        after_failure=view.standing.after_failure,
    )


def now(training: TrainingThread | None, project: Project | None) -> NowWords | None:
    """The run that a process works on, if there is one."""
    if training is None or not training.progress.state.is_active:
        return None
    progress, wish = training.progress, training.wish
    parts = []
    if progress.steps:
        parts.append(f"Step {format.count(progress.step)} of {format.count(progress.steps)}")
    if progress.loss is not None:
        parts.append(f"loss {format.loss(progress.loss)}")
    if progress.seconds_left is not None and wish is None:
        parts.append(f"{format.duration(progress.seconds_left)} left")
    state = {"pause": "Pausing", "stop": "Stopping"}.get(wish or "", words.state(progress.state))
    can_act = wish is None and project is not None and not project.read_only
    return NowWords(progress.state, state, training.title, "  ·  ".join(parts), can_act)


def removed(runs: Sequence[RunFolder]) -> str:
    """What is said of runs that were taken out."""
    words = f"Run {runs[0].number} is" if len(runs) == 1 else f"{format.plural(len(runs), 'run')} are"
    return f"{words} out of the queue."


def _words(view: QueueView) -> str:
    amount = len(view.waiting)
    waits = f"{format.plural(amount, 'run')} {'waits' if amount == 1 else 'wait'}"
    together = f", together about {format.duration(view.seconds)}" if view.seconds is not None else ""
    return f"{waits}{together}" if amount else ""


def _note(view: QueueView, training: TrainingThread | None) -> str:
    standing = view.standing
    if not standing.on:
        held = f"The queue is held: {standing.held_by} " if standing.held_by else "The queue is held. "
        return f"{held}Nothing starts by itself until you start it."
    if training is not None and training.progress.state.is_active:
        after = f"when {training.title} has ended"
    elif view.elsewhere:
        after = f"when {view.elsewhere} has ended, which has this machine for now"
    else:
        after = "in a moment"
    return f"The queue is on: the next run starts {after}. It goes on when the window is closed."


def _entry(one: Waiting) -> str:
    if one.recipe is None:
        return "Its settings cannot be read"
    different = recipe_words.difference(presets.base_recipe(one.recipe.model.base), one.recipe)
    parts = [", ".join(different) or "The usual settings", format.plural(one.examples, "example")]
    if one.seconds is not None:
        parts.append(f"about {format.duration(one.seconds)}")
    return "  ·  ".join(parts)
