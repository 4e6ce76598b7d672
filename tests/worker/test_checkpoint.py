"""A checkpoint is complete or it is not used."""

import errno
import os
import random

import pytest

from core.worker import checkpoint
from core.worker.checkpoint import Fingerprint

PRINT = Fingerprint(data="d", recipe="r", versions={"torch": "2"})


def fill(folder):
    (folder / "adapter_model.safetensors").write_bytes(os.urandom(4096))
    (folder / "optimizer.pt").write_bytes(os.urandom(8192))
    (folder / "trainer_state.json").write_text("{}", encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    for step in (5, 10):
        checkpoint.write(tmp_path, step, PRINT, fill)
    return tmp_path


def test_the_newest_complete_one_is_taken(folder):
    saved, damaged = checkpoint.newest(folder)
    assert (saved.step, saved.fingerprint, damaged) == (10, PRINT, [])


def damage_missing(path):
    path.unlink()


def damage_cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def damage_empty(path):
    path.write_bytes(b"")


def damage_flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


FILES = ["adapter_model.safetensors", "optimizer.pt", "trainer_state.json", "manifest.json"]


@pytest.mark.parametrize("damage", [damage_missing, damage_cut, damage_empty, damage_flip])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_one_is_passed_over_for_the_one_before(folder, damage, name):
    damage(folder / "step-00000010" / name)
    saved, damaged = checkpoint.newest(folder)
    assert (saved.step, damaged) == (5, ["step-00000010"])


def test_every_single_flipped_bit_is_noticed(folder):
    random_source = random.Random(1)
    for _ in range(200):
        path = folder / "step-00000010" / random_source.choice(FILES)
        whole = path.read_bytes()
        data = bytearray(whole)
        data[random_source.randrange(len(data))] ^= 1 << random_source.randrange(8)
        path.write_bytes(data)
        assert checkpoint.newest(folder)[0].step == 5
        path.write_bytes(whole)
    assert checkpoint.newest(folder)[0].step == 10


def test_a_disk_that_fills_up_leaves_the_earlier_ones(folder):
    def fail(aside):
        fill(aside)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        checkpoint.write(folder, 15, PRINT, fail)
    assert checkpoint.newest(folder)[0].step == 10
    assert sorted(path.name for path in folder.iterdir()) == ["step-00000005", "step-00000010"]


def test_what_a_killed_save_left_is_neither_used_nor_in_the_way(folder):
    aside = folder / ".step-00000015.tmp"
    aside.mkdir()
    fill(aside)
    assert checkpoint.newest(folder)[0].step == 10
    checkpoint.write(folder, 15, PRINT, fill)
    assert checkpoint.newest(folder)[0].step == 15


def test_what_a_save_of_a_step_that_never_comes_again_left_is_cleared_away(folder):
    aside = folder / ".step-00000007.tmp"
    aside.mkdir()
    fill(aside)
    checkpoint.thin_out(folder, keep=2, best=None)
    assert not aside.exists()


def test_the_newest_and_the_best_are_kept(folder):
    for step in (15, 20):
        checkpoint.write(folder, step, PRINT, fill)
    checkpoint.thin_out(folder, keep=2, best=5)
    assert sorted(path.name for path in folder.iterdir()) == ["step-00000005", "step-00000015", "step-00000020"]


def test_no_checkpoint_yet(tmp_path):
    assert checkpoint.newest(tmp_path / "none") == (None, [])
