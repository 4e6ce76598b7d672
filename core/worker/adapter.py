"""The adapter folder of a run: a standard PEFT folder, complete or absent."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import save_file

from core.export import adapter_config, base_file, sums
from core.export.card import model_card
from core.files import sync_folder
from core.prompt.format import PromptFormat
from core.runs.folder import RunFolder
from core.worker.initialisation import as_plain_lora

CARD_FILE = "README.md"


def save_adapter(model: PeftModel, *, base: Path, run: RunFolder, base_hash: str = "") -> Path:
    """Write the adapter of a trained model into the run, in the place of an earlier one.

    Args:
        model: the base model with its LoRA adapter.
        base: the folder of the base model; tokenizer and chat template are taken from it.
        run: the run; its recipe says how the base model is called in files that leave this machine.
        base_hash: the base model's fingerprint, by which others know it; left out when empty.

    Raises:
        OSError: disk full or read-only; an earlier adapter is still there.
    """
    _clear_away(run)
    mark = secrets.token_hex(4)
    aside, earlier = run.path / f".adapter.{mark}.tmp", run.path / f".adapter.{mark}.old"
    aside.mkdir()
    try:
        _fill(aside, model, base, run, base_hash)
        if run.adapter.exists():
            os.replace(run.adapter, earlier)
        try:
            os.replace(aside, run.adapter)
        except OSError:
            if earlier.exists():
                os.replace(earlier, run.adapter)
            raise
    except BaseException:  # whatever stopped it: what is half written goes
        shutil.rmtree(aside, ignore_errors=True)
        raise
    sync_folder(run.path)
    shutil.rmtree(earlier, ignore_errors=True)
    return run.adapter


def write_plain(folder: Path, state: dict[str, torch.Tensor], model: PeftModel, run: RunFolder) -> bool:
    """Write weights and configuration of an adapter for the base model as it is, as any PEFT program reads them.

    Args:
        folder: where to.
        state: the adapter's matrices, as PEFT names them in files.
        model: tells the adapter's configuration.
        run: knows what was taken out of the base model, and how that is called in files that leave this machine.

    Returns:
        Whether the weights written are the matrices given.
    """
    settings = model.peft_config[model.active_adapter].to_dict()
    weights, config = as_plain_lora(state, settings, run.taken_out_file)
    save_file(weights, folder / adapter_config.WEIGHTS_FILE, metadata={"format": "pt"})
    text = adapter_config.dumps(config, base=run.recipe().model.base)
    (folder / adapter_config.CONFIG_FILE).write_text(text, encoding="utf-8", newline="\n")
    return weights is state


def _fill(folder: Path, model: PeftModel, base: Path, run: RunFolder, base_hash: str) -> None:
    state = get_peft_model_state_dict(model, save_embedding_layers=False)
    tensors = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in state.items()}
    write_plain(folder, tensors, model, run)
    if base_hash:
        base_file.write(folder, run.recipe().model.base, base_hash)
    prompt_format = PromptFormat.load(base, template=run.recipe().model.template)
    try:
        prompt_format.save(folder)
    finally:
        prompt_format.close()
    hashed = sums.dumps(folder, [path.name for path in folder.iterdir()])
    (folder / sums.SUMS_FILE).write_text(hashed, encoding="utf-8", newline="\n")
    (folder / CARD_FILE).write_text(model_card(run), encoding="utf-8", newline="\n")
    for path in folder.iterdir():
        with open(path, "rb+") as file:
            os.fsync(file.fileno())
    sync_folder(folder)


def _clear_away(run: RunFolder) -> None:
    """What a crash in the middle of an earlier call left; the earlier adapter comes back if there is no newer one."""
    for earlier in run.path.glob(".adapter.*.old"):
        if not run.adapter.exists():
            os.replace(earlier, run.adapter)
    for left in (*run.path.glob(".adapter.*.tmp"), *run.path.glob(".adapter.*.old")):
        shutil.rmtree(left, ignore_errors=True)
