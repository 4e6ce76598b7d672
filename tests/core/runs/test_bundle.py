"""Packing a run for another machine and bringing the result back."""

import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest

from core.dataset.example import Example
from core.errors import ModelError, RunError
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import bundle, folder, notes
from core.runs.adopting import adopt
from core.runs.event_file import EventWriter
from core.runs.events import Finished, Notice, Started
from core.runs.folder import State
from core.runs.notes import Notes

EXAMPLES = [Example(id=n, instruction=f"Question {n}", output=f"Answer {n}") for n in range(1, 13)]


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "my-model"
    path.mkdir()
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (path / name).write_text("{}", encoding="utf-8")
    return path


@pytest.fixture
def run(tmp_path, model):
    """A run that has begun: it told a little, and has a checkpoint."""
    recipe = with_settings(Recipe(), {"model.base": str(model)})
    runs = tmp_path / "project" / "runs"
    run = folder.create(runs, name="harbour letters", recipe=recipe, train=EXAMPLES[:10], heldout=EXAMPLES[10:])
    (run.checkpoints / "step-00000004").mkdir(parents=True)
    (run.checkpoints / "step-00000004" / "manifest.json").write_text("{}", encoding="utf-8")
    run.worker_file.write_text('{"pid": 99999999, "created": 1.5}', encoding="utf-8")  # a process that is gone
    run.log_file.write_text("here", encoding="utf-8")
    (run.path / ".reserve").write_bytes(b"0")
    run.consent()
    tell(run, Notice(message="begun"))
    return run


@pytest.fixture
def elsewhere(tmp_path):
    return tmp_path / "elsewhere"


def tell(run, *events):
    with EventWriter(run.events_file) as writer:
        for event in events:
            writer.write(event)


def begun(**changes):
    facts = {"device": "GPU", "versions": {}, "trainable_parameters": 1, "total_parameters": 2, "steps": 8}
    facts |= {"epochs": 1, "examples": 10, "heldout_examples": 2, "tokens": 9, "supervised_tokens": 5}
    return Started(**{**facts, **changes})


def carry(run, file, elsewhere, **options):
    """Pack a run, unpack it elsewhere, and give back the run there."""
    bundle.pack(run, file, **options)
    with zipfile.ZipFile(file) as archive:
        archive.extractall(elsewhere)
    return folder.RunFolder(elsewhere / run.name)


def finish(run, *, adapter=True):
    tell(run, begun(), Finished(step=8, loss=1.0, heldout_loss=1.1, adapter="adapter", seconds=1))
    if adapter:
        run.adapter.mkdir()
        (run.adapter / "adapter_model.safetensors").write_bytes(b"")
        config = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"], "task_type": "CAUSAL_LM"}
        (run.adapter / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")


def pack_result(there, file):
    """As the README in the bundle says."""
    subprocess.run(
        [sys.executable, "-m", "zipfile", "-c", str(file), "bundle.json", there.name], cwd=there.path.parent, check=True
    )
    return file


def test_all_that_training_needs_is_in_it(run, tmp_path, elsewhere):
    there = carry(run, tmp_path / "run.zip", elsewhere)
    files = {path.relative_to(elsewhere).as_posix() for path in elsewhere.rglob("*") if path.is_file()}
    assert {"README.md", "train.slurm", "sky.yaml", "requirements.txt", "bundle.json"} <= files
    assert {"core/worker/train.py", "core/runs/bundle.py", "resources/templates/alpaca.jinja"} <= files
    assert {path.name for path in there.path.iterdir()} == {
        *("recipe.toml", "train.jsonl", "heldout.jsonl", "events.jsonl", "checkpoints")
    }
    assert not any(path.name.startswith(".") or path.suffix == ".pyc" for path in elsewhere.rglob("*"))
    text = "".join((elsewhere / name).read_text(encoding="utf-8") for name in ("README.md", "train.slurm", "sky.yaml"))
    assert f"core.worker train {run.name}" in text
    assert str(tmp_path) not in text + (elsewhere / "bundle.json").read_text(encoding="utf-8")
    assert "torch==" in (elsewhere / "requirements.txt").read_text(encoding="utf-8")


def test_scripts_keep_the_variables_of_their_shells(run, tmp_path, elsewhere):
    carry(run, tmp_path / "run.zip", elsewhere)
    assert "${SLURM_GPUS_ON_NODE:-1}" in (elsewhere / "train.slurm").read_text(encoding="utf-8")
    assert " $SKYPILOT_NUM_GPUS_PER_NODE " in (elsewhere / "sky.yaml").read_text(encoding="utf-8")


def test_a_base_model_comes_along_when_asked(run, model, tmp_path, elsewhere):
    there = carry(run, tmp_path / "run.zip", elsewhere, with_model=True)
    assert {path.name for path in (elsewhere / "model").iterdir()} == {path.name for path in model.iterdir()}
    shutil.rmtree(model)
    assert bundle.base_folder(there) == (elsewhere / "model").resolve()
    with pytest.raises(ModelError):
        bundle.base_folder(run)


def test_a_folder_named_model_beside_a_run_of_a_project_is_not_taken(run, model):
    shutil.copytree(model, run.path.parent / "model")
    assert bundle.base_folder(run) == model


def test_the_readme_says_where_the_model_comes_from(run, tmp_path, elsewhere):
    carry(run, tmp_path / "run.zip", elsewhere)
    text = (elsewhere / "README.md").read_text(encoding="utf-8")
    assert "my-model, which did not come along" in text
    assert "hf download" not in text


def test_a_run_that_is_being_trained_is_not_packed(run, tmp_path):
    run.claim(os.getpid())
    with pytest.raises(RunError, match="is being trained"):
        bundle.pack(run, tmp_path / "run.zip")
    assert not (tmp_path / "run.zip").exists()


def test_a_file_that_is_there_stays_as_it_is(run, tmp_path):
    (tmp_path / "run.zip").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError):
        bundle.pack(run, tmp_path / "run.zip")
    assert (tmp_path / "run.zip").read_text(encoding="utf-8") == "mine"


