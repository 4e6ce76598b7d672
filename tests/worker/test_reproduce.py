"""A run as one plain Python file: it trains the same adapter."""

import ast
import re
import subprocess
import sys

import pytest
from safetensors.torch import load_file

from core.errors import RunError
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import folder, notes
from core.runs.event_file import EventWriter
from core.runs.events import Started, Step
from core.runs.notes import Notes
from core.runs.process import start_worker, worker_environment
from core.runs.reproduce import write_script
from core.worker.reproduce import script

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def new_run(tmp_path_factory, tiny_model, tiny_examples):
    runs = tmp_path_factory.mktemp("reproduced")

    def make(**settings):
        changes = {
            "model.base": str(tiny_model),
            "training.batch_size": 8,
            "training.learning_rate": 1e-2,
            "training.epochs": 2,
            "training.tokens_per_pass": 128,
            "lora.rank": 4,
            "lora.alpha": 8,
            **{name.replace("__", "."): value for name, value in settings.items()},
        }
        recipe = with_settings(Recipe(), changes)
        return folder.create(
            runs, name='Größe "x"', recipe=recipe, train=tiny_examples[:32], heldout=tiny_examples[32:]
        )

    return make


def trained(run):
    assert start_worker(run).wait(timeout=180) == 0, run.log_file.read_text(encoding="utf-8")[-2000:]
    return run


def run_script(file, out, base):
    """The script in an environment that knows nothing of this project."""
    environment = {name: value for name, value in worker_environment().items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, file.name, str(out), str(base)],
        cwd=file.parent, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def done(new_run):
    return trained(new_run(lora__dropout=0.0, model__compute_dtype="float32"))


def test_the_script_trains_the_same_adapter(done, tiny_model, tmp_path):
    run = done
    file = write_script(run, tmp_path / "again.py")
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"^\s*(import|from) (core|app)\b", text, re.MULTILINE)
    printed = run_script(file, tmp_path / "out", tiny_model)
    told = [float(loss) for loss in re.findall(r"^step \d+: loss ([\d.]+)$", printed, re.MULTILINE)]
    expected = [event.loss for event in run.events() if isinstance(event, Step)]
    assert told == pytest.approx(expected[: len(told)], abs=2e-4)
    mine, theirs = (load_file(path / "adapter_model.safetensors") for path in (run.adapter, tmp_path / "out"))
    assert mine.keys() == theirs.keys()
    for name, tensor in mine.items():
        assert (tensor - theirs[name]).abs().max() < 5e-3 * max(1.0, float(tensor.abs().max())), name


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"lora__initialisation": "orthogonal"}, "Orthogonal"),
        ({"training__schedule": "greedy"}, "GreedyLR"),
        ({"lora__start_from": "1"}, "Start from"),
    ],
)
def test_what_plain_libraries_cannot_do_is_refused(new_run, settings, said):
    run = new_run(**settings)
    with EventWriter(run.events_file) as events:
        last = {"loss": 1.5, "learning_rate": 0.0, "grad_norm": 1.0, "tokens": 9, "tokens_per_second": 9.0}
        events.write(Step(step=1, epoch=1, memory_bytes=9, **last))
    with pytest.raises(RunError, match=said):
        script(run)


def test_words_of_a_run_from_elsewhere_are_only_words(new_run):
    run = new_run()
    evil = '1"""\nimport os\nprint("VERSIONS")\n"""\\'
    notes.write(run, Notes(title=evil))
    with EventWriter(run.events_file) as events:
        events.write(
            Started(
                device="CPU", versions={"torch": evil}, trainable_parameters=1, total_parameters=1, steps=1, epochs=1,
                examples=1, heldout_examples=0, tokens=1, supervised_tokens=1,
            )
        )  # fmt: skip
        last = {"loss": 1.5, "learning_rate": 0.0, "grad_norm": 1.0, "tokens": 9, "tokens_per_second": 9.0}
        events.write(Step(step=1, epoch=1, memory_bytes=9, **last))
    read = ast.parse(script(run))
    assert [node for node in read.body if isinstance(node, ast.Import) and node.names[0].name == "os"] == []
    assert ast.get_docstring(read).count("import os") == 2


def test_a_run_without_a_step_has_nothing_to_write_down(new_run, tmp_path):
    with pytest.raises(RunError, match="nothing to write down"):
        write_script(new_run(), tmp_path / "again.py")
    assert not (tmp_path / "again.py").exists()


def test_a_place_that_cannot_be_written_is_told(done, tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(RunError, match="script could not be written"):
        write_script(done, tmp_path / "file" / "again.py")
