"""A folder for Ollama as a form of export: the merged model as a GGUF file, and the Modelfile."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ModelError
from core.export.form import Facts, Form, Step
from core.export.gguf import form as gguf
from core.export.ollama.modelfile import MODELFILE, model_name
from core.export.ollama.template import Translation, translate
from core.export.words import quoted

if TYPE_CHECKING:
    from core.prompt.format import PromptFormat


def translated(folder: Path, prompt_format: PromptFormat) -> Translation:
    """The chat template in Ollama's words.

    Args:
        folder: of the base model.
        prompt_format: its own.

    Raises:
        ModelError: it has no translation.
    """
    from core.prompt import files

    beginning = files.read(folder).named.get("bos_token", "")
    return translate(
        lambda messages: prompt_format.render(messages, add_generation_prompt=True),
        beginning=beginning,
    )


def _refusal(facts: Facts) -> str:
    reason = gguf.why_not(facts.folder)
    if reason:
        return reason
    from core.prompt.format import PromptFormat

    try:
        prompt_format = PromptFormat.load(facts.folder, template=facts.model.template)
        with contextlib.closing(prompt_format):
            translated(facts.folder, prompt_format)
    except ModelError as error:
        return " ".join(part for part in (error.title, error.reason, error.hint) if part)
    return ""


def _next_steps(path: Path, _facts: Facts) -> tuple[Step, ...]:
    name = model_name(path.name)
    return (
        Step("Make it known to Ollama:", f"ollama create {name} -f {quoted(path / MODELFILE)}"),
        Step("Talk to it:", f"ollama run {name}"),
    )


FORM = Form(
    id="ollama",
    title="Ollama folder",
    readers="Ollama",
    about="The merged model as a GGUF file, with a Modelfile that has the chat template, stop words and system prompt.",
    refusal=_refusal,
    size=gguf.size,
    next_steps=_next_steps,
    choices=gguf.choices,
    aside=gguf.aside,
)
