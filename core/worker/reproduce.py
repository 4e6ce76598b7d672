"""A run written down as one plain Python file that needs transformers and peft alone.

The body is ``resources/scripts/train_adapter.py``; what this module puts into it are the very objects that the run's
own training is made of, so that nothing is said twice.
"""

from __future__ import annotations

import dataclasses
import json
import pprint
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from peft import LoraConfig
from transformers import BitsAndBytesConfig, TrainingArguments

from core import paths
from core.base_models import catalogue
from core.base_models.facts import ModelFacts
from core.errors import RunError, UserError
from core.files import write_atomically
from core.hardware.memory import is_checkpointing
from core.prompt.format import PromptFormat
from core.recipe import words
from core.recipe.choices import BY_LOSS, SCHEDULES
from core.recipe.reference import setting_named
from core.recipe.schema import STARTER, Recipe
from core.runs import notes
from core.runs.folder import RunFolder
from core.runs.plan import total_steps
from core.runs.record import Record
from core.worker import device
from core.worker.arguments import training_arguments
from core.worker.batches import Tokens
from core.worker.lora import lora_config
from core.worker.model import quantisation_config
from core.worker.prepare import prepare

BODY = "train_adapter.py"
# Where they point to on this machine, or what is set another way in the script.
_NOT_ARGUMENTS = frozenset({"output_dir", "logging_dir", "bf16_full_eval", "fp16_full_eval"})
_NOT_LORA = frozenset({"base_model_name_or_path", "revision", "inference_mode", "auto_mapping", "peft_version"})


def reproduce(run: RunFolder, file: Path, report: Path) -> int:
    """Write the script of a run.

    Args:
        run: the run.
        file: the Python file, replaced in one step.
        report: what went wrong, as JSON; empty when nothing did.

    Returns:
        The exit code.
    """
    try:
        write_atomically(file, script(run).encode())
    except UserError as error:
        traceback.print_exc(file=sys.stderr)
        problem = {"title": error.title, "reason": error.reason, "hint": error.hint, "details": error.details}
        write_atomically(report, json.dumps(problem).encode())
        return 1
    write_atomically(report, b"{}")
    return 0


def script(run: RunFolder) -> str:
    """The text of the script.

    Raises:
        RunError: the run has no adapter yet, or an example cannot be encoded.
    """
    recipe, record = run.recipe(), Record.load(run)
    if record.last_step is None:
        raise RunError("There is nothing to write down yet.", reason="The run has not made a step.")
    _refuse_what_is_not_plain(recipe)
    place = device.choose()
    base = catalogue.resolve(recipe.model.base)
    tokens = _tokens(run, recipe, base)
    steps = total_steps(len(tokens), recipe)
    dtype = place.compute_dtype(recipe.model)
    held = quantisation_config(recipe.model, dtype)
    values = {
        "BASE_MODEL": _base_name(recipe.model.base, base),
        "SEED": recipe.training.seed,
        "THREADS": device.cpu_threads() if place.kind == "cpu" else None,
        "TOKENS_PER_PASS": recipe.training.tokens_per_pass if record.started is None or record.started.packed else 1,
        "KEPT_STEP": _kept_step(record),
        "DTYPE": str(dtype).removeprefix("torch."),
        "QUANTIZATION": _quantisation(held) if held is not None else None,
        "LORA": _lora(lora_config(recipe, ModelFacts.read(base))),
        "ARGUMENTS": _arguments(training_arguments(run, recipe, place, steps)),
        "CHECKPOINTING": is_checkpointing(recipe, "cuda" if place.kind == "xpu" else place.kind),
    }
    body = (paths.resources() / "scripts" / BODY).read_text(encoding="utf-8")
    for name, value in values.items():
        body = _put(body, name, pprint.pformat(value, width=100, sort_dicts=True))
    lines = "\n".join(_line(example) for example in tokens)
    body = _put(body, "EXAMPLES", f'"""\n{lines}\n"""')
    versions = (
        ", ".join(f"{name} {version}" for name, version in record.started.versions.items()) if record.started else ""
    )
    said = {"TITLE": f"{notes.title(run, notes.read(run))}.", "VERSIONS": versions or "not known"}
    # In one pass, so that nothing said is read as a place to fill, and never as the end of the text.
    return re.sub("TITLE|VERSIONS", lambda place: _harmless(said.pop(place[0], place[0])), body, count=len(said))


