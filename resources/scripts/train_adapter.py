"""TITLE

python THIS_FILE OUT [BASE_MODEL]

Trains the adapter of this run again, with transformers and peft alone, and saves it into the folder OUT. BASE_MODEL is
the folder (or Hugging Face id) of the base model, if it lies elsewhere by now. The examples are below, as the tokens
that were trained; only the marked ones count in the loss. On the machine and with the versions of the run
(VERSIONS) the result is the same but for rounding; elsewhere, or with dropout, which drops at random, it is alike.
"""

import json
import sys

import torch
from peft import LoraConfig, get_peft_model
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, Trainer, TrainerCallback, TrainingArguments

BASE_MODEL = ...
SEED = ...
THREADS = ...  # of the processor; None leaves it to torch
TOKENS_PER_PASS = ...  # how many go through the model at once
KEPT_STEP = ...  # the step whose adapter the run kept
DTYPE = ...
QUANTIZATION = ...  # arguments of BitsAndBytesConfig; None holds the base model as it is
LORA = ...
ARGUMENTS = ...
CHECKPOINTING = ...  # gradient checkpointing: less memory, more time, the same result
EXAMPLES = ...  # a JSON array a line: token ids, and the stretches of them that are learnt


class Examples(torch.utils.data.Dataset):
    """The examples of the run, in its order."""

    def __init__(self):
        self.rows = [json.loads(line) for line in EXAMPLES.split("\n") if line]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        ids, stretches = self.rows[index]
        learnt = sorted(place for start, end in stretches for place in range(max(1, start), end))
        return ids, learnt


class PackedTrainer(Trainer):
    """One batch is one optimizer step: its examples share rows without padding, each seeing only itself."""

    def training_step(self, model, inputs, num_items_in_batch=None):
        model.train()
        counted, total = sum(len(learnt) for _, learnt in inputs), 0.0
        for row in rows_of(inputs):
            ids, positions, keep, labels = (tensor.to(model.device) for tensor in row)
            with self.compute_loss_context_manager():
                # With the cache on, transformers would not see that the row holds several examples.
                output = model(input_ids=ids, position_ids=positions, use_cache=False, logits_to_keep=keep)
                loss = cross_entropy(output.logits[0].float(), labels, reduction="sum") / counted
            self.accelerator.backward(loss)
            total += loss.detach()
        return total


class Stop(TrainerCallback):
    """Tells the loss, and ends after the step whose adapter the run kept."""

    def on_log(self, args, state, control, logs=None, **_):
        if "loss" in logs:
            print(f"step {state.global_step}: loss {logs['loss']:.4f}", flush=True)

    def on_step_end(self, args, state, control, **_):
        control.should_log = True
        if state.global_step >= KEPT_STEP:
            control.should_training_stop = True
        return control


def rows_of(examples):
    """Packed rows: ids, positions that restart with each example, where the head is needed, and what comes there."""
    parts, room = [], 0
    for example in examples:
        if not parts or len(example[0]) > room:
            parts.append([])
            room = TOKENS_PER_PASS
        parts[-1].append(example)
        room -= len(example[0])
    for part in parts:
        ids, positions, keep = [], [], []
        for tokens, learnt in part:
            keep += [len(ids) + place - 1 for place in learnt]
            positions += range(len(tokens))
            ids += tokens
        ids, keep = torch.tensor([ids]), torch.tensor(keep)
        yield ids, torch.tensor([positions]), keep, ids[0, keep + 1]


def load(base):
    """The base model, quantised as in the run, with a fresh adapter."""
    cuda = torch.cuda.is_available()
    options = {"dtype": getattr(torch, DTYPE), "device_map": {"": "cuda:0" if cuda else "cpu"}}
    if QUANTIZATION:
        options["quantization_config"] = BitsAndBytesConfig(**QUANTIZATION)
    model = AutoModelForCausalLM.from_pretrained(base, use_safetensors=True, **options)
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False  # with it, bitsandbytes 0.50 trains on wrong gradients
    torch.manual_seed(SEED)
    model = get_peft_model(model, LoraConfig(**LORA))
    if CHECKPOINTING:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return model


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    if THREADS:
        torch.set_num_threads(THREADS)
    model = load(sys.argv[2] if len(sys.argv) == 3 else BASE_MODEL)
    arguments = TrainingArguments(output_dir=sys.argv[1], **ARGUMENTS)
    PackedTrainer(
        model=model, args=arguments, train_dataset=Examples(), data_collator=list, callbacks=[Stop()]
    ).train()
    model.save_pretrained(sys.argv[1])
    print(f"saved {sys.argv[1]}")


if __name__ == "__main__":
    main()
