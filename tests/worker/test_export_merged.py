"""A merged model says what base model and adapter say together, whichever base it was merged into."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from core.errors import ModelError, UserError
from core.export import sums, tensor_files
from core.export.job import ExportCancelled, Progress, export
from core.export.source import Source
from core.export.work import Work
from core.recipe.schema import ModelSettings
from core.worker import device, export_merged, exporting
from core.worker.merging import Merge
from core.worker.model import dequantised, load_base
from core.worker.reference import logits
from core.worker.trained import NotEnoughMemory

NAME = "model.layers.0.mlp.up_proj.weight"
PROMPT = [3, 40, 41, 42, 60, 61, 4, 7]
INTO = {"as_trained": "as-trained", "original": "original"}


@pytest.fixture
def merge(exported_here, out):
    """Exports a run as a merged model; the result and the folder."""

    def merge(run, **chosen):
        return export(Source.of_run(run), "merged", out / "merged", chosen=chosen)

    return merge


def says(model):
    return logits(model, PROMPT, len(PROMPT))


def adapted(run, tiny_model, settings):
    base = load_base(tiny_model, settings, device.choose())
    return PeftModel.from_pretrained(base, run.adapter)


@pytest.mark.parametrize("into", INTO)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"lora__use_rslora": True},
        {"lora__use_dora": True},
        {"model__quantization": "int8"},
        {"lora__modules_to_save": ["embed_tokens", "lm_head"]},
        {"lora__target_modules": ["q_proj", "down_proj"]},
    ],
    ids=["nf4", "rslora", "dora", "int8", "saved", "few"],
)
def test_the_merged_tensors_are_those_of_base_and_adapter_together(make_trained, tiny_model, settings, into):
    run = make_trained(**settings)
    held = run.recipe().model if into == "as_trained" else ModelSettings(quantization="none")
    together = adapted(run, tiny_model, held)
    expected = says(together)
    merged = Merge(tiny_model, run.adapter, together if into == "as_trained" else None)
    tensors = dict(merged)
    assert list(tensors) == list(merged.specs)
    plain = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    plain.load_state_dict(tensors, strict=False)
    rounded = 0.05 if settings.get("model__quantization") == "int8" and into == "as_trained" else 5e-4
    assert says(plain) == pytest.approx(expected, abs=rounded)
    untouched = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    assert (says(untouched) - expected).abs().max() > 0.05, "the adapter does something"


def test_what_was_quantised_is_taken_as_it_was_held(trained_run, tiny_model):
    base = load_base(tiny_model, trained_run.recipe().model, device.choose())
    layer = base.model.layers[0].mlp.up_proj
    assert not torch.equal(dequantised(layer), load_file(tiny_model / "model.safetensors")[NAME])
    merged = dict(Merge(tiny_model, trained_run.adapter, base))
    change = merged[NAME] - dequantised(layer)
    assert torch.linalg.matrix_rank(change, atol=1e-4) <= trained_run.recipe().lora.rank


def test_an_export_is_a_plain_model_that_anybody_loads(merge, trained_run, out, tiny_model, tiny_examples):
    result = merge(trained_run)
    folder = out / "merged"
    assert {path.name for path in folder.iterdir()} == set(result.files)
    assert list(out.iterdir()) == [folder]
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert model.dtype == torch.bfloat16
    held = trained_run.recipe().model
    if result.findings["merged_into"] == "original":
        held = ModelSettings(quantization="none")
    expected = says(adapted(trained_run, tiny_model, held))
    assert says(model.float()) == pytest.approx(expected, abs=result.findings["tolerance"])
    tokenizer = AutoTokenizer.from_pretrained(folder)
    messages = tiny_examples[0].prompt_messages()
    asked = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    assert asked.endswith("<|im_start|>assistant\n")
    for path in folder.iterdir():
        assert str(tiny_model.parent).encode() not in path.read_bytes(), path.name


def test_the_better_base_is_the_default_and_both_losses_are_told(merge, trained_run, out):
    found = merge(trained_run).findings
    losses = found["heldout_losses"]
    assert set(losses) == {"as_trained", "original"}
    assert found["merged_into"] == min(losses, key=losses.get)
    assert found["heldout_loss"] == pytest.approx(losses[found["merged_into"]], abs=0.01)
    assert found["heldout_examples"] == 8
    card = (out / "merged" / "README.md").read_text(encoding="utf-8")
    assert "Held-out loss on the original base model" in card
    assert json.loads((out / "merged" / "verify.json").read_text(encoding="utf-8")) == found


@pytest.mark.parametrize("into", INTO)
def test_what_was_chosen_is_done(merge, trained_run, into):
    found = merge(trained_run, into=INTO[into]).findings
    assert found["merged_into"] == into
    assert set(found["heldout_losses"]) == {into}


def test_a_base_that_was_not_quantised_leaves_no_choice(merge, make_trained):
    run = make_trained(model__quantization="none")
    assert merge(run).findings["merged_into"] == "original"


@pytest.fixture
def no_room(monkeypatch):
    """No model fits into the memory in 16 bit."""
    from core.worker import export_merged

    def room_for(parameters, settings):
        raise NotEnoughMemory(parameters)

    monkeypatch.setattr(export_merged, "room_for", room_for)


@pytest.mark.parametrize(("quantization", "into"), [("nf4", {}), ("nf4", {"into": "original"}), ("none", {})])
def test_without_memory_for_16_bit_every_weight_is_compared(no_room, merge, make_trained, quantization, into):
    result = merge(make_trained(model__quantization=quantization), **into)
    found = result.findings
    assert (result.verified, result.max_logit_difference, result.greedy_equal) == (True, None, None)
    assert found["merged_into"] == ("as_trained" if quantization == "nf4" and not into else "original")
    assert "not enough memory" in found["not_measured"]["original"]
    assert found["largest_weight_difference"] == 0
    assert "It takes about" in found["not_run"]


def test_without_memory_a_wrong_weight_is_caught_as_well(no_room, exported_here, merge, trained_run, out):
    exported_here.between = spoil
    with pytest.raises(ModelError, match="not what was trained") as caught:
        merge(trained_run)
    assert NAME in caught.value.reason
    assert not list(out.iterdir())


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_flipped_byte_is_caught(exported_here, merge, trained_run, out, name):
    def flip(aside):
        data = bytearray((aside / "made" / name).read_bytes())
        data[-20] ^= 1
        (aside / "made" / name).write_bytes(data)

    exported_here.between = flip
    with pytest.raises(UserError, match="damaged"):
        merge(trained_run, into="as-trained")
    assert not list(out.iterdir())


def spoil(aside):
    """Make a weight wrong, with hashes that fit."""
    made = aside / "made"
    weights = load_file(made / "model.safetensors")
    weights[NAME] *= 2
    save_file(weights, made / "model.safetensors", metadata={"format": "pt"})
    names = [path.name for path in made.iterdir() if path.name not in ("README.md", "SHA256SUMS")]
    (made / "SHA256SUMS").write_text(sums.dumps(made, names), encoding="utf-8")


def test_another_model_is_caught_by_what_it_says(exported_here, merge, trained_run, out):
    """Hashes that fit a wrong file do not help it."""
    exported_here.between = spoil
    with pytest.raises(ModelError, match="not what was trained"):
        merge(trained_run, into="as-trained")
    assert not list(out.iterdir())


def test_large_models_come_in_several_files(merge, trained_run, out, monkeypatch):
    monkeypatch.setattr(tensor_files.write, "__kwdefaults__", {**tensor_files.write.__kwdefaults__, "most": 60_000})
    merge(trained_run, into="as-trained")
    index = json.loads((out / "merged" / "model.safetensors.index.json").read_text(encoding="utf-8"))
    assert len(set(index["weight_map"].values())) > 2
    assert AutoModelForCausalLM.from_pretrained(out / "merged") is not None


@pytest.mark.slow
def test_in_processes_of_its_own_it_can_be_cancelled_at_any_moment(trained_run, out):
    for patience in (0, 14):
        asked = []

        def cancelled(asked=asked, patience=patience):
            asked.append(1)
            return len(asked) > patience

        with pytest.raises(ExportCancelled):
            export(Source.of_run(trained_run), "merged", out / "merged", cancelled=cancelled)
        assert not list(out.iterdir())


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 80 megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", "size=80m", "tmpfs", str(disk)]
    if mount is None or subprocess.run([mount, *options], capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be made here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("left", [0, 20_000, 150_000])
def test_a_disk_that_fills_up_meanwhile_keeps_nothing(exported_here, small_disk, trained_run, monkeypatch, left):
    """The space was there when it was asked for; then others took all but so many bytes."""
    ballast = small_disk / "ballast"

    def fill(now):
        if ballast.exists() or not now.words.startswith("Merging"):
            return
        free = shutil.disk_usage(small_disk).free
        with open(ballast, "wb") as file:
            file.write(bytes(max(0, free - left)))

    real = exporting.do

    def do(request, tell):
        def told(message):
            if "progress" in message:
                fill(Progress(*message["progress"]))
            tell(message)

        real(request, told)

    monkeypatch.setattr(exporting, "do", do)
    with pytest.raises(UserError, match="could not be exported") as caught:
        export(Source.of_run(trained_run), "merged", small_disk / "merged", chosen={"into": "as-trained"})
    assert "No space left" in caught.value.reason
    assert list(small_disk.iterdir()) == [ballast]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_what_a_killed_program_left_is_cleared_away_by_the_next_export(trained_run, out):
    """The process that writes ends with the program that started it."""
    code = (
        "import os, sys; from pathlib import Path\n"
        "from core.export.job import export; from core.export.source import Source\n"
        "from core.runs.folder import RunFolder\n"
        "def die(now):\n"
        "    if 'Loading' in now.words: os.kill(os.getpid(), 9)\n"
        f"source = Source.of_run(RunFolder(Path({str(trained_run.path)!r})))\n"
        f"export(source, 'merged', Path({str(out / 'one')!r}), progress=die)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(out.iterdir())) == 1, "it had no time to clear away"
    result = export(Source.of_run(trained_run), "adapter", out / "two")
    assert result.verified
    assert [path.name for path in out.iterdir()] == ["two"]


@pytest.mark.skipif(os.name == "nt", reason="making links takes rights there")
def test_a_licence_that_is_a_link_to_elsewhere_does_not_go_along(tiny_model, tmp_path):
    base, secret = tmp_path / "base", tmp_path / "secret"
    shutil.copytree(tiny_model, base)
    secret.write_text("my key")
    (base / "LICENSE").symlink_to(secret)
    (base / "NOTICE").write_text("Theirs")
    (base / "LICENSE.txt").symlink_to(base / "NOTICE")
    source = Source(tmp_path, ModelSettings(base=str(base)), "Mine")
    work = Work(source, {}, tmp_path / "made", tmp_path / "reference")
    work.folder.mkdir()
    export_merged._write_settings(work, "BF16")
    assert not (work.folder / "LICENSE").exists()
    assert (work.folder / "LICENSE.txt").read_text() == (work.folder / "NOTICE").read_text() == "Theirs"
