"""Reading a GGUF file again with the package's own reader, and comparing it with what it was to hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader, dequantize

from core.base_models.stored import Numbers
from core.errors import ModelError
from core.export.gguf.plan import Plan, head

# What the reader counts itself, and does not belong to what a file says.
_COUNTS = "GGUF."


def open_file(path: Path) -> GGUFReader:
    """The file in its reader.

    Raises:
        ModelError: it is no GGUF file, or damaged so that it cannot be read.
    """
    try:
        return GGUFReader(path)
    except Exception as error:  # whatever a parser meets in a damaged file
        raise damaged(path, f"It cannot be read ({type(error).__name__}: {error}).") from error


def compare(plan: Plan, path: Path) -> None:
    """Prove that a file says and holds what was planned, to the byte.

    Raises:
        ModelError: what differs.
    """
    reader = open_file(path)
    said = {name: _value(field.contents()) for name, field in reader.fields.items() if not name.startswith(_COUNTS)}
    planned = {name: _value(value.value) for name, value in plan.fields.kv_data[0].items()}
    for name in planned.keys() | said.keys():
        if said.get(name) != planned.get(name):
            raise damaged(path, f"It says something else of {name[:80]} than was written.")
    found = [(tensor.name, tuple(reversed(tensor.shape.tolist())), tensor.tensor_type) for tensor in reader.tensors]
    if found != [(tensor.name, tensor.shape, tensor.type) for tensor in plan.tensors]:
        raise damaged(path, "It does not have the tensors that were written.")
    _compare_bytes(plan, reader, path)


def tensors(path: Path) -> Iterator[tuple[str, Numbers]]:
    """The tensors of a file as numbers, shaped as PyTorch says it; raises as :func:`open_file`."""
    for tensor in open_file(path).tensors:
        shape = tuple(reversed(tensor.shape.tolist()))
        yield tensor.name, dequantize(np.asarray(tensor.data), tensor.tensor_type).reshape(shape)


def value(path: Path, key: str) -> Any:
    """What a file says of a key; None for nothing. Raises as :func:`open_file`."""
    field = open_file(path).get_field(key)
    return None if field is None else field.contents()


def damaged(path: Path, reason: str) -> ModelError:
    """What to say of a file that is not as it should be."""
    return ModelError(
        "The GGUF file is not what was written.",
        reason=reason,
        hint="Nothing was exported. Check the disk if this happens again, then export once more.",
        details=str(path),
    )


def _compare_bytes(plan: Plan, reader: GGUFReader, path: Path) -> None:
    at = 0
    for part, pieces in (("its head", iter([head(plan)])), *((one.name, slices) for one, slices in plan.encoded())):
        for piece in pieces:
            if not np.array_equal(reader.data[at : at + len(piece)], np.frombuffer(piece, np.uint8)):
                raise damaged(path, f"The bytes of {part} are not those that were written.")
            at += len(piece)
        filled = at + -at % reader.alignment
        if filled > reader.data.size or np.any(reader.data[at:filled]):
            raise damaged(path, f"Something lies behind {part}.")
        at = filled
    if reader.data.size != at:
        raise damaged(path, "Something lies behind its tensors.")


def _value(value: Any) -> Any:
    """A value as both sides say it: floats as the file holds them."""
    if isinstance(value, (list, tuple)):
        if value and isinstance(value[0], float):
            return [float(item) for item in np.asarray(value, np.float32)]
        return [int(item) if isinstance(item, int) else item for item in value]
    if isinstance(value, float):
        return float(np.float32(value))
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value
