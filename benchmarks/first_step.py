"""From the start of a run to its first optimizer step: Transformers' Trainer, ours in a new process, ours prepared.

    .venv/bin/python benchmarks/first_step.py [ROUNDS]

All three train the starter model in 4-bit with LoRA on the first sample, 8 examples a step, each in a process of its
own, in turns. Ours also proves every mask and the gradients, and before the first step evaluates and answers three
held-out examples. Printed are medians of the seconds on the clock and of the processor; those of the prepared process
count from the moment at which the run is handed to it. About half a minute a round; close everything else.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
PLAIN = """
import json, os, sys, time
import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from transformers import (AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, DataCollatorForSeq2Seq, Trainer,
    TrainerCallback, TrainingArguments)
base, data, out = sys.argv[1:]
torch.set_num_threads(1)
tokenizer = AutoTokenizer.from_pretrained(base)
def encode(row):
    user = row["instruction"] + ("\\n\\n" + row["input"] if row.get("input") else "")
    messages = [{"role": "user", "content": user}, {"role": "assistant", "content": row["output"]}]
    ids = tokenizer.apply_chat_template(messages, return_dict=False)
    before = len(tokenizer.apply_chat_template(messages[:1], add_generation_prompt=True, return_dict=False))
    return {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": [-100] * before + ids[before:]}
rows = Dataset.from_list([json.loads(line) for line in open(data, encoding="utf-8")])
rows = rows.map(encode, remove_columns=rows.column_names)
quantised = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True)
model = AutoModelForCausalLM.from_pretrained(base, quantization_config=quantised, dtype=torch.float32)
model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
model = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"))
class First(TrainerCallback):
    def on_step_end(self, *args, **kwargs):
        print("first step", time.time(), time.process_time(), flush=True)
        os._exit(0)
arguments = TrainingArguments(out, per_device_train_batch_size=8, max_steps=20, learning_rate=2e-3, report_to=[],
    use_cpu=not torch.cuda.is_available(), disable_tqdm=True)
collator = DataCollatorForSeq2Seq(tokenizer)
Trainer(model, arguments, train_dataset=rows, data_collator=collator, callbacks=[First()]).train()
"""


def plain(run) -> tuple[float, float]:
    """Seconds on the clock and of the processor."""
    from core import paths
    from core.runs.process import worker_environment

    arguments = [str(paths.starter_model()), str(run.train_file), str(run.path / "plain")]
    began = time.time()
    done = subprocess.run(
        [sys.executable, "-c", PLAIN, *arguments],
        capture_output=True,
        text=True,
        env=worker_environment(),
        preexec_fn=lambda: os.nice(5) and None,
        check=False,
    )
    line = next((line for line in done.stdout.splitlines() if line.startswith("first step")), None)
    if line is None:
        raise RuntimeError(done.stderr[-2000:])
    return float(line.split()[2]) - began, float(line.split()[3])


def ours(run, standby=None) -> tuple[float, float]:
    """The same of a run of ours, in the process that waits if there is one."""
    from core.runs.process import start_worker

    spent = _computed(standby.pid) if standby is not None else 0.0
    began = time.time()
    process = standby.start(run) if standby is not None else start_worker(run)
    first = None
    while first is None and process.poll() is None:
        computed = _computed(process.pid)
        first = _first_step(run.events_file)
        time.sleep(0.005)
    process.kill()
    process.wait()
    if first is None:
        raise RuntimeError(run.log_file.read_text(encoding="utf-8")[-2000:])
    return first - began, computed - spent


def _first_step(events: Path) -> float | None:
    if not events.exists():
        return None
    lines = events.read_bytes().split(b"\n")[:-1]
    return next((event["at"] for event in map(json.loads, lines) if event["type"] == "step"), None)


def _computed(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def _settle(pid: int) -> None:
    """Wait until the process only waits."""
    before = -1.0
    while before != (now := _computed(pid)) or now < 1:
        before = now
        time.sleep(0.5)


def main() -> None:
    """Take turns and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    os.environ["OMP_WAIT_POLICY"] = "passive"
    found: dict[str, list[tuple[float, float]]] = {"plain": [], "ours, new process": [], "ours, prepared": []}
    with tempfile.TemporaryDirectory(prefix="tunesmith-first-step-", ignore_cleanup_errors=True) as folder:
        os.environ["TUNESMITH_HOME"] = str(Path(folder) / "home")
        from core.runs.standby import Standby
        from core.samples import create_sample_project

        project = create_sample_project(Path(folder) / "project")
        for number in range(rounds + 1):
            standby = Standby()
            results = {"plain": plain(project.create_run()), "ours, new process": ours(project.create_run())}
            standby.prepare()
            if standby.pid is None:
                raise SystemExit("No process was prepared: memory is short.")
            _settle(standby.pid)
            results["ours, prepared"] = ours(project.create_run(), standby)
            if number:  # the first round warms the disk
                for name, result in results.items():
                    found[name].append(result)
        project.close()
    medians = {name: [statistics.median(part) for part in zip(*pairs, strict=True)] for name, pairs in found.items()}
    for name, (clock, computed) in medians.items():
        faster, less = (before / now for before, now in zip(medians["plain"], (clock, computed), strict=True))
        print(f"{name:<20} {clock:6.2f} s on the clock ({faster:4.1f}x)   {computed:6.2f} s computed ({less:4.1f}x)")


if __name__ == "__main__":
    main()
