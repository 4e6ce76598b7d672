"""The training job of one run folder, in the order in which things happen.

1. Read the frozen recipe and examples; encode them and prove their masks.
2. Load the base model quantised, prove its gradients, add LoRA.
3. Take up the newest complete checkpoint, if there is one.
4. Train; at set steps evaluate, ask for sample answers, save.
5. Put the best state into the adapter folder, with reference logits to verify exports against.

Exactly one last event is written, whatever happens.
"""

from __future__ import annotations

import itertools
import signal
import sys
import time
import traceback
from contextlib import suppress

from transformers import TrainerState
from transformers import logging as transformers_logging

from core.recipe.schema import Recipe
from core.runs.event_file import EventWriter
from core.runs.events import Adjusted, Finished, Notice, Paused, Phase, Resumed, Started, Stopped
from core.runs.folder import RunFolder
from core.runs.plan import steps_per_epoch, total_steps
from core.worker import checkpoint, device
from core.worker.adapter import save_adapter, write_plain
from core.worker.arguments import training_arguments
from core.worker.changes import Origin
from core.worker.failures import explain
from core.worker.launched import Place
from core.worker.loading import Loaded, load
from core.worker.loop import STATE_FILE, PackedTrainer, load_adapter_state, state_file
from core.worker.out_of_memory import (
    CAN_BE_MEMORY,
    SMALLEST_PASS,
    NothingLeftToLower,
    free_memory,
    is_out_of_memory,
)
from core.worker.packing_proof import ONE_A_ROW
from core.worker.ranks import Ranks
from core.worker.reference import write_reference
from core.worker.reporting import Reporter, Schedule, best_evaluation, should_stop_early
from core.worker.samples import Sampler

_REFERENCE_PROMPTS = 4
_PASSES = "training.tokens_per_pass"
_REPEATED = "The memory was full; the step is done again, and the result stays the same."
_MOST_RESTARTS = 3


def train(run: RunFolder, events: EventWriter, place: Place | None = None, *, memory_was_full: bool = False) -> int:
    """Train a run to its end; every outcome is told in the run's events.

    Args:
        run: the run's folder.
        events: where to tell what happens.
        place: which of the processes that train it together this one is; alone unless given.
        memory_was_full: whether the system ended the process before this one for want of memory.

    Returns:
        The exit code: 0 when the run finished, paused or stopped as asked, 1 when it failed.
    """
    transformers_logging.set_verbosity_error()
    try:
        ranks = Ranks.join(place or Place(), events)
        _Job(run, events, ranks, memory_was_full=memory_was_full).work()
        ranks.part()
    except Exception as error:  # noqa: BLE001 - whatever ended the run is told as its last event
        last = explain(error, run)
        print(last.traceback, file=sys.stderr)  # noqa: T201 - the log keeps it when the event cannot be written
        with suppress(OSError):  # what cannot be written is told by the log, or by the missing folder
            events.write(last)
        return 1
    return 0


