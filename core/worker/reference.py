"""What the trained model says, kept as logits, so that an export can be compared with it.

The file is safetensors: ``input_ids_0`` (tokens), ``logits_0`` (positions, vocabulary) in float32 for the last
positions, and so on for each prompt; its metadata says on what kind of device and in what precision.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from core.errors import ModelError
from core.files import write_atomically

_MOST_POSITIONS = 32
_BUDGET = 32 * 1024 * 1024  # bytes of logits in a file; a large vocabulary takes half a megabyte a position
# Of the largest reference logit. The same device gives the same numbers; another one rounds otherwise.
TOLERANCES = {"float32": 1e-5, "bfloat16": 0.03, "float16": 0.01}
_OTHER_DEVICE = 0.05


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far a model is from the reference.

    Attributes:
        max_logit_difference: the largest absolute difference of any logit.
        greedy_equal: whether the most likely next token is the same everywhere.
        tolerance: the difference that is accepted.
        prompts: how many prompts were compared.
        positions: at how many positions altogether.
    """

    max_logit_difference: float
    greedy_equal: bool
    tolerance: float
    prompts: int
    positions: int

    @property
    def holds(self) -> bool:
        """Whether it is the same model, within the tolerance."""
        return self.max_logit_difference <= self.tolerance


def write_reference(
    model: Any,
    prompts: Sequence[Sequence[int]],
    path: Path | None,
    *,
    budget: int = _BUDGET,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> None:
    """Keep what a model says at the last positions of each prompt.

    Args:
        model: a causal language model of Transformers or PEFT, in evaluation mode.
        prompts: token ids.
        path: the file, replaced in one step; None for a rank that only takes part in the calculation.
        budget: bytes of logits that may be kept; fewer positions of each prompt where that is not enough.
        progress: told (done, total) after each prompt.

    Raises:
        OSError: it cannot be written.
    """
    prompts = [list(prompt) for prompt in prompts if prompt]
    tensors: dict[str, torch.Tensor] = {}
    for number, prompt in enumerate(prompts):
        positions = _positions(len(prompt), budget // len(prompts), model.config.get_text_config().vocab_size)
        tensors[f"input_ids_{number}"] = torch.tensor(prompt, dtype=torch.int64)
        tensors[f"logits_{number}"] = logits(model, prompt, positions)
        progress(number + 1, len(prompts))
    if path is not None:
        write_atomically(path, save(tensors, metadata={"format": "pt", **_conditions(model)}))


def compare(
    model: Any,
    path: Path,
    *,
    least: float = 0.0,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> Comparison:
    """Compare a model with a reference file.

    Args:
        model: a causal language model of Transformers or PEFT.
        path: the file.
        least: the share of the largest logit that is accepted at least, for one whose weights were rounded.
        progress: told (done, total) after each prompt.

    Raises:
        ModelError: the file is missing, damaged or empty, or belongs to a model of another vocabulary.
    """
    says = partial(logits, model)
    return compare_answers(says, path, conditions=_conditions(model), least=least, progress=progress)


def compare_answers(
    says: Callable[[Sequence[int], int], torch.Tensor],
    path: Path,
    *,
    conditions: dict[str, str],
    least: float = 0.0,
    longest: int | None = None,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> Comparison:
    """Compare whatever can say logits with a reference file; see :func:`compare`.

    Args:
        says: gives the logits (positions, vocabulary) after the last so many tokens.
        path: the file.
        conditions: ``device`` and ``dtype`` that it computes with.
        least: see there.
        longest: leave out prompts of more tokens, unless all have more.
        progress: told (done, total) after each prompt.

    Raises:
        ModelError: see there.
    """
    made_with, pairs = _read(path)
    pairs = [pair for pair in pairs if longest is None or len(pair[0]) <= longest] or pairs[:1]
    difference, largest, equal, positions = 0.0, 1.0, True, 0
    for number, (ids, expected) in enumerate(pairs, start=1):
        found = says(ids, expected.shape[0])
        if found.shape != expected.shape:
            raise _unusable(path, f"It has {expected.shape[-1]} tokens, the model {found.shape[-1]}.")
        distance = float((found - expected).abs().max())
        difference = max(difference, distance) if distance == distance else float("inf")
        largest = max(largest, float(expected.abs().max()))
        equal = equal and torch.equal(found.argmax(-1), expected.argmax(-1))
        positions += expected.shape[0]
        progress(number, len(pairs))
    share = TOLERANCES.get(made_with.get("dtype", ""), _OTHER_DEVICE)
    if made_with != conditions:
        share = max(share, _OTHER_DEVICE)
    return Comparison(difference, equal, max(share, least) * largest, len(pairs), positions)


def longest_prompt(path: Path, *, most: int) -> int:
    """The tokens of the longest prompt that :func:`compare_answers` would ask with ``longest=most``."""
    lengths = [len(ids) for ids, _ in _read(path)[1]]
    return max((length for length in lengths if length <= most), default=lengths[0])


def as_findings(comparison: Comparison) -> dict[str, Any]:
    """A comparison as it stands in the record of an export; no number is null."""
    values = {"verified": comparison.holds, **asdict(comparison)}
    return {key: None if value == float("inf") else value for key, value in values.items()}


def logits(model: Any, ids: Sequence[int], positions: int) -> torch.Tensor:
    """The logits (positions, vocabulary) after the last tokens of ``ids``, in float32 on the CPU."""
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            row = torch.tensor([list(ids)], device=model.device)
            output = model(input_ids=row, use_cache=False, logits_to_keep=positions)
    finally:
        model.train(was_training)
    found: torch.Tensor = output.logits[0, -positions:].float().cpu().contiguous()
    return found


def _positions(tokens: int, budget: int, vocabulary: int) -> int:
    affordable = budget // (4 * vocabulary)
    return max(1, min(tokens, _MOST_POSITIONS, affordable))


def _conditions(model: Any) -> dict[str, str]:
    return {"device": str(model.device.type), "dtype": str(model.dtype).removeprefix("torch.")}


def _read(path: Path) -> tuple[dict[str, str], list[tuple[list[int], torch.Tensor]]]:
    if not path.is_file():
        raise _unusable(path, "It is missing.")
    try:
        with safe_open(os.fspath(path), framework="pt") as file:
            metadata = dict(file.metadata() or {})
            pairs = list(_pairs(file, path))
    except SafetensorError as error:
        raise _unusable(path, str(error)) from error
    if not pairs:
        raise _unusable(path, "It is empty.")
    return {key: metadata[key] for key in ("device", "dtype") if key in metadata}, pairs


def _pairs(file: Any, path: Path) -> Iterator[tuple[list[int], torch.Tensor]]:
    names = set(file.keys())
    number = 0
    while {f"input_ids_{number}", f"logits_{number}"} <= names:
        ids, expected = file.get_tensor(f"input_ids_{number}"), file.get_tensor(f"logits_{number}")
        if ids.dim() != 1 or expected.dim() != 2 or not 1 <= expected.shape[0] <= ids.shape[0]:
            raise _unusable(path, f"The tensors of prompt {number} have the wrong shape.")
        yield ids.tolist(), expected.float()
        number += 1


def _unusable(path: Path, reason: str) -> ModelError:
    return ModelError(
        "There is nothing to compare the adapter with.",
        reason=f"{path.name} cannot be used: {reason}",
        hint="Resume the run, which writes it anew; the adapter folder of the run can be copied as it is.",
        details=str(path),
    )