def test_a_result_takes_the_place_of_the_run(run, tmp_path, elsewhere):
    there = carry(run, tmp_path / "run.zip", elsewhere)
    finish(there)
    run.take_consent()
    there.consent()
    there.claim(os.getpid())
    notes.write(run, Notes(note="Sent away."))
    adopted = adopt(run.path.parent, pack_result(there, tmp_path / "result.zip"))
    assert (adopted.run.path, adopted.is_merged, adopted.reason) == (run.path, True, "")
    assert run.progress().state is State.FINISHED
    assert run.adapter.is_dir()
    assert not run.worker_file.exists()  # the process of the other machine says nothing here
    assert not run.take_consent()  # nor does what its user agreed to
    assert notes.read(run).note == "Sent away."
    assert [path.name for path in run.path.parent.glob("[!.]*")] == [run.name]


def test_a_folder_that_was_copied_back_will_do(run, tmp_path, elsewhere):
    there = carry(run, tmp_path / "run.zip", elsewhere)
    finish(there)
    assert adopt(run.path.parent, there.path).is_merged
    assert run.progress().state is State.FINISHED


def test_a_project_that_does_not_have_the_run_gets_it(run, tmp_path, elsewhere):
    there = carry(run, tmp_path / "run.zip", elsewhere)
    finish(there)
    result = pack_result(there, tmp_path / "result.zip")
    adopted = adopt(tmp_path / "runs", result)
    assert (adopted.run.name, adopted.is_merged) == ("0001-harbour-letters", False)
    assert adopted.run.train_examples() == EXAMPLES[:10]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda run: run.train_file.write_text("", encoding="utf-8"), "other examples"),
        (lambda run: run.recipe_file.write_text("[lora]\nrank = 3\n", encoding="utf-8"), "other settings"),
        (lambda run: tell(run, Notice(message="went on")), "went on after it was packed"),
    ],
)
def test_a_result_of_something_else_is_a_run_of_its_own(run, tmp_path, elsewhere, change, words):
    there = carry(run, tmp_path / "run.zip", elsewhere)
    finish(there)
    change(run)
    before = {path: path.read_bytes() for path in bundle.run_files(run.path)}
    adopted = adopt(run.path.parent, pack_result(there, tmp_path / "result.zip"))
    assert words in adopted.reason
    assert (adopted.run.name, adopted.is_merged) == ("0002-harbour-letters", False)
    assert {path: path.read_bytes() for path in bundle.run_files(run.path)} == before


def hostile(tmp_path, *members):
    file = tmp_path / "result.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file


@pytest.mark.parametrize("name", ["../evil.txt", "/evil.txt", "run/../../evil.txt", "C:\\evil.txt", "run/con"])
def test_hostile_names_are_refused(tmp_path, name):
    runs = tmp_path / "runs"
    with pytest.raises(ModelError):
        adopt(runs, hostile(tmp_path, (name, "x")))
    assert list(runs.iterdir()) == []


def test_a_link_is_refused(tmp_path):
    link = zipfile.ZipInfo("run/adapter")
    link.external_attr = 0o120777 << 16
    with pytest.raises(ModelError, match="unpacked"):
        adopt(tmp_path / "runs", hostile(tmp_path, (link, "/etc/passwd")))


def test_a_link_in_a_folder_is_left_behind(run, tmp_path, elsewhere):
    there = carry(run, tmp_path / "run.zip", elsewhere)
    finish(there)
    (there.path / "secret.txt").symlink_to("/etc/passwd")
    assert not (adopt(run.path.parent, there.path).run.path / "secret.txt").exists()


def test_an_adapter_in_a_pickle_is_refused(run, tmp_path, elsewhere):
    there = carry(run, tmp_path / "run.zip", elsewhere)
    finish(there)
    (there.adapter / "adapter_model.safetensors").rename(there.adapter / "adapter_model.bin")
    with pytest.raises(RunError, match="damaged"):
        adopt(run.path.parent, there.path)
    assert run.progress().state is not State.FINISHED


@pytest.mark.parametrize("members", [[("letter.txt", "x")], [("a/recipe.toml", ""), ("b/recipe.toml", "")]])
def test_what_holds_no_run_is_refused(tmp_path, members):
    with pytest.raises(RunError, match="No run"):
        adopt(tmp_path / "runs", hostile(tmp_path, *members))


def test_damaged_examples_are_refused(run, tmp_path, elsewhere):
    there = carry(run, tmp_path / "run.zip", elsewhere)
    there.train_file.write_text("{half", encoding="utf-8")
    with pytest.raises(RunError, match="damaged") as caught:
        adopt(run.path.parent, there.path)
    assert "train.jsonl" in caught.value.reason
