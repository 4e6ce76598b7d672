"""How many processes a run gets: one a card, as many as the recipe says."""

import sys
import types

import pytest

from core.errors import RunError
from core.hardware import cards
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe


def recipe(devices):
    return with_settings(Recipe(), {"training.devices": devices})


@pytest.fixture
def drivers(monkeypatch, tmp_path):
    """A machine with this many NVIDIA and AMD cards."""

    def have(*, nvidia=0, amd=0):
        class NoDriver(Exception):
            pass

        def begin():
            if not nvidia:
                raise NoDriver

        nvml = types.SimpleNamespace(
            nvmlInit=begin, nvmlShutdown=lambda: None, nvmlDeviceGetCount=lambda: nvidia, NVMLError=NoDriver
        )
        monkeypatch.setitem(sys.modules, "pynvml", nvml)
        monkeypatch.setattr(cards, "_ROCM_NODES", tmp_path)
        for number, units in enumerate([0, *[120] * amd]):  # the first node is the CPU
            (tmp_path / str(number)).mkdir()
            (tmp_path / str(number) / "properties").write_text(f"cpu_cores_count 0\nsimd_count {units}\n")

    for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    return have


def test_cards_of_either_maker_are_counted(drivers):
    drivers(nvidia=3)
    assert cards.count_cards() == 3
    assert cards.processes(recipe("auto")) == 3


def test_amd_cards_are_told_from_cpus(drivers):
    drivers(amd=2)
    assert cards.count_cards() == 2


def test_without_nvidias_library_those_of_the_other_maker_are_counted(drivers, monkeypatch):
    drivers(nvidia=1, amd=2)
    monkeypatch.setitem(sys.modules, "pynvml", None)  # importing it raises ImportError
    assert cards.count_cards() == 2


def test_only_visible_cards_count(drivers, monkeypatch):
    drivers(nvidia=4)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,3")
    assert cards.count_cards() == 2
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert cards.count_cards() == 0


def test_one_device_asks_no_driver(monkeypatch):
    monkeypatch.setattr(cards, "count_cards", lambda: pytest.fail("asked"))
    assert cards.processes(recipe("1")) == 1


def test_without_cards_all_of_them_is_one_process():
    assert cards.processes(recipe("auto"), cards=0) == 1


def test_more_cards_than_there_are_is_refused():
    with pytest.raises(RunError, match="wants 4 GPUs") as caught:
        cards.processes(recipe("4"), cards=2)
    assert "2 GPUs" in caught.value.reason


@pytest.mark.skipif(sys.platform == "darwin", reason="its CPUs train alone")
def test_processes_may_share_a_cpu():
    assert cards.processes(recipe("2"), cards=0) == 2
