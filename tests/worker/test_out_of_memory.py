"""A full memory is recognised in all its words; passes are halved; the random numbers of a step come again."""

from __future__ import annotations

import errno
from typing import Any

import pytest
import torch

from core.worker import out_of_memory
from core.worker.batches import Tokens, pack
from core.worker.out_of_memory import (
    NothingLeftToLower,
    RandomState,
    attempt,
    free_memory,
    is_out_of_memory,
    smaller_pass,
)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory: you tried to"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9.00 GB)"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("std::bad_alloc"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_it_is_recognised(error: Exception) -> None:
    assert is_out_of_memory(error)

    def work() -> int:
        raise error

    assert attempt(work) is None


@pytest.mark.parametrize(
    "error",
    [RuntimeError("CUDA error: device-side assert"), ValueError("out of memory"), OSError(errno.ENOSPC, "full")],
)
def test_other_errors_are_passed_on(error: Exception) -> None:
    assert not is_out_of_memory(error)

    def work() -> int:
        raise error

    with pytest.raises(type(error)):
        attempt(work)


def test_a_library_that_says_too_little_is_believed_only_when_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    error = RuntimeError("could not create a primitive")
    assert not is_out_of_memory(error)
    monkeypatch.setattr(out_of_memory, "_is_short", lambda: True)
    assert is_out_of_memory(error)


def test_when_nothing_is_left_nobody_tries_again() -> None:
    def work() -> int:
        raise NothingLeftToLower

    with pytest.raises(NothingLeftToLower):
        attempt(work)


def examples(*lengths: int) -> list[Tokens]:
    return [Tokens(list(range(length)), [True] * length) for length in lengths]


def test_passes_are_halved_until_each_holds_one_example() -> None:
    tokens, seen = 4096, []
    batch = examples(200, 180, 160, 140)
    while (smaller := smaller_pass(pack(batch, tokens), tokens)) is not None:
        tokens = smaller
        seen.append(tokens)
    assert seen == [340, 170]
    assert len(pack(batch, tokens)) == 4


def test_passes_are_never_shorter_than_the_shortest_allowed() -> None:
    assert smaller_pass(pack(examples(20, 20, 20), 100), 100) == 64
    assert smaller_pass(pack(examples(20, 20, 20), 64), 64) is None


def test_the_same_numbers_are_drawn_again() -> None:
    state = RandomState(torch.device("cpu"))
    first = torch.rand(3)
    state.restore()
    assert torch.equal(torch.rand(3), first)


@pytest.mark.parametrize(("kind", "arguments"), [("mps", 0), ("cuda", 1), ("xpu", 1)])
def test_the_device_is_asked_as_it_wants_to_be_asked(
    monkeypatch: pytest.MonkeyPatch, kind: str, arguments: int
) -> None:
    calls: list[tuple[str, int]] = []

    class Module:
        def get_rng_state(self, *args: Any) -> str:
            calls.append(("get", len(args)))
            return "state"

        def set_rng_state(self, state: str, *args: Any) -> None:
            calls.append((state, len(args)))

        def empty_cache(self) -> None:
            calls.append(("empty", 0))

    monkeypatch.setattr(torch, "get_device_module", lambda _device: Module())
    RandomState(torch.device(kind)).restore()
    free_memory(torch.device(kind))
    assert calls == [("get", arguments), ("state", arguments), ("empty", 0)]
