"""Writing tensors to safetensors files as they come, one after another: little memory, and hashes of what was meant.

The format: eight bytes (little endian) with the header's length, a JSON object from names to dtype, shape and offsets,
the data (https://huggingface.co/docs/safetensors); several files have an index beside them.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.files import sync_folder

MOST_IN_A_FILE = 4_000_000_000  # bytes; file systems and uploads do well with that
_SIZES = {"F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "U8": 1}
_PIECE = 16 << 20


@dataclass(frozen=True, slots=True)
class Spec:
    """A tensor to be written; ``dtype`` as safetensors calls it."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """Its size in the file."""
        return math.prod(self.shape) * _SIZES[self.dtype]


def write(
    folder: Path,
    specs: Sequence[Spec],
    data: Iterable[tuple[str, memoryview]],
    *,
    stem: str = "model",
    most: int = MOST_IN_A_FILE,
    advance: Callable[[int], object] = lambda _: None,
) -> dict[str, str]:
    """Write tensors to ``stem``.safetensors, or to several numbered files with an index.

    Args:
        folder: where to.
        specs: all tensors, in the order in which they come.
        data: the tensors themselves, each with its name, as bytes.
        stem: what the files' names begin with.
        most: the most bytes of tensors in a file.
        advance: told the bytes of each piece that was written.

    Returns:
        The SHA-256 of each file, of what was meant to be written.

    Raises:
        ValueError: a tensor is missing, too many, or of another size.
        OSError: the disk is full.
    """
    shards = _shards(specs, most)
    names = _names(stem, len(shards))
    stream = iter(data)
    hashes = {}
    for name, shard in zip(names, shards, strict=True):
        hashes[name] = _write_file(folder / name, shard, stream, advance)
    if next(stream, None) is not None:
        raise ValueError("there are more tensors than were announced")
    if len(shards) > 1:
        index = f"{stem}.safetensors.index.json"
        text = _index(names, shards).encode("utf-8")
        hashes[index] = _write_synced(folder / index, text)
    sync_folder(folder)
    return hashes


def _shards(specs: Sequence[Spec], most: int) -> list[list[Spec]]:
    shards: list[list[Spec]] = [[]]
    size = 0
    for spec in specs:
        if shards[-1] and size + spec.bytes > most:
            shards.append([])
            size = 0
        shards[-1].append(spec)
        size += spec.bytes
    return shards


def _names(stem: str, count: int) -> list[str]:
    if count == 1:
        return [f"{stem}.safetensors"]
    return [f"{stem}-{number:05d}-of-{count:05d}.safetensors" for number in range(1, count + 1)]


def _write_file(
    path: Path, specs: Sequence[Spec], stream: Iterator[tuple[str, memoryview]], advance: Callable[[int], object]
) -> str:
    digest = hashlib.sha256()
    with open(path, "xb") as file:
        _put(file, digest, memoryview(_header(specs)), lambda _: None)
        for spec in specs:
            name, data = next(stream, ("nothing", memoryview(b"")))
            data = data.cast("B")
            if name != spec.name or len(data) != spec.bytes:
                raise ValueError(f"{spec.name} was to come with {spec.bytes} bytes; {name} came with {len(data)}")
            _put(file, digest, data, advance)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _put(file: BinaryIO, digest: hashlib._Hash, data: memoryview, advance: Callable[[int], object]) -> None:
    for start in range(0, len(data), _PIECE):
        piece = data[start : start + _PIECE]
        file.write(piece)
        digest.update(piece)
        advance(len(piece))


def _header(specs: Sequence[Spec]) -> bytes:
    entries: dict[str, object] = {"__metadata__": {"format": "pt"}}
    at = 0
    for spec in specs:
        entries[spec.name] = {"dtype": spec.dtype, "shape": list(spec.shape), "data_offsets": [at, at + spec.bytes]}
        at += spec.bytes
    text = json.dumps(entries, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _index(names: Sequence[str], shards: Sequence[Sequence[Spec]]) -> str:
    total = sum(spec.bytes for shard in shards for spec in shard)
    where = {spec.name: name for name, shard in zip(names, shards, strict=True) for spec in shard}
    return json.dumps({"metadata": {"total_size": total}, "weight_map": dict(sorted(where.items()))}, indent=2) + "\n"


def _write_synced(path: Path, data: bytes) -> str:
    with open(path, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(data).hexdigest()
