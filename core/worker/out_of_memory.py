"""Running out of memory: recognising it, going back to where a step began, and what can still be lowered.

Torch has a type of its own for graphics cards only. Elsewhere an allocation that fails comes as one of several errors,
told apart by their words.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable, Iterable
from typing import TypeVar

import psutil
import torch

from core.worker.batches import Row

SMALLEST_PASS = 64
_Result = TypeVar("_Result")
# oneDNN says the same when it does not know an operation: believed only where memory is short indeed.
_MAY_SAY = ("could not create a primitive", "could not execute a primitive")
_SHORT_BYTES = 256 * 1024**2
_SAYS = (
    "defaultcpuallocator: can't allocate memory",
    "defaultcpuallocator: not enough memory",
    "backend out of memory",  # MPS
    "cuda error: out of memory",  # libraries that call CUDA themselves
    "cublas_status_alloc_failed",
    "cudnn_status_alloc_failed",
    "std::bad_alloc",
    "could not create a memory object",  # oneDNN
    "cannot allocate memory",
)


# What an allocation that fails can come as: torch's own error for graphics cards is a RuntimeError.
CAN_BE_MEMORY = (MemoryError, RuntimeError, OSError)


class NothingLeftToLower(MemoryError):  # noqa: N818 - a state, reported as a failure by core.worker.failures
    """One example alone is too much for the memory that is free."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the memory, of the graphics card or of the machine, is full."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    if not isinstance(error, CAN_BE_MEMORY):
        return False
    said = str(error).lower()
    return any(words in said for words in _SAYS) or (any(words in said for words in _MAY_SAY) and _is_short())


def attempt(work: Callable[[], _Result]) -> _Result | None:
    """What some work returns, or None when the memory was full; the tensors it held are free then."""
    try:
        return work()
    except CAN_BE_MEMORY as error:
        if not is_out_of_memory(error) or isinstance(error, NothingLeftToLower):
            raise
        return None


def free_memory(device: torch.device) -> None:
    """Give back what a failed calculation held; call it outside the ``except`` block, whose error holds tensors."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc keeps what was freed unless told otherwise
        if trim is not None:
            trim(0)
    if device.type != "cpu":
        torch.get_device_module(device).empty_cache()


def smaller_pass(rows: Iterable[Row], tokens_per_pass: int) -> int | None:
    """Half of the longest row of a step, as the new tokens per pass; None when every row is one example already."""
    rows = list(rows)
    if all(int((row.position_ids == 0).sum()) <= 1 for row in rows):
        return None
    longest = max(row.input_ids.shape[1] for row in rows)
    smaller = max(SMALLEST_PASS, min(tokens_per_pass, longest) // 2)
    return smaller if smaller < tokens_per_pass else None


def _is_short() -> bool:
    """Whether the machine, or what the system lets this process have, is nearly used up."""
    room = int(psutil.virtual_memory().available)
    if sys.platform != "win32":
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            room = min(room, limit - int(psutil.Process().memory_info().vms))
    return room < _SHORT_BYTES


class RandomState:
    """The random numbers to come, on the CPU and the device that trains, as they were when this was made."""

    def __init__(self, device: torch.device) -> None:
        self._module = None if device.type == "cpu" else torch.get_device_module(device)
        # Apple's GPU is always one, so its functions take no device.
        self._device = () if device.type == "mps" else (device,)
        self._cpu = torch.get_rng_state()
        self._own = None if self._module is None else self._module.get_rng_state(*self._device)

    def restore(self) -> None:
        """Draw the same numbers again."""
        torch.set_rng_state(self._cpu)
        if self._module is not None:
            self._module.set_rng_state(self._own, *self._device)
