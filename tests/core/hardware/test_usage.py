"""The memory line tells of the card where there is one, and of the machine otherwise."""

from __future__ import annotations

import pytest

from core.hardware import usage


def test_the_first_card_is_told() -> None:
    use = usage.parse_nvidia("NVIDIA GeForce RTX 4090, 5222, 24564\nTesla, T4, 1, 2\n")
    assert use == usage.MemoryUse("NVIDIA GeForce RTX 4090", 5222 * 1024**2, 24564 * 1024**2)
    assert use.is_gpu
    assert use.share == pytest.approx(0.2126, abs=1e-4)


@pytest.mark.parametrize("answer", ["", "No devices were found\n", "Card, [N/A], 24564", "Card, 1"])
def test_other_answers_are_no_card(answer: str) -> None:
    assert usage.parse_nvidia(answer) is None


def test_without_a_card_it_is_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage.shutil, "which", lambda _name: None)
    use = usage.memory_use()
    assert not use.is_gpu
    assert 0 < use.used < use.total


def test_a_broken_program_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage.shutil, "which", lambda _name: "/nowhere/nvidia-smi")
    assert not usage.memory_use().is_gpu
