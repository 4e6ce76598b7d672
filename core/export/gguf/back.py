"""From a GGUF file back to the tensors that Transformers and PEFT know, so that either can load what was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gguf import GGMLQuantizationType, Keys

from core.base_models.stored import Numbers
from core.base_models.weights import read_header, weight_files
from core.export.gguf import families, reading
from core.export.gguf.families import Hyperparameters
from core.export.gguf.model import Names, is_left_out, rotated_heads


@dataclass(frozen=True, slots=True)
class Matrices:
    """An adapter's matrices for one module, as the file has them: ``scale`` * ``b`` @ ``a`` is what it adds."""

    a: Numbers
    b: Numbers
    scale: float


class Model:
    """A whole model in a GGUF file, under the names of its base model's files.

    Attributes:
        shapes: of its tensors, in the order in which they come.
        exact: names of those that are held in 32 bit.
    """

    def __init__(self, path: Path, base: Path) -> None:
        """Read what the file has.

        Raises:
            ModelError: it is damaged, or has not all the tensors of the base model.
        """
        self._path = path
        self._numbers = families.read(base)
        names = Names(self._numbers)
        stored = [name for file in weight_files(base) for name in read_header(file)]
        known = {names.of(name): name for name in stored if not is_left_out(name, self._numbers)}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.exact: set[str] = set()
        for tensor in reading.open_file(path).tensors:
            if tensor.name not in known:
                continue
            name = known.pop(tensor.name)
            self.shapes[name] = tuple(reversed(tensor.shape.tolist()))
            if tensor.tensor_type == GGMLQuantizationType.F32:
                self.exact.add(name)
        if known:
            raise reading.damaged(path, f"{len(known)} tensors are missing, such as {next(iter(known))}.")
        self._stored = {names.of(name): name for name in self.shapes}

    def __iter__(self) -> Iterator[tuple[str, Numbers]]:
        """Each tensor with its name, in float32."""
        for name, array in reading.tensors(self._path):
            if name in self._stored:
                yield self._stored[name], _as_transformers_has_it(self._stored[name], array, self._numbers)


def adapter(path: Path, base: Path, modules: list[str]) -> dict[str, Matrices]:
    """The matrices of an adapter file for modules of the base model, by their paths.

    Raises:
        ModelError: it is damaged, or has matrices of modules that are not among these.
    """
    numbers = families.read(base)
    names = Names(numbers)
    arrays = dict(reading.tensors(path))
    alpha = float(reading.value(path, Keys.Adapter.LORA_ALPHA) or 0.0)
    found = {}
    for module in modules:
        called = names.of(f"{module}.weight")
        a, b = arrays.pop(f"{called}.lora_a", None), arrays.pop(f"{called}.lora_b", None)
        if a is not None and b is not None:
            heads = rotated_heads(f"{module}.weight", numbers)
            found[module] = Matrices(a, in_halves(b, heads) if heads else b, alpha / len(a))
    if arrays:
        raise reading.damaged(path, f"It has matrices of other modules, such as {next(iter(arrays))}.")
    return found


def in_halves(rows: Numbers, heads: int) -> Numbers:
    """The reverse of :func:`core.export.gguf.model.in_pairs`."""
    pairs = rows.reshape(heads, rows.shape[0] // heads // 2, 2, *rows.shape[1:])
    return pairs.swapaxes(1, 2).reshape(rows.shape)


def _as_transformers_has_it(name: str, array: Numbers, numbers: Hyperparameters) -> Numbers:
    heads = rotated_heads(name, numbers)
    if heads:
        return in_halves(array, heads)
    return array - 1 if numbers.family.norm_plus_one and name.endswith("norm.weight") else array
