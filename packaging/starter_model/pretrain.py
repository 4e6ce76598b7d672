"""Training the starter model from nothing: a Llama of 2.8 million parameters, on one core, in about half an hour.

Muon for the matrices and AdamW for the rest, bf16 autocast, batches of documents of like length; eager attention, which
at these lengths is far faster on a CPU than the fused one. Half of the steps at the full learning rate, then linearly
down. The documents and their order follow from the seed alone.
"""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 (the usual name)
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from starter_model.corpus import documents
from starter_model.tokenizer import LONGEST, texts

IGNORED = -100  # positions that are not learnt
_POOL = 1000  # documents sorted by length at a time


@dataclass(frozen=True)
class Plan:
    """Size of the model and length of its training."""

    hidden: int = 192
    layers: int = 6
    intermediate: int = 512
    heads: int = 6
    key_value_heads: int = 3
    steps: int = 2400
    batch_tokens: int = 4096
    longest: int = 256
    learning_rate: float = 3.5e-3
    weight_decay: float = 0.05
    warmup_steps: int = 60
    prompts_learnt: float = 0.2  # share of documents whose prompt is learnt as well
    seed: int = 42
    save_every: int = 200


@dataclass(frozen=True)
class Trained:
    """What a training came to."""

    parameters: int
    steps: int
    tokens: int
    loss: float
    wall_seconds: float
    cpu_seconds: float


def new_model(plan: Plan, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """A model with random weights."""
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=plan.hidden,
        intermediate_size=plan.intermediate,
        num_hidden_layers=plan.layers,
        num_attention_heads=plan.heads,
        num_key_value_heads=plan.key_value_heads,
        max_position_embeddings=LONGEST,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    config._attn_implementation = "eager"
    torch.manual_seed(plan.seed)
    return LlamaForCausalLM(config)


def pretrain(plan: Plan, tokenizer: PreTrainedTokenizerFast, folder: Path) -> Trained:
    """Train a new model and save it in half precision; every ``save_every`` steps as it is then."""
    model = new_model(plan, tokenizer).train()
    optimizers = _optimizers(model, plan)
    wall, cpu, tokens, mean = time.monotonic(), time.process_time(), 0, 0.0
    for step, (ids, labels) in enumerate(islice(_batches(plan, tokenizer), plan.steps)):
        rate = plan.learning_rate * _share_of_rate(step, plan)
        loss = _loss(model, ids, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        tokens += ids.numel()
        mean = loss.item() if step == 0 else 0.97 * mean + 0.03 * loss.item()
        if (step + 1) % 50 == 0:
            seconds = time.monotonic() - wall
            left = seconds / (step + 1) * (plan.steps - step - 1)
            print(f"step {step + 1} of {plan.steps}: loss {mean:.4f}, {tokens / seconds:,.0f} tokens/s,", end=" ")
            print(f"{left / 60:.0f} min left", flush=True)
        if (step + 1) % plan.save_every == 0 and step + 1 < plan.steps:
            _save(model, folder)
    _save(model, folder)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return Trained(parameters, plan.steps, tokens, mean, time.monotonic() - wall, time.process_time() - cpu)


def _save(model: LlamaForCausalLM, folder: Path) -> None:
    copy.deepcopy(model).half().save_pretrained(folder)


def _optimizers(model: LlamaForCausalLM, plan: Plan) -> list[torch.optim.Optimizer]:
    named = dict(model.named_parameters())
    matrices = {name for name, value in named.items() if value.ndim == 2 and "embed" not in name}
    rest = [value for name, value in named.items() if name not in matrices]
    return [
        torch.optim.Muon(
            [named[name] for name in named if name in matrices],
            lr=plan.learning_rate,
            weight_decay=plan.weight_decay,
            momentum=0.95,
            adjust_lr_fn="match_rms_adamw",
        ),
        torch.optim.AdamW(rest, lr=plan.learning_rate, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def _share_of_rate(step: int, plan: Plan) -> float:
    done = step / plan.steps
    return min(1.0, (step + 1) / plan.warmup_steps) * (1.0 if done < 0.5 else max(0.02, 2 * (1 - done)))


def _loss(model: LlamaForCausalLM, ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The mean cross-entropy; the language-model head runs on the learnt positions only."""
    wanted = labels[:, 1:].reshape(-1)
    learnt = wanted != IGNORED
    with torch.autocast("cpu", torch.bfloat16):
        hidden = model.model(input_ids=ids).last_hidden_state[:, :-1].flatten(0, 1)
        logits = model.lm_head(hidden[learnt])
    return F.cross_entropy(logits.float(), wanted[learnt])


def _batches(plan: Plan, tokenizer: PreTrainedTokenizerFast) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Batches of (ids, labels), without end. Rows are filled up on the right, where nothing can see it."""
    rng = random.Random(plan.seed)
    stream = documents(plan.seed)
    while True:
        pairs = [texts(document) for document in islice(stream, _POOL)]
        given = tokenizer([pair[0] for pair in pairs], add_special_tokens=False)["input_ids"]
        written = tokenizer([pair[1] for pair in pairs], add_special_tokens=False)["input_ids"]
        rows = []
        for prompt, answer in zip(given, written, strict=True):
            shown = prompt if rng.random() < plan.prompts_learnt else [IGNORED] * len(prompt)
            rows.append(((prompt + answer)[: plan.longest], (shown + answer)[: plan.longest]))
        rows.sort(key=lambda row: len(row[0]))
        groups = _groups(rows, plan.batch_tokens)
        rng.shuffle(groups)
        for group in groups:
            width = max(len(ids) for ids, _ in group)
            yield (
                torch.tensor([ids + [tokenizer.pad_token_id] * (width - len(ids)) for ids, _ in group]),
                torch.tensor([labels + [IGNORED] * (width - len(labels)) for _, labels in group]),
            )


def _groups(rows: list[tuple[list[int], list[int]]], most: int) -> list[list[tuple[list[int], list[int]]]]:
    """Rows of rising length in groups of up to ``most`` tokens; a small rest is left out."""
    groups: list[list[tuple[list[int], list[int]]]] = [[]]
    for row in rows:
        if groups[-1] and (len(groups[-1]) + 1) * len(row[0]) > most:
            groups.append([])
        groups[-1].append(row)
    return groups if len(groups[-1]) > 6 else groups[:-1]
