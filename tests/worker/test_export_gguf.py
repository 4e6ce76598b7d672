"""GGUF files and folders for Ollama: exported, read by another program than the one that wrote them, compared."""

import json
import shutil

import pytest
from gguf import GGUFReader
from safetensors.numpy import load_file, save_file

from core.errors import ModelError
from core.export import forms, sums
from core.export.form import Facts
from core.export.gguf import reading
from core.export.job import ExportCancelled, export
from core.export.source import Source
from core.worker import export_gguf
from core.worker.llama_cpp_model import is_installed

TRAINED = {"into": "as-trained"}
READERS = [
    pytest.param("llama.cpp", marks=pytest.mark.skipif(not is_installed(), reason="llama-cpp-python is not installed")),
    "gguf, transformers (llama.cpp is not installed)",
]


@pytest.fixture
def as_if(monkeypatch):
    """Makes the check believe that llama.cpp is installed, or not."""
    return lambda reader: monkeypatch.setattr(export_gguf, "is_installed", lambda: reader == "llama.cpp")


def flip(file, at):
    data = bytearray(file.read_bytes())
    data[at] ^= 0x40
    file.write_bytes(data)


@pytest.mark.parametrize("reader", READERS)
def test_a_merged_model_as_one_file_says_what_was_trained(trained_run, exported_here, as_if, out, reader):
    as_if(reader)
    result = export(Source.of_run(trained_run), "gguf", out / "cats")
    assert (result.verified, result.findings["reader"]) == (True, reader)
    assert result.max_logit_difference < 0.02
    assert set(result.findings["heldout_losses"]) == {"as_trained", "original"}
    names = {"Animal-sounds-f16.gguf", "README.md", "SHA256SUMS", "verify.json"}
    assert {path.name for path in (out / "cats").iterdir()} == names == set(result.files)
    assert result.next_steps[0].command.startswith("llama-server -m ")
    assert result.next_steps[-1].command.endswith("Q4_K_M")
    said = GGUFReader(out / "cats" / "Animal-sounds-f16.gguf").fields
    assert "<|im_start|>" in said["tokenizer.chat_template"].contents()
    for path in (out / "cats").iterdir():
        for secret in (str(trained_run.path.parent), str(out), trained_run.recipe().model.base):
            assert secret.encode() not in path.read_bytes(), path.name


@pytest.mark.parametrize("reader", READERS)
def test_eight_bits_are_near_enough(trained_run, exported_here, as_if, out, reader):
    as_if(reader)
    chosen = {"numbers": "q8_0", "into": "as-trained"}
    result = export(Source.of_run(trained_run), "gguf", out / "cats", chosen=chosen)
    assert result.verified
    assert 0 < result.max_logit_difference < result.findings["tolerance"]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"lora__use_rslora": True},
        {"lora__target_modules": ["q_proj", "down_proj"]},
        {"model__quantization": "none"},
    ],
    ids=["plain", "rslora", "few", "full"],
)
def test_an_adapter_file_says_exactly_what_was_trained(make_trained, exported_here, out, settings):
    run = make_trained(**settings)
    result = export(Source.of_run(run), "gguf-adapter", out / "cats")
    assert result.max_logit_difference < 1e-5
    assert (result.greedy_equal, result.findings["compared_with"]) == (True, "the model at the end of its training")
    assert "Animal-sounds-lora.gguf" in result.files
    words = (out / "cats" / "Modelfile").read_text(encoding="utf-8")
    assert words.startswith("FROM BASE-MODEL\nADAPTER ./Animal-sounds-lora.gguf\nTEMPLATE ")
    assert "in the place of BASE-MODEL" in (out / "cats" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "settings",
    [
        {"lora__use_dora": True},
        {"lora__modules_to_save": ["embed_tokens", "lm_head"]},
        {"model__quantization": "int8"},
    ],
    ids=["dora", "saved", "int8"],
)
def test_what_an_adapter_file_cannot_hold_is_in_the_merged_one(make_trained, exported_here, out, settings):
    result = export(Source.of_run(make_trained(**settings)), "gguf", out / "cats", chosen=TRAINED)
    assert result.verified


