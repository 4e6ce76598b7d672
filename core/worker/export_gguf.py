"""The merged model as one GGUF file: written as it is merged, run by llama.cpp, or read back into Transformers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transformers import logging as transformers_logging

from core.base_models.facts import ModelFacts
from core.base_models.reading import read_object
from core.base_models.stored import Numbers
from core.export import merged, tensor_files
from core.export.card import file_card
from core.export.gguf import back, form, model, plan
from core.export.work import Work
from core.prompt.format import PromptFormat
from core.worker import device
from core.worker.export_merged import NOT_COMPARED, Merging, rounded_inputs
from core.worker.llama_cpp_model import LlamaCppModel, is_installed
from core.worker.merging import FLOATS, Merge
from core.worker.model import load_base
from core.worker.reference import TOLERANCES, as_findings, compare, compare_answers, longest_prompt
from core.worker.trained import examples_of, room_for

_MERGED_AT = 0.6  # of the work; before it, models are loaded and asked
_LONGEST = 512  # tokens of a prompt that llama.cpp is given
_COMPARED = 5  # prompts whose tokens are compared
_LOADING = """## How to use it

```
llama-server -m {name}
```

LM Studio and other programs that read GGUF take the file as it is; the chat template is inside.
"""


def write(work: Work) -> dict[str, Any]:
    """Write the file and its card."""
    name = form.file_name(work.source, work.chosen["numbers"])
    findings = write_file(work, work.folder / name)
    about = "{base} with a LoRA adapter worked into its weights, as a GGUF file."
    card = file_card(
        work.source, about=about, loading=with_notes(_LOADING.format(name=name), findings), findings=findings
    )
    (work.folder / "README.md").write_text(card, encoding="utf-8", newline="\n")
    return findings


def check(work: Work) -> dict[str, Any]:
    """Load it again and compare it with the trained model.

    llama.cpp does it where it is installed; else what the package's reader finds in the file is loaded by
    Transformers.
    """
    (path,) = work.folder.glob("*.gguf")
    least = max(form.TOLERANCES[work.chosen["numbers"]], rounded_inputs(work))
    return _run(work, path, least) if is_installed() else _read_back(work, path, least)


def write_file(work: Work, path: Path) -> dict[str, Any]:
    """Merge and write; ``work.reference`` gets what the trained model says.

    Returns:
        For the record: what was merged into, held-out losses, how numbers are held, what a user should know.
    """
    merging = Merging(work, until=_MERGED_AT)
    try:
        planned = _plan(work, merging.decide())
        told, done = work.portion("Merging and writing the weights", _MERGED_AT, 0.98), 0

        def advance(size: int) -> None:
            nonlocal done
            done += size
            told(done, planned.size)

        work.hashes[path.name] = plan.write(planned, path, advance=advance)
    finally:
        merging.close()
    return {"numbers": work.chosen["numbers"], "notes": list(planned.notes), **merging.findings}


def with_notes(text: str, findings: dict[str, Any]) -> str:
    """A part of the card, with what a user of the file should know."""
    return text + "".join(f"\n{note}\n" for note in findings["notes"])


def _plan(work: Work, merge: Merge) -> plan.Plan:
    base = work.source.base_folder()
    shapes = {name: tensor.shape for name, tensor in merge.specs.items() if tensor.dtype in FLOATS}

    def weights() -> Iterator[tuple[str, Numbers]]:
        return ((name, tensor.numpy()) for name, tensor in merge if name in shapes)

    with tempfile.TemporaryDirectory(dir=work.folder.parent) as words:
        prompt_format = PromptFormat.load(base, template=work.source.model.template)
        try:
            prompt_format.save(Path(words))
        finally:
            prompt_format.close()
        return model.plan(
            base,
            form=work.chosen["numbers"],
            title=form.title(work.source),
            words=Path(words),
            shapes=shapes,
            weights=weights,
        )


def _run(work: Work, path: Path, least: float) -> dict[str, Any]:
    with work.meanwhile("llama.cpp loads the file", 0.0, 0.3):
        llama = LlamaCppModel(path, context=longest_prompt(work.reference, most=_LONGEST) + 1)
    try:
        if _reads_otherwise(work, llama):
            return {**NOT_COMPARED, "problem": "llama.cpp reads a prompt as other tokens than those of the training."}
        told = work.portion("It is compared with the trained model", 0.3, 1.0)
        found = compare_answers(
            llama.logits,
            work.reference,
            conditions={"device": "cpu", "dtype": "float32"},
            least=least,
            longest=_LONGEST,
            progress=told,
        )
    finally:
        llama.close()
    return {**as_findings(found), "device": "cpu", "reader": "llama.cpp"}


def _reads_otherwise(work: Work, llama: LlamaCppModel) -> bool:
    """Whether llama.cpp cuts prompts into other tokens than those of the training."""
    prompt_format = PromptFormat.load(work.source.base_folder(), template=work.source.model.template)
    try:
        return any(
            llama.tokens(prompt_format.render(example.prompt_messages(), add_generation_prompt=True))
            != prompt_format.encode_prompt(example)
            for example in examples_of(work.source)[:_COMPARED]
        )
    finally:
        prompt_format.close()


def _read_back(work: Work, path: Path, least: float) -> dict[str, Any]:
    """Make a model of Transformers of what the file holds."""
    transformers_logging.set_verbosity_error()
    base = work.source.base_folder()
    with tempfile.TemporaryDirectory(dir=work.folder.parent) as name:
        folder = Path(name)
        with work.meanwhile("A fresh process reads the file", 0.0, 0.4):
            _as_transformers(back.Model(path, base), base, folder)
        place, held = room_for(ModelFacts.read(folder).parameters, work.source.model)
        device.prepare(place)
        with work.meanwhile("What it holds is loaded", 0.4, 0.6):
            loaded = load_base(folder, held, place)
    told = work.portion("It is compared with the trained model", 0.6, 1.0)
    least = max(least, TOLERANCES[str(loaded.dtype).removeprefix("torch.")])
    found = as_findings(compare(loaded, work.reference, least=least, progress=told))
    return {**found, "device": place.kind, "reader": "gguf, transformers (llama.cpp is not installed)"}


def _as_transformers(tensors: back.Model, base: Path, folder: Path) -> None:
    """Write what a file holds as a model folder; numbers that are rounded in it are not rounded again."""
    kinds = {name: "F32" if name in tensors.exact else "F16" for name in tensors.shapes}
    specs = [tensor_files.Spec(name, kinds[name], shape) for name, shape in tensors.shapes.items()]

    def data() -> Iterator[tuple[str, memoryview]]:
        for name, array in tensors:
            held = array if kinds[name] == "F32" else array.astype("<f2")
            yield name, memoryview(held.tobytes())

    tensor_files.write(folder, specs, data())
    config = merged.configuration(read_object(base / "config.json"), "float32")
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
