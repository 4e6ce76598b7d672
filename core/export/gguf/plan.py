"""What a GGUF file is to hold: the same plan is written, and later compared with what a reader finds in the file.

Tensors are never whole in memory: they come from the source in slices of rows, and go out as they come.
"""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFWriter, LlamaFileType, quantize
from gguf.constants import GGML_QUANT_VERSION, GGUF_DEFAULT_ALIGNMENT

from core.base_models.stored import Numbers

_SLICE = 64 * 1024 * 1024  # bytes of float32 that are worked on at a time
_LARGEST_F16 = 65504.0
_FILE_TYPES = {
    "f32": LlamaFileType.ALL_F32,
    "f16": LlamaFileType.MOSTLY_F16,
    "q8_0": LlamaFileType.MOSTLY_Q8_0,
}
TYPES = {
    "f32": GGMLQuantizationType.F32,
    "f16": GGMLQuantizationType.F16,
    "q8_0": GGMLQuantizationType.Q8_0,
}


@dataclass(frozen=True, slots=True)
class Planned:
    """One tensor: its name in GGUF, its shape as PyTorch says it, and how its numbers are held."""

    name: str
    shape: tuple[int, ...]
    type: GGMLQuantizationType

    @property
    def size(self) -> int:
        """Bytes in the file, without what fills it up."""
        block, size = GGML_QUANT_SIZES[self.type]
        return math.prod(self.shape) // int(block) * int(size)


@dataclass(slots=True)
class Plan:
    """A file.

    Attributes:
        fields: what it says, held by a writer that has no file yet.
        tensors: in the order in which they stand in it.
        numbers: gives the numbers of each tensor in that order, in float32; can be asked for again.
        notes: what a user of the file should know.
    """

    fields: GGUFWriter
    tensors: list[Planned]
    numbers: Callable[[], Iterable[Numbers]]
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all numbers."""
        return sum(tensor.size for tensor in self.tensors)

    def encoded(self) -> Iterator[tuple[Planned, Iterator[bytes]]]:
        """Each tensor with its bytes in the file, in slices."""
        for tensor, numbers in zip(self.tensors, self.numbers(), strict=True):
            if numbers.shape != tensor.shape:
                raise ValueError(f"{tensor.name} was to come as {tensor.shape}, and came as {numbers.shape}")
            yield tensor, _slices(numbers, tensor.type)


def _slices(numbers: Numbers, kind: GGMLQuantizationType) -> Iterator[bytes]:
    step = max(1, _SLICE // (4 * max(1, math.prod(numbers.shape[1:]))))
    for start in range(0, numbers.shape[0], step):
        piece = np.ascontiguousarray(numbers[start : start + step])
        if kind == GGMLQuantizationType.F16:
            piece = np.clip(piece, -_LARGEST_F16, _LARGEST_F16)
        yield quantize(piece, kind).tobytes()


def fields(arch: str, form: str) -> GGUFWriter:
    """What every file says, to be added to."""
    made = GGUFWriter(None, arch)
    made.add_file_type(_FILE_TYPES[form])
    made.add_quantization_version(GGML_QUANT_VERSION)
    return made


def held_as(shape: tuple[int, ...], form: str) -> GGMLQuantizationType:
    """How a tensor is held: vectors always in full, as llama.cpp's own converter has it."""
    if len(shape) < 2:
        return GGMLQuantizationType.F32
    kind = TYPES[form]
    block, _ = GGML_QUANT_SIZES[kind]
    return kind if shape[-1] % block == 0 else GGMLQuantizationType.F16


def write(plan: Plan, path: Path, *, advance: Callable[[int], object] = lambda _: None) -> str:
    """Write the file, which must not exist; each slice that was written is told in bytes.

    Returns:
        The SHA-256 of what was meant to be written.

    Raises:
        OSError: it exists, or cannot be written.
    """
    with open(path, "xb") as file:
        out = _Hashed(file)
        out.write(head(plan))
        out.fill()
        for _, slices in plan.encoded():
            for piece in slices:
                out.write(piece)
                advance(len(piece))
            out.fill()
        file.flush()
        os.fsync(file.fileno())
        return out.digest.hexdigest()


def head(plan: Plan) -> bytes:
    """All that stands before the numbers, as the package writes it."""
    writer = GGUFWriter(None, plan.fields.arch)
    writer.kv_data = plan.fields.kv_data
    for tensor in plan.tensors:
        writer.add_tensor_info(tensor.name, tensor.shape, np.dtype(np.float32), tensor.size, raw_dtype=tensor.type)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "head"
        writer.write_header_to_file(path)
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        writer.close()
        return path.read_bytes()


class _Hashed:
    """A file that is hashed as it is written, and filled up to whole units."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = 0
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self.digest.update(data)
        self._size += len(data)

    def fill(self) -> None:
        self.write(bytes(-self._size % GGUF_DEFAULT_ALIGNMENT))
