"""The adapter itself as a form of export: a standard PEFT folder, or a zip file of one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.export import adapter_config
from core.export.adapter_config import AdapterConfig
from core.export.base_file import BASE_FILE
from core.export.form import Choice, Facts, Form, Step, Value
from core.export.words import base_in_command, base_in_python, python_text, quoted

# What an adapter folder consists of; anything else that lies in it stays where it is.
FILES = (
    *(adapter_config.WEIGHTS_FILE, adapter_config.CONFIG_FILE, "tokenizer.json", "tokenizer_config.json"),
    *("chat_template.jinja", "README.md", BASE_FILE),
)
AS_IT_IS, PORTABLE = "as-it-is", "portable"
_VLLM_RANKS = (16, 32, 64, 128, 256, 320, 512)  # what its --max-lora-rank accepts, from its default on
_SUMS_BYTES = 4096


def what_vllm_lacks(config: AdapterConfig) -> str:
    """Why vLLM cannot read the adapter; empty when it can."""
    if config.use_dora:
        return "it was trained with DoRA"
    if config.modules_to_save:
        parts = ", ".join(dict.fromkeys(name.rpartition(".")[2] for name in config.modules_to_save))
        return f"parts of the model were trained in full ({parts})"
    return ""


def can_be_folded(config: AdapterConfig) -> bool:
    """Whether there is something to fold that some readers pass over, and nothing that cannot be folded."""
    return (config.use_rslora or bool(config.rank_pattern) or bool(config.alpha_pattern)) and not config.use_dora


def _choices(facts: Facts) -> tuple[Choice, ...]:
    if not can_be_folded(facts.config):
        return ()
    return (
        Choice(
            "layout",
            "Layout",
            (
                Value(PORTABLE, "For every reader", "The scales are worked into the matrices; it computes the same."),
                Value(AS_IT_IS, "As it was trained", "For further training; some readers ignore its scales."),
            ),
        ),
    )


def _remark(facts: Facts) -> str:
    lacks = what_vllm_lacks(facts.config)
    return f"vLLM cannot read this one: {lacks}. PEFT can; for vLLM export a merged model." if lacks else ""


def _size(facts: Facts, _chosen: Mapping[str, str]) -> int:
    ranks = [facts.config.rank, *(facts.config.rank_pattern or {}).values()]
    return facts.adapter_bytes * max(ranks) // min(ranks) + _SUMS_BYTES


def _next_steps(path: Path, facts: Facts) -> tuple[Step, ...]:
    base = base_in_command(facts.model.base, facts.folder)
    load = Step(
        "Load it in Python with its base model:",
        "from peft import PeftModel\n"
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        f"base = AutoModelForCausalLM.from_pretrained({base_in_python(facts.model.base, facts.folder)})\n"
        f"model = PeftModel.from_pretrained(base, {python_text(path)})\n"
        f"tokenizer = AutoTokenizer.from_pretrained({python_text(path)})",
    )
    if path.suffix == ".zip":
        return (Step("Unpack it where it is needed; the README in it says how to load it."),)
    if what_vllm_lacks(facts.config):
        return (load,)
    rank = max([facts.config.rank, *(facts.config.rank_pattern or {}).values()])
    allowed = next((one for one in _VLLM_RANKS if one >= rank), _VLLM_RANKS[-1])
    wider = f" --max-lora-rank {allowed}" if rank > _VLLM_RANKS[0] else ""
    serve = f"vllm serve {base} --enable-lora{wider} --lora-modules {quoted(Path(f'mine={path}'))}"
    return (load, Step("Serve it with vLLM:", serve))


FORM = Form(
    id="adapter",
    title="Adapter (PEFT)",
    readers="PEFT, Transformers and vLLM",
    about="The small file that was trained, with tokenizer, chat template and a description. Whoever uses it needs the "
    "base model as well. Training can go on from it.",
    refusal=lambda _facts: "",
    size=_size,
    next_steps=_next_steps,
    choices=_choices,
    remark=_remark,
    endings=("", ".zip"),
)
