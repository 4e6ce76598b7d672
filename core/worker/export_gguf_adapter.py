"""The adapter as a GGUF file: read again, put on the base model that it was trained on, and compared."""

from __future__ import annotations

from typing import Any

import torch
from peft.tuners.lora import LoraLayer
from transformers import PreTrainedModel

from core.errors import ModelError
from core.export import sums
from core.export.card import file_card
from core.export.gguf import adapter, back, form, plan, reading
from core.export.gguf.plan import Plan
from core.export.ollama.modelfile import BASE, MODELFILE
from core.export.work import Work
from core.worker import device
from core.worker.export_adapter import note_what_it_says
from core.worker.export_gguf import with_notes
from core.worker.export_ollama import words
from core.worker.reference import as_findings, compare
from core.worker.trained import trained

_LOADING = """## How to use it

With a GGUF file of the same base model, in llama.cpp:

```
llama-server -m BASE.gguf --lora {name}
```

"""
_OLLAMA = f"""
In Ollama, with the same base model: put its name into `{MODELFILE}` in the place of {BASE}, then
`ollama create my-model -f {MODELFILE}`.
"""


def write(work: Work) -> dict[str, Any]:
    """Write the file and its card, and note what the trained model says."""
    sums.check(work.source.adapter)
    planned = _plan(work)
    name = form.file_name(work.source, "lora")
    with work.meanwhile("Writing the matrices", 0.0, 0.3):
        work.hashes[name] = plan.write(planned, work.folder / name)
    findings = {"notes": list(planned.notes), **note_what_it_says(work)}
    loading = with_notes(_LOADING.format(name=name) + _for_ollama(work, name), findings)
    card = file_card(work.source, about="A LoRA adapter for {base}, as a GGUF file.", loading=loading)
    (work.folder / "README.md").write_text(card, encoding="utf-8", newline="\n")
    return findings


def check(work: Work) -> dict[str, Any]:
    """Compare the file with the adapter byte for byte, then what the base model says with it."""
    (path,) = work.folder.glob("*.gguf")
    reading.compare(_plan(work), path)
    place = device.choose()
    with work.meanwhile("A fresh process puts the file on the base model and compares its answers", 0.0, 1.0):  # noqa: SIM117
        with trained(work.source, work.source.model, place) as model:
            missing = _put_on(model, work)
            found = as_findings(compare(model, work.reference))
    if missing:
        found |= {"verified": False, "problem": f"The file has nothing for {missing}."}
    return {**found, "device": place.kind, "reader": "gguf, peft"}


def _for_ollama(work: Work, name: str) -> str:
    """Write a Modelfile, unless the chat template has no translation; what is to be said of it."""
    try:
        text, notes = words(work, BASE, adapter=f"./{name}")
    except ModelError:
        return "\nOllama cannot have it: its chat template has no translation.\n"
    (work.folder / MODELFILE).write_text(text, encoding="utf-8", newline="\n")
    return _OLLAMA + "".join(f"\n{note}\n" for note in notes)


def _plan(work: Work) -> Plan:
    return adapter.plan(work.source.adapter, work.source.base_folder(), form=form.F32, title=form.title(work.source))


def _put_on(model: PreTrainedModel, work: Work) -> str:
    """Give the model's LoRA layers the matrices of the file; the name of one that it has none for, else nothing.

    What a reader computes is alpha / rank * B A; PEFT multiplies by a scale of its own, which is taken out of B.
    """
    (path,) = work.folder.glob("*.gguf")
    layers = {name: module for name, module in model.named_modules() if isinstance(module, LoraLayer)}
    matrices = back.adapter(path, work.source.base_folder(), list(layers))
    for name, layer in layers.items():
        if name not in matrices:
            return str(name)
        (which,) = layer.active_adapters
        found = matrices[name]
        scale = found.scale / layer.scaling[which]
        with torch.no_grad():
            layer.lora_A[which].weight.copy_(torch.tensor(found.a))
            layer.lora_B[which].weight.copy_(torch.tensor(found.b) * scale)
    return ""
