"""Training one run in several processes: sharing out a step's examples, adding up gradients, agreeing on what follows.

Every rank knows the whole batch of an optimizer step and so the number of its supervised tokens; it computes its
share, and one sum over all ranks gives each the gradient that a single process would have had. Only the adapter's
gradients travel, once a step, so nothing is gained by overlapping that with the backward pass, and a rank whose memory
is full can repeat its share without the others noticing.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist

from core.errors import RunError
from core.runs.event_file import EventWriter
from core.worker import device
from core.worker.batches import Tokens
from core.worker.launched import Lookout, Place, hide_marks
from core.worker.out_of_memory import attempt

_Result = TypeVar("_Result")
# A rank waits this long for the others: they evaluate, answer and save in the meantime. Lost ranks are noticed earlier.
_PATIENCE = timedelta(hours=6)


class Ranks:
    """The processes of a run; a single one unless told otherwise.

    Attributes:
        place: which of them this one is.
        is_sharded: whether each holds a part of the base model only, so that all have to compute in step.
    """

    def __init__(self, place: Place | None = None) -> None:
        self.place = place or Place()
        self.is_sharded = False
        self._lookout: Lookout | None = None

    @classmethod
    def join(cls, place: Place, events: EventWriter) -> Ranks:
        """Meet the other processes; returns when all are there."""
        ranks = cls(place)
        if place.count == 1:
            return ranks
        ranks._lookout = lookout = Lookout(events)
        lookout.start()
        signal.signal(signal.SIGTERM, lookout.give_way)
        dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=_PATIENCE)
        hide_marks(os.environ)
        kind, host = device.choose().kind, socket.gethostname()
        all_ranks: list[tuple[str, str, int]] = [("", "", 0)] * place.count
        dist.all_gather_object(all_ranks, (kind, host, os.getpid()))
        lookout.watch([pid for _, its_host, pid in all_ranks if its_host == host])
        kinds = {its_kind for its_kind, _, _ in all_ranks}
        if len(kinds) > 1 or kinds <= {"mps", "xpu"}:
            raise RunError(
                "These devices cannot train together.",
                reason=f"Of {place.count} processes, each needs an NVIDIA or AMD card of its own, or all use the CPU.",
                hint="Start as many processes as there are cards.",
            )
        return ranks

    @property
    def count(self) -> int:
        """How many there are."""
        return self.place.count

    @property
    def is_first(self) -> bool:
        """Whether this one writes the run's files."""
        return self.place.is_first

    def describe(self, device: str) -> str:
        """The device's name, with the number of processes where there are several."""
        return device if self.count == 1 else f"{self.count} processes on {device}"

    def share(self, examples: Sequence[Tokens]) -> list[Tokens]:
        """This rank's part of the examples: about as many tokens as every other's, in the given order."""
        if self.count == 1:
            return list(examples)
        loads = [0] * self.count
        mine: list[int] = []
        for index in sorted(range(len(examples)), key=lambda index: -len(examples[index].ids)):
            rank = loads.index(min(loads))
            loads[rank] += len(examples[index].ids)
            if rank == self.place.rank:
                mine.append(index)
        return [examples[index] for index in sorted(mine)]

    def idle_passes(self, passes: int) -> int:
        """With a sharded model, how many passes this rank must go along with beyond its own ``passes``."""
        return self.agree(passes)[0] - passes if self.is_sharded else 0

    def attempt(self, work: Callable[[], _Result]) -> _Result | None:
        """What some work returns, or None when the memory was full and the work may be done again."""
        return work() if self.is_sharded else attempt(work)

    def begin_step(self, seed: int, step: int) -> None:
        """Give each rank random numbers (dropout) of its own, set by the step alone so that resuming is exact."""
        if self.count > 1:
            torch.manual_seed(hash((seed, step, self.place.rank)) & (2**63 - 1))

    def add_up(self, parameters: Iterable[torch.nn.Parameter], loss: torch.Tensor) -> torch.Tensor:
        """Replace the gradients by their sum over all ranks, and return the sum of ``loss``."""
        if self.count == 1:
            return loss
        trained = [parameter for parameter in parameters if parameter.requires_grad]
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in trained]
        flat = torch.cat([gradient.float().flatten() for gradient in [*gradients, loss.detach()]])
        dist.all_reduce(flat)
        sizes = [gradient.numel() for gradient in gradients]
        for parameter, gradient, total in zip(trained, gradients, torch.split(flat[:-1], sizes), strict=True):
            parameter.grad = gradient.copy_(total.view_as(gradient))
        return flat[-1].to(loss.dtype)

    def total(self, number: float) -> float:
        """The sum of a number over all ranks."""
        if self.count == 1:
            return number
        tensor = torch.tensor(number, dtype=torch.float64)
        dist.all_reduce(tensor)
        return float(tensor)

    def agree(self, *numbers: int) -> list[int]:
        """The largest of each number over all ranks."""
        if self.count == 1:
            return list(numbers)
        tensor = torch.tensor(numbers)
        dist.all_reduce(tensor, dist.ReduceOp.MAX)
        return [int(number) for number in tensor]

    @contextmanager
    def first_one_first(self) -> Iterator[None]:
        """Do something only when the first process has done it: the others may read what it wrote."""
        if self.count > 1 and not self.is_first:
            self.agree(0)
        yield
        if self.count > 1 and self.is_first:
            self.agree(0)

    def begin_alike(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Give all processes the first one's trained numbers, to the last digit."""
        if self.count > 1:
            for parameter in parameters:
                if parameter.requires_grad:
                    dist.broadcast(parameter.data, 0)

    def part(self) -> None:
        """Wait until all have done their work; the first one comes last."""
        if self._lookout is None:
            return
        self.agree(0)
        self._lookout.end()
        dist.destroy_process_group()
