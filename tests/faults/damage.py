"""Thirteen ways in which a file of a checkpoint can be damaged, and single flipped bits."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from core.worker import checkpoint


def missing(file: Path) -> None:
    """The file is not there."""
    file.unlink()


def empty(file: Path) -> None:
    """It has no content."""
    file.write_bytes(b"")


def half(file: Path) -> None:
    """Only its first half was written."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def last_byte_lost(file: Path) -> None:
    """It is one byte too short."""
    file.write_bytes(file.read_bytes()[:-1])


def longer(file: Path) -> None:
    """Something was appended."""
    file.write_bytes(file.read_bytes() + b"\0")


def flipped_bit(file: Path) -> None:
    """A bit in its middle is different."""
    flip(file, file.stat().st_size // 2, 0)


def zeroed_end(file: Path) -> None:
    """Its last block was allocated but never written, as after a power cut."""
    data = file.read_bytes()
    cut = max(len(data) - 4096, len(data) // 2)
    file.write_bytes(data[:cut] + bytes(len(data) - cut))


def zeroed_start(file: Path) -> None:
    """Its first bytes are zeros."""
    data = file.read_bytes()
    file.write_bytes(bytes(min(64, len(data))) + data[64:])


def all_zeros(file: Path) -> None:
    """It has its size, and nothing else."""
    file.write_bytes(bytes(file.stat().st_size))


def of_the_one_before(file: Path) -> None:
    """It is the same file of the checkpoint before."""
    before = sorted(path for path in file.parent.parent.glob("step-*") if path.name < file.parent.name)[-1]
    shutil.copyfile(before / file.name, file)
    if file.name in ("adapter_config.json", "passes.json") or file.read_bytes() == b"":  # the same in both
        file.write_bytes(file.read_bytes() + b" ")


def exchanged(file: Path) -> None:
    """It has the content of its neighbour."""
    neighbour = next(path for path in sorted(file.parent.iterdir()) if path != file)
    file.write_bytes(neighbour.read_bytes())


def a_folder(file: Path) -> None:
    """A folder has its name."""
    file.unlink()
    file.mkdir()


def a_dangling_link(file: Path) -> None:
    """A link to nowhere has its name."""
    file.unlink()
    os.symlink("nowhere", file)


KINDS: tuple[Callable[[Path], None], ...] = (
    missing,
    empty,
    half,
    last_byte_lost,
    longer,
    flipped_bit,
    zeroed_end,
    zeroed_start,
    all_zeros,
    of_the_one_before,
    exchanged,
    a_folder,
    a_dangling_link,
)


def flip(file: Path, place: int, bit: int) -> None:
    """Turn one bit around."""
    data = bytearray(file.read_bytes())
    data[place] ^= 1 << bit
    file.write_bytes(data)


def missed_flips(checkpoints: Path, count: int, *, seed: int) -> list[str]:
    """Flip single bits of the newest checkpoint, one at a time.

    Returns:
        Those that nobody noticed (there should be none).
    """
    chance = random.Random(seed)
    before, newest = sorted(checkpoints.glob("step-*"))[-2:]
    files = sorted(newest.iterdir())
    missed = []
    for _ in range(count):
        file = chance.choice(files)
        whole = file.read_bytes()
        place, bit = chance.randrange(len(whole)), chance.randrange(8)
        flip(file, place, bit)
        saved, damaged = checkpoint.newest(checkpoints)
        if saved is None or saved.path != before or damaged != [newest.name]:
            missed.append(f"{file.name}, byte {place}, bit {bit}")
        file.write_bytes(whole)
    return missed
