"""How much memory is in use now, on the graphics card where there is one and in the machine otherwise."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass

_QUERY = ["--query-gpu=name,memory.used,memory.total", "--format=csv,noheader,nounits"]
_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Bytes in use and in all of ``device``: the card's name, or empty for the machine's main memory."""

    device: str
    used: int
    total: int

    @property
    def is_gpu(self) -> bool:
        """Whether it is a graphics card's memory."""
        return bool(self.device)

    @property
    def share(self) -> float:
        """The part in use, 0 to 1."""
        return self.used / self.total if self.total else 0.0


def memory_use() -> MemoryUse:
    """The memory that limits training: the first NVIDIA card's, else the machine's. Takes up to some 100 ms."""
    return _nvidia() or _machine()


def _nvidia() -> MemoryUse | None:
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        answer = subprocess.run(
            [program, *_QUERY], capture_output=True, text=True, encoding="utf-8", timeout=5, check=True
        ).stdout
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return parse_nvidia(answer)


def parse_nvidia(answer: str) -> MemoryUse | None:
    """The first card of what ``nvidia-smi`` printed (name, MiB used, MiB in all); None when it is something else."""
    fields = [field.strip() for field in answer.partition("\n")[0].rsplit(",", 2)]
    if len(fields) != 3 or not fields[1].isdigit() or not fields[2].isdigit():
        return None
    return MemoryUse(fields[0], int(fields[1]) * _MIB, int(fields[2]) * _MIB)


def _machine() -> MemoryUse:
    import psutil

    memory = psutil.virtual_memory()
    return MemoryUse("", memory.total - memory.available, memory.total)
