"""The process of a comparison: losses first, then answers, each row written as soon as it is found.

A comparison that was stopped, or whose process died, is taken up where it was: what has a row is not done again.
"""

from __future__ import annotations

import errno
import math
import os
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal

from transformers import GenerationConfig
from transformers import logging as transformers_logging

from core.base_models import catalogue
from core.base_models.facts import ModelFacts
from core.errors import ModelError, UserError
from core.evaluation import metrics, neutral
from core.evaluation.comparison import (
    Answered,
    Case,
    ComparisonFolder,
    LeftOut,
    Measured,
    Neutral,
    Row,
    System,
    dump_row,
)
from core.evaluation.results import Results
from core.export import adapter_config, sums
from core.prompt.format import PromptFormat
from core.runs.event_file import EventWriter
from core.runs.events import Done, Failed, Phase, PhaseName
from core.worker import device
from core.worker.adapters import Adapters
from core.worker.batch_answers import PROVEN, AnswerWriter, Written
from core.worker.chat import in_words
from core.worker.measuring import Measurer
from core.worker.model import load_base
from core.worker.out_of_memory import is_out_of_memory
from core.worker.questions import Question, Questions, text_tokens
from core.worker.too_much import REASON, TooMuch

_Pair = tuple[Case, Question]
_TELL_SECONDS = 0.3
_NEUTRAL_PIECE = 512  # tokens of a neutral text that are read at once


def compare(folder: ComparisonFolder) -> int:
    """Do what is still to be done of a comparison; returns the exit code, 0 when nothing is left."""
    transformers_logging.set_verbosity_error()
    with EventWriter(folder.job.events_file) as events:
        began = time.monotonic()
        try:
            with _appending(folder) as rows:
                _Job(folder, events, rows).work()
        except Exception as error:  # noqa: BLE001 - whatever ended it is told as the last event
            traceback.print_exc()
            with suppress(OSError):
                events.write(_failed(error))
            return 1
        events.write(Done(seconds=time.monotonic() - began))
    return 0


