"""Base models are found in folders and in the hub's cache, and never fetched."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from core import paths
from core.base_models import catalogue, shelf
from core.errors import ModelError
from core.recipe.schema import STARTER

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def fill(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or ("config.json", "tokenizer.json", "model.safetensors"):
        (folder / name).write_text("{}", encoding="utf-8")
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def starter(tmp_path, monkeypatch):
    folder = fill(tmp_path / "starter")
    monkeypatch.setattr(paths, "starter_model", lambda: folder)
    return folder


def in_cache(cache: Path, base: str, commit: str = COMMIT, *, main: bool = True) -> Path:
    folder = cache / f"models--{base.replace('/', '--')}"
    if main:
        (folder / "refs").mkdir(parents=True, exist_ok=True)
        (folder / "refs" / "main").write_text(commit + "\n", encoding="utf-8")
    return fill(folder / "snapshots" / commit)


def test_the_starter(starter):
    assert catalogue.resolve(STARTER) == starter
    assert "Starter" in catalogue.display_name(STARTER)
    assert catalogue.revision(STARTER) == ""


def test_an_installation_without_the_starter_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "starter_model", lambda: tmp_path / "nowhere")
    with pytest.raises(ModelError, match="not part of this installation"):
        catalogue.resolve(STARTER)


def test_a_folder(tmp_path, cache):
    folder = fill(tmp_path / "Größe 数据 #1 %20 'x'")
    assert catalogue.resolve(str(folder)) == folder
    assert catalogue.display_name(str(folder)) == folder.name
    assert catalogue.revision(str(folder)) == ""


def test_a_folder_that_lacks_files_names_them(tmp_path):
    folder = fill(tmp_path / "half", "config.json")
    with pytest.raises(ModelError, match=r"no tokenizer\.json"):
        catalogue.resolve(str(folder))
    with pytest.raises(ModelError, match="no such folder"):
        catalogue.resolve(str(tmp_path / "missing"))
    with pytest.raises(ModelError, match="no such folder"):
        catalogue.resolve("./missing")


def test_a_model_of_the_hub_is_found_by_its_id(cache):
    folder = in_cache(cache, "Qwen/Qwen2.5-0.5B")
    assert catalogue.resolve("Qwen/Qwen2.5-0.5B") == folder
    assert catalogue.display_name("Qwen/Qwen2.5-0.5B") == "Qwen/Qwen2.5-0.5B"
    assert catalogue.revision("Qwen/Qwen2.5-0.5B") == COMMIT


def test_the_main_version_is_taken(cache):
    in_cache(cache, "org/model", "f" * 40)
    folder = in_cache(cache, "org/model", COMMIT)
    in_cache(cache, "org/model", "e" * 40, main=False)
    assert catalogue.resolve("org/model") == folder


def test_a_version_without_a_name_is_better_than_none(cache):
    folder = in_cache(cache, "org/model", main=False)
    assert catalogue.resolve("org/model") == folder


def test_a_reference_cannot_lead_out_of_the_cache(cache, tmp_path):
    fill(tmp_path / "secret")
    folder = cache / "models--org--model"
    (folder / "refs").mkdir(parents=True)
    (folder / "snapshots").mkdir()
    (folder / "refs" / "main").write_text("../../../secret", encoding="utf-8")
    with pytest.raises(ModelError, match="not on this machine"):
        catalogue.resolve("org/model")


@pytest.mark.parametrize("base", ["org/missing", "missing", "a/b/c", "", "bad id!", "org/../../x", "-x/y"])
def test_what_is_not_here_is_refused_in_words(cache, base):
    with pytest.raises(ModelError, match="not on this machine"):
        catalogue.resolve(base)


def test_an_incomplete_download_is_refused(cache):
    folder = in_cache(cache, "org/model")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match="not complete"):
        catalogue.resolve("org/model")


def test_all_models_on_this_machine(cache, starter):
    good = in_cache(cache, "org/good")
    (in_cache(cache, "org/pickled") / "model.safetensors").unlink()
    (in_cache(cache, "org/half") / "config.json").unlink()
    (cache / "datasets--org--data").mkdir()
    assert [(known.base, known.path) for known in catalogue.local_models()] == [(STARTER, starter), ("org/good", good)]


def test_the_cache_follows_the_hubs_variables(monkeypatch, tmp_path):
    for name in ("HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert catalogue.hub_cache() == Path.home() / ".cache" / "huggingface" / "hub"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert catalogue.hub_cache() == tmp_path / "huggingface" / "hub"
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    assert catalogue.hub_cache() == tmp_path / "home" / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    assert catalogue.hub_cache() == tmp_path / "cache"


def test_folders_are_added_remembered_and_forgotten(tmp_path, cache, monkeypatch):
    monkeypatch.setenv("TUNESMITH_HOME", str(tmp_path / "home"))
    folder = tmp_path / "my model"
    shutil.copytree(paths.starter_model(), folder)
    assert catalogue.add(folder) == folder
    catalogue.add(folder)
    assert [model.base for model in catalogue.local_models()] == [STARTER, str(folder)]
    assert shelf.forget(folder)
    assert not shelf.forget(folder)
    assert [model.base for model in catalogue.local_models()] == [STARTER]
    assert (folder / "config.json").is_file()


def test_a_folder_without_a_model_is_not_added(tmp_path, cache, monkeypatch):
    monkeypatch.setenv("TUNESMITH_HOME", str(tmp_path / "home"))
    folder = tmp_path / "pickled"
    shutil.copytree(paths.starter_model(), folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="unsafe format"):
        catalogue.add(folder)
    assert shelf.folders() == []


def test_a_model_of_which_a_part_is_missing_is_not_offered(tmp_path, cache, starter):
    snapshot = in_cache(cache, "org/parts")
    (snapshot / "model.safetensors").rename(snapshot / "model-00001-of-00002.safetensors")
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (snapshot / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    (snapshot / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}', encoding="utf-8")
    assert [model.base for model in catalogue.local_models()] == [STARTER]
    assert catalogue.incomplete_models() == ["org/parts"]
    (snapshot / "model-00002-of-00002.safetensors").write_bytes(b"")
    assert [model.base for model in catalogue.local_models()] == [STARTER, "org/parts"]
    assert catalogue.incomplete_models() == []


def test_models_that_are_incomplete_in_the_cache(tmp_path, cache):
    config = '{"architectures": ["LlamaForCausalLM"], "model_type": "llama"}'
    for base, names in {
        "org/no-weights": ("config.json", "tokenizer.json"),
        "org/pickled": ("config.json", "tokenizer.json", "pytorch_model.bin"),
        "org/other-kind": ("model_index.json",),
        "org/whole": ("config.json", "tokenizer.json", "model.safetensors"),
    }.items():
        snapshot = in_cache(cache, base)
        for path in snapshot.iterdir():
            path.unlink()
        for name in fill(snapshot, *names).iterdir():
            name.write_text(config, encoding="utf-8")
    (cache / "models--org--begun" / "blobs").mkdir(parents=True)
    (cache / "models--org--begun" / "blobs" / "abc.incomplete").write_bytes(b"x")
    assert catalogue.incomplete_models() == ["org/begun", "org/no-weights"]
