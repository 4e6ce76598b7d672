"""The merged model as a form of export: base model and adapter as one, in 16 bit, for whatever reads Transformers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from core.base_models.facts import ModelFacts
from core.export.form import Choice, Facts, Form, Step, Value
from core.export.words import python_text, quoted

BETTER, AS_TRAINED, ORIGINAL = "better", "as-trained", "original"
_KEPT_ASIDE = 8_000_000  # bytes of tokenizer, card and configuration
# What names code or another way of holding the weights; nothing of it is true of the merged model.
_NOT_TAKEN = ("auto_map", "quantization_config", "_name_or_path", "attn_implementation", "_attn_implementation")


def into(chosen: str) -> Literal["as_trained", "original"]:
    """What a choice other than "better" means."""
    return "original" if chosen == ORIGINAL else "as_trained"


def stored_as(facts: ModelFacts) -> str:
    """The 16-bit kind of number that the merged model has, as safetensors calls it: the base model's own, if any."""
    return "F16" if facts.dtype == "float16" else "BF16"


def configuration(config: dict[str, Any], dtype: str) -> dict[str, Any]:
    """config.json of the merged model from that of its base model; ``dtype`` is how its weights are stored."""
    kept = {key: value for key, value in config.items() if key not in _NOT_TAKEN}
    names = [name for name in ("dtype", "torch_dtype") if name in kept] or ["torch_dtype"]
    kept |= dict.fromkeys(names, dtype)
    if isinstance(kept.get("text_config"), dict):
        kept["text_config"] = configuration(kept["text_config"], dtype)
    return kept


def choices(facts: Facts) -> tuple[Choice, ...]:
    """What the adapter can be merged into."""
    if facts.model.quantization == "none":
        return (Choice("into", "Merge into", (Value(ORIGINAL, "The base model", "As it was trained."),)),)
    bits = "4-bit" if facts.model.quantization == "nf4" else "8-bit"
    return (
        Choice(
            "into",
            "Merge into",
            (
                Value(BETTER, "Whichever answers better", "The held-out loss of both is measured; the lower one wins."),
                Value(AS_TRAINED, f"The {bits} base model", "What the adapter was trained on, made 16-bit again."),
                Value(ORIGINAL, "The original base model", f"Without what {bits} lost; the adapter never saw it."),
            ),
        ),
    )


def _size(facts: Facts, _chosen: Mapping[str, str]) -> int:
    return 2 * facts.base.parameters + _KEPT_ASIDE


def _next_steps(path: Path, _facts: Facts) -> tuple[Step, ...]:
    where = quoted(path)
    return (
        Step("Serve it with vLLM:", f"vllm serve {where}"),
        Step(
            "Load it in Python:",
            "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
            f'model = AutoModelForCausalLM.from_pretrained({python_text(path)}, dtype="auto")\n'
            f"tokenizer = AutoTokenizer.from_pretrained({python_text(path)})",
        ),
    )


FORM = Form(
    id="merged",
    title="Merged model",
    readers="Transformers, vLLM, SGLang and converters",
    about="Base model and adapter as one model in 16 bit (safetensors). Nothing else is needed to use it.",
    refusal=lambda _facts: "",
    size=_size,
    next_steps=_next_steps,
    choices=choices,
)
