"""Tensors written as they come are safetensors files, with the hashes of what was meant."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from core.base_models.weights import read_weights
from core.export import tensor_files
from core.export.tensor_files import Spec

ARRAYS = {f"layer.{n}": np.arange(12, dtype=np.float32).reshape(3, 4) + n for n in range(5)}
SPECS = [Spec(name, "F32", array.shape) for name, array in ARRAYS.items()]


def data() -> list[tuple[str, memoryview]]:
    return [(name, memoryview(array)) for name, array in ARRAYS.items()]


def test_one_file(tmp_path: Path) -> None:
    told: list[int] = []
    hashes = tensor_files.write(tmp_path, SPECS, data(), advance=told.append)
    assert list(hashes) == ["model.safetensors"]
    file = tmp_path / "model.safetensors"
    assert hashes["model.safetensors"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert sum(told) == sum(spec.bytes for spec in SPECS)
    loaded = load_file(file)
    assert all((loaded[name] == array).all() for name, array in ARRAYS.items())


def test_several_files_with_an_index(tmp_path: Path) -> None:
    hashes = tensor_files.write(tmp_path, SPECS, data(), most=100)
    assert len([name for name in hashes if name.endswith(".safetensors")]) == 3
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text(encoding="utf-8"))
    assert index["metadata"]["total_size"] == 5 * 48
    for name, file in index["weight_map"].items():
        assert (load_file(tmp_path / file)[name] == ARRAYS[name]).all()
    assert set(read_weights(tmp_path).tensors) == set(ARRAYS)
    for name, digest in hashes.items():
        assert digest == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()


@pytest.mark.parametrize("wrong", [data()[:-1], [*data(), data()[0]], [*data()[:-1], ("layer.4", memoryview(b"x"))]])
def test_what_is_not_as_announced_is_refused(tmp_path: Path, wrong: list[tuple[str, memoryview]]) -> None:
    with pytest.raises(ValueError, match=r"announced|was to come"):
        tensor_files.write(tmp_path, SPECS, wrong)