@pytest.mark.parametrize("form", ["gguf", "gguf-adapter", "ollama"])
def test_a_byte_flipped_on_the_way_is_found(trained_run, exported_here, out, form):
    def harm(aside):
        (file,) = (aside / "made").glob("*.gguf")
        flip(file, file.stat().st_size // 2)

    exported_here.between = harm
    with pytest.raises(ModelError, match=r"damaged|not what was written"):
        export(Source.of_run(trained_run), form, out / "cats", chosen={} if "adapter" in form else TRAINED)
    assert not list(out.iterdir())


@pytest.mark.parametrize("reader", READERS)
def test_another_model_than_the_trained_one_is_found_by_its_logits(trained_run, exported_here, as_if, out, reader):
    """Even where the hashes were made for it."""
    as_if(reader)

    def harm(aside):
        (file,) = (aside / "made").glob("*.gguf")
        tensor = next(one for one in GGUFReader(file, "r+").tensors if one.name == "blk.1.ffn_down.weight")
        tensor.data[:] *= -1
        tensor.data.base.flush() if hasattr(tensor.data.base, "flush") else None
        del tensor
        hashed = sums.dumps(file.parent, [file.name])
        (file.parent / "SHA256SUMS").write_text(hashed, encoding="utf-8")

    exported_here.between = harm
    with pytest.raises(ModelError, match="not what was trained") as caught:
        export(Source.of_run(trained_run), "gguf", out / "cats", chosen={"numbers": "f16", "into": "as-trained"})
    assert "differ by up to" in caught.value.reason
    assert not list(out.iterdir())


@pytest.mark.skipif(not is_installed(), reason="llama-cpp-python is not installed")
def test_a_reader_that_cuts_prompts_otherwise_is_found(trained_run, exported_here, monkeypatch, out):
    monkeypatch.setattr("core.export.gguf.pretokenizers.name", lambda tokenizer: "smollm")
    with pytest.raises(ModelError, match="not what was trained") as caught:
        export(Source.of_run(trained_run), "gguf", out / "cats", chosen=TRAINED)
    assert "other tokens" in caught.value.reason


def test_a_folder_for_ollama_has_all_that_it_needs(trained_run, exported_here, out):
    result = export(Source.of_run(trained_run), "ollama", out / "Cat sounds", chosen=TRAINED)
    assert "Modelfile" in result.files
    text = (out / "Cat sounds" / "Modelfile").read_text(encoding="utf-8")
    assert text.startswith('FROM ./Animal-sounds-f16.gguf\nTEMPLATE """{{ range')
    assert 'PARAMETER stop "<|im_end|>"' in text
    assert "PARAMETER num_ctx 512" in text
    commands = [step.command for step in result.next_steps]
    assert commands[0].startswith("ollama create cat-sounds -f ")
    assert commands[1] == "ollama run cat-sounds"
    assert "ollama run animal-sounds" in (out / "Cat sounds" / "README.md").read_text(encoding="utf-8")


def test_the_system_prompt_of_the_training_goes_along(trained_run, exported_here, tmp_path, out):
    shutil.copytree(trained_run.path, tmp_path / "runs" / trained_run.name)
    run = type(trained_run)(tmp_path / "runs" / trained_run.name)
    rows = [json.loads(line) for line in run.train_file.read_text(encoding="utf-8").splitlines()]
    text = "".join(json.dumps({**row, "system": "Be a farmer."}) + "\n" for row in rows)
    run.train_file.write_text(text, encoding="utf-8")
    export(Source.of_run(run), "ollama", out / "cats", chosen=TRAINED)
    assert 'SYSTEM """Be a farmer."""' in (out / "cats" / "Modelfile").read_text(encoding="utf-8")
    assert "system prompt of the training" in (out / "cats" / "README.md").read_text(encoding="utf-8")


def test_what_a_form_cannot_hold_is_refused_before_anything_is_written(make_trained, tiny_model, tmp_path, out):
    dora = Source.of_run(make_trained(lora__use_dora=True))
    with pytest.raises(ModelError, match="not for this adapter") as caught:
        export(dora, "gguf-adapter", out / "cats")
    assert "DoRA" in caught.value.reason
    assert "GGUF file has all of it" in caught.value.reason
    saved = Facts.read(Source.of_run(make_trained(lora__modules_to_save=["lm_head"])))
    assert "lm_head" in forms.find("gguf-adapter").refusal(saved)
    assert not forms.find("gguf").refusal(saved)
    assert not list(out.iterdir())


def test_a_base_model_that_has_no_gguf_form_is_refused_in_words(trained_run, tiny_model, tmp_path):
    facts = Facts.read(Source.of_run(trained_run))
    base = shutil.copytree(tiny_model, tmp_path / "base")
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    other = Facts(facts.config, facts.base, facts.model, facts.adapter_bytes, base)
    assert [forms.find(name).refusal(other) for name in ("gguf", "gguf-adapter", "ollama")] == ["", "", ""]
    (base / "config.json").write_text(json.dumps({**config, "architectures": ["Phi3ForCausalLM"]}), encoding="utf-8")
    (base / "tokenizer.json").touch()
    for name in ("gguf", "gguf-adapter", "ollama"):
        assert "Phi3ForCausalLM" in forms.find(name).refusal(other)
        assert "work with every model" in forms.find(name).refusal(other)


def test_a_template_without_translation_is_refused_for_ollama_alone(trained_run, tiny_model, tmp_path):
    facts = Facts.read(Source.of_run(trained_run))
    base = shutil.copytree(tiny_model, tmp_path / "base")
    odd = "{% for m in messages %}<|im_start|>{{ m.content | upper }}<|im_end|>{% endfor %}"
    (base / "chat_template.jinja").write_text(odd, encoding="utf-8")
    other = Facts(facts.config, facts.base, facts.model, facts.adapter_bytes, base)
    assert "cannot be translated for Ollama" in forms.find("ollama").refusal(other)
    assert not forms.find("gguf").refusal(other)


def test_sizes_are_told_about_right(trained_run, exported_here, out):
    source = Source.of_run(trained_run)
    facts = Facts.read(source)
    for form, chosen in (("gguf", {"numbers": "f16"}), ("gguf-adapter", {}), ("ollama", {"numbers": "q8_0"})):
        chosen = forms.find(form).settle(facts, chosen | ({} if "adapter" in form else TRAINED))
        export(source, form, out / form, chosen=chosen)
        size = sum(path.stat().st_size for path in (out / form).iterdir())
        assert size < forms.find(form).size(facts, chosen)


def test_an_adapter_that_was_changed_since_is_not_exported(trained_run, exported_here, tmp_path, out):
    shutil.copytree(trained_run.path, tmp_path / "runs" / trained_run.name)
    run = type(trained_run)(tmp_path / "runs" / trained_run.name)
    weights = load_file(run.adapter / "adapter_model.safetensors")
    save_file({name: value * 2 for name, value in weights.items()}, run.adapter / "adapter_model.safetensors")
    with pytest.raises(ModelError, match="damaged"):
        export(Source.of_run(run), "gguf-adapter", out / "cats")
    assert not list(out.iterdir())


def test_a_cut_file_is_no_gguf_file(tmp_path):
    (tmp_path / "a.gguf").write_bytes(b"GGUF\x03")
    with pytest.raises(ModelError, match="not what was written"):
        reading.open_file(tmp_path / "a.gguf")


@pytest.mark.slow
def test_it_is_made_and_checked_in_processes_of_their_own(trained_run, out):
    told = []
    result = export(Source.of_run(trained_run), "ollama", out / "cats", chosen=TRAINED, progress=told.append)
    assert result.verified
    assert [now.share for now in told] == sorted(now.share for now in told)
    assert {"Merging and writing the weights", "It is compared with the trained model"} <= {now.words for now in told}
    assert [path.name for path in out.iterdir()] == ["cats"]


@pytest.mark.slow
def test_a_cancelled_export_leaves_nothing(trained_run, out):
    words = []
    with pytest.raises(ExportCancelled):
        export(
            Source.of_run(trained_run),
            "gguf",
            out / "cats",
            chosen=TRAINED,
            progress=lambda now: words.append(now.words),
            cancelled=lambda: words[-1].startswith("Merging"),
        )
    assert not list(out.iterdir())
