"""Which device trains, and in what precision: decided in one place."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import psutil
import torch

from core.recipe.schema import ModelSettings

# The names of two options in glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3

Kind = Literal["cuda", "xpu", "mps", "cpu"]


@dataclass(frozen=True, slots=True)
class Device:
    """A place to compute."""

    kind: Kind
    name: str

    @property
    def torch_device(self) -> torch.device:
        """The device as torch names it."""
        return torch.device(self.kind, 0) if self.kind != "cpu" else torch.device("cpu")

    def compute_dtype(self, settings: ModelSettings) -> torch.dtype:
        """The precision of the forward pass: as the recipe says, or the best that the device has."""
        if settings.compute_dtype != "auto":
            dtype = getattr(torch, settings.compute_dtype)
            assert isinstance(dtype, torch.dtype)
            return dtype
        if self.kind == "cpu":
            return torch.float32
        asks: dict[str, Callable[[], bool]] = {
            "cuda": lambda: torch.cuda.is_bf16_supported(including_emulation=False),
            "xpu": torch.xpu.is_bf16_supported,
            "mps": lambda: torch.backends.mps.is_macos_or_newer(14, 0),
        }
        return torch.bfloat16 if asks[self.kind]() else torch.float16

    def product_dtype(self, settings: ModelSettings) -> torch.dtype | None:
        """The precision of the matrix products in training where it is lower than that of the forward pass.

        Processors with instructions for bfloat16 multiply it twice as fast as float32; everything between the products
        stays float32, where they are no faster in 16 bit.
        """
        if self.kind == "cpu" and settings.compute_dtype == "auto" and _multiplies_bfloat16():
            return torch.bfloat16
        return None

    def memory_bytes(self) -> int:
        """Memory in use: what the GPU has reserved for this process, or the process's own resident memory."""
        if self.kind == "cuda":
            return int(torch.cuda.max_memory_reserved())
        if self.kind == "xpu":
            return int(torch.xpu.max_memory_reserved())
        if self.kind == "mps":
            return int(torch.mps.driver_allocated_memory())
        return int(psutil.Process().memory_info().rss)


def choose() -> Device:
    """The best device of this machine: CUDA (or ROCm), XPU, MPS, CPU, in that order."""
    if torch.cuda.is_available():
        name = torch.cuda.get_device_name(0)
        # ROCm's torch calls an AMD card a CUDA device.
        return Device("cuda", f"{name} (ROCm)" if torch.version.hip else name)
    if torch.xpu.is_available():
        return Device("xpu", torch.xpu.get_device_name(0))
    if torch.backends.mps.is_available():
        return Device("mps", "Apple GPU")
    return Device("cpu", f"CPU, {cpu_threads()} threads" if cpu_threads() > 1 else "CPU, 1 thread")


def _multiplies_bfloat16() -> bool:
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def cpu_threads() -> int:
    """Threads to compute with on a CPU: one core is left to the window."""
    try:
        available = len(os.sched_getaffinity(0))
    except AttributeError:
        available = os.cpu_count() or 2
    physical = psutil.cpu_count(logical=False) or available
    return max(1, min(available, physical) - 1)


def prepare(device: Device, *, processes: int = 1) -> None:
    """Settings of torch that hold for the whole process, one of ``processes`` that share this machine's cores."""
    if device.kind == "cpu":
        torch.set_num_threads(max(1, cpu_threads() // processes))
        _keep_freed_memory()
    else:
        torch.backends.cuda.matmul.allow_tf32 = True


def _keep_freed_memory() -> None:
    """Have glibc keep what is freed for the next tensor: to get it from the system anew took a 20th of each step."""
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):  # another library of C knows no such function
        set_option = ctypes.CDLL(None).mallopt
        set_option(_MMAP_THRESHOLD, 32 << 20)  # larger ones are few, and worth giving back
        set_option(_TRIM_THRESHOLD, 256 << 20)
