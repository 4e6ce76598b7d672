"""One side of the comparison in a process of its own: ``training_side.py SIDE FOLDER``; a parent says when to go on.

``plain`` is what the manuals of Transformers and PEFT show: ``Trainer``, a padding collator, micro-batches of four.
Every other side is this project's training job, with the settings that :data:`SIDES` names.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from core.dataset.example import Example  # noqa: E402
from core.recipe.recipe import with_settings  # noqa: E402
from core.recipe.schema import Recipe  # noqa: E402
from core.runs import folder as runs  # noqa: E402

SIDES: dict[str, dict[str, Any]] = {
    "plain": {},
    "ours": {},
    "ours-float32": {"model.compute_dtype": "float32"},
    "ours-checkpointing": {"training.gradient_checkpointing": "on"},
}
_MICRO_BATCH = 4
_IGNORED = -100


class Gate:
    """Times each step, and lets the parent decide when the next ones are made."""

    def __init__(self, born: float) -> None:
        self._born = born
        self._out = os.fdopen(os.dup(1), "w", buffering=1)
        self._granted = 1
        self._evaluating = 0.0
        self._begun = (0.0, 0.0)
        self.idle_bytes = 0
        self.seconds: list[float] = []
        self.cpu_seconds: list[float] = []
        self.start_up: dict[str, float] = {}

    def mark(self, name: str) -> None:
        """A moment of the start, in seconds since the process was asked for."""
        self.start_up[name] = time.time() - self._born - self._evaluating

    def leave_out(self, seconds: float) -> None:
        """Time that the other side does not spend: a look at the held-out examples before the first step."""
        if not self.seconds:
            self._evaluating += seconds

    def begin(self) -> None:
        """Training begins."""
        self.mark("ready")
        self.idle_bytes = _memory()
        _forget_peak()
        self._begun = (time.perf_counter(), time.process_time())

    def step(self) -> None:
        """A step was made."""
        _synchronise()
        now = (time.perf_counter(), time.process_time())
        self.seconds.append(now[0] - self._begun[0])
        self.cpu_seconds.append(now[1] - self._begun[1])
        if len(self.seconds) == 1:
            self.mark("first step")
        self._granted -= 1
        if self._granted == 0:
            self.tell({"steps": len(self.seconds)})
            line = sys.stdin.readline()
            if not line:
                os._exit(1)  # the parent is gone
            self._granted = int(line)
        self._begun = (time.perf_counter(), time.process_time())

    def tell(self, message: dict[str, Any]) -> None:
        """A line to the parent."""
        self._out.write(json.dumps(message) + "\n")

    def result(self, **more: Any) -> None:
        """The last line."""
        figures = {
            "start_up": self.start_up,
            "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds,
            "idle_bytes": self.idle_bytes,
            "peak_bytes": _peak(),
        }
        self.tell({"done": figures | more})


def callback(gate: Gate) -> Any:
    """The gate as the Trainer calls it."""
    from transformers import TrainerCallback

    class AtTheGate(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, *_: Any, **__: Any) -> None:
            gate.begin()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            gate.step()

    return AtTheGate()


def plain(folder: Path, recipe: Recipe, gate: Gate) -> None:
    """Transformers' Trainer as in its manual."""
    import torch
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
    from transformers import (
        AutoModelForCausalLM,
        AutoTokenizer,
        BitsAndBytesConfig,
        DataCollatorForSeq2Seq,
        Trainer,
        TrainingArguments,
    )

    gate.mark("libraries")
    cuda = torch.cuda.is_available()
    dtype = torch.bfloat16 if cuda else torch.float32
    model_folder = folder / "model"
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    train = [_encode(tokenizer, example) for example in runs.read_examples(folder / "train.jsonl")]
    heldout = [_encode(tokenizer, example) for example in runs.read_examples(folder / "heldout.jsonl")]
    quantised = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
    place = {"": "cuda:0" if cuda else "cpu"}
    model = AutoModelForCausalLM.from_pretrained(
        model_folder, dtype=dtype, quantization_config=quantised, device_map=place
    )
    model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=cuda)
    torch.manual_seed(recipe.training.seed)
    lora = LoraConfig(
        r=recipe.lora.rank,
        lora_alpha=recipe.lora.alpha,
        lora_dropout=recipe.lora.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(model, lora)
    arguments = TrainingArguments(
        output_dir=str(folder / "plain"),
        per_device_train_batch_size=_MICRO_BATCH,
        gradient_accumulation_steps=recipe.training.batch_size // _MICRO_BATCH,
        num_train_epochs=recipe.training.epochs,
        learning_rate=recipe.training.learning_rate,
        lr_scheduler_type=recipe.training.schedule,
        warmup_steps=_warmup(len(train), recipe),
        optim="paged_adamw_8bit" if cuda else "adamw_torch",
        max_grad_norm=recipe.training.max_grad_norm,
        seed=recipe.training.seed,
        bf16=cuda,
        gradient_checkpointing=cuda,
        gradient_checkpointing_kwargs={"use_reentrant": False} if cuda else None,
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=not cuda,
    )
    pad = DataCollatorForSeq2Seq(tokenizer, padding=True)
    computed = [0]

    def collate(rows: list[dict[str, list[int]]]) -> Any:
        batch = pad(rows)
        computed[0] += batch["input_ids"].numel()
        return batch

    trainer = Trainer(
        model=model, args=arguments, train_dataset=train, data_collator=collate, callbacks=[callback(gate)]
    )
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    tokens = sum(len(row["input_ids"]) for row in train) * recipe.training.epochs
    targets = sum(label != _IGNORED for row in train for label in row["labels"])
    gate.result(
        losses=losses,
        heldout=_padded_loss(model, heldout, pad),
        padding=1 - tokens / computed[0],
        tokens=tokens,
        targets=targets * recipe.training.epochs,
    )


def ours(folder: Path, recipe: Recipe, gate: Gate) -> None:
    """The training job of a run folder, timed from outside."""
    from core.runs.event_file import EventWriter
    from core.runs.events import Evaluation, Failed, Started, Step
    from core.worker import train as job

    gate.mark("libraries")

    class Timed(job.PackedTrainer):  # type: ignore[misc]
        def __init__(self, *args: Any, callbacks: list[Any], **options: Any) -> None:
            super().__init__(*args, callbacks=[*callbacks, callback(gate)], **options)

        def evaluate(self, *args: Any, **options: Any) -> dict[str, float]:
            began = time.perf_counter()
            found: dict[str, float] = super().evaluate(*args, **options)
            gate.leave_out(time.perf_counter() - began)
            return found

    job.PackedTrainer = Timed  # type: ignore[misc]
    run = runs.create(
        folder / "runs",
        name="ours",
        recipe=recipe,
        train=runs.read_examples(folder / "train.jsonl"),
        heldout=runs.read_examples(folder / "heldout.jsonl"),
    )
    with EventWriter(run.events_file) as events:
        job.train(run, events)
    told = run.events()
    if failed := [event for event in told if isinstance(event, Failed)]:
        sys.exit(failed[0].traceback)
    started = next(event for event in told if isinstance(event, Started))
    gate.result(
        losses=[event.loss for event in told if isinstance(event, Step)],
        heldout=[event.loss for event in told if isinstance(event, Evaluation)][-1],
        padding=0.0,
        tokens=started.tokens * recipe.training.epochs,
        targets=started.supervised_tokens * recipe.training.epochs,
    )


def _encode(tokenizer: Any, example: Example) -> dict[str, list[int]]:
    asked = [{"role": "user", "content": example.prompt}]
    answered = [*asked, {"role": "assistant", "content": example.output}]
    prompt = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_dict=False)
    whole = tokenizer.apply_chat_template(answered, return_dict=False)
    return {"input_ids": whole, "labels": [_IGNORED] * len(prompt) + whole[len(prompt) :]}


