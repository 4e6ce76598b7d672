"""Merged 16-bit models: which base model to merge into is measured, the tensors are written as they are worked out."""

from __future__ import annotations

import gc
import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel
from transformers import logging as transformers_logging

from core.base_models.facts import ModelFacts
from core.base_models.reading import leads_elsewhere, read_object
from core.base_models.stored import StoredTensors
from core.base_models.weights import weight_files
from core.errors import UserError
from core.export import merged, tensor_files
from core.export.card import merged_card
from core.export.work import Work
from core.prompt.format import PromptFormat
from core.recipe.schema import ModelSettings
from core.worker import device
from core.worker.device import Device
from core.worker.merging import FLOATS, Into, Merge
from core.worker.model import load_base
from core.worker.reference import TOLERANCES, as_findings, compare
from core.worker.trained import (
    NotEnoughMemory,
    examples_of,
    heldout_tokens,
    keep_reference,
    mean_loss,
    room_for,
    trained,
)

_LICENCES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "NOTICE", "NOTICE.txt", "USE_POLICY.md")
_LARGEST_TEXT = 1 << 20
_NAMES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}
_ROUNDED_INPUTS = 0.05  # of the largest logit: 8-bit layers round what goes into them, too, which no file can hold
_CLOSE = 0.01  # relative difference of a weight that was worked out twice and rounded to 16 bit
_COMPARED = 3  # prompts whose tokens are compared with those of the base model's own tokenizer


class Merging:
    """Decides what to merge into, and keeps what the model that results must say."""

    def __init__(self, work: Work, *, until: float, unmeasured: bool = False) -> None:
        """Prepare.

        Args:
            work: what is asked.
            until: the share of it at which the merge begins.
            unmeasured: merge also where there is no memory to run the only model that comes into question; then there
                is no reference.
        """
        self._work = work
        self._until = until
        self._unmeasured = unmeasured
        self._source = work.source
        self._format = PromptFormat.load(work.source.base_folder(), template=work.source.model.template)
        self._facts = ModelFacts.read(work.source.base_folder())
        self._tokens = heldout_tokens(work.source, self._format)
        self._open = ExitStack()
        self._model: PreTrainedModel | None = None
        self.findings: dict[str, Any] = {}

    def decide(self) -> Merge:
        """The merge that was chosen, or the one whose held-out loss is lower.

        Raises:
            UserError: there is not enough memory.
            ModelError: a model cannot be loaded.
        """
        chosen = self._work.chosen["into"]
        ways: list[Into] = ["original", "as_trained"] if chosen == merged.BETTER else [merged.into(chosen)]
        losses: dict[str, float] = {}
        for number, into in enumerate(ways):
            start, end = (self._until * part / len(ways) for part in (number, number + 1))
            try:
                loss = self._measure(into, start, end)
            except UserError as error:
                passes = self._unmeasured and isinstance(error, NotEnoughMemory)
                if (len(ways) == 1 and not passes) or into == "as_trained":
                    raise
                self.findings["not_measured"] = {into: str(error)}
                continue
            if loss is not None:
                losses[into] = loss
        decided: Into = "as_trained" if "as_trained" in ways else "original"
        if losses and min(losses, key=lambda way: losses[way]) == "original":
            decided = "original"
        if self._reference(decided).is_file():
            self._reference(decided).replace(self._work.reference)
        self.findings |= {"merged_into": decided, "heldout_losses": losses, "heldout_examples": len(self._tokens)}
        if decided == "original":
            self._model = None  # what is merged into comes from the files
        return Merge(self._source.base_folder(), self._source.adapter, self._model)

    def close(self) -> None:
        """Let the model go."""
        self._open.close()
        self._format.close()

    def _measure(self, into: Into, start: float, end: float) -> float | None:
        """Load one of the two, keep what it says, and measure its held-out loss."""
        place, held = self._how(into)
        words = "the base model as it was trained" if into == "as_trained" else "the original base model"
        self._model = None
        self._open.close()
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        third = (end - start) / 3
        with self._work.meanwhile(f"Loading {words}", start, start + third):
            self._model = self._open.enter_context(trained(self._source, held, place))
        told = self._work.portion(f"Noting what {words} answers with the adapter", start + third, start + 2 * third)
        keep_reference(self._model, self._source, self._format, self._reference(into), told)
        if not self._tokens:
            return None
        told = self._work.portion(f"Measuring the held-out loss with {words}", start + 2 * third, end)
        return mean_loss(self._model, self._tokens, told)

    def _how(self, into: Into) -> tuple[Device, ModelSettings]:
        if into == "as_trained" and self._source.model.quantization != "none":
            return device.choose(), self._source.model
        return room_for(self._facts.parameters, self._source.model)

    def _reference(self, into: Into) -> Path:
        return self._work.folder.parent / f"{into}.safetensors"


def write(work: Work) -> dict[str, Any]:
    """Write the merged model with its tokenizer, chat template, configuration and card."""
    merging = Merging(work, until=0.6, unmeasured=True)
    try:
        merge = merging.decide()
        kind = merged.stored_as(ModelFacts.read(work.source.base_folder()))
        specs = [
            tensor_files.Spec(name, kind if tensor.dtype in FLOATS else tensor.dtype, tensor.shape)
            for name, tensor in merge.specs.items()
        ]
        total, done = sum(spec.bytes for spec in specs), 0
        told = work.portion("Merging and writing the weights", 0.6, 0.98)

        def advance(size: int) -> None:
            nonlocal done
            done += size
            told(done, total)

        work.hashes |= tensor_files.write(work.folder, specs, _as_bytes(merge, specs), advance=advance)
    finally:
        merging.close()
    _write_settings(work, kind)
    findings = {"stored_as": kind, **merging.findings}
    (work.folder / "README.md").write_text(merged_card(work.source, findings), encoding="utf-8", newline="\n")
    return findings


