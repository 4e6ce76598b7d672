"""README.md of an export: what it is, what it was made of, how well it learnt, how to load it.

It leaves the machine: no paths, no examples, nothing of the user's but counts and settings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import core
from core.export import licence
from core.export.adapter_config import STARTER_ID, public_base
from core.export.source import Source
from core.recipe import words
from core.recipe.recipe import get
from core.recipe.reference import setting_named, settings
from core.recipe.schema import ModelSettings, Recipe
from core.runs import notes
from core.runs.folder import RunFolder
from core.runs.record import Record
from core.runs.words import loss

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
# Said in the text, without a path; a file of its own (chat_template.jinja); of no effect on the result.
_LEFT_OUT = re.compile(r"model\.base|model\.written_template|lora\.start_from|checkpoints\..*")


def model_card(run: RunFolder) -> str:
    """The card of a run's adapter, in Markdown with the front matter of Hugging Face's model cards.

    Raises:
        RecipeError, OSError: the run folder cannot be read.
    """
    recipe = run.recipe()
    base, revision = public_base(recipe.model.base)
    about = _adapter_introduction(recipe.model, base, revision)
    loading = _loading_adapter(recipe.model, base)
    return _card("peft", base, licence.of_base(recipe.model.base), _title(run), about, loading, _story(run))


def source_card(source: Source) -> str:
    """The card of any adapter as it is known now, with what comparisons found out about it.

    Raises:
        RecipeError, OSError: the run folder cannot be read.
    """
    base, revision = public_base(source.model.base)
    about = _adapter_introduction(source.model, base, revision)
    if source.step is not None:
        about += f"It is the state after {source.step:,} optimizer steps, not the end of the run.\n"
    if source.run is None:
        about = f"A LoRA adapter for `{base}`. It was brought into Tunesmith; its training is not known here.\n"
    title = _title(source.run) if source.run is not None else source.title
    story = _told_of(source)
    loading = _loading_adapter(source.model, base)
    return _card("peft", base, licence.of_base(source.model.base), title, about, loading, story)


def merged_card(source: Source, findings: Mapping[str, Any]) -> str:
    """The card of a merged model; ``findings`` is what the export found out about the merge.

    Raises:
        RecipeError, OSError: the run folder cannot be read.
    """
    base, revision = public_base(source.model.base)
    at = f" at revision `{revision}`" if revision else ""
    about = (
        f"`{base}`{at} with a LoRA adapter worked into its weights, made with Tunesmith {core.__version__}. "
        "It needs no other files.\n"
    )
    title = _title(source.run) if source.run is not None else source.title
    story = _told_of(source)
    loading = _load_with("from transformers import AutoModelForCausalLM, AutoTokenizer\n", _LOAD_MERGED)
    parts = (_merge(source, findings), *story)
    return _card("transformers", base, licence.of_base(source.model.base), title, about, loading, parts)


def file_card(source: Source, *, about: str, loading: str, findings: Mapping[str, Any] | None = None) -> str:
    """The card of a file for other programs.

    Args:
        source: what was exported.
        about: what the file is; ``{base}`` becomes the base model's name.
        loading: how it is used, in Markdown.
        findings: what the export found out about a merge, if there was one.

    Raises:
        RecipeError, OSError: the run folder cannot be read.
    """
    base, revision = public_base(source.model.base)
    at = f" at revision `{revision}`" if revision else ""
    story = _told_of(source)
    parts = (_merge(source, findings), *story) if findings else story
    title = _title(source.run) if source.run is not None else source.title
    made = f"{about.format(base=f'`{base}`{at}')} Made with Tunesmith {core.__version__}.\n"
    return _card("gguf", base, licence.of_base(source.model.base), title, made, loading, parts)


def _card(
    library: str, base: str, base_licence: str, title: str, about: str, loading: str, story: Iterable[str]
) -> str:
    parts = [_front_matter(library, base, base_licence), f"# {title}\n", about, loading, *story]
    if base_licence:
        parts.insert(3, f"The base model's licence is `{base_licence}`; it holds for what is made with it as well.\n")
    return "\n".join(part for part in parts if part)


def _title(run: RunFolder) -> str:
    return notes.name(run, notes.read(run)) or f"Run {run.number}"


def _told_of(source: Source) -> tuple[str, ...]:
    """What a run's adapter was made of, how well it learnt, and how it compares."""
    if source.run is None:
        return ()
    return _comparison(source.run, source.step), *_story(source.run)


