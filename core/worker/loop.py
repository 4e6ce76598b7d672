"""Transformers' Trainer with packed batches, supervised positions only, our evaluation and our checkpoints.

One batch of the data loader is one optimizer step. It is cut into packed rows here, so gradient accumulation happens
inside the step and the loss is the mean over all supervised tokens of the step, however they are packed.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import Trainer, TrainingArguments

from core.errors import RunError
from core.worker import checkpoint
from core.worker.attention import remember_segments
from core.worker.batches import ExampleTokens, Row, Tokens, pack
from core.worker.finite import FiniteCheck
from core.worker.fused import fused_evaluation
from core.worker.head import has_fused_head
from core.worker.out_of_memory import NothingLeftToLower, RandomState, free_memory, smaller_pass
from core.worker.ranks import Ranks

ADAPTER_FILE = "adapter_model.safetensors"
_LEARNT_FILE = "learnt.safetensors"  # where what is trained is no adapter of the base model as it is
STATE_FILE = "trainer_state.json"
_PASSES_FILE = "passes.json"


class PackedTrainer(Trainer):  # type: ignore[misc]
    """The training loop of a run.

    Args:
        model: the base model with its LoRA adapter.
        args: what the recipe was mapped to.
        train: encoded training examples.
        numbers: by which the user knows them.
        heldout: encoded held-out examples; may be empty.
        tokens_per_pass: the longest packed row.
        checkpoints: the folder of checkpoints.
        fingerprint: says what the checkpoints belong to.
        on_out_of_memory: told a setting, its old and its new value when a step is repeated with less memory.
        on_unmeasured: told the step whose held-out loss could not be measured, because the memory was full.
        after_evaluation: told the held-out loss of a step.
        ranks: the processes that share each step; this one alone unless given.
        write_adapter: makes an adapter that can be used of a checkpoint's folder and matrices; says whether the file
            of its weights has the very matrices.
    """

    def __init__(
        self,
        model: PeftModel,
        args: TrainingArguments,
        *,
        train: Sequence[Tokens],
        numbers: Sequence[int],
        heldout: Sequence[Tokens],
        tokens_per_pass: int,
        checkpoints: Path,
        fingerprint: Callable[[], checkpoint.Fingerprint],
        on_out_of_memory: Callable[[str, int | str, int | str], None],
        on_unmeasured: Callable[[int], None],
        after_evaluation: Callable[[int, float], None],
        callbacks: list[Any],
        ranks: Ranks | None = None,
        write_adapter: Callable[[Path, dict[str, torch.Tensor]], bool] = lambda _folder, _state: False,
    ) -> None:
        super().__init__(
            model=model,
            args=args,
            train_dataset=ExampleTokens(train),
            eval_dataset=ExampleTokens(heldout),
            data_collator=list,
            callbacks=callbacks,
        )
        self._numbers = {id(tokens): number for tokens, number in zip(train, numbers, strict=True)}
        self._finite = FiniteCheck(lags=args.device.type != "cpu")
        self._shortest = min(train, key=lambda example: len(example.ids))
        self.ranks = ranks or Ranks()
        self.heldout = self.ranks.share(heldout)
        self.heldout_targets = sum(example.targets for example in heldout)
        self.tokens_per_pass = self.evaluation_tokens = tokens_per_pass
        self.checkpoints = checkpoints
        self._fingerprint = fingerprint
        self._write_adapter = write_adapter
        self.saving_seconds = 0.0
        self._on_out_of_memory = on_out_of_memory
        self._on_unmeasured = on_unmeasured
        self._after_evaluation = after_evaluation

    def training_step(self, model: nn.Module, inputs: list[Tokens], num_items_in_batch: object = None) -> torch.Tensor:
        """Forward and backward of one optimizer step; the mean loss of its supervised tokens.

        When the memory is full, the step is done again in smaller passes, from the same random state.
        """
        model.train()
        self.ranks.begin_step(self.args.seed, self.state.global_step)
        before = RandomState(self.args.device)
        targets = sum(example.targets for example in inputs)
        share = self.ranks.share(inputs)
        while (loss := self.ranks.attempt(lambda: self._forward_backward(model, share, targets))) is None:
            # Outside the handler, so that the failed step's tensors are free before it is repeated.
            model.zero_grad(set_to_none=True)
            free_memory(self.args.device)
            self._lower(share)
            before.restore()
        self.state.num_input_tokens_seen += sum(len(example.ids) for example in inputs)
        loss = self.ranks.add_up(model.parameters(), loss)
        self._step = inputs, loss
        return loss

    def _get_grad_norm(self, model: nn.Module, grad_norm: torch.Tensor | float | None = None) -> Any:
        """The gradient norm, looked at together with the loss before the optimizer takes the step."""
        norm = super()._get_grad_norm(model, grad_norm=grad_norm)
        inputs, loss = self._step
        # With scaled 16-bit losses infinite gradients are expected now and then: such a step is left out.
        scaled = self.accelerator.scaler is not None or not isinstance(norm, torch.Tensor)
        self._finite.look(
            self.state.global_step + 1,
            [self._numbers[id(example)] for example in inputs],
            [loss] if scaled else [loss, norm],
            lambda: [self._numbers[id(example)] for example in inputs if not self._is_finite(example)],
        )
        return norm

    def _is_finite(self, example: Tokens) -> bool:
        return math.isfinite(summed_heldout_loss(self.model, [example], len(example.ids), self.args.device, self))

    def _lower(self, examples: list[Tokens]) -> None:
        """Do with less memory from now on: shorter passes, then activations computed twice instead of kept.

        Raises:
            NothingLeftToLower: a single example is too much.
        """
        smaller = smaller_pass(pack(examples, self.tokens_per_pass), self.tokens_per_pass)
        if smaller is not None:
            self._on_out_of_memory("training.tokens_per_pass", self.tokens_per_pass, smaller)
            self.tokens_per_pass = smaller
            return
        base = self.model.get_base_model()
        is_on = any(getattr(module, "gradient_checkpointing", False) for module in base.modules())
        if is_on or not base.supports_gradient_checkpointing:
            raise NothingLeftToLower
        base.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        self._on_out_of_memory("training.gradient_checkpointing", "off", "on")

    def _forward_backward(self, model: nn.Module, examples: list[Tokens], targets: int) -> torch.Tensor:
        total = torch.zeros((), device=self.args.device)
        rows = pack(examples, self.tokens_per_pass)
        idle = self.ranks.idle_passes(len(rows))
        for row in rows:
            with self.compute_loss_context_manager():
                loss = summed_loss(model, row.to(self.args.device)) / targets
            self.accelerator.backward(loss)
            total += loss.detach()
        for _ in range(idle):
            with self.compute_loss_context_manager():
                loss = summed_loss(model, pack([self._shortest], 1)[0].to(self.args.device)) * 0
            self.accelerator.backward(loss)
        return total

    def evaluate(self, *_: object, **__: object) -> dict[str, float]:
        """The held-out loss, weighted by supervised tokens; consumes no random numbers.

        When the memory is full it is measured in smaller passes; when even one example is too much, not at all.
        """
        loss = math.nan
        self.evaluation_tokens = min(self.evaluation_tokens, self.tokens_per_pass)
        while (summed := self.ranks.attempt(self._measure)) is None:
            free_memory(self.args.device)
            smaller = smaller_pass(pack(self.heldout, self.evaluation_tokens), self.evaluation_tokens)
            if smaller is None:
                break
            self.evaluation_tokens = smaller
        if any(self.ranks.agree(summed is None)):
            self._on_unmeasured(self.state.global_step)
        else:
            assert summed is not None
            loss = self.ranks.total(summed) / self.heldout_targets if self.heldout_targets else math.nan
            self.log({"eval_loss": loss})
            self._after_evaluation(self.state.global_step, loss)
        self.control.should_evaluate = False  # else Trainer does it again when the step also ends an epoch
        return {"eval_loss": loss}

    def _measure(self) -> float:
        idle = self.ranks.idle_passes(len(pack(self.heldout, self.evaluation_tokens)))
        summed = summed_heldout_loss(self.model, self.heldout, self.evaluation_tokens, self.args.device, self)
        for _ in range(idle):
            summed_heldout_loss(self.model, [self._shortest], 1, self.args.device, self)
        return summed

    def floating_point_ops(self, inputs: object) -> int:
        """Not counted."""
        return 0

    def _save_checkpoint(self, model: nn.Module, trial: object) -> None:
        if not self.ranks.is_first:
            return

        def fill(folder: Path) -> None:
            state = adapter_state(self.model)
            if not self._write_adapter(folder, state):
                save_file(state, folder / _LEARNT_FILE)
            self._save_optimizer_and_scheduler(str(folder))
            self._save_scaler(str(folder))
            self._save_rng_state(str(folder))
            self.state.save_to_json(str(folder / STATE_FILE))
            passes = {"training": self.tokens_per_pass, "evaluation": self.evaluation_tokens}
            (folder / _PASSES_FILE).write_text(json.dumps(passes), encoding="utf-8")

        self._finite.answer()  # a step that spoilt the weights must not be saved
        began = time.monotonic()
        checkpoint.write(self.checkpoints, self.state.global_step, self._fingerprint(), fill)
        self.saving_seconds = time.monotonic() - began

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        folder = Path(resume_from_checkpoint)
        load_adapter_state(self.model, state_file(folder))
        if (folder / _PASSES_FILE).exists():  # checkpoints of earlier versions have none
            passes = json.loads((folder / _PASSES_FILE).read_text(encoding="utf-8"))
            self.tokens_per_pass = min(self.tokens_per_pass, passes["training"])
            self.evaluation_tokens = min(self.evaluation_tokens, passes["evaluation"])


def summed_loss(model: nn.Module, row: Row) -> torch.Tensor:
    """The cross entropy of a row's supervised tokens, in nats, summed.

    ``use_cache`` must be off: with it on, Transformers does not see that the row is packed and attention leaks.
    """
    if row.lengths:
        remember_segments(row.position_ids, row.lengths)
    inputs: dict[str, Any] = {"input_ids": row.input_ids, "position_ids": row.position_ids, "logits_to_keep": row.keep}
    if has_fused_head(model):
        loss: torch.Tensor = model(**inputs, use_cache=False, targets=row.labels).loss
        return loss
    logits = model(**inputs, use_cache=False).logits
    return nn.functional.cross_entropy(logits[0].float(), row.labels, reduction="sum")


def summed_heldout_loss(
    model: nn.Module, examples: Sequence[Tokens], tokens_per_pass: int, device: torch.device, trainer: Trainer
) -> float:
    """The loss of all supervised tokens of ``examples``, in nats, summed."""
    was_training = model.training
    model.eval()
    losses: list[torch.Tensor] = []
    try:
        with torch.no_grad(), fused_evaluation(model):
            for row in pack(examples, tokens_per_pass):
                with trainer.compute_loss_context_manager():
                    losses.append(summed_loss(model, row.to(device)))
    finally:
        model.train(was_training)
    return sum(map(float, losses))


def adapter_state(model: PeftModel) -> dict[str, torch.Tensor]:
    """The adapter's matrices, as PEFT names them in files."""
    state: dict[str, torch.Tensor] = get_peft_model_state_dict(model, save_embedding_layers=False)
    return {name: tensor.detach().cpu().clone().contiguous() for name, tensor in state.items()}


def state_file(folder: Path) -> Path:
    """The file of a checkpoint with the matrices as they are trained."""
    learnt = folder / _LEARNT_FILE
    return learnt if learnt.exists() else folder / ADAPTER_FILE


def load_adapter_state(model: PeftModel, file: Path) -> None:
    """Put saved matrices into the model's adapter.

    Raises:
        RunError: the file does not belong to this adapter.
    """
    state = load_file(file)
    expected = get_peft_model_state_dict(model, save_embedding_layers=False)
    if {name: tuple(t.shape) for name, t in state.items()} != {name: tuple(t.shape) for name, t in expected.items()}:
        raise RunError(
            "This checkpoint cannot be used with the settings as they are now.",
            reason=f"{file.name} does not fit the adapter: its rank or target modules were changed.",
            hint="Undo the change of the run's settings, or start a new run.",
        )
    set_peft_model_state_dict(model, state)
