"""The examples of a comparison as tokens, as each kind of system is asked them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.dataset.example import Example
from core.errors import PromptError
from core.evaluation.comparison import Case, Comparison, System
from core.evaluation.prompting import with_prompt
from core.prompt.format import PromptFormat
from core.worker.batch_answers import Asked
from core.worker.batches import Tokens

_SHORTEST_LIMIT = 32  # tokens that any answer may have
_TWICE = 2  # an answer longer than twice what was expected says nothing more


@dataclass(frozen=True, slots=True)
class Question:
    """An example as tokens.

    Attributes:
        asked: for an answer.
        whole: for the loss; the output alone is supervised, earlier turns are not.
        shots: how many training examples stand before it.
    """

    asked: Asked
    whole: Tokens
    shots: int = 0


class Questions:
    """Encodes cases for systems, each way of asking once."""

    def __init__(self, comparison: Comparison, prompt_format: PromptFormat, context_length: int) -> None:
        self._comparison = comparison
        self._format = prompt_format
        self._room = context_length or 2**31
        self._known: dict[tuple[int, bool], Question | str] = {}

    def prepare(self, progress: Callable[[int, int], object]) -> None:
        """Encode all; ``progress`` is told (done, total)."""
        ways: list[tuple[Case, System]] = []
        for prompted in (False, True):
            system = next((one for one in self._comparison.systems if (one.kind == "prompt") is prompted), None)
            if system is not None:
                ways += [(case, system) for case in self._comparison.measured_by(system)]
        for number, (case, system) in enumerate(ways):
            progress(number, len(ways))
            self.of(case, system)

    def of(self, case: Case, system: System) -> Question | str:
        """The question that a system is asked; or why it cannot be asked, in words."""
        key = case.id, system.kind == "prompt"
        if key not in self._known:
            try:
                self._known[key] = self._encoded(case.example(), system)
            except PromptError as error:
                self._known[key] = str(error)
        return self._known[key]

    def _encoded(self, example: Example, system: System) -> Question | str:
        if system.prompt is None:
            return self._question(example) or self._too_long()
        shown = system.shown()
        for count in range(len(shown), -1, -1):  # fewer where the context is short
            found = self._question(with_prompt(example, system.prompt, shown[:count]), count)
            if found is not None:
                return found
        return self._too_long()

    def _question(self, example: Example, shots: int = 0) -> Question | None:
        encoded = self._format.encode(example)
        start = len(self._format.encode_prompt(example))
        supervised = [False] * start + encoded.supervised[start:]
        limit = max(_SHORTEST_LIMIT, _TWICE * sum(supervised))
        if len(encoded.ids) > self._room or start + _SHORTEST_LIMIT > self._room:
            return None
        longest = min(limit, self._comparison.max_new_tokens, self._room - start)
        return Question(Asked(encoded.ids[:start], longest), Tokens(encoded.ids, supervised), shots)

    def _too_long(self) -> str:
        return f"It is longer than the {self._room:,} tokens that the base model was made for."


def text_tokens(ids: Sequence[int], longest: int) -> list[Tokens]:
    """A text in pieces of at most ``longest`` tokens, all of them supervised."""
    pieces = [ids[start : start + longest] for start in range(0, len(ids), longest)]
    return [Tokens(piece, [True] * len(piece)) for piece in pieces if len(piece) > 1]
