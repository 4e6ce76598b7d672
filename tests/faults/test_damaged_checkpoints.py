"""A damaged checkpoint is always noticed, the newest whole one is taken, and the run ends as if nothing had happened.

``TUNESMITH_FLIPS`` says how many single bits are flipped; ``benchmarks/training_kills.py`` flips 1,000.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import damage
import pytest
from forked_runs import adapter_bytes, evaluations, finish, log, losses, new_run

from core.runs.events import Notice, Resumed
from core.runs.folder import RunFolder
from core.worker import checkpoint

pytestmark = pytest.mark.slow
FILES = (
    "adapter_config.json",
    "adapter_model.safetensors",
    "manifest.json",
    "optimizer.pt",
    "passes.json",
    "rng_state.pth",
    "scheduler.pt",
    "trainer_state.json",
)


@pytest.fixture(scope="module")
def ended(runs: Path, model: Path) -> RunFolder:
    """A run whose process was gone after its second checkpoint."""
    run = new_run(runs, model)
    finish(run, "act_at", 10, "exit", 3)
    saved, damaged = checkpoint.newest(run.checkpoints)
    assert saved is not None, log(run)
    assert (saved.step, damaged) == (8, [])
    return run


def test_every_file_is_looked_at(ended: RunFolder) -> None:
    assert {path.name for path in (ended.checkpoints / "step-00000008").iterdir()} == set(FILES)


@pytest.mark.parametrize("kind", damage.KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", FILES)
def test_each_kind_of_damage_to_each_file_is_noticed(
    ended: RunFolder, tmp_path: Path, name: str, kind: Callable[[Path], None]
) -> None:
    checkpoints = tmp_path / "checkpoints"
    shutil.copytree(ended.checkpoints, checkpoints)
    kind(checkpoints / "step-00000008" / name)
    saved, damaged = checkpoint.newest(checkpoints)
    assert saved is not None
    assert (saved.step, damaged) == (4, ["step-00000008"])


def test_single_flipped_bits_are_noticed(ended: RunFolder, tmp_path: Path) -> None:
    checkpoints = tmp_path / "checkpoints"
    shutil.copytree(ended.checkpoints, checkpoints)
    assert damage.missed_flips(checkpoints, int(os.environ.get("TUNESMITH_FLIPS", "150")), seed=2) == []


def test_without_any_whole_checkpoint_it_begins_anew(ended: RunFolder, runs: Path, model: Path) -> None:
    """And says so; with one damaged it goes on from the one before. Both end as a run that nobody disturbed."""
    whole = new_run(runs, model)
    finish(whole)
    for damaged, since in (((8,), 4), ((4, 8), None)):
        run = RunFolder(runs / f"copy-{len(damaged)}")
        shutil.copytree(ended.path, run.path)
        for step in damaged:
            damage.half(run.checkpoints / f"step-{step:08d}" / "optimizer.pt")
        code, events = finish(run)
        assert code == 0, log(run)
        told = [event.message for event in events if isinstance(event, Notice)]
        assert sum("damaged and was passed over" in message for message in told) == len(damaged)
        resumed = [event.step for event in events if isinstance(event, Resumed)]
        assert resumed == ([] if since is None else [since])
        assert (losses(run), evaluations(run)) == (losses(whole), evaluations(whole))
        assert adapter_bytes(run) == adapter_bytes(whole)
