"""Answers to several questions at once, the likeliest token each time, where that gives the same as one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from transformers import GenerationConfig, PreTrainedModel

from core.evaluation.comparison import End
from core.prompt.format import PromptFormat
from core.worker.out_of_memory import attempt, free_memory

PROVEN = 5  # answers of each system that are written alone, too
_AT_ONCE = {"cpu": 16}
_AT_ONCE_ON_A_CARD = 32


@dataclass(frozen=True, slots=True)
class Asked:
    """The tokens of a question, and how many tokens its answer may have."""

    ids: Sequence[int]
    longest: int


@dataclass(frozen=True, slots=True)
class Written:
    """The tokens of an answer, with the one that ended it; ``seconds`` only when it was written alone."""

    ids: tuple[int, ...]
    end: End
    seconds: float | None = None


class AnswerWriter:
    """Writes answers with a loaded model, whatever adapter is on it.

    A batch rounds otherwise than a single question does. So the first answers of each system are written both ways,
    and only a system whose answers are the same token for token goes on in batches.

    Attributes:
        at_once: how many questions a batch has; lowered when the memory is full.
        pace: seconds an answer of each system takes, in the way in which it goes on.
    """

    def __init__(self, model: PreTrainedModel, prompt_format: PromptFormat) -> None:
        self._model = model
        self._format = prompt_format
        self._same: dict[str, bool] = {}
        self.pace: dict[str, float] = {}
        self.at_once = _AT_ONCE.get(model.device.type, _AT_ONCE_ON_A_CARD)

    def warm_up(self, asked: Asked) -> None:
        """Let the first answer that is timed not pay for what happens once."""
        if attempt(lambda: self._write([Asked(asked.ids, min(2, asked.longest))])) is None:
            free_memory(self._model.device)

    def write(self, system: str, asked: Sequence[Asked]) -> list[Written | None]:
        """The answers of a system to a few questions; None for one that alone is too much for the memory."""
        if self._same.get(system) and len(asked) > 1:
            return self._timed(system, asked, self._together)
        alone = self._timed(system, asked, self._one_by_one)
        known = [(one, answer) for one, answer in zip(asked, alone, strict=True) if answer is not None]
        if system not in self._same and len(known) > 1:
            together = self._timed(system, [one for one, _ in known], self._together)
            self._same[system] = [answer.ids for _, answer in known] == [one and one.ids for one in together]
            if not self._same[system]:
                self.pace[system] = sum(answer.seconds or 0.0 for _, answer in known) / len(known)
        return alone

    def _timed(
        self, system: str, asked: Sequence[Asked], write: Callable[[Sequence[Asked]], list[Written | None]]
    ) -> list[Written | None]:
        began = time.perf_counter()
        written = write(asked)
        self.pace[system] = (time.perf_counter() - began) / len(asked)
        return written

    def _one_by_one(self, asked: Sequence[Asked]) -> list[Written | None]:
        found: list[Written | None] = []
        for one in asked:
            found.append(attempt(partial(self._alone, one)))
            if found[-1] is None:
                free_memory(self._model.device)
        return found

    def _alone(self, asked: Asked) -> Written:
        began = time.perf_counter()
        (written,) = self._write([asked])
        return Written(written.ids, written.end, time.perf_counter() - began)

    def _together(self, asked: Sequence[Asked]) -> list[Written | None]:
        found: list[Written | None] = []
        before = self.at_once
        while len(found) < len(asked):
            batch = asked[len(found) : len(found) + self.at_once]
            written = attempt(partial(self._write, batch))
            if written is None:
                free_memory(self._model.device)
                if len(batch) == 1:
                    found.append(None)
                    self.at_once = before  # it was this one that did not fit
                else:
                    self.at_once = len(batch) // 2
                continue
            found += written
        return found

    def _write(self, batch: Sequence[Asked]) -> list[Written]:
        width = max(len(one.ids) for one in batch)
        filled = [[self._format.pad_id] * (width - len(one.ids)) + list(one.ids) for one in batch]
        seen = [[0] * (width - len(one.ids)) + [1] * len(one.ids) for one in batch]
        config = GenerationConfig(
            max_new_tokens=max(one.longest for one in batch),
            do_sample=False,
            eos_token_id=list(self._format.end_ids),
            pad_token_id=self._format.pad_id,
            use_cache=True,
        )
        with torch.no_grad():
            tokens = self._model.generate(
                input_ids=torch.tensor(filled, device=self._model.device),
                attention_mask=torch.tensor(seen, device=self._model.device),
                generation_config=config,
            )
        return [self._cut(ids, one) for ids, one in zip(tokens[:, width:].tolist(), batch, strict=True)]

    def _cut(self, ids: list[int], asked: Asked) -> Written:
        ids = ids[: asked.longest]
        end = next((at for at, id in enumerate(ids) if id in self._format.end_ids), None)
        return Written(tuple(ids), "length") if end is None else Written(tuple(ids[: end + 1]), "end")