def _padded_loss(model: Any, rows: list[dict[str, list[int]]], pad: Any) -> float:
    """The mean over all supervised tokens.

    In training mode (there is no dropout): in evaluation mode bitsandbytes computes 4-bit products on CPUs in bfloat16.
    """
    import torch

    total, count = 0.0, 0
    with torch.no_grad():
        for start in range(0, len(rows), 8):
            batch = pad(rows[start : start + 8]).to(model.device)
            logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits.float()
            labels = batch["labels"][:, 1:].flatten()
            total += float(torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels, reduction="sum"))
            count += int((labels != _IGNORED).sum())
    return total / count


def _warmup(examples: int, recipe: Recipe) -> int:
    from core.runs.plan import total_steps

    steps = total_steps(examples, recipe)
    return max(min(5, steps // 4), round(recipe.training.warmup_share * steps))


def _synchronise() -> None:
    torch = sys.modules["torch"]
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _memory() -> int:
    torch = sys.modules["torch"]
    if torch.cuda.is_available():
        return int(torch.cuda.memory_allocated())
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _forget_peak() -> None:
    torch = sys.modules["torch"]
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    else:
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    torch = sys.modules["torch"]
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def main(side: str, folder: Path, options: dict[str, Any]) -> None:
    """Train once."""
    threads = int(options["threads"])
    recipe = with_settings(
        Recipe(),
        {
            "model.base": str(folder / "model"),
            "lora.dropout": 0.0,
            "training.epochs": options["epochs"],
            "training.learning_rate": options["learning_rate"],
            "heldout.sample_answers": 0,
            **SIDES[side],
        },
    )
    gate = Gate(float(options["born"]))
    os.dup2(2, 1)  # whatever the libraries print goes to the log
    import torch

    from core.worker import device

    torch.set_num_threads(threads)
    device.cpu_threads = lambda: threads
    (plain if side == "plain" else ours)(folder, recipe, gate)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]))
