"""An export is what was trained, loaded in a fresh process, or it is not there at all."""

import json
import os
import runpy
import shutil
import subprocess
import zipfile
from collections import namedtuple

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer

from core.errors import ModelError, UserError
from core.export import sums
from core.export.archive import unpack
from core.export.job import ExportCancelled, export
from core.export.source import Source
from core.prompt.format import PromptFormat
from core.worker import device
from core.worker.adapter import save_adapter
from core.worker.model import load_base
from core.worker.reference import compare, write_reference

NAMES = {
    *("adapter_model.safetensors", "adapter_config.json", "tokenizer.json", "tokenizer_config.json"),
    *("chat_template.jinja", "README.md", "SHA256SUMS"),
}


@pytest.fixture(scope="module")
def load(tiny_model):
    def load(run):
        return load_base(tiny_model, run.recipe().model, device.choose())

    return load


def export_adapter(run, target, **options):
    return export(Source.of_run(run), "adapter", target, **options)


def rewrite_weights(folder, change):
    weights = load_file(folder / "adapter_model.safetensors")
    change(weights)
    save_file(weights, folder / "adapter_model.safetensors", metadata={"format": "pt"})


def flip(file, at):
    data = bytearray(file.read_bytes())
    data[at] ^= 0x40
    file.write_bytes(data)


def test_a_folder_is_a_plain_peft_adapter_without_local_paths(run, out, load, tiny_model):
    seen = []
    result = export_adapter(run, out / "sounds", progress=lambda now: seen.append(now.share))
    assert set(result.files) == {*NAMES, "verify.json"} == {path.name for path in (out / "sounds").iterdir()}
    assert (result.verified, result.max_logit_difference, result.greedy_equal) == (True, 0.0, True)
    assert seen == sorted(seen)
    assert len(set(seen)) > 10, "it moves while the fresh process works"
    assert seen[-1] == 1
    assert list(out.iterdir()) == [out / "sounds"], "nothing is left beside it"

    model = PeftModel.from_pretrained(load(run), out / "sounds")
    assert compare(model, run.reference_file).max_logit_difference == 0

    for path in (out / "sounds").iterdir():
        for secret in (str(tiny_model.parent), str(run.path.parent), str(out.parent)):
            assert secret.encode() not in path.read_bytes(), path.name
    config = json.loads((out / "sounds" / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == tiny_model.name
    assert not [key for key in config if "megatron" in key or key == "auto_mapping"]
    record = json.loads(result.record.read_text(encoding="utf-8"))
    assert record["verified"] is True
    assert record["positions"] > 30
    assert set(record["sha256"]) == NAMES - {"README.md", "SHA256SUMS"}


def test_the_tokenizer_that_goes_along_is_the_base_models(run, tiny_model, tiny_examples):
    tokenizer = AutoTokenizer.from_pretrained(run.adapter)
    for example in tiny_examples[:5]:
        ids = tokenizer.apply_chat_template(example.prompt_messages(), add_generation_prompt=True, return_dict=False)
        assert list(ids) == PromptFormat.load(tiny_model).encode_prompt(example)


def test_the_code_on_the_card_runs(run, tiny_model, tmp_path, capsys):
    code = (run.adapter / "README.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    code = code.replace(f"path/to/{tiny_model.name}", tiny_model.as_posix())
    code = code.replace("path/to/this/folder", run.adapter.as_posix()).replace("max_new_tokens=256", "max_new_tokens=4")
    assert "path/to" not in code
    (tmp_path / "card.py").write_text(code, encoding="utf-8")
    found = runpy.run_path(str(tmp_path / "card.py"))
    assert found["answer"].shape[1] > found["prompt"]["input_ids"].shape[1]
    capsys.readouterr()


def test_sha256sum_reads_the_hashes(run):
    command = shutil.which("sha256sum")
    if command is None:
        pytest.skip("no sha256sum here")
    subprocess.run([command, "--check", "--quiet", "SHA256SUMS"], cwd=run.adapter, check=True)


def test_a_zip_holds_the_same_files(run, out):
    result = export_adapter(run, out / "sounds.zip")
    assert result.path == out / "sounds.zip"
    assert result.max_logit_difference == 0
    assert sorted(path.name for path in out.iterdir()) == ["sounds.verify.json", "sounds.zip"]
    with zipfile.ZipFile(out / "sounds.zip") as archive:
        assert archive.testzip() is None
        assert {name.removeprefix("sounds/") for name in archive.namelist()} == NAMES == set(result.files)
    files = unpack(out / "sounds.zip", out / "again")
    for path in files:
        assert path.read_bytes() == (run.adapter / path.name).read_bytes()


def test_what_is_there_stays_untouched(run, out):
    (out / "folder").mkdir()
    (out / "letter.zip").write_text("mine", encoding="utf-8")
    (out / "other.verify.json").write_text("mine", encoding="utf-8")
    if os.name != "nt":
        (out / "link").symlink_to(out / "nowhere")
    before = sorted(path.name for path in out.iterdir())
    for name in ("other.zip", *before[:-1]):
        with pytest.raises(UserError, match="there already"):
            export_adapter(run, out / name)
    assert (out / "letter.zip").read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in out.iterdir()) == before


def test_what_appears_meanwhile_stays_untouched(exported_here, run, out):
    def appear(_now):
        target.mkdir(exist_ok=True)
        (target / "mine.txt").write_text("mine", encoding="utf-8")

    target = out / "sounds"
    with pytest.raises(UserError, match="there already"):
        export_adapter(run, target, progress=appear)
    assert [path.name for path in target.iterdir()] == ["mine.txt"]
    assert list(out.iterdir()) == [target]


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "adapter_config.json", "tokenizer.json"])
def test_a_flipped_byte_in_the_run_is_found_before_anything_is_written(run, out, name):
    flip(run.adapter / name, -200)
    with pytest.raises(UserError, match="damaged"):
        export_adapter(run, out / "sounds")
    assert not list(out.iterdir())


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "adapter_config.json", "tokenizer.json"])
def test_a_byte_flipped_on_the_way_is_found(exported_here, run, out, name):
    exported_here.between = lambda aside: flip(aside / "made" / name, -200)
    with pytest.raises(ModelError, match="damaged"):
        export_adapter(run, out / "sounds")
    assert not list(out.iterdir())