def check(work: Work) -> dict[str, Any]:
    """Load the merged model as Transformers does, and compare it with the trained one."""
    transformers_logging.set_verbosity_error()
    prompt_format = PromptFormat.load(work.folder)
    try:
        if not _writes_alike(work, prompt_format):
            return {**NOT_COMPARED, "problem": "Its tokenizer or chat template writes prompts in another way."}
        tokens = heldout_tokens(work.source, prompt_format)
    finally:
        prompt_format.close()
    try:
        place, held = room_for(ModelFacts.read(work.folder).parameters, work.source.model)
    except NotEnoughMemory as error:
        return _check_weights(work, why=error.reason)
    if not work.reference.is_file():
        return _check_weights(work, why=str(work.written["not_measured"]))
    device.prepare(place)
    with work.meanwhile("A fresh process loads the merged model", 0.0, 0.4):
        model = load_base(work.folder, held, place)
    told = work.portion("It is compared with the trained model", 0.4, 0.7)
    rounding = TOLERANCES[str(_NAMES[work.written["stored_as"]]).removeprefix("torch.")]
    least = max(rounding, rounded_inputs(work))
    found = as_findings(compare(model, work.reference, least=least, progress=told))
    if tokens:
        told = work.portion("Measuring the held-out loss of the merged model", 0.7, 1.0)
        found["heldout_loss"] = mean_loss(model, tokens, told)
    return {**found, "device": place.kind, "reader": "transformers"}


def _check_weights(work: Work, *, why: str) -> dict[str, Any]:
    """Where the model cannot be run in 16 bit: merge again, and compare every tensor with the one in the file."""
    base, settings = work.source.base_folder(), work.source.model
    held: PreTrainedModel | None = None
    with work.meanwhile("A fresh process loads the base model as it was trained", 0.0, 0.4):
        if work.written["merged_into"] == "as_trained" and settings.quantization != "none":
            place = device.choose()
            device.prepare(place)
            held = load_base(base, settings, place)
    merge = Merge(base, work.source.adapter, held)
    told = work.portion("Every weight is read again and compared", 0.4, 1.0)
    stored = StoredTensors(weight_files(work.folder))
    wrong, largest = min(set(stored.names) ^ set(merge.specs), default=""), 0.0
    for number, (name, expected) in enumerate(() if wrong else merge, start=1):
        if merge.specs[name].dtype in FLOATS:
            found = torch.from_numpy(stored.read(name))
            rounded = expected.to(_NAMES[work.written["stored_as"]]).float()
            if not torch.isclose(found, rounded, rtol=_CLOSE, atol=_CLOSE / 100).all():
                wrong = name
                break
            largest = max(largest, float((found - rounded).abs().max()))
        told(number, len(merge))
    found_out = {**NOT_COMPARED, "verified": not wrong, "greedy_equal": None, "not_run": why, "reader": "safetensors"}
    if wrong:
        return {**found_out, "problem": f"{wrong} is not what base model and adapter make."}
    return {**found_out, "largest_weight_difference": largest}


def rounded_inputs(work: Work) -> float:
    """How much the answers may differ because a model was held in 8 bits in training; a share of the largest logit."""
    in_8_bits = work.written["merged_into"] == "as_trained" and work.source.model.quantization == "int8"
    return _ROUNDED_INPUTS if in_8_bits else 0.0


def _writes_alike(work: Work, prompt_format: PromptFormat) -> bool:
    """Whether the exported tokenizer and chat template give the tokens that the base model's own give."""
    own = PromptFormat.load(work.source.base_folder(), template=work.source.model.template)
    try:
        examples = examples_of(work.source)[:_COMPARED]
        return all(prompt_format.encode_prompt(example) == own.encode_prompt(example) for example in examples)
    finally:
        own.close()


NOT_COMPARED = {"verified": False, "max_logit_difference": None, "greedy_equal": False, "tolerance": 0.0}


def _as_bytes(merge: Merge, specs: list[tensor_files.Spec]) -> Iterator[tuple[str, memoryview]]:
    for (name, tensor), spec in zip(merge, specs, strict=True):
        stored = tensor.to(_NAMES[spec.dtype]) if spec.dtype in _NAMES else tensor
        values = stored.contiguous().reshape(-1).view(torch.uint8).numpy()
        yield name, memoryview(values)  # type: ignore[arg-type]  # numpy's arrays are buffers


def _write_settings(work: Work, kind: str) -> None:
    base = work.source.base_folder()
    dtype = str(_NAMES[kind]).removeprefix("torch.")
    config = merged.configuration(read_object(base / "config.json"), dtype)
    _write_json(work.folder / "config.json", config)
    if (base / "generation_config.json").is_file():
        _write_json(work.folder / "generation_config.json", read_object(base / "generation_config.json"))
    prompt_format = PromptFormat.load(base, template=work.source.model.template)
    try:
        prompt_format.save(work.folder)
    finally:
        prompt_format.close()
    for name in _LICENCES:
        # The export may be sent to others: nothing from elsewhere on this machine goes along under such a name.
        usual = (base / name).is_file() and not leads_elsewhere(base / name)
        if usual and (base / name).stat().st_size <= _LARGEST_TEXT:
            shutil.copyfile(base / name, work.folder / name)


def _write_json(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
