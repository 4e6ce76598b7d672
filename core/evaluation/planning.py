"""What is compared: which examples are fair to all, who answers them, and what the prompted base model is shown."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from core.base_models.catalogue import display_name
from core.dataset.example import Example, Status
from core.dataset.split import by_lot, same_prompt
from core.dataset.store import Query
from core.errors import RunError
from core.evaluation.comparison import BASE, PROMPT, Case, Comparison, System, relative_to
from core.evaluation.prompting import BestPrompt, choose_shots
from core.export import adapter_config, sums
from core.library.entries import Adapter
from core.library.start_adapter import with_those_before
from core.project import Project
from core.recipe.schema import ModelSettings
from core.runs.folder import read_examples

MOST_ANSWERED = 50
MOST_TRAIN_ROWS = 300
_LONGEST_ANSWER = 512  # tokens
MOST_LOOKED_AT = 20_000  # training examples, of which those of the prompt and the measured ones are chosen


def plan(
    project: Project,
    adapters: Sequence[Adapter],
    *,
    title: str = "",
    prompt: bool = True,
    best: BestPrompt | None = None,
    answered: int = MOST_ANSWERED,
    train_rows: int = MOST_TRAIN_ROWS,
    neutral: bool = True,
) -> Comparison:
    """What a comparison of these adapters with the base model, alone and with the best prompt, would do.

    The examples are the held-out ones of the first adapter's run, without those that any of the adapters was trained
    on, in its run or in an earlier one that it started from; without a run, those that the project would hold out now.
    The best prompt shows examples of the training side only.

    Args:
        project: the project; only read.
        adapters: on one base model; none to try the prompt alone.
        title: what it is called; made from the adapters unless given.
        prompt: whether the base model with the best prompt takes part.
        best: that prompt; the project's unless given.
        answered: how many held-out examples are answered at most; the loss is measured for all of them.
        train_rows: for how many training examples the loss is measured at most.
        neutral: whether the neutral texts are measured.

    Raises:
        RunError: nothing is held out, or the adapters are not of one base model.
    """
    _check_one_base(adapters)
    train, heldout = _examples(project, adapters)
    if not heldout:
        raise _nothing_held_out(others=any(one.run is not None and one.run.heldout_examples() for one in adapters))
    model = _model(adapters) or project.recipe.model
    run = next((adapter.run.name for adapter in adapters if adapter.run is not None), "")
    cases = [
        Case(frozen=example.frozen(), answered=number < answered) for number, example in enumerate(by_lot(heldout))
    ]
    if adapters:
        rows = by_lot(train)[:train_rows]
        cases += [Case(frozen=example.frozen(), side="train", answered=False) for example in rows]
    systems = [System(key=BASE, kind="base", title="Base model")]
    prompted = _prompted(best or project.best_prompt, train, heldout) if prompt else None
    systems += [prompted] if prompted is not None else []
    systems += [_system(project, adapter) for adapter in adapters]
    return Comparison(
        title=title or ", ".join(adapter.title for adapter in adapters) or "The best prompt",
        base=model.base,
        model=model,
        run=run,
        systems=systems,
        cases=cases,
        max_new_tokens=_LONGEST_ANSWER,
        neutral=neutral and bool(adapters),
    )


def _check_one_base(adapters: Sequence[Adapter]) -> None:
    for one, other in itertools.pairwise(adapters):
        if one.base != other.base:
            raise RunError(
                "These adapters cannot be compared with each other.",
                reason=f"{one.title} belongs to {display_name(one.base)}, {other.title} to {display_name(other.base)}.",
                hint="Compare adapters of one base model.",
            )
        if one.model.template != other.model.template:
            raise _asked_otherwise(one, other, "with different chat templates")
    trained_here = [adapter for adapter in adapters if adapter.run is not None]
    for one, other in itertools.pairwise(trained_here):  # how others were held is not known
        if _held(one.model) != _held(other.model):
            raise _asked_otherwise(one, other, "with the base model held in different precision")


def _asked_otherwise(one: Adapter, other: Adapter, how: str) -> RunError:
    return RunError(
        "These adapters cannot be compared with each other.",
        reason=f"{one.title} and {other.title} were trained {how}.",
        hint="Compare each of them by itself with the base model.",
    )


def _held(model: ModelSettings) -> tuple[object, ...]:
    return model.quantization, model.double_quantization, model.compute_dtype


def _model(adapters: Sequence[Adapter]) -> ModelSettings | None:
    """How the base model is held: as it was when one of them was trained here, if one was."""
    ordered = sorted(adapters, key=lambda adapter: adapter.run is None)
    return ordered[0].model if ordered else None


def _examples(project: Project, adapters: Sequence[Adapter]) -> tuple[list[Example], list[Example]]:
    """The training side, and the held-out examples that no adapter was trained on."""
    runs = list({adapter.run.path: adapter.run for adapter in adapters if adapter.run is not None}.values())
    if not runs:
        return _examples_now(project)
    train = list(itertools.islice(read_examples(runs[0].train_file), MOST_LOOKED_AT))
    heldout = runs[0].heldout_examples()
    asked = {same_prompt(example) for example in heldout}
    for run in with_those_before(runs):  # of these all: a held-out example that was learnt would make a false winner
        asked.difference_update(same_prompt(example) for example in read_examples(run.train_file))
    return train, [example for example in heldout if same_prompt(example) in asked]


def _examples_now(project: Project) -> tuple[list[Example], list[Example]]:
    out = project.store.heldout(project.recipe.heldout.share)
    ready = project.store.iterate(Query(status=Status.READY))
    train = list(itertools.islice((example for example in ready if example.id not in out), MOST_LOOKED_AT))
    return train, project.store.rows(sorted(out))


def _prompted(best: BestPrompt, train: Sequence[Example], heldout: Sequence[Example]) -> System | None:
    shots = choose_shots(train, best.examples, asked=heldout)
    if not shots and not best.system.strip():
        return None
    return System(
        key=PROMPT,
        kind="prompt",
        title="Base model with the best prompt",
        prompt=best,
        shots=[shot.frozen() for shot in shots],
    )


def _system(project: Project, adapter: Adapter) -> System:
    return System(
        key=adapter.key,
        kind="adapter",
        title=adapter.title,
        folder=relative_to(project.path, adapter.folder),
        sha256=sums.hash_file(adapter.folder / adapter_config.WEIGHTS_FILE),
    )


def _nothing_held_out(*, others: bool) -> RunError:
    return RunError(
        "There is nothing to compare on.",
        reason="Every held-out example was trained on by one of these adapters."
        if others
        else "No example is held out, and answers to what was trained on say nothing about new questions.",
        hint="Hold some examples out (on the Examples page, Split), train, and compare then.",
    )
