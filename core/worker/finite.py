"""Whether the numbers of training are still numbers: asked of each step, without making a graphics card wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch


class LossNotFinite(ArithmeticError):  # noqa: N818 - a state, reported as a failure by core.worker.failures
    """A loss or a gradient became infinite or not a number.

    Attributes:
        step: the optimizer step.
        examples: numbers of the examples in its batch.
        suspects: those of them whose loss alone is not finite, where that could be found out.
    """

    def __init__(self, step: int, examples: Sequence[int], suspects: Sequence[int] = ()) -> None:
        super().__init__(f"the loss is not finite at step {step}")
        self.step = step
        self.examples = list(examples)
        self.suspects = list(suspects)


@dataclass(slots=True)
class Asked:
    """A step whose numbers are on their way from the device."""

    step: int
    examples: list[int]
    is_finite: torch.Tensor
    copied: torch.cuda.Event | None


class FiniteCheck:
    """Looks at loss and gradient norm of each step.

    On the CPU the answer is there at once, before the optimizer takes the step. A graphics card is asked, and the
    answer is taken when the next step comes or something is about to be saved: at most one step later.
    """

    def __init__(self, *, lags: bool) -> None:
        """``lags``: whether the numbers are on a device that must not be waited for."""
        self._lags = lags
        self._asked: Asked | None = None

    def look(
        self, step: int, examples: Sequence[int], numbers: Sequence[torch.Tensor], suspects: Callable[[], Sequence[int]]
    ) -> None:
        """Look at a step, before the optimizer takes it.

        Args:
            step: its number.
            examples: those of its batch.
            numbers: its loss, its gradient norm.
            suspects: finds out which of the examples are the cause; called only while the weights are still good.

        Raises:
            LossNotFinite: they are not finite, or those of the step before were not.
        """
        self.answer()
        flag = torch.stack([torch.isfinite(number).all() for number in numbers]).all()
        if not self._lags:
            if not bool(flag):
                raise LossNotFinite(step, examples, suspects())
            return
        copied = None
        if flag.device.type == "cuda":
            host = torch.empty((), dtype=torch.bool, pin_memory=True)
            host.copy_(flag, non_blocking=True)
            copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
            copied.record()
            flag = host
        self._asked = Asked(step, list(examples), flag, copied)

    def answer(self) -> None:
        """Wait for the last answer (call it before anything is saved).

        Raises:
            LossNotFinite: that step was not finite.
        """
        asked, self._asked = self._asked, None
        if asked is None:
            return
        if asked.copied is not None:
            asked.copied.synchronize()
        if not bool(asked.is_finite):
            raise LossNotFinite(asked.step, asked.examples)
