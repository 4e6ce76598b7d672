"""What doctor looks at: each thing found, missing and broken."""

import subprocess
from importlib import metadata

import pytest

from core import paths
from core.errors import UserError
from core.hardware import checks

FOUND = {
    "versions": {"torch": "2.13.0"},
    "device": "cuda",
    "device_name": "NVIDIA GeForce RTX 4090",
    "gpu_free_bytes": 20 * 2**30,
    "gpu_total_bytes": 24 * 2**30,
    "bfloat16": True,
    "nf4_gradient_error": 6e-8,
}
ON_CPU = {"device": "cpu", "device_name": "CPU, 3 threads", "gpu_free_bytes": None, "gpu_total_bytes": None}


def training(**changes):
    return list(checks.training(lambda: {**FOUND, **changes}))


def test_this_machine_passes_what_is_essential():
    found = list(checks.check_all(lambda: FOUND))
    assert [check for check in found if check.essential and not check.ok] == []
    names = [check.name for check in found]
    assert len(set(names)) == len(names)
    assert {"Python", "torch", "bitsandbytes", "SQLite", "starter model", "samples", "memory", "disk"} <= set(names)
    assert all(check.detail for check in found)
    assert all(check.fix for check in found if not check.ok)


def test_a_card_that_works():
    card, nf4 = training()
    assert (card.ok, card.detail) == (True, "NVIDIA GeForce RTX 4090, 20.0 of 24.0 GB free, bfloat16")
    assert nf4.ok


def test_no_card_is_no_failure():
    card, nf4 = training(**ON_CPU)
    assert (card.ok, card.essential) == (False, False)
    assert "starter" in card.detail
    assert nf4.ok


def test_a_card_that_this_torch_cannot_use(monkeypatch):
    monkeypatch.setattr(checks.shutil, "which", lambda name: f"/usr/bin/{name}")
    card, _ = training(**ON_CPU)
    assert (card.ok, card.essential) == (False, False)
    assert "CUDA build" in card.fix


@pytest.mark.parametrize("error", [0.2, float("nan")])
def test_wrong_gradients_are_a_failure(error):
    _, nf4 = training(nf4_gradient_error=error)
    assert (nf4.ok, nf4.essential) == (False, True)
    assert "quantization=none" in nf4.fix


def test_a_device_without_4_bit_weights_still_trains():
    _, nf4 = training(device="mps", nf4_gradient_error=None)
    assert (nf4.ok, nf4.essential) == (False, False)


def test_libraries_that_do_not_load():
    def broken():
        raise UserError("ImportError: libcudart.so.13: cannot open shared object file")

    (only,) = checks.training(broken)
    assert (only.ok, only.essential) == (False, True)
    assert "libcudart" in only.detail


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("print('Welcome'); print('{\"device\": \"cpu\"}')", None),
        ("raise ImportError('no torch here')", "ImportError: no torch here"),
        ("import os; os.kill(os.getpid(), 4)", "SIGILL"),
        ("print('no json')", "no JSON"),
        ("import time; time.sleep(60)", "No answer"),
    ],
)
def test_the_probe_says_how_it_ended(code, words, monkeypatch):
    def launch(arguments, *, output):
        assert arguments == ["probe"]
        return subprocess.Popen([paths.worker_python(), "-c", code], stdout=output, stderr=subprocess.STDOUT)

    monkeypatch.setattr(checks, "launch", launch)
    if words == "No answer":
        monkeypatch.setattr(checks, "_PROBE_SECONDS", 0.2)
    if words is None:
        assert checks.probe_worker() == {"device": "cpu"}
        return
    with pytest.raises(UserError, match=words):
        checks.probe_worker()


def test_a_missing_library_is_named(monkeypatch):
    real = metadata.version

    def version(name):
        if name == "peft":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    (missing,) = [check for check in checks.libraries() if not check.ok]
    assert (missing.name, missing.detail) == ("peft", "not installed")
    assert missing.fix


def test_the_window_is_not_essential(monkeypatch):
    assert not checks.window().essential or checks.window().ok

    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert (checks.window().ok, checks.window().essential) == (False, False)


def test_what_ships_with_the_app_may_be_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "samples", lambda: tmp_path)
    monkeypatch.setattr(paths, "starter_model", lambda: tmp_path)
    for check in (checks.sample_datasets(), checks.starter_model()):
        assert (check.ok, check.essential) == (False, True)
        assert check.detail
        assert check.detail.count("Install Tunesmith again") == 0, "the fix says it"


def test_old_pythons_are_refused(monkeypatch):
    monkeypatch.setattr(checks.sys, "version_info", (3, 10, 4))
    assert (checks.python().ok, checks.python().essential) == (False, True)


def test_little_memory_and_little_space_are_noted(monkeypatch):
    monkeypatch.setattr(checks, "_LEAST_MEMORY", 2**60)
    monkeypatch.setattr(checks, "_LEAST_DISK", 2**60)
    for check in (checks.memory(), checks.disk()):
        assert (check.ok, check.essential) == (False, False)
        assert check.fix


def test_the_place_for_projects_need_not_exist(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "documents", lambda: tmp_path / "a" / "b")
    assert checks.disk().ok