def test_a_byte_flipped_in_a_zip_file_is_found(exported_here, run, out):
    exported_here.between = lambda aside: flip(aside / "made.zip", 4000)
    with pytest.raises(ModelError, match="cannot be unpacked"):
        export_adapter(run, out / "sounds.zip")
    assert not list(out.iterdir())


def test_another_adapter_than_the_trained_one_is_found_by_its_logits(exported_here, run, out):
    def halve(weights):
        name = next(name for name in weights if "lora_B" in name)
        weights[name] *= 0.5

    rewrite_weights(run.adapter, halve)
    hashed = sums.dumps(run.adapter, NAMES - {"README.md", "SHA256SUMS"})
    (run.adapter / "SHA256SUMS").write_text(hashed, encoding="utf-8")
    with pytest.raises(ModelError, match="not what was trained") as caught:
        export_adapter(run, out / "sounds.zip")
    assert "differ by up to" in caught.value.reason
    assert not list(out.iterdir())


def test_a_cancelled_export_leaves_nothing(run, out):
    for patience in (0, 1, 12):
        asked = []

        def cancelled(asked=asked, patience=patience):
            asked.append(1)
            return len(asked) > patience

        with pytest.raises(ExportCancelled):
            export_adapter(run, out / "sounds.zip", cancelled=cancelled)
        assert not list(out.iterdir())


def test_a_full_disk_is_told_before(run, out, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 1000))
    with pytest.raises(UserError, match="not enough space") as caught:
        export_adapter(run, out / "sounds")
    assert "MB" in caught.value.reason
    assert not list(out.iterdir())


def test_without_the_words_of_the_trained_model_the_adapter_itself_is_asked(exported_here, run, out):
    run.reference_file.unlink()
    result = export_adapter(run, out / "sounds")
    assert (result.max_logit_difference, result.greedy_equal) == (0, True)
    assert result.findings["compared_with"].startswith("the adapter")


def test_runs_without_adapter_say_so(run, out):
    shutil.rmtree(run.adapter)
    with pytest.raises(ModelError, match="has no adapter"):
        export_adapter(run, out / "sounds")


def test_a_base_model_that_is_gone_is_told(exported_here, run, out):
    text = run.recipe_file.read_text(encoding="utf-8")
    base = run.recipe().model.base
    run.recipe_file.write_text(text.replace(base, "/nowhere/at-all"), encoding="utf-8")
    with pytest.raises(ModelError, match="at-all"):
        export_adapter(run, out / "sounds")
    assert not list(out.iterdir())


def test_saving_again_replaces_the_adapter_and_cleans_up_after_a_crash(run, load, tiny_model):
    model = PeftModel.from_pretrained(load(run), run.adapter)
    before = load_file(run.adapter / "adapter_model.safetensors")
    for parameter_name, parameter in model.named_parameters():
        if "lora_B" in parameter_name:
            parameter.data.mul_(2)
    (run.path / ".adapter.dead.tmp").mkdir()
    shutil.move(run.adapter, run.path / ".adapter.dead.old")  # a crash between the two renames
    save_adapter(model, base=tiny_model, run=run)
    after = load_file(run.adapter / "adapter_model.safetensors")
    assert all(torch.equal(after[name], before[name] * (2 if "lora_B" in name else 1)) for name in before)
    assert not list(run.path.glob(".adapter.*"))


def test_an_adapter_that_cannot_be_saved_leaves_the_earlier_one(run, load, tiny_model, monkeypatch):
    model = PeftModel.from_pretrained(load(run), run.adapter)
    before = (run.adapter / "adapter_model.safetensors").read_bytes()
    run.recipe_file.unlink()
    with pytest.raises(FileNotFoundError):
        save_adapter(model, base=tiny_model, run=run)
    assert (run.adapter / "adapter_model.safetensors").read_bytes() == before
    assert not list(run.path.glob(".adapter.*"))