class _Job:
    """One process's work on a comparison."""

    def __init__(self, folder: ComparisonFolder, events: EventWriter, rows: BinaryIO) -> None:
        self._folder = folder
        self._events = events
        self._rows = rows
        self._results = Results(folder)
        self._comparison = self._results.comparison
        self._told = 0.0

    def work(self) -> None:
        """See the module's description."""
        base = catalogue.resolve(self._comparison.base)
        facts = ModelFacts.read(base)
        for system in self._comparison.systems:
            self._check(system)
        self._format = PromptFormat.load(base, template=self._comparison.model.template)
        try:
            questions = Questions(self._comparison, self._format, facts.context_length)
            questions.prepare(lambda done, total: self._tell("preparing_examples", done, total))
            self._compute(base, questions)
        finally:
            self._format.close()

    def _compute(self, base: Path, questions: Questions) -> None:
        self._tell("loading_model")
        place = device.choose()
        device.prepare(place)
        model = load_base(base, self._comparison.model, place)
        # What a model folder proposes (a temperature, a repetition penalty) must not mix with what is asked for.
        model.generation_config = GenerationConfig()
        self._adapters = Adapters(model)
        measurer = Measurer(model)
        with measurer.ready():
            self._measure(measurer, questions)
            self._measure_neutral(measurer)
        self._answer(AnswerWriter(model, self._format), questions)

    def _check(self, system: System) -> None:
        """Refuse an adapter that is not the one that the rows so far are about.

        Raises:
            ModelError: it was trained further or exchanged, or is gone.
        """
        adapter = self._folder.adapter(system)
        if adapter is None:
            return
        adapter_config.read(adapter)
        if system.sha256 and sums.hash_file(adapter / adapter_config.WEIGHTS_FILE) != system.sha256:
            raise ModelError(
                f"{system.title} is another adapter now than when this comparison was begun.",
                reason="Its weights have changed: it was trained further, or exchanged.",
                hint="Begin a new comparison.",
                details=str(adapter),
            )

    def _measure(self, measurer: Measurer, questions: Questions) -> None:
        waiting = [
            (system, self._askable(system, self._comparison.measured_by(system), questions, "loss"))
            for system in self._comparison.systems
        ]
        done, total = 0, sum(len(cases) for _, cases in waiting)
        unfit = TooMuch(self._keep)
        for system, cases in waiting:
            cases.sort(key=lambda pair: len(pair[1].whole.ids))
            left = iter(cases)
            with self._adapters.using(self._folder.adapter(system)):

                def take(losses: list[float], system: System = system, left: Iterator[_Pair] = left) -> None:
                    nonlocal done
                    pairs = [next(left) for _ in losses]
                    self._keep(
                        Measured(example=case.id, system=system.key, loss=_finite(loss), targets=question.whole.targets)
                        for (case, question), loss in zip(pairs, losses, strict=True)
                    )
                    done += len(losses)
                    unfit.other_fits()
                    self._tell("measuring", done, total)

                def too_much(system: System = system, left: Iterator[_Pair] = left) -> None:
                    nonlocal done
                    unfit.add(_too_much(next(left)[0], system, "loss"))
                    done += 1

                measurer.losses([question.whole for _, question in cases], take, too_much)
        unfit.settle()

    def _measure_neutral(self, measurer: Measurer) -> None:
        if not self._comparison.neutral:
            return
        for system in self._comparison.systems:
            names = [name for name in neutral.texts() if (system.key, name) not in self._results.neutral]
            if system.kind == "prompt" or not names:
                continue
            with self._adapters.using(self._folder.adapter(system)):
                for name in names:
                    pieces = text_tokens(self._format.encode_text(neutral.texts()[name]), _NEUTRAL_PIECE)
                    losses: list[float] = []
                    measurer.losses(pieces, losses.extend)
                    targets = sum(piece.targets for piece in pieces)
                    self._keep([Neutral(system=system.key, text=name, loss=_finite(sum(losses)), targets=targets)])

    def _answer(self, writer: AnswerWriter, questions: Questions) -> None:
        waiting = {
            system.key: self._askable(system, self._comparison.answered(), questions, "answer")
            for system in self._comparison.systems
        }
        total = sum(map(len, waiting.values()))
        done = 0
        chunks = {key: list(_chunks(pairs, writer.at_once)) for key, pairs in waiting.items()}
        unfit = TooMuch(self._keep)
        # All systems answer a few examples before the next few: a comparison that is stopped early is one already.
        for number in range(max(map(len, chunks.values()), default=0)):
            for system in self._comparison.systems:
                pairs = chunks[system.key][number] if number < len(chunks[system.key]) else []
                if not pairs:
                    continue
                self._tell("answering", done, total, _seconds_left(chunks, number, system.key, writer.pace))
                with self._adapters.using(self._folder.adapter(system)):
                    if not done:
                        writer.warm_up(pairs[0][1].asked)
                    written = writer.write(system.key, [question.asked for _, question in pairs])
                for (case, question), answer in zip(pairs, written, strict=True):
                    if answer is None:
                        unfit.add(_too_much(case, system, "answer"))
                        continue
                    self._keep([self._row(system, case, question, answer)])
                    unfit.other_fits()
                done += len(pairs)
        unfit.settle()

    def _row(self, system: System, case: Case, question: Question, written: Written) -> Answered:
        text, expected = self._format.decode(written.ids).strip(), case.example().output
        return Answered(
            example=case.id,
            system=system.key,
            text=text,
            tokens=len(written.ids),
            prompt_tokens=len(question.asked.ids),
            end=written.end,
            seconds=written.seconds,
            shots=question.shots,
            chrf=metrics.chrf(text, expected),
            rouge_l=metrics.rouge_l(text, expected),
        )

    def _askable(
        self, system: System, cases: Iterable[Case], questions: Questions, what: Literal["answer", "loss"]
    ) -> list[_Pair]:
        """What a system has still to do; what it cannot do gets a row that says why."""
        found: list[_Pair] = []
        for case in cases:
            if self._results.is_done(case.id, system.key, what):
                continue
            question = questions.of(case, system)
            if isinstance(question, Question):
                found.append((case, question))
            else:
                self._keep([LeftOut(example=case.id, system=system.key, what=what, reason=question)])
        return found

    def _keep(self, rows: Iterable[Row]) -> None:
        self._rows.write(b"".join(map(dump_row, rows)))
        self._rows.flush()

    def _tell(
        self, name: PhaseName, done: int | None = None, total: int | None = None, left: float | None = None
    ) -> None:
        now = time.monotonic()
        if done in (None, 0) or done == total or now - self._told >= _TELL_SECONDS:
            self._told = now
            self._events.write(Phase(name=name, done=done, total=total, seconds_left=left))


def _too_much(case: Case, system: System, what: Literal["answer", "loss"]) -> LeftOut:
    return LeftOut(example=case.id, system=system.key, what=what, reason=REASON)


def _chunks(pairs: Sequence[_Pair], size: int) -> Iterator[Sequence[_Pair]]:
    """The first few, which are timed; then as many as are answered at once."""
    if pairs:
        yield pairs[:PROVEN]
    for start in range(PROVEN, len(pairs), size):
        yield pairs[start : start + size]


def _seconds_left(
    chunks: Mapping[str, Sequence[Sequence[_Pair]]], number: int, at: str, pace: Mapping[str, float]
) -> float | None:
    """What is left of the answers when the chunk ``number`` of a system begins; None before each system has a pace."""
    left, keys = 0.0, list(chunks)
    for key, own in chunks.items():
        waiting = sum(map(len, own[number + (keys.index(key) < keys.index(at)) :]))
        if waiting and key not in pace:
            return None
        left += waiting * pace.get(key, 0.0)
    return left


def _finite(loss: float) -> float | None:
    return loss if math.isfinite(loss) else None


@contextmanager
def _appending(folder: ComparisonFolder) -> Iterator[BinaryIO]:
    """The file of rows, to be written to at its end; a line that a crash left half written is closed."""
    with open(folder.rows_file, "ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        yield file


def _failed(error: Exception) -> Failed:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        words = UserError(
            "The disk is full.", reason="There is no room to write what was found.", hint="Free some space."
        )
    else:
        words = in_words(error)
    kind = "unexpected"
    if is_out_of_memory(error):
        kind = "out_of_memory"
    elif isinstance(error, UserError):
        kind = "refused"
    details = words.details or "".join(traceback.format_exception(error))
    return Failed(kind=kind, message=words.title, reason=words.reason, hint=words.hint, traceback=details)
