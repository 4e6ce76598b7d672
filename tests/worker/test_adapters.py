"""Adapters on a loaded base model leave it as it was, and nothing in their folder is run."""

import json
import pickle
import shutil

import pytest
import torch

from core.errors import ModelError
from core.recipe.schema import ModelSettings
from core.worker import device
from core.worker.adapters import Adapters
from core.worker.model import load_base
from core.worker.reference import compare, logits

IDS = [5, 9, 40, 7, 100, 3]


@pytest.fixture(scope="module")
def load(tiny_model):
    place = device.choose()

    def load(**settings):
        return load_base(tiny_model, ModelSettings(base=str(tiny_model), **settings), place)

    return load


@pytest.mark.parametrize("quantization", ["nf4", "none"])
def test_the_base_model_is_bit_for_bit_what_it_was(load, trained_run, make_trained, quantization):
    clean = logits(load(quantization=quantization), IDS, 6)
    adapters = Adapters(load(quantization=quantization))
    for run in (trained_run, make_trained(seed=40)):
        with adapters.using(run.adapter) as model:
            assert not torch.equal(logits(model, IDS, 6), clean)
        with adapters.using(None) as model:
            assert torch.equal(logits(model, IDS, 6), clean)


def test_an_adapter_is_exactly_the_trained_model(load, make_trained):
    adapters = Adapters(load())
    for run in [make_trained(seed=seed, **{"lora__rank": seed - 40}) for seed in (42, 44, 48)]:
        with adapters.using(run.adapter) as model:
            comparison = compare(model, run.reference_file)
        assert comparison.max_logit_difference == 0
        assert comparison.greedy_equal


def test_rank_stabilised_scaling_is_kept(load, make_trained):
    run = make_trained(seed=50, **{"lora__use_rslora": True, "lora__target_modules": ["q_proj", "up_proj"]})
    with Adapters(load()).using(run.adapter) as model:
        assert compare(model, run.reference_file).max_logit_difference == 0


class Canary:
    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return (open, (self.file, "w"))


def test_pickles_in_the_folder_are_never_opened(load, trained_run, tmp_path):
    canary = tmp_path / "canary"
    folder = tmp_path / "adapter"
    shutil.copytree(trained_run.adapter, folder)
    for name in ("adapter_model.bin", "adapter_model.pt", "pytorch_model.bin", "training_args.bin", "adapter.pkl"):
        (folder / name).write_bytes(pickle.dumps(Canary(str(canary))))
    with Adapters(load()).using(folder) as model:
        assert compare(model, trained_run.reference_file).max_logit_difference == 0
    (folder / "adapter_model.safetensors").unlink()
    with pytest.raises(ModelError, match="unsafe format"), Adapters(load()).using(folder):
        pass
    assert not canary.exists()


def test_a_huge_rank_is_refused_before_memory_is_taken(load, trained_run, tmp_path):
    folder = tmp_path / "adapter"
    shutil.copytree(trained_run.adapter, folder)
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    (folder / "adapter_config.json").write_text(json.dumps({**config, "r": 2**24}), encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be used") as caught, Adapters(load()).using(folder):
        pass
    assert "512" in caught.value.reason