def test_the_reference_is_small_and_refuses_what_is_no_reference(run, load, tmp_path):
    base = load(run)
    path = tmp_path / "reference.safetensors"
    write_reference(base, [[3, 4, 5], [], [7] * 100], path)
    found = load_file(path)
    assert {name: tuple(tensor.shape) for name, tensor in found.items()} == {
        "input_ids_0": (3,),
        "logits_0": (3, base.config.vocab_size),
        "input_ids_1": (100,),
        "logits_1": (32, base.config.vocab_size),
    }
    assert compare(base, path).holds
    flip(path, 3)
    with pytest.raises(ModelError, match="nothing to compare"):
        compare(base, path)
    with pytest.raises(ModelError, match="nothing to compare"):
        compare(base, tmp_path / "missing")


def test_numbers_that_are_none_are_no_match(run, load):
    model = PeftModel.from_pretrained(load(run), run.adapter)
    next(p for n, p in model.named_parameters() if "lora_B" in n).data.fill_(float("nan"))
    comparison = compare(model, run.reference_file)
    assert comparison.max_logit_difference == float("inf")
    assert not comparison.holds


@pytest.mark.parametrize("form", ["adapter", "mlx"])
@pytest.mark.parametrize(
    ("settings", "patterns"),
    [({"lora__use_rslora": True}, {}), ({}, {"alpha_pattern": {"q_proj": 3.0}, "rank_pattern": {"v_proj": 2}})],
    ids=["rslora", "patterns"],
)
def test_what_some_readers_ignore_is_folded_in(exported_here, make_trained, out, form, settings, patterns):
    """The layout for every reader has one rank, the scale 1 and nothing else, and computes the same."""
    run = make_trained(**settings)
    source = Source.of_run(run)
    if patterns:
        source = with_patterns(run, out.parent / "patterned", patterns)
    result = export(source, form, out / "sounds")
    assert result.max_logit_difference < 1e-4
    assert result.greedy_equal
    config = json.loads((out / "sounds" / "adapter_config.json").read_text(encoding="utf-8"))
    if form == "mlx":
        assert config["lora_parameters"]["scale"] == 1.0
        assert config["lora_parameters"]["rank"] == 4
        assert "self_attn.q_proj" in config["lora_parameters"]["keys"]
        shapes = {tensor.shape for tensor in load_file(out / "sounds" / "adapters.safetensors").values()}
        assert (64, 4) in shapes
        return
    assert (config["r"], config["lora_alpha"], config["use_rslora"]) == (4, 4, False)
    assert not config["rank_pattern"]
    assert not config["alpha_pattern"]
    weights = load_file(out / "sounds" / "adapter_model.safetensors")
    assert {tensor.shape[0] for name, tensor in weights.items() if "lora_A" in name} == {4}


def with_patterns(run, folder, patterns):
    """An adapter from elsewhere whose layers have ranks and alphas of their own."""
    shutil.copytree(run.adapter, folder)
    (folder / "SHA256SUMS").unlink()
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    (folder / "adapter_config.json").write_text(json.dumps({**config, **patterns}), encoding="utf-8")

    def shorten(weights):
        for name in weights:
            if "v_proj" in name:
                weights[name] = weights[name][:2] if "lora_A" in name else weights[name][:, :2].contiguous()

    rewrite_weights(folder, shorten)
    return Source(folder, run.recipe().model, "Patterned")


def test_an_adapter_from_elsewhere_gets_what_it_lacks_and_loses_its_paths(exported_here, trained_run, out):
    folder = out.parent / "foreign"
    folder.mkdir()
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        shutil.copyfile(trained_run.adapter / name, folder / name)
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    config |= {"base_model_name_or_path": "/home/somebody/models/base", "auto_mapping": {"parent_library": "evil"}}
    (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    result = export(Source(folder, trained_run.recipe().model, "Foreign"), "adapter", out / "mine")
    assert {"tokenizer.json", "chat_template.jinja", "README.md", "SHA256SUMS"} <= set(result.files)
    written = (out / "mine" / "adapter_config.json").read_text(encoding="utf-8")
    assert "somebody" not in written
    assert "evil" not in written
    assert "its training is not known here" in (out / "mine" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["adapters.safetensors", "adapter_config.json"])
def test_a_flipped_byte_of_an_mlx_adapter_is_caught(exported_here, trained_run, out, name):
    exported_here.between = lambda aside: flip(aside / "made" / name, -8)
    with pytest.raises(UserError, match="damaged"):
        export(Source.of_run(trained_run), "mlx", out / "mlx")
    assert not list(out.iterdir())


@pytest.mark.parametrize("settings", [{"lora__use_dora": True}, {"lora__modules_to_save": ["norm"]}])
def test_what_mlx_cannot_hold_is_refused_with_the_form_that_can(make_trained, out, settings):
    with pytest.raises(ModelError) as caught:
        export(Source.of_run(make_trained(**settings)), "mlx", out / "mlx")
    assert "merged model" in caught.value.reason
    assert not list(out.iterdir())
