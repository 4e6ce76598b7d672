"""GGUF files as forms of export: the merged model, and the adapter by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from core.base_models.reading import read_text
from core.errors import ModelError
from core.export import merged
from core.export.form import Choice, Facts, Form, Step, Value
from core.export.gguf import families, pretokenizers
from core.export.source import Source
from core.export.words import quoted
from core.runs import notes

F16, Q8_0, F32 = "f16", "q8_0", "f32"
# Of the largest logit: what rounding the weights may change of the answers.
TOLERANCES = {F32: 1e-4, F16: 0.01, Q8_0: 0.1}
_BYTES = {F32: 4.0, F16: 2.0, Q8_0: 34 / 32}  # of a weight; Q8_0 has 32 of them and a scale in 34 bytes
_CARD = 200_000  # bytes, with all that is small
_OTHER_FORMS = "The adapter for PEFT and the merged model work with every model."
_MERGED_FILE = "The merged model as a GGUF file has all of it."


def title(source: Source) -> str:
    """What programs are to show as the model's name."""
    name = notes.name(source.run, notes.read(source.run)) if source.run is not None else ""
    return name or source.title


def file_name(source: Source, held: str) -> str:
    """What to call the file: programs show it in their lists."""
    name = re.sub(r"[^\w.-]+", "-", title(source)).strip("-._")[:80] or "model"
    return f"{name}-{held}.gguf"


def why_not(folder: Path) -> str:
    """Why models made from this base model cannot be written as GGUF; empty when they can."""
    try:
        stamp = (folder / "tokenizer.json").stat().st_mtime_ns
    except OSError:
        stamp = 0
    return _why_not(folder, stamp)


@lru_cache(maxsize=32)
def _why_not(folder: Path, _stamp: int) -> str:
    try:
        families.read(folder)
        tokenizer = json.loads(read_text(folder / "tokenizer.json", megabytes=256))
        model = tokenizer.get("model", {})
        if model.get("type") != "BPE":
            return f"Its tokenizer is of the kind {model.get('type')}, not byte pairs (BPE). {_OTHER_FORMS}"
        if not model.get("byte_fallback"):
            pretokenizers.name(tokenizer)
    except ModelError as error:
        return f"{error.reason} {_OTHER_FORMS}"
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return f"Its tokenizer cannot be read ({type(error).__name__}). {_OTHER_FORMS}"
    return ""


def size(facts: Facts, chosen: Mapping[str, str]) -> int:
    """About how many bytes the file of a merged model has."""
    words = facts.folder / "tokenizer.json"
    vocabulary = words.stat().st_size if words.is_file() else 0
    return int(facts.base.parameters * _BYTES[chosen["numbers"]]) + vocabulary + _CARD


def aside(facts: Facts, _chosen: Mapping[str, str]) -> int:
    """What reading it again takes, where llama.cpp is not there to do it."""
    return 2 * facts.base.parameters


def choices(facts: Facts) -> tuple[Choice, ...]:
    """What can be chosen of a merged model in a GGUF file."""
    numbers = (
        Value(F16, "16 bits (F16)", "The same answers as the trained model."),
        Value(Q8_0, "8 bits (Q8_0)", "Half the size and faster; now and then a word comes out otherwise."),
    )
    return (Choice("numbers", "Weights", numbers), *merged.choices(facts))


def _refusal(facts: Facts) -> str:
    return why_not(facts.folder)


def _adapter_refusal(facts: Facts) -> str:
    if facts.config.use_dora:
        return f"It was trained with DoRA, which a GGUF adapter cannot hold. {_MERGED_FILE}"
    if facts.config.modules_to_save:
        parts = ", ".join(dict.fromkeys(name.rpartition(".")[2] for name in facts.config.modules_to_save))
        return f"Parts of the model were trained in full ({parts}), which a GGUF adapter cannot hold. {_MERGED_FILE}"
    try:
        families.read(facts.folder)
    except ModelError as error:
        return f"{error.reason} {_OTHER_FORMS}"
    return ""


def _adapter_size(facts: Facts, _chosen: Mapping[str, str]) -> int:
    return 2 * facts.adapter_bytes + _CARD  # a bfloat16 adapter gets twice as large


def _next_steps(path: Path, _facts: Facts) -> tuple[Step, ...]:
    file = _only_file(path)
    steps = [
        Step("Serve it with llama.cpp:", f"llama-server -m {quoted(file)}"),
        Step("LM Studio: put the folder into its models folder, or drop the file on its window."),
    ]
    if file.stem.endswith(F16):
        small = file.with_name(file.name.removesuffix(f"{F16}.gguf") + "q4_k_m.gguf")
        command = f"llama-quantize {quoted(file)} {quoted(small)} Q4_K_M"
        steps.append(Step("Make it smaller with llama.cpp, which is not checked here:", command))
    return tuple(steps)


def _adapter_next_steps(path: Path, _facts: Facts) -> tuple[Step, ...]:
    return (
        Step(
            "Use it in llama.cpp with a GGUF file of its base model:",
            f"llama-server -m BASE.gguf --lora {quoted(_only_file(path))}",
        ),
        Step("In Ollama: put the name of the same base model into the Modelfile that lies in the folder."),
    )


def _only_file(folder: Path) -> Path:
    return next(iter(sorted(folder.glob("*.gguf"))), folder)


FORM = Form(
    id="gguf",
    title="GGUF model",
    readers="llama.cpp, LM Studio, Jan and Ollama",
    about="Base model and adapter as one file, with the chat template inside. Nothing else is needed to use it.",
    refusal=_refusal,
    size=size,
    next_steps=_next_steps,
    choices=choices,
    aside=aside,
)
ADAPTER_FORM = Form(
    id="gguf-adapter",
    title="GGUF adapter",
    readers="llama.cpp (--lora) and Ollama (ADAPTER)",
    about="The adapter alone, as a small file that is put on a GGUF file of the base model.",
    refusal=_adapter_refusal,
    size=_adapter_size,
    next_steps=_adapter_next_steps,
)
