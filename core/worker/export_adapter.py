"""The adapter as a PEFT folder: copied as it is, or folded so that every reader computes the same."""

from __future__ import annotations

import traceback
from importlib.metadata import version
from pathlib import Path
from typing import Any

from core.base_models.reading import read_object
from core.errors import ModelError
from core.export import adapter_config, archive, sums
from core.export.adapter import FILES, PORTABLE
from core.export.card import source_card
from core.export.work import Work
from core.prompt.format import PromptFormat
from core.worker.imports import import_lean

_LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes")
_CARD = "README.md"


def write(work: Work) -> dict[str, Any]:
    """Copy or fold the adapter; tokenizer, chat template and card lie beside it."""
    source = work.source
    adapter_config.read(source.adapter)
    hashes = sums.check(source.adapter)
    folds = work.chosen.get("layout") == PORTABLE
    left = {adapter_config.WEIGHTS_FILE, adapter_config.CONFIG_FILE} if folds else set()
    if source.run is None or source.step is not None:
        left.add(adapter_config.CONFIG_FILE)  # it may hold what other programs put there, and paths
    if source.run is not None:
        left.add(_CARD)  # more may be known by now
    files = [source.adapter / name for name in FILES if name not in left and (source.adapter / name).is_file()]
    _copy(work, files)
    work.hashes |= {file.name: hashes[file.name] for file in files if file.name in hashes}
    if folds:
        _fold(work)
    elif adapter_config.CONFIG_FILE in left:
        values = read_object(source.adapter / adapter_config.CONFIG_FILE)
        _write_config(work.folder, values, work.source.model.base)
    _complete(work)
    return {"layout": work.chosen.get("layout"), **note_what_it_says(work, anew=folds)}


def check(work: Work) -> dict[str, Any]:
    """Load it with plain PEFT on the base model as it was trained, and compare."""
    with work.meanwhile("A fresh process loads the copy and compares its answers", 0.0, 1.0):
        return _check(work)


def _check(work: Work) -> dict[str, Any]:
    import_lean()
    from peft import PeftModel
    from transformers import logging as transformers_logging

    from core.worker import device
    from core.worker.model import load_base
    from core.worker.reference import as_findings, compare

    transformers_logging.set_verbosity_error()
    adapter_config.read(work.folder)
    settings = work.source.model
    place = device.choose()
    device.prepare(place)
    base = load_base(work.source.base_folder(), settings, place)
    try:
        model = PeftModel.from_pretrained(base, work.folder)
    except (RuntimeError, ValueError, KeyError, OSError) as error:
        raise ModelError(
            "The exported adapter cannot be loaded.",
            reason=f"{type(error).__name__}: {error}".splitlines()[0][:300],
            hint="Export it again; if that does not help, resume the run, which writes the adapter anew.",
            details=traceback.format_exc(),
        ) from error
    name, revision = adapter_config.public_base(settings.base)
    return {
        **as_findings(compare(model, work.reference)),
        "base_model": name,
        "revision": revision or None,
        "quantization": settings.quantization,
        "device": place.kind,
        "reader": "peft",
        "versions": {library: version(library) for library in _LIBRARIES},
    }


def _copy(work: Work, files: list[Path]) -> None:
    told = work.portion("Copying the files", 0.0, 0.3)
    total, done = sum(file.stat().st_size for file in files), 0

    def advance(size: int) -> None:
        nonlocal done
        done += size
        told(done, total)

    for file in files:
        with open(file, "rb") as read, open(work.folder / file.name, "xb") as write:
            archive.copy(read, write, advance)


def _complete(work: Work) -> None:
    """Write the card; an adapter from elsewhere may come with its own, and without a tokenizer."""
    if not (work.folder / "tokenizer.json").exists():
        for name in ("tokenizer_config.json", "chat_template.jinja"):
            (work.folder / name).unlink(missing_ok=True)
        prompt_format = PromptFormat.load(work.source.base_folder(), template=work.source.model.template)
        try:
            prompt_format.save(work.folder)
        finally:
            prompt_format.close()
        for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
            work.hashes.pop(name, None)
    if not (work.folder / _CARD).exists():
        (work.folder / _CARD).write_text(source_card(work.source), encoding="utf-8", newline="\n")


def _fold(work: Work) -> None:
    """Write matrices of one rank with the scale 1, which every reader understands alike."""
    import_lean()
    from safetensors.torch import save_file

    from core.worker.merging import PREFIX, Changes

    changes = Changes(work.source.adapter)
    rank, pairs = changes.uniform()
    tensors = {PREFIX + name: changes.whole_tensor(name) for name in changes.whole}
    for path, matrices in pairs.items():
        for letter, matrix in zip("AB", matrices, strict=True):
            tensors[f"{PREFIX}{path}.lora_{letter}.weight"] = matrix.contiguous()
    save_file(tensors, work.folder / adapter_config.WEIGHTS_FILE, metadata={"format": "pt"})
    values = read_object(work.source.adapter / adapter_config.CONFIG_FILE)
    plain = {"r": rank, "lora_alpha": rank, "use_rslora": False, "rank_pattern": {}, "alpha_pattern": {}}
    _write_config(work.folder, {**values, **plain}, work.source.model.base)


def _write_config(folder: Path, values: dict[str, Any], base: str) -> None:
    text = adapter_config.dumps(values, base=base)
    (folder / adapter_config.CONFIG_FILE).write_text(text, encoding="utf-8", newline="\n")


def note_what_it_says(work: Work, *, anew: bool = False) -> dict[str, str]:
    """Put into ``work.reference`` what the trained model says; ``anew``: though the run kept it. Says with what."""
    if work.source.reference is not None and not anew:
        work.reference.write_bytes(work.source.reference.read_bytes())
        return {"compared_with": "the model at the end of its training"}
    _keep_reference(work)
    return {"compared_with": "the adapter that was exported, on its base model"}


def _keep_reference(work: Work) -> None:
    with work.meanwhile("Loading the trained model", 0.3, 0.7):
        import_lean()  # copying needs no torch
        from core.worker import device
        from core.worker.trained import keep_reference, trained

        prompt_format = PromptFormat.load(work.source.base_folder(), template=work.source.model.template)
    with trained(work.source, work.source.model, device.choose()) as model:
        told = work.portion("Noting what it answers", 0.7, 1.0)
        keep_reference(model, work.source, prompt_format, work.reference, told)
    prompt_format.close()
