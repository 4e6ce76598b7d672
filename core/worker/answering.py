"""Answers of a loaded base model, written token by token and sent as text."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, PreTrainedModel, StoppingCriteria, StoppingCriteriaList
from transformers import logging as transformers_logging
from transformers.generation.streamers import BaseStreamer

from core.base_models.facts import ModelFacts
from core.dataset.example import Example
from core.errors import ModelError, PromptError
from core.generation.pieces import Pieces, StopWords
from core.generation.protocol import Done, End, Generate
from core.generation.sampling import Sampling
from core.prompt.format import PromptFormat
from core.recipe.schema import ModelSettings
from core.worker import device
from core.worker.adapters import Adapters
from core.worker.model import load_base

_MOST_FORMATS = 8


class Answering:
    """A base model with its format and its adapters."""

    def __init__(self, folder: Path, settings: ModelSettings) -> None:
        """Load it.

        Raises:
            ModelError: it cannot be loaded.
        """
        transformers_logging.set_verbosity_error()
        began = time.monotonic()
        self.context_length = ModelFacts.read(folder).context_length
        self._folder, self._template = folder, settings.template
        self._formats: dict[str, PromptFormat] = {}
        self.place = device.choose()
        device.prepare(self.place)
        self.model: PreTrainedModel = load_base(folder, settings, self.place)
        # What a model folder proposes (a temperature, a repetition penalty) must not mix with what is asked for.
        self.model.generation_config = GenerationConfig()
        self.adapters = Adapters(self.model)
        self.seconds = time.monotonic() - began

    def answer(self, request: Generate, say: Callable[[str], object], cancelled: Callable[[], bool]) -> Done:
        """Write one answer.

        Args:
            request: what is asked.
            say: told each piece of text.
            cancelled: asked before each token whether to end.

        Raises:
            UserError: the request cannot be answered.
        """
        prompt_format = self._format(request.template)
        prompt = prompt_format.encode_prompt(_example(request))
        longest = self._longest(len(prompt), request.sampling.max_new_tokens)
        stream = _Stream(Pieces(prompt_format.decode), StopWords(request.sampling.stop), say)
        adapters = [(Path(one.folder), one.weight) for one in request.adapters]
        began = time.monotonic()
        if not cancelled():
            with self.adapters.mixed(adapters) as model:
                began = time.monotonic()
                self._write(model, prompt, longest, request.sampling, stream, _Ended(stream, cancelled), prompt_format)
        stream.flush()
        end: End = "length"
        if stream.stopped:
            end = "stop"
        elif stream.ids and stream.ids[-1] in prompt_format.end_ids:
            end = "end"
        elif len(stream.ids) < longest:
            end = "cancelled"
        seconds = time.monotonic() - began
        return Done(id=request.id, tokens=len(stream.ids), seconds=seconds, end=end, prompt_tokens=len(prompt))

    def free_memory(self) -> None:
        """After a failure: give back what it held."""
        gc.collect()
        if self.place.kind == "cuda":
            torch.cuda.empty_cache()

    def _write(
        self,
        model: PreTrainedModel,
        prompt: list[int],
        longest: int,
        sampling: Sampling,
        stream: _Stream,
        ended: _Ended,
        prompt_format: PromptFormat,
    ) -> None:
        row = torch.tensor([prompt], device=model.device)
        if sampling.temperature > 0:
            torch.manual_seed(sampling.seed)
        config = GenerationConfig(
            max_new_tokens=longest,
            eos_token_id=list(prompt_format.end_ids),
            pad_token_id=prompt_format.pad_id,
            use_cache=True,
            **generation_arguments(sampling),
        )
        with torch.no_grad():
            model.generate(
                input_ids=row,
                attention_mask=torch.ones_like(row),
                generation_config=config,
                streamer=stream,
                stopping_criteria=StoppingCriteriaList([ended]),
            )

    def _format(self, template: str | None) -> PromptFormat:
        """The format of a chat template, read when it is first asked for."""
        name = self._template if template is None else template
        if name not in self._formats:
            if len(self._formats) > _MOST_FORMATS:
                self._formats.pop(next(iter(self._formats))).close()
            self._formats[name] = PromptFormat.load(self._folder, template=name)
        return self._formats[name]

    def _longest(self, prompt: int, wanted: int) -> int:
        if not self.context_length:
            return wanted
        room = self.context_length - prompt
        if room < 1:
            raise ModelError(
                "The text is too long for this base model.",
                reason=f"It has {prompt:,} tokens; the model was made for {self.context_length:,} with the answer.",
                hint="Shorten the instruction or the input.",
            )
        return min(wanted, room)


def generation_arguments(sampling: Sampling) -> dict[str, Any]:
    """How tokens are drawn, as arguments of ``transformers.GenerationConfig``."""
    penalty = {} if sampling.repetition_penalty == 1 else {"repetition_penalty": sampling.repetition_penalty}
    if sampling.temperature == 0:
        return {"do_sample": False, **penalty}
    return {
        "do_sample": True,
        "temperature": sampling.temperature,
        "top_k": sampling.top_k,
        "top_p": sampling.top_p,
        **({"min_p": sampling.min_p} if sampling.min_p > 0 else {}),
        **penalty,
    }


class _Stream(BaseStreamer):  # type: ignore[misc]
    """Takes the tokens of ``generate`` (the prompt first) and says them as text, up to a stop word."""

    def __init__(self, pieces: Pieces, stop: StopWords, say: Callable[[str], object]) -> None:
        self._pieces = pieces
        self._stop = stop
        self._say = say
        self._has_prompt = False

    @property
    def ids(self) -> list[int]:
        """The tokens written so far."""
        return self._pieces.ids

    @property
    def stopped(self) -> bool:
        """Whether a stop word has come."""
        return bool(self._stop.found)

    def put(self, value: torch.Tensor) -> None:
        """Take the prompt, or the next token."""
        if not self._has_prompt:
            self._has_prompt = True
            return
        for token in value.flatten().tolist():
            self._send(self._pieces.add(token))

    def end(self) -> None:
        """The last token has come."""

    def flush(self) -> None:
        """Send what was held back."""
        self._send(self._pieces.rest())
        held = self._stop.rest()
        if held:
            self._say(held)

    def _send(self, text: str) -> None:
        certain = self._stop.add(text)
        if certain:
            self._say(certain)


class _Ended(StoppingCriteria):  # type: ignore[misc]
    """Ends an answer that is no longer wanted, or has come to a stop word."""

    def __init__(self, stream: _Stream, cancelled: Callable[[], bool]) -> None:
        self._stream = stream
        self._cancelled = cancelled

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        """Whether to stop, for each row."""
        ends = self._stream.stopped or self._cancelled()
        return torch.full((input_ids.shape[0],), ends, dtype=torch.bool, device=input_ids.device)


def _example(request: Generate) -> Example:
    try:
        return Example.from_frozen(request.example)
    except (KeyError, TypeError, ValueError) as error:
        raise PromptError("The question cannot be read.", reason=repr(error)) from error
