"""From a run's frozen examples to proven tokens: what is trained, what is left out and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.dataset.example import Example
from core.errors import RunError
from core.prompt.format import PromptFormat
from core.prompt.proof import Proof, prove
from core.worker.batches import Tokens

_REPORT_EVERY = 200
_LISTED = 10


@dataclass(slots=True)
class Prepared:
    """Encoded examples, with the ids of those that were left out."""

    tokens: list[Tokens] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    too_long: list[int] = field(default_factory=list)

    @property
    def token_count(self) -> int:
        """All tokens."""
        return sum(len(tokens.ids) for tokens in self.tokens)

    @property
    def target_count(self) -> int:
        """Tokens that count in the loss."""
        return sum(tokens.targets for tokens in self.tokens)


def prepare(
    examples: Sequence[Example],
    prompt_format: PromptFormat,
    max_length: int,
    progress: Callable[[int, int], None],
) -> Prepared:
    """Encode the examples and prove each mask; longer ones than ``max_length`` are left out.

    Raises:
        RunError: examples cannot be trained; all of them are named, with the reasons.
    """
    prepared = Prepared()
    offenders: list[tuple[int, Proof]] = []
    for number, example in enumerate(examples):
        if number % _REPORT_EVERY == 0:
            progress(number, len(examples))
        proof = prove(prompt_format, example)
        if proof.flaw or proof.encoded is None:
            offenders.append((example.id, proof))
        elif len(proof.encoded.ids) > max_length:
            prepared.too_long.append(example.id)
        else:
            prepared.tokens.append(Tokens(proof.encoded.ids, proof.encoded.supervised))
            prepared.examples.append(example)
    if offenders:
        raise _refusal(offenders)
    return prepared


def _refusal(offenders: Sequence[tuple[int, Proof]]) -> RunError:
    first, proof = offenders[0]
    many = len(offenders)
    listed = ", ".join(str(number) for number, _ in offenders[:_LISTED])
    more = f" and {many - _LISTED} more" if many > _LISTED else ""
    return RunError(
        f"Example {first} cannot be trained." if many == 1 else f"{many} examples cannot be trained: {listed}{more}.",
        reason=proof.reason if many == 1 else f"The first: {proof.reason}",
        hint=f"{proof.hint} Then start a new run.",
        details="\n".join(f"Example {number}: {one.reason} {one.hint} {one.details}" for number, one in offenders),
    )
