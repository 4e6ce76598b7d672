"""The gate before a run: every ready example is proven with the base model's own tokens, in a child process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.base_models.facts import ModelFacts
from core.child import Child
from core.dataset.review import Finding, Group, Progress, Report
from core.dataset.review.rules import BY_ID, UNTRAINABLE
from core.errors import RunError, UserError
from core.prompt.proof import Flaw
from core.recipe.advice import DataFacts
from core.recipe.schema import Recipe

_CHILD = "core.prompt.gate_child"
_MEGABYTES = 6144  # a tokenizer of 250,000 words and a million examples


@dataclass(frozen=True, slots=True)
class Offender:
    """An example that cannot be trained: the beginning of its instruction, why, and what to do."""

    id: int
    flaw: Flaw
    excerpt: str
    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What the gate found of the ready examples.

    Attributes:
        revision: of the store when they were read.
        ready: how many there are.
        flawed: the numbers of all that cannot be trained.
        offenders: the first of them, in words.
        lengths: how many of the others have up to 64 tokens, up to 128 and so on.
        longest: tokens of the longest.
        tokens: of all of them together.
        supervised: how many of those are learnt.
        too_long: the numbers of those that are longer than the maximum and will be left out.
        largest: the numbers of the longest of those that are trained, the longest first; as many as a batch can have.
    """

    revision: int
    ready: int
    flawed: tuple[int, ...] = ()
    offenders: tuple[Offender, ...] = ()
    lengths: tuple[int, ...] = ()
    longest: int = 0
    tokens: int = 0
    supervised: int = 0
    too_long: tuple[int, ...] = ()
    largest: tuple[int, ...] = ()

    def data(self, *, train: int, heldout: int, facts: ModelFacts | None) -> DataFacts:
        """What advice on the settings goes by; ``train`` and ``heldout`` are how the ready examples are divided."""
        return DataFacts(
            train,
            heldout,
            self.lengths,
            self.longest,
            facts.parameters if facts is not None else 0,
            facts.context_length if facts is not None else 0,
            len(self.too_long),
        )

    def tokens_trained(self, train: int, recipe: Recipe) -> float:
        """Tokens that a run on so many examples would see."""
        fine = self.ready - len(self.flawed)
        return self.tokens / fine * train * recipe.training.epochs if fine else 0.0

    @property
    def problem(self) -> UserError | None:
        """Why a run must not be started; None when it may."""
        if self.flawed:
            many = len(self.flawed)
            return RunError(
                f"{'1 example' if many == 1 else f'{many:,} examples'} cannot be trained, so nothing was started.",
                reason=self.offenders[0].reason if many == 1 else "",
                hint=f"Change or exclude {'it' if many == 1 else 'them'}.",
                details="\n".join(f"Example {found.id}: {found.reason} {found.hint}" for found in self.offenders),
            )
        if self.ready and len(self.too_long) == self.ready:
            return RunError(
                "There is nothing to train on.",
                reason="All ready examples are longer than the maximum length.",
                hint="Raise the maximum length.",
            )
        return None


class GateJob:
    """One check of a project's ready examples; ``stop`` may be called from any thread."""

    def __init__(self, examples: Path, recipe: Recipe) -> None:
        """Prepare; ``examples`` is the project's ``examples.db``."""
        request = {"examples": str(examples), "base": recipe.model.base, "max_length": recipe.training.max_length}
        request["template"] = recipe.model.template
        self._child = Child(_CHILD, request, megabytes=_MEGABYTES)

    def messages(self) -> Iterator[Progress | Checked]:
        """How the check goes, and what was found; what was checked before, and has not changed, is not checked again.

        Blocks: for a thread.

        Raises:
            core.child.Stopped: :meth:`stop` was called.
            UserError: the examples or the base model cannot be read.
        """
        for message in self._child.messages():
            if "progress" in message:
                yield Progress(*message["progress"])
            elif "checked" in message:
                yield checked(message["checked"])

    def stop(self) -> None:
        """End the work; what was checked so far is kept for the next time."""
        self._child.stop()


def with_offenders(report: Report, found: Checked) -> Report:
    """A review's report with the examples that no run would start with."""
    if not found.flawed:
        return report
    rule = BY_ID[UNTRAINABLE]
    findings = [Finding(rule.id, rule.severity, (one.id,), f"{one.reason} {one.hint}") for one in found.offenders]
    if rest := found.flawed[len(findings) :]:
        findings.append(Finding(rule.id, rule.severity, rest, "These cannot be trained either."))
    groups = (Group(rule, tuple(findings), found.flawed), *report.groups)
    return replace(report, groups=groups, flagged=len({id for group in groups for id in group.examples}))


def checked(row: dict[str, Any]) -> Checked:
    """What the child tells."""
    offenders = tuple(Offender(id, Flaw(flaw), *words) for id, flaw, *words in row.pop("offenders"))
    plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    return Checked(offenders=offenders, **plain)
