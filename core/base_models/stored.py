"""Reading stored weights as numbers, one tensor at a time and without torch.

The safetensors format has numbers in little endian, one tensor after the other. numpy has no bfloat16; its 16 bits
are the upper half of a float32.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from core.base_models.reading import broken
from core.base_models.weights import Tensor, read_header

Numbers = np.ndarray[Any, np.dtype[np.float32]]

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


class StoredTensors:
    """The tensors of some safetensors files; each is read when it is asked for."""

    def __init__(self, files: Iterable[Path]) -> None:
        """Read the headers.

        Raises:
            ModelError: a file is no safetensors file, or broken.
        """
        self._tensors: dict[str, tuple[Path, Tensor]] = {}
        for file in files:
            for name, tensor in read_header(file).items():
                self._tensors[name] = file, tensor

    @property
    def names(self) -> list[str]:
        """Of all tensors."""
        return list(self._tensors)

    def shape(self, name: str) -> tuple[int, ...]:
        """Of one tensor, as PyTorch says it: (out, in) of a linear layer."""
        return self._tensors[name][1].shape

    def items(self) -> Iterator[tuple[str, Numbers]]:
        """All of them, one after the other; raises as :meth:`read`."""
        for name in self._tensors:
            yield name, self.read(name)

    def read(self, name: str) -> Numbers:
        """The numbers of a tensor in float32.

        Raises:
            ModelError: the file is shorter than it says, or holds no numbers of a known kind.
        """
        file, tensor = self._tensors[name]
        if tensor.dtype not in _TYPES:
            raise broken(file, f"{name[:80]} is of the type {tensor.dtype}, which is not used for weights here.")
        with file.open("rb") as stream:
            stream.seek(tensor.offset)
            raw = np.fromfile(stream, _TYPES[tensor.dtype], count=tensor.count)
        if raw.size != tensor.count:
            raise broken(file, "It was cut off.")
        if tensor.dtype == "BF16":
            raw = (raw.astype(np.uint32) << 16).view(np.float32)
        return raw.astype(np.float32, copy=False).reshape(tensor.shape)
