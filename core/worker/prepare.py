"""From a run's frozen examples to proven tokens: what is trained, what is left out and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.dataset.example import Example
from core.errors import RunError, UserError
from core.prompt.format import PromptFormat
from core.worker.batches import Tokens

_REPORT_EVERY = 200


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
        RunError: an example cannot be rendered, or would teach nothing.
    """
    prepared = Prepared()
    for number, example in enumerate(examples):
        if number % _REPORT_EVERY == 0:
            progress(number, len(examples))
        tokens = _encode(example, prompt_format)
        if len(tokens.ids) > max_length:
            prepared.too_long.append(example.id)
        else:
            prepared.tokens.append(tokens)
            prepared.examples.append(example)
    return prepared


def _encode(example: Example, prompt_format: PromptFormat) -> Tokens:
    try:
        encoded = prompt_format.encode(example)
    except UserError as error:
        raise RunError(
            f"Example {example.id} cannot be trained.",
            reason=str(error),
            hint="Mend or exclude it.",
            details=error.details,
        ) from error
    tokens = Tokens(encoded.ids, encoded.supervised)
    if tokens.targets == 0:
        raise RunError(
            f"Example {example.id} teaches nothing.",
            reason="None of its tokens belongs to the answer.",
            hint="Write an output for it, or exclude it.",
        )
    ends = set(prompt_format.end_ids)
    if not any(supervised and token in ends for token, supervised in zip(tokens.ids, tokens.supervised, strict=True)):
        raise RunError(
            f"Example {example.id} would not teach the model to stop.",
            reason="The chat template puts no end-of-turn token after the answer.",
            hint="Choose another chat template for this base model.",
        )
    return tokens
