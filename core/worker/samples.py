"""What the model says to a few held-out examples, again and again along the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from peft import PeftModel

from core.dataset.example import Example
from core.prompt.format import PromptFormat
from core.runs.events import Sample

_LONGEST_ANSWER = 160


class Sampler:
    """Answers the same held-out examples at each call, greedily."""

    def __init__(self, prompt_format: PromptFormat, examples: Sequence[Example]) -> None:
        self._format = prompt_format
        self._examples = list(examples)

    def answers(self, model: PeftModel, step: int) -> Iterator[Sample]:
        """One event an example; the random state is left as it was."""
        was_training = model.training
        model.eval()
        try:
            with torch.no_grad(), torch.random.fork_rng():
                for example in self._examples:
                    yield Sample(
                        step=step,
                        example=example.id,
                        prompt=example.prompt,
                        expected=example.output,
                        text=self._answer(model, example),
                    )
        finally:
            model.train(was_training)

    def _answer(self, model: PeftModel, example: Example) -> str:
        prompt = torch.tensor([self._format.encode_prompt(example)], device=model.device)
        # An answer twice as long as the expected one says enough about the state of learning.
        limit = min(_LONGEST_ANSWER, 24 + 2 * self._format.count(example.output))
        tokens = model.generate(
            input_ids=prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=limit,
            do_sample=False,
            eos_token_id=list(self._format.end_ids),
            pad_token_id=self._format.pad_id,
            use_cache=True,
        )
        return self._format.decode(tokens[0, prompt.shape[1] :].tolist()).strip()