class _Job:
    """One process's work on a run."""

    def __init__(self, run: RunFolder, events: EventWriter, ranks: Ranks, *, memory_was_full: bool) -> None:
        self.run = run
        self.memory_was_full = memory_was_full
        self.ranks = ranks
        self.events = events
        self.began = time.monotonic()
        self.recipe: Recipe = run.recipe()
        self.tokens_per_pass = self.recipe.training.tokens_per_pass
        self.reporter: Reporter | None = None
        self.origin = Origin(run, ranks)

    def work(self) -> None:
        """See the module's description.

        A step whose passes are too large is repeated by the trainer. When the memory is full anywhere else (in the
        optimizer's first step, say, or while saving), all is loaded anew and goes on from the last checkpoint.
        """
        for restarts in itertools.count():
            try:
                self._work_once()
                return
            except CAN_BE_MEMORY as error:
                smaller = self.tokens_per_pass // 2
                can_lower = self.reporter is not None and smaller >= SMALLEST_PASS and restarts < _MOST_RESTARTS
                can_lower = can_lower and self.ranks.count == 1  # the others would wait in vain
                if not is_out_of_memory(error) or isinstance(error, NothingLeftToLower) or not can_lower:
                    raise
                traceback.print_exc()  # the log keeps where it was
            if self.reporter is not None:
                self.reporter.close()
            self.reporter = None  # it holds the trainer, and that the model
            free_memory(device.choose().torch_device)
            why = "The memory was full; the run goes on from its last checkpoint, and the result stays the same."
            self._tell_adjusted(_PASSES, self.tokens_per_pass, smaller, why)

    def _work_once(self) -> None:
        loaded = load(self.run, self.recipe, self.events, self.ranks)
        if self.memory_was_full:
            self._begin_smaller(loaded)
        saved = self._checkpoint_to_resume()
        trainer, reporter = self._trainer(loaded)
        self._announce(loaded, trainer)
        if saved is None:
            self._first_look(trainer, loaded)
            trainer.train()
        else:
            self.events.write(Resumed(step=saved.step))
            state = TrainerState.load_from_json(str(saved.path / STATE_FILE))
            if should_stop_early(state.log_history, self.recipe):
                trainer.state, reporter.early = state, True
            else:
                trainer.train(resume_from_checkpoint=str(saved.path))
        self._end(loaded, trainer, reporter)

    def _checkpoint_to_resume(self) -> checkpoint.Saved | None:
        saved, damaged = checkpoint.newest(self.run.checkpoints)
        for name in damaged:
            self.events.write(Notice(message=f"The checkpoint {name} is incomplete or damaged and was passed over."))
        if saved is None:
            return None
        self.origin.compare(saved, self.events)
        return saved

    def _trainer(self, loaded: Loaded) -> tuple[PackedTrainer, Reporter]:
        recipe = self.recipe
        examples = len(loaded.train.tokens)
        schedule = Schedule(
            total_steps(examples, recipe),
            steps_per_epoch(examples, recipe),
            recipe.heldout.evaluations_per_epoch,
            bool(loaded.heldout.tokens),
        )
        reporter = Reporter(self.run, recipe, self.events, schedule, loaded.device)
        sampler = Sampler(loaded.prompt_format, loaded.heldout.examples[: recipe.heldout.sample_answers])

        def after_evaluation(step: int, loss: float) -> None:
            reporter.evaluated(step, loss, step / schedule.per_epoch)
            if self.ranks.is_first or self.ranks.is_sharded:
                self._tell_answers(sampler, loaded, step)
            self.events.write(Phase(name="training"))

        trainer = PackedTrainer(
            loaded.model,
            training_arguments(self.run, recipe, loaded.device, schedule.steps),
            train=loaded.train.tokens,
            numbers=[example.id for example in loaded.train.examples],
            heldout=loaded.heldout.tokens,
            tokens_per_pass=self.tokens_per_pass if loaded.packs else ONE_A_ROW,
            checkpoints=self.run.checkpoints,
            fingerprint=lambda: self.origin.fingerprint,
            on_out_of_memory=self._tell_adjusted,
            on_unmeasured=self._tell_unmeasured,
            after_evaluation=after_evaluation,
            callbacks=[reporter],
            ranks=self.ranks,
            write_adapter=lambda folder, state: write_plain(folder, state, loaded.model, self.run),
        )
        reporter.trainer = trainer
        self.reporter = reporter
        # SIGTERM (a shutdown, a second request to stop) is a wish like any other: stop at the next safe point.
        signal.signal(signal.SIGTERM, lambda *_: self._wish_stop())
        return trainer, reporter

    def _announce(self, loaded: Loaded, trainer: PackedTrainer) -> None:
        trainable, total = loaded.parameters
        self.events.write(
            Started(
                device=self.ranks.describe(loaded.device.name),
                versions=self.origin.versions,
                trainable_parameters=trainable,
                total_parameters=total,
                steps=int(trainer.args.max_steps),
                epochs=self.recipe.training.epochs,
                examples=len(loaded.train.tokens),
                heldout_examples=len(loaded.heldout.tokens),
                tokens=loaded.train.token_count,
                supervised_tokens=loaded.train.target_count,
                left_out=len(loaded.train.too_long),
                packed=loaded.packs,
            )
        )

    def _first_look(self, trainer: PackedTrainer, loaded: Loaded) -> None:
        """What the untrained model scores and says."""
        if loaded.heldout.tokens:
            self.events.write(Phase(name="evaluating"))
            trainer.evaluate()

    def _end(self, loaded: Loaded, trainer: PackedTrainer, reporter: Reporter) -> None:
        state = trainer.state
        if reporter.wish == "pause" and state.global_step < reporter.schedule.steps:
            self.events.write(Paused(step=state.global_step))
            return
        if not self.ranks.is_first and not self.ranks.is_sharded:
            return
        self.events.write(Phase(name="saving"))
        best = best_evaluation(state.log_history)
        last_loss = next((entry["loss"] for entry in reversed(state.log_history) if "loss" in entry), None)
        if (best is not None and best[0] != state.global_step) or reporter.last_loss is None:
            step = best[0] if best is not None else state.global_step
            load_adapter_state(loaded.model, state_file(self.run.checkpoints / f"step-{step:08d}"))
        loaded.model.eval()
        heldout = best[1] if best is not None else None
        stopped = reporter.wish == "stop" and state.global_step < reporter.schedule.steps
        examples = (loaded.heldout.examples or loaded.train.examples)[:_REFERENCE_PROMPTS]
        prompts = [list(loaded.prompt_format.encode(example).ids) for example in examples]
        write_reference(loaded.model, prompts, self.run.reference_file if self.ranks.is_first else None)
        if not self.ranks.is_first:
            return
        save_adapter(loaded.model, base=loaded.base, run=self.run, base_hash=self.origin.fingerprint.base)
        name = self.run.adapter.name
        if stopped:
            self.events.write(Stopped(step=state.global_step, loss=last_loss, heldout_loss=heldout, adapter=name))
            return
        self.events.write(
            Finished(
                step=state.global_step,
                loss=last_loss,
                heldout_loss=heldout,
                adapter=name,
                early=reporter.early,
                seconds=time.monotonic() - self.began,
            )
        )

    def _tell_answers(self, sampler: Sampler, loaded: Loaded, step: int) -> None:
        def answer() -> bool:
            for sample in sampler.answers(loaded.model, step):
                self.events.write(sample)
            return True

        if self.ranks.attempt(answer) is None:
            free_memory(loaded.device.torch_device)
            self.events.write(Notice(message=f"Step {step:,} has no sample answers, because the memory was full."))

    def _begin_smaller(self, loaded: Loaded) -> None:
        """Half the tokens of a usual pass, as the system has ended the process before this one."""
        self.memory_was_full = False
        batch = self.recipe.training.batch_size * loaded.train.token_count // len(loaded.train.tokens)
        smaller = max(SMALLEST_PASS, min(self.tokens_per_pass, batch) // 2)
        why = "The system had ended the process because the memory was full; the result stays the same."
        self._tell_adjusted(_PASSES, self.tokens_per_pass, smaller, why)

    def _tell_adjusted(self, what: str, before: int | str, after: int | str, why: str = _REPEATED) -> None:
        if what == _PASSES:
            self.tokens_per_pass = int(after)
        self.events.write(Adjusted(what=what, before=before, after=after, why=why))

    def _tell_unmeasured(self, step: int) -> None:
        self.events.write(
            Notice(
                message=f"The held-out loss of step {step:,} was not measured, because the memory was full.",
                hint="Training goes on. Lower the maximum length to have it measured.",
            )
        )

    def _wish_stop(self) -> None:
        if self.reporter is not None:
            self.reporter.wish = "stop"
