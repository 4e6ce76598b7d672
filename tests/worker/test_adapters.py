"""Adapters on a loaded base model leave it as it was, and nothing in their folder is run."""

import json
import pickle
import shutil

import pytest
import torch
from peft import PeftModel

from core.errors import ModelError
from core.library.importing import Wish, import_adapter
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


@pytest.mark.parametrize("quantization", ["nf4", "int8", "none"])
def test_the_base_model_is_bit_for_bit_what_it_was(load, trained_run, make_trained, quantization):
    clean = logits(load(quantization=quantization), IDS, 6)
    adapters = Adapters(load(quantization=quantization))
    special = make_trained(seed=41, **{"lora__modules_to_save": ["norm"]})
    for run in (trained_run, make_trained(seed=40), special):
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


def peft_mix(base, weighted, combination="cat"):
    """The same mix made by PEFT itself, from the folders."""
    names = [f"a{number}" for number in range(len(weighted))]
    model = PeftModel.from_pretrained(base, weighted[0][0], adapter_name=names[0])
    for name, (folder, _) in zip(names[1:], weighted[1:], strict=True):
        model.load_adapter(folder, adapter_name=name)
    model.add_weighted_adapter(names, [weight for _, weight in weighted], "mix", combination_type=combination)
    model.set_adapter("mix")
    return model.eval()


@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.3, 0.7), (1.5, -0.5), (0.25, 1.0)])
@pytest.mark.parametrize("quantization", ["nf4", "none"])
def test_a_mix_equals_peft_s_own_weighted_adapter(load, make_trained, weights, quantization):
    """Of different rank, scaling and targets, so that each keeps its own."""
    runs = [
        make_trained(seed=60),
        make_trained(seed=61, **{"lora__rank": 2, "lora__use_rslora": True, "lora__target_modules": ["q_proj"]}),
    ]
    weighted = [(run.adapter, weight) for run, weight in zip(runs, weights, strict=True)]
    expected = logits(peft_mix(load(quantization=quantization), weighted), IDS, 6)
    with Adapters(load(quantization=quantization)).mixed(weighted) as model:
        found = logits(model, IDS, 6)
    assert torch.allclose(found, expected, atol=2e-5, rtol=1e-5)
    assert torch.equal(found.argmax(-1), expected.argmax(-1))


def test_with_one_adapter_the_approximate_combination_of_peft_is_the_same_too(load, make_trained):
    weighted = [(make_trained(seed=62).adapter, 0.6)]
    expected = logits(peft_mix(load(), weighted, combination="linear"), IDS, 6)
    with Adapters(load()).mixed(weighted) as model:
        assert torch.allclose(logits(model, IDS, 6), expected, atol=2e-5, rtol=1e-5)


def test_a_strength_goes_from_the_base_model_to_the_adapter_and_leaves_no_trace(load, trained_run, make_trained):
    adapter, other = trained_run.adapter, make_trained(seed=63).adapter
    clean = logits(load(), IDS, 6)
    adapters = Adapters(load())
    with adapters.using(adapter) as model:
        full = logits(model, IDS, 6)

    def at(*weighted):
        with adapters.mixed(weighted) as model:
            return logits(model, IDS, 6)

    distances = [float((at((adapter, weight)) - clean).abs().max()) for weight in (0.0, 0.01, 0.1, 0.5, 1.0)]
    assert distances[0] == 0, "at strength 0 it is the base model, bit for bit"
    assert distances == sorted(distances)
    assert torch.equal(at((adapter, 1.0)), full)
    assert torch.equal(at((adapter, 1.0), (other, 0.0)), full)
    assert torch.equal(at((adapter, 0.25), (adapter, 0.75)), full), "the same one twice counts together"
    assert not torch.equal(at((adapter, 1.0), (other, 1.0)), full)
    with adapters.mixed([(adapter, 0.5), (other, -0.5)]), pytest.raises(ZeroDivisionError):
        _ = 1 / 0
    assert torch.equal(at((adapter, 1.0)), full), "after a failure in the middle of a mix, too"
    assert torch.equal(at(), clean)


def test_more_adapters_than_are_kept_can_be_mixed_at_once(load, make_trained):
    runs = [make_trained(seed=70 + number, name=f"run {number}") for number in range(10)]
    weighted = [(run.adapter, 0.1) for run in runs]
    adapters = Adapters(load())
    for run in runs[:3]:
        with adapters.using(run.adapter):
            pass
    with adapters.mixed(weighted) as model:
        found = logits(model, IDS, 6)
    assert torch.allclose(found, logits(peft_mix(load(), weighted), IDS, 6), atol=2e-5, rtol=1e-5)
    with adapters.using(None) as model:
        assert torch.equal(logits(model, IDS, 6), logits(load(), IDS, 6))


@pytest.mark.parametrize("setting", [{"lora__use_dora": True}, {"lora__modules_to_save": ["norm"]}])
def test_what_is_no_sum_of_matrices_is_not_weighted(load, trained_run, make_trained, setting):
    special = make_trained(seed=64, **setting).adapter
    adapters = Adapters(load())
    with adapters.mixed([(special, 1.0)]) as model:
        assert model is not None
    for weighted in ([(special, 0.5)], [(special, 1.0), (trained_run.adapter, 1.0)]):
        with pytest.raises(ModelError, match="alone, at full strength"), adapters.mixed(weighted):
            pass
    with adapters.using(None) as model:
        assert torch.equal(logits(model, IDS, 6), logits(load(), IDS, 6))


def test_an_imported_adapter_answers_as_the_one_that_it_is_a_copy_of(trained_run, load, tmp_path):
    (tmp_path / "project").mkdir()
    folder = import_adapter(tmp_path / "project", Wish(trained_run.adapter, trained_run.recipe().model))
    adapters = Adapters(load())
    with adapters.using(None) as plain:
        without = logits(plain, IDS, 3)
    with adapters.using(folder) as copied:
        answered = logits(copied, IDS, 3)
    with adapters.using(trained_run.adapter) as trained:
        assert torch.equal(logits(trained, IDS, 3), answered)
    assert not torch.equal(answered, without)


def test_an_adapter_whose_loading_failed_is_not_taken_for_loaded(load, trained_run, monkeypatch):
    adapters = Adapters(load())

    def full(*_args, **_named):
        raise torch.OutOfMemoryError

    with monkeypatch.context() as patch:
        patch.setattr("core.worker.adapters.set_peft_model_state_dict", full)
        with pytest.raises(torch.OutOfMemoryError), adapters.using(trained_run.adapter):
            pass
    with adapters.using(trained_run.adapter) as model:
        assert compare(model, trained_run.reference_file).max_logit_difference == 0
