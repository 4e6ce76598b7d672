"""What the headers of a folder's safetensors files say about the weights; no weight is read.

The format: eight bytes (little endian) with the header's length, then a JSON object from tensor names to dtype, shape
and offsets (https://huggingface.co/docs/safetensors). Files with pickled weights are never opened: they can run code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.base_models.reading import broken, json_object, read_object
from core.errors import ModelError

_LONGEST_HEADER = 16 * 1024 * 1024
_MOST_TENSORS = 200_000
_BYTES = {
    **{"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "BF16": 2, "F16": 2, "I16": 2, "U16": 2},
    **{"I8": 1, "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1},
}
_PICKLED = (".bin", ".pt", ".pth", ".pkl", ".ckpt")


@dataclass(frozen=True, slots=True)
class Tensor:
    """One stored tensor; ``offset`` is where its first byte lies in the file."""

    dtype: str
    shape: tuple[int, ...]
    offset: int = field(default=0, compare=False)

    @property
    def count(self) -> int:
        """Its number of elements."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Its size in the file."""
        return self.count * _BYTES[self.dtype]


@dataclass(frozen=True, slots=True)
class Weights:
    """All tensors of a folder by name, and the size of their files."""

    tensors: dict[str, Tensor]
    file_bytes: int


def read_weights(folder: Path) -> Weights:
    """Read the headers of model.safetensors, or of all files that model.safetensors.index.json names.

    Raises:
        ModelError: there are only pickled weights, or none; a file is missing or broken.
    """
    tensors: dict[str, Tensor] = {}
    size = 0
    for file in weight_files(folder):
        tensors |= read_header(file)
        size += file.stat().st_size
    return Weights(tensors, size)


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files that hold a model's weights.

    Raises:
        ModelError: there are only pickled weights, or none; a file is missing.
    """
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.is_file():
        return [single]
    if not index.is_file():
        raise _no_weights(folder)
    named = read_object(index).get("weight_map")
    if not isinstance(named, dict) or not all(isinstance(name, str) for name in named.values()):
        raise broken(index, "It has no weight_map from tensors to files.")
    files = []
    for name in sorted(set(named.values())):
        if Path(name).name != name or "\\" in name or not name.endswith(".safetensors"):
            raise broken(index, f"It names a file outside of the folder: {name!r}")
        files.append(folder / name)
    missing = [file.name for file in files if not file.is_file()]
    if missing or not files:
        raise ModelError(
            "The base model is incomplete.",
            reason=f"{len(missing)} of {len(files)} weight files are missing: {', '.join(missing[:3])}",
            hint="Download the model again.",
            details=str(folder),
        )
    return files


def _no_weights(folder: Path) -> ModelError:
    pickled = sorted(file.name for file in folder.iterdir() if file.suffix in _PICKLED)
    if not pickled:
        return ModelError(
            "The base model has no weights.",
            reason=f"There is no model.safetensors in {folder.name}.",
            hint="Choose a folder in Transformers' format, with config.json and .safetensors files.",
            details=str(folder),
        )
    return ModelError(
        "The base model's weights are in an unsafe format.",
        reason=f"{pickled[0]} is a pickle file: loading one can run any code that its author put in. "
        "Only .safetensors files are loaded.",
        hint="Take a version with .safetensors files. If you trust the author, convert it in a separate environment: "
        "AutoModelForCausalLM.from_pretrained(FOLDER).save_pretrained(NEW_FOLDER), and the same with AutoTokenizer.",
        details=str(folder),
    )


def read_header(file: Path) -> dict[str, Tensor]:
    """What the header of a safetensors file says, by the tensors' names.

    Raises:
        ModelError: it is no such file, or it is broken.
    """
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            size = file.stat().st_size
            if not 2 <= length <= min(_LONGEST_HEADER, size - 8):
                raise broken(file, "Its header is not that of a safetensors file, or the file was cut off.")
            header = json_object(file, stream.read(length))
    except OSError as error:
        raise broken(file, str(error)) from error
    header.pop("__metadata__", None)
    if len(header) > _MOST_TENSORS:
        raise broken(file, f"It names {len(header)} tensors.")
    return {name: _tensor(file, name, entry, 8 + length, size) for name, entry in header.items()}


def _tensor(file: Path, name: str, entry: Any, data: int, size: int) -> Tensor:
    try:
        dtype, shape, (start, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        if dtype not in _BYTES or len(shape) > 8 or not all(_is_natural(number) for number in (*shape, start, end)):
            raise ValueError("dtype or shape")
        tensor = Tensor(dtype, tuple(shape), data + start)
        if end - start != tensor.bytes or data + end > size:
            raise ValueError("offsets")
    except (KeyError, TypeError, ValueError) as error:
        raise broken(file, f"The entry of {name[:80]!r} in its header is wrong ({error}).") from error
    return tensor


def _is_natural(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**48