def _base_name(name: str, folder: Path) -> str:
    """The base model as the script finds it, also on another machine where it is one of the hub."""
    return str(folder) if name == STARTER or Path(name).expanduser().is_dir() else name


def _refuse_what_is_not_plain(recipe: Recipe) -> None:
    """Raise a RunError for settings that need more than transformers and peft."""
    said = [
        f"{info.title}: {words.value(info, value)}"
        for info, value, plain in (
            (setting_named("lora.initialisation"), recipe.lora.initialisation, ("standard", "gaussian")),
            (setting_named("lora.start_from"), recipe.lora.start_from, ("",)),
            (setting_named("training.schedule"), recipe.training.schedule, set(SCHEDULES) - set(BY_LOSS)),
        )
        if value not in plain
    ]
    if said:
        raise RunError(
            "This run cannot be written down as one plain file.",
            reason=f"Transformers and PEFT alone cannot do it: {', '.join(said)}.",
            hint="Copy the run folder instead: it is complete in itself.",
        )


def _harmless(text: str) -> str:
    """Text of the user's, or of a run from elsewhere, that can stand in a docstring."""
    return "".join(letter for letter in text if letter.isprintable()).replace("\\", "/").replace('"', "'")


def _put(body: str, name: str, value: str) -> str:
    found, count = re.subn(rf"(?m)^{name} = \.\.\.", lambda _: f"{name} = {value}", body, count=1)
    assert count == 1, name
    return found


def _tokens(run: RunFolder, recipe: Recipe, base: Path) -> list[Tokens]:
    prompt_format = PromptFormat.load(base, template=recipe.model.template)
    try:
        return prepare(run.train_examples(), prompt_format, recipe.training.max_length, lambda *_: None).tokens
    finally:
        prompt_format.close()


def _line(tokens: Tokens) -> str:
    return json.dumps([list(tokens.ids), list(_stretches(tokens))], separators=(",", ":"))


def _stretches(tokens: Tokens) -> Iterator[tuple[int, int]]:
    """(start, end) of the supervised tokens that lie side by side."""
    start = None
    for place, supervised in enumerate([*tokens.supervised, False]):
        if supervised and start is None:
            start = place
        elif not supervised and start is not None:
            yield start, place
            start = None


def _kept_step(record: Record) -> int:
    """The step of the lowest held-out loss; without one, the last."""
    assert record.last_step is not None
    found = [(loss, step) for step, loss in record.series.heldout if step > 0]
    return min(found)[1] if found else record.last_step.step


def _lora(config: LoraConfig) -> dict[str, Any]:
    return _changed(LoraConfig(), config.to_dict(), _NOT_LORA) | {"task_type": "CAUSAL_LM"}


def _arguments(arguments: TrainingArguments) -> dict[str, Any]:
    values = {field.name: getattr(arguments, field.name) for field in dataclasses.fields(arguments) if field.init}
    return _changed(TrainingArguments(output_dir="."), values, _NOT_ARGUMENTS)


def _quantisation(config: BitsAndBytesConfig) -> dict[str, Any]:
    values: dict[str, Any] = config.to_diff_dict()
    return {key: value for key, value in values.items() if key != "quant_method" and not key.startswith("_")}


def _changed(usual: Any, values: dict[str, Any], left_out: frozenset[str]) -> dict[str, Any]:
    """Those of ``values`` that are not as usual, as plain Python."""
    found = {}
    for key, value in values.items():
        plain = _plain(value)
        if key not in left_out and plain != _plain(getattr(usual, key, None)):
            found[key] = plain
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, set | frozenset | tuple):
        return sorted(value) if not isinstance(value, tuple) else list(value)
    if hasattr(value, "value") and isinstance(value.value, str):
        return value.value
    return value
