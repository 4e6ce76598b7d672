"""README.md of an adapter: what it is, what it was made of, how well it learnt, how to load it.

It leaves the machine with the adapter: no paths, no examples, nothing of the user's but counts and settings.
"""

from __future__ import annotations

import json
import re

import core
from core.export.adapter_config import STARTER_ID, public_base
from core.recipe import words
from core.recipe.recipe import get
from core.recipe.reference import setting_named, settings
from core.recipe.schema import Recipe
from core.runs import notes
from core.runs.folder import RunFolder
from core.runs.record import Record
from core.runs.words import loss

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
# Said in the text, without a path; of no effect on the result.
_LEFT_OUT = re.compile(r"model\.base|lora\.start_from|checkpoints\..*")


def model_card(run: RunFolder) -> str:
    """The card of a run's adapter, in Markdown with the front matter of Hugging Face's model cards.

    Raises:
        RecipeError, OSError: the run folder cannot be read.
    """
    recipe = run.recipe()
    record = Record.load(run)
    base, revision = public_base(recipe.model.base)
    parts = [
        _front_matter(base),
        f"# {notes.name(run, notes.read(run)) or f'Run {run.number}'}\n",
        _introduction(recipe, base, revision),
        _loading(recipe, base),
        _data(run, record),
        _results(record),
        _settings(recipe),
        _versions(record),
    ]
    return "\n".join(part for part in parts if part)


def _front_matter(base: str) -> str:
    lines = ["---", "library_name: peft", "pipeline_tag: text-generation"]
    if _HUB_ID.fullmatch(base):
        lines.append(f"base_model: {json.dumps(base)}")
    return "\n".join([*lines, "tags:", "- lora", "- tunesmith", "---", ""])


def _introduction(recipe: Recipe, base: str, revision: str) -> str:
    method = "QLoRA" if recipe.model.quantization != "none" else "LoRA"
    at = f" at revision `{revision}`" if revision else ""
    about = (
        "It is the practice model that ships with Tunesmith (`resources/starter-model`): made for learning the app, "
        "not for use.\n"
        if base == STARTER_ID
        else ""
    )
    return f"A {method} adapter for `{base}`{at}, trained with Tunesmith {core.__version__}.\n{about}"


def _loading(recipe: Recipe, base: str) -> str:
    precision = words.value(setting_named("model.quantization"), recipe.model.quantization)
    name = json.dumps("path/to/" + base) if base == STARTER_ID or not _HUB_ID.fullmatch(base) else json.dumps(base)
    return f"""## How to load it

```python
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

base = AutoModelForCausalLM.from_pretrained({name})
model = PeftModel.from_pretrained(base, "path/to/this/folder")
tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")
messages = [{{"role": "user", "content": "…"}}]
prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True, return_tensors="pt")
answer = model.generate(**prompt, max_new_tokens=256)
print(tokenizer.decode(answer[0, prompt["input_ids"].shape[1]:], skip_special_tokens=True))
```

While it was trained, the base model was held in this precision: {precision}. In another one the answers can differ
a little. `SHA256SUMS` has the hashes of the files (`sha256sum -c SHA256SUMS`).
"""


def _data(run: RunFolder, record: Record) -> str:
    started = record.started
    trained = started.examples if started else len(run.train_examples())
    heldout = started.heldout_examples if started else len(run.heldout_examples())
    rows = [("Training examples", f"{trained:,}"), ("Held-out examples", f"{heldout:,}")]
    if started:
        rows += [
            ("Left out as too long", f"{started.left_out:,}"),
            ("Tokens in the training examples", f"{started.tokens:,}"),
            ("of these learnt (answers)", f"{started.supervised_tokens:,}"),
        ]
    return _table("Data", ("", "Count"), rows)


def _results(record: Record) -> str:
    rows = [("Held-out loss of the base model", loss(value)) for step, value in record.series.heldout if step == 0]
    trained = [(value, step) for step, value in record.series.heldout if step > 0]
    if trained:
        best, step = min(trained)
        rows.append(("Held-out loss of this adapter", f"{loss(best)} (step {step:,})"))
    if record.last_step is not None:
        steps = record.started.steps if record.started else record.last_step.step
        rows += [
            ("Training loss at the end", loss(record.last_step.loss)),
            ("Optimizer steps", f"{record.last_step.step:,} of {steps:,}"),
        ]
    return _table("Losses", ("", "Cross entropy in nats per learnt token"), rows) if rows else ""


def _settings(recipe: Recipe) -> str:
    rows = [
        (f"{info.title} (`{info.name}`)", f"{words.value(info, get(recipe, info.name))} {info.unit}".strip())
        for info in settings()
        if not _LEFT_OUT.fullmatch(info.name)
    ]
    return _table("Settings", ("Setting", "Value"), rows)


def _versions(record: Record) -> str:
    if record.started is None:
        return ""
    made = ", ".join(f"{name} {version}" for name, version in sorted(record.started.versions.items()))
    return f"## Made with\n\n{made}; on {record.started.device}.\n"


def _table(title: str, head: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    cells = [head, ("---", "---"), *((_cell(name), _cell(value)) for name, value in rows)]
    return f"## {title}\n\n" + "".join(f"| {name} | {value} |\n" for name, value in cells)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