def _comparison(run: RunFolder, step: int | None) -> str:
    """What the newest comparison says of it; nothing when there is none."""
    from core.library.entries import key_of  # reading answers is not for every card
    from core.library.scores import scores

    score = next(scores(run.path.parent.parent, key_of(run, step)), None)
    if score is None or not score.answers:
        return ""
    rows = [("Held-out examples answered", f"{score.answers:,}"), ("Answers exactly as expected", f"{score.exact:,}")]
    for name, ours, base, form in (
        ("chrF of its answers (0 to 100)", score.chrf, score.base_chrf, ".1f"),
        ("Held-out loss", score.loss, score.base_loss, ".3f"),
    ):
        if ours is not None:
            rows.append((name, f"{ours:{form}}" + (f" (base model {base:{form}})" if base is not None else "")))
    return f"{_table('Comparison', ('', ''), rows)}\n{score.verdict_for_others}\n"


def _story(run: RunFolder) -> tuple[str, ...]:
    """What the adapter was made of, and how well it learnt."""
    record = Record.load(run)
    return _data(run, record), _results(record), _settings(run.recipe()), _versions(record)


def _front_matter(library: str, base: str, base_licence: str) -> str:
    lines = ["---", f"library_name: {library}", "pipeline_tag: text-generation"]
    if base_licence:
        lines.append(f"license: {base_licence}")
    if _HUB_ID.fullmatch(base):
        lines.append(f"base_model: {json.dumps(base)}")
    tags = ["- lora"] if library == "peft" else []
    return "\n".join([*lines, "tags:", *tags, "- tunesmith", "---", ""])


def _adapter_introduction(model: ModelSettings, base: str, revision: str) -> str:
    method = "QLoRA" if model.quantization != "none" else "LoRA"
    at = f" at revision `{revision}`" if revision else ""
    about = (
        "It is the practice model that ships with Tunesmith (`resources/starter-model`): made for learning the app, "
        "not for use.\n"
        if base == STARTER_ID
        else ""
    )
    return f"A {method} adapter for `{base}`{at}, trained with Tunesmith {core.__version__}.\n{about}"


_LOAD_MERGED = 'model = AutoModelForCausalLM.from_pretrained("path/to/this/folder", dtype="auto")\n'


def _loading_adapter(model: ModelSettings, base: str) -> str:
    precision = words.value(setting_named("model.quantization"), model.quantization)
    name = json.dumps("path/to/" + base) if base == STARTER_ID or not _HUB_ID.fullmatch(base) else json.dumps(base)
    imports = "from peft import PeftModel\nfrom transformers import AutoModelForCausalLM, AutoTokenizer\n"
    load = (
        f"base = AutoModelForCausalLM.from_pretrained({name})\n"
        'model = PeftModel.from_pretrained(base, "path/to/this/folder")\n'
    )
    return f"""{_load_with(imports, load)}
While it was trained, the base model was held in this precision: {precision}. In another one the answers can differ
a little. `SHA256SUMS` has the hashes of the files (`sha256sum -c SHA256SUMS`).
"""


def _load_with(imports: str, load: str) -> str:
    return f"""## How to load it

```python
{imports}
{load}tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")
messages = [{{"role": "user", "content": "…"}}]
prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True, return_tensors="pt")
answer = model.generate(**prompt, max_new_tokens=256)
print(tokenizer.decode(answer[0, prompt["input_ids"].shape[1]:], skip_special_tokens=True))
```
"""


def _merge(source: Source, findings: Mapping[str, Any]) -> str:
    names = {"as_trained": "the base model as it was held in training", "original": "the original base model"}
    losses = findings.get("heldout_losses", {})
    rows = [("Merged into", names[findings["merged_into"]])]
    rows += [(f"Held-out loss on {names[way]}", loss(value)) for way, value in losses.items()]
    if losses:
        rows.append(("Held-out examples measured", f"{findings['heldout_examples']:,}"))
    precision = words.value(setting_named("model.quantization"), source.model.quantization)
    rows.append(("Precision of the base model in training", precision))
    return _table("The merge", ("", ""), rows)


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
