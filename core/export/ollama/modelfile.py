"""The Modelfile (https://github.com/ollama/ollama, docs/modelfile.md)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.errors import ModelError

MODELFILE = "Modelfile"
BASE = "BASE-MODEL"  # to be replaced by what the base model is called in Ollama
_LARGEST_CONTEXT = 8192  # tokens; more costs memory with every conversation, and can be set by whoever has it


def modelfile(
    weights: str, template: str, *, stops: Sequence[str], context: int, system: str = "", adapter: str = ""
) -> str:
    """The text of a Modelfile.

    Args:
        weights: what FROM names: a model of Ollama, or ``./`` and the GGUF file beside it.
        template: in Go's words.
        stops: texts that end an answer.
        context: the most tokens that the model can attend to.
        system: the system prompt that it was trained with, if it was one.
        adapter: the same of a GGUF adapter that is put on it; empty for none.

    Raises:
        ModelError: a text has three quotes in a row, which a Modelfile cannot hold.
    """
    lines = [f"FROM {weights}", *([f"ADAPTER {adapter}"] if adapter else []), f"TEMPLATE {_block(template)}"]
    if system:
        lines.append(f"SYSTEM {_block(system)}")
    # The file's own end tokens stop an answer as well; a quote cannot be written between quotes here.
    lines += [f'PARAMETER stop "{stop}"' for stop in dict.fromkeys(stops) if not set(stop) & {'"', "\n"}]
    lines.append(f"PARAMETER num_ctx {min(context, _LARGEST_CONTEXT)}")
    return "\n".join(lines) + "\n"


def model_name(title: str) -> str:
    """What to call the model in Ollama: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "tuned-model"


def _block(text: str) -> str:
    if '"""' in text:
        raise ModelError(
            "This cannot be written for Ollama.",
            reason="Chat template or system prompt have three quotes in a row, which end a text in a Modelfile.",
            hint="Export a GGUF file instead.",
        )
    return f'"""{text}"""'
