"""A folder for Ollama: the merged model as a GGUF file, checked as such, and a Modelfile whose template was proven."""

from __future__ import annotations

from typing import Any

from core.export.card import file_card
from core.export.gguf import families
from core.export.gguf import form as gguf
from core.export.ollama.form import translated
from core.export.ollama.modelfile import MODELFILE, model_name, modelfile
from core.export.work import Work
from core.prompt.format import PromptFormat
from core.worker.export_gguf import check, with_notes, write_file

__all__ = ["check", "words", "write"]

_LOADING = """## How to use it

In this folder:

```
ollama create {name} -f Modelfile
ollama run {name}
```
"""
_SYSTEM_INSIDE = "The system prompt of the training is in the Modelfile."
_NO_SYSTEM = "Its chat template knows no system prompt: one that is set in Ollama is left out."


def write(work: Work) -> dict[str, Any]:
    """Write the file, the Modelfile and the card."""
    file = gguf.file_name(work.source, work.chosen["numbers"])
    findings = write_file(work, work.folder / file)
    text, note = words(work, f"./{file}")
    findings["notes"] += note
    (work.folder / MODELFILE).write_text(text, encoding="utf-8", newline="\n")
    about = "{base} with a LoRA adapter worked into its weights, for [Ollama](https://ollama.com)."
    loading = with_notes(_LOADING.format(name=model_name(gguf.title(work.source))), findings)
    card = file_card(work.source, about=about, loading=loading, findings=findings)
    (work.folder / "README.md").write_text(card, encoding="utf-8", newline="\n")
    return findings


def words(work: Work, weights: str, *, adapter: str = "") -> tuple[str, list[str]]:
    """The Modelfile for these weights (see :func:`modelfile`), and what is to be known of it.

    Raises:
        ModelError: the chat template has no translation.
    """
    base = work.source.base_folder()
    prompt_format = PromptFormat.load(base, template=work.source.model.template)
    try:
        template = translated(base, prompt_format)
        stops = [prompt_format.decode([number], skip_special=False) for number in prompt_format.end_ids]
    finally:
        prompt_format.close()
    system = _system(work) if template.system else ""
    context = families.read(base).context
    text = modelfile(weights, template.text, stops=stops, context=context, system=system, adapter=adapter)
    if not template.system:
        return text, [_NO_SYSTEM]
    return text, [_SYSTEM_INSIDE] if system else []


def _system(work: Work) -> str:
    """The system prompt of the training, if all examples had the same."""
    if work.source.run is None:
        return ""
    prompts = {example.system for example in work.source.run.train_examples()}
    return prompts.pop() if len(prompts) == 1 else ""
