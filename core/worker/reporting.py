"""What happens around the steps of a run: events out, wishes in, when to evaluate, save and end."""

from __future__ import annotations

import math
import statistics
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from core.recipe.schema import Recipe
from core.runs.event_file import EventWriter
from core.runs.events import Checkpoint, Evaluation, Phase, Step
from core.runs.folder import RunFolder, Wish
from core.worker import checkpoint
from core.worker.device import Device
from core.worker.loop import PackedTrainer
from core.worker.metering import meters_of

# A save may cost at most this share of the time; with longer saves the interval is stretched.
_SAVING_SHARE = 0.02
_PACE_STEPS = 25  # the remaining time is worked out from the last ones
# In the order in which one rank's wish overrules another's.
WISHES: tuple[Wish | None, ...] = (None, "pause", "stop")


@dataclass(slots=True)
class Schedule:
    """Which steps are followed by an evaluation."""

    steps: int
    per_epoch: int
    evaluations_per_epoch: int
    has_heldout: bool
    evaluations: set[int] = field(init=False)

    def __post_init__(self) -> None:
        """Spread the evaluations of an epoch evenly; the last step always has one."""
        interval = self.per_epoch / self.evaluations_per_epoch
        count = math.ceil(self.steps / interval)
        planned = {max(1, round(interval * number)) for number in range(1, count + 1)} | {self.steps}
        self.evaluations = {step for step in planned if step <= self.steps} if self.has_heldout else set()


def best_evaluation(history: list[dict[str, Any]]) -> tuple[int, float] | None:
    """Step and loss of the lowest held-out loss after training began."""
    found = [(entry["eval_loss"], entry["step"]) for entry in history if "eval_loss" in entry and entry["step"] > 0]
    finite = [pair for pair in found if math.isfinite(pair[0])]
    return (min(finite)[1], min(finite)[0]) if finite else None


def should_stop_early(history: list[dict[str, Any]], recipe: Recipe) -> bool:
    """Whether the last ``patience`` evaluations brought nothing better."""
    losses = [entry["eval_loss"] for entry in history if "eval_loss" in entry and entry["step"] > 0]
    patience = recipe.heldout.patience
    if not recipe.heldout.early_stopping or len(losses) <= patience:
        return False
    return bool(min(losses[-patience:]) >= min(losses[:-patience]))


class Reporter(TrainerCallback):  # type: ignore[misc]
    """Writes the events of the loop and turns wishes and the schedule into the Trainer's control flags."""

    def __init__(self, run: RunFolder, recipe: Recipe, events: EventWriter, schedule: Schedule, device: Device) -> None:
        self.run = run
        self.recipe = recipe
        self.events = events
        self.schedule = schedule
        self.device = device
        self.wish: Wish | None = None
        self.early = False
        self.trainer: PackedTrainer | None = None
        self._step_began = self._saved_at = time.monotonic()
        self._seconds: deque[float] = deque(maxlen=_PACE_STEPS)
        self._tokens_before = 0
        self._last_loss: float | None = None
        self._meters = meters_of(device)

    @property
    def last_loss(self) -> float | None:
        """The loss of the latest step of this process."""
        return self._last_loss

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Steps are timed from here."""
        self.events.write(Phase(name="training"))
        self._meters.start()
        self._step_began = self._saved_at = time.monotonic()

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Nothing is measured any more."""
        self.close()

    def close(self) -> None:
        """End what runs beside the steps; closing twice does no harm."""
        self._meters.close()

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Remember where the step began."""
        self._step_began = time.monotonic()
        self._tokens_before = state.num_input_tokens_seen

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """Decide what follows the step."""
        control.should_log = True
        step = state.global_step
        control.should_evaluate = step in self.schedule.evaluations
        assert self.trainer is not None
        wish, due = self.trainer.ranks.agree(WISHES.index(self.wish or self.run.wish()), self._checkpoint_is_due())
        self.wish = WISHES[wish]
        if not self.run.recipe_file.exists():
            raise checkpoint.RunFolderGone(self.run.path)
        ends_epoch = step % self.schedule.per_epoch == 0
        last = self.wish is not None or step >= self.schedule.steps
        control.should_save = control.should_evaluate or ends_epoch or last or bool(due)
        if self.wish is not None:
            control.should_training_stop = True
        return control

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, logs: dict[str, float], **_: Any
    ) -> None:
        """A step's figures, or an evaluation's, as an event."""
        if "loss" not in logs:
            return
        seconds = max(1e-9, time.monotonic() - self._step_began)
        self._seconds.append(seconds)
        loss = logs["loss"]
        meters = self._meters.read()
        self.events.write(
            Step(
                step=state.global_step,
                epoch=float(state.epoch or 0.0),
                loss=loss,
                learning_rate=logs["learning_rate"],
                grad_norm=logs.get("grad_norm"),
                tokens=state.num_input_tokens_seen,
                tokens_per_second=(state.num_input_tokens_seen - self._tokens_before) / seconds,
                memory_bytes=self.device.memory_bytes(),
                # The median: a step in which the machine slept must not count for many to come.
                seconds_left=statistics.median(self._seconds) * max(0, self.schedule.steps - state.global_step),
                utilisation=meters.utilisation,
                temperature=meters.temperature,
                power=meters.power,
                host_memory=meters.host_memory,
            )
        )
        self._last_loss = loss

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """Announce the checkpoint, and end the run when the held-out loss has stopped falling."""
        now = time.monotonic()
        best = best_evaluation(state.log_history)
        step = state.global_step
        path = f"checkpoints/step-{step:08d}"
        self.events.write(Checkpoint(step=step, path=path, best=best is not None and best[0] == step))
        assert self.trainer is not None
        if self.trainer.ranks.is_first:
            checkpoint.thin_out(self.run.checkpoints, keep=self.recipe.checkpoints.keep, best=best[0] if best else None)
        self._saved_at = now
        if self.wish is None and should_stop_early(state.log_history, self.recipe):
            self.early = control.should_training_stop = True
        return control

    def evaluated(self, step: int, loss: float, epoch: float) -> None:
        """An evaluation as an event; ``best`` when no earlier one of this run was lower."""
        assert self.trainer is not None
        best = best_evaluation(self.trainer.state.log_history)
        self.events.write(
            Evaluation(
                step=step,
                epoch=epoch,
                loss=loss,
                perplexity=math.exp(loss) if loss < 700 else None,
                best=best is not None and best[0] == step,
            )
        )

    def _checkpoint_is_due(self) -> bool:
        assert self.trainer is not None
        interval = max(self.recipe.checkpoints.minutes * 60, self.trainer.saving_seconds / _SAVING_SHARE)
        return time.monotonic() - self._saved_at >= interval
