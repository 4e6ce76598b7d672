"""What the starter model can do, measured: plain answers, small skills, free prompts, and fine-tuning on the samples.

The prompts come from other seeds than the corpus. That one of them was seen in training is possible and rare.
"""

from __future__ import annotations

import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from core.dataset.example import Example
from core.evaluation.answers import compare
from core.evaluation.style import exact_rate, style_rate
from core.generation.client import ModelProcess
from core.prompt.format import PromptFormat
from core.recipe.presets import base_recipe
from core.recipe.recipe import with_settings
from core.recipe.schema import STARTER
from core.runs import folder as runs
from core.runs.events import Evaluation, Finished
from core.runs.process import start_worker
from starter_model import corpus, samples, skills
from starter_model.frames import TASKS, frames, question
from starter_model.words import load, vocabulary

SEED = 9_000_001
ANSWERS = 60  # prompts for each task
ASKED = 40  # new examples for each fine-tuned adapter
TRIALS = ((0, 17), (0, 18), (0, 19), (1, 17), (2, 17), (3, 17))  # (sample, seed)


@dataclass(frozen=True)
class Trial:
    """One fine-tuning with the app's own engine, and its answers to new examples."""

    sample: str
    seed: int
    seconds: float
    style: tuple[float, float]  # before, after
    exact: tuple[float, float]
    heldout: tuple[float, float]  # losses


def report(folder: Path) -> None:
    """Print the whole table."""
    answer = answerer(folder)
    for invent in (0.0, 0.3):
        print(f"\nPlain answers, exact; {invent:.0%} invented words")
        rates = [(task, *task_rate(answer, task, invent)) for task in TASKS]
        _print_rates(rates)
    print("\nSmall skills, exact")
    _print_rates([(kind.__name__, *skill_rate(answer, kind)) for kind, _ in skills.SKILLS if kind is not skills.story])
    print("\nFree prompts")
    prompts = load("free")["prompts"]
    readable = 0
    for prompt, text in zip(prompts, answer([Example(instruction=prompt) for prompt in prompts]), strict=True):
        good = is_readable(text, prompt)
        readable += good
        print(f"  {' ' if good else '!'} {prompt!r} -> {text!r}")
    print(f"  readable: {readable} of {len(prompts)}")
    print("\nFine-tuning on 240 examples, asked for new ones")
    for number, seed in TRIALS:
        print(" ", fine_tune(folder, samples.voices()[number], seed), flush=True)


def answerer(folder: Path) -> Callable[[Sequence[Example]], list[str]]:
    """Greedy answers by plain Transformers."""
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    def answer(examples: Sequence[Example]) -> list[str]:
        texts: list[str] = []
        for start in range(0, len(examples), 20):
            chats = [example.prompt_messages() for example in examples[start : start + 20]]
            rows = tokenizer.apply_chat_template(
                chats, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True
            )
            with torch.inference_mode():
                made = model.generate(**rows, max_new_tokens=96, do_sample=False)
            texts += tokenizer.batch_decode(made[:, rows["input_ids"].shape[1] :], skip_special_tokens=True)
        return texts

    return answer


def task_examples(task: str, invent: float, count: int = ANSWERS) -> list[Example]:
    """Questions of a task with their plain answers."""
    rng = random.Random(f"{SEED} {task} {invent}")
    choice = [frame for frame in frames().values() if frame.task == task]
    asked = [question(rng, rng.choice(choice), invent=invent) for _ in range(count)]
    return [Example(instruction=each.instruction, input=each.input, output=each.answer) for each in asked]


def task_rate(answer: Callable[[Sequence[Example]], list[str]], task: str, invent: float) -> tuple[float, int]:
    """The share of exact answers, and of how many."""
    asked = task_examples(task, invent)
    return exact_rate(answer(asked), [example.output for example in asked]), len(asked)


def skill_rate(
    answer: Callable[[Sequence[Example]], list[str]], kind: Callable[[random.Random], skills.Exchange]
) -> tuple[float, int]:
    """The same for a small skill. A list of things has many right answers; none but one counts."""
    rng = random.Random(f"{SEED} {kind.__name__}")
    rows = [kind(rng) for _ in range(30)]
    asked = [Example(instruction=given, input=more, output=wanted) for given, more, wanted in rows]
    return exact_rate(answer(asked), [example.output for example in asked]), len(asked)


def is_readable(text: str, prompt: str) -> bool:
    """Whether an answer ends like a sentence or a list and has only words of the vocabulary or of the prompt."""
    known = _known_words() | set(_words_of(prompt))
    ends = text.endswith((".", "!", "?")) or text.startswith("- ") or text.isalpha()
    return ends and all(word in known for word in _words_of(text))


def fine_tune(folder: Path, voice: samples.Voice, seed: int) -> Trial:
    """Train on a sample as the app does, and ask for new examples."""
    recipe = with_settings(base_recipe(STARTER), {"model.base": str(folder.resolve()), "training.seed": seed})
    mine = list(islice(samples.examples(voice, voice.seed), samples.COUNT))
    known = {example.prompt for example in mine}
    fresh = (example for example in samples.examples(voice, SEED + seed) if example.prompt not in known)
    asked = list(islice(fresh, ASKED))
    with tempfile.TemporaryDirectory() as name:
        run = runs.create(Path(name), name=voice.id, recipe=recipe, train=mine[24:], heldout=mine[:24])
        began = time.monotonic()
        if start_worker(run).wait() != 0:
            raise RuntimeError(run.log_file.read_text(encoding="utf-8")[-2000:])
        seconds = time.monotonic() - began
        losses = [event.loss for event in run.events() if isinstance(event, Evaluation)]
        best = next(event.heldout_loss for event in run.events() if isinstance(event, Finished))
        with ModelProcess(recipe.model.base, recipe.model) as process:
            pairs = compare(process, asked, run.adapter)
    before, after = [pair.base.text for pair in pairs], [pair.adapter.text for pair in pairs]
    wanted = [pair.example.output for pair in pairs]
    return Trial(
        sample=voice.id,
        seed=seed,
        seconds=round(seconds, 1),
        style=(style_rate(before, voice.style_pattern), style_rate(after, voice.style_pattern)),
        exact=(exact_rate(before, wanted), exact_rate(after, wanted)),
        heldout=(round(losses[0] or 0.0, 3), round(best or 0.0, 3)),
    )


def longest_example(folder: Path, examples: Iterable[Example]) -> int:
    """The most tokens of an example in the model's format."""
    prompt_format = PromptFormat.load(folder)
    return max(len(prompt_format.encode(example).ids) for example in examples)


@cache
def _known_words() -> set[str]:
    """Every word of the hand-written vocabulary and of the corpus' templates."""
    plain = (document for document in islice(corpus.documents(SEED), 3000) if document.instruction)
    counts = Counter(word for document in plain for word in _words_of(document.output))
    common = {word for word, count in counts.items() if count > 2}
    return common | {word for text in map(str, vars(vocabulary()).values()) for word in _words_of(text)}


def _words_of(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def _print_rates(rates: Sequence[tuple[str, float, int]]) -> None:
    for name, rate, count in rates:
        print(f"  {name:16} {rate:6.1%} of {count}")
    total = sum(count for _, _, count in rates)
    print(f"  {'all':16} {sum(rate * count for _, rate, count in rates) / total:6.1%} of {total}")
