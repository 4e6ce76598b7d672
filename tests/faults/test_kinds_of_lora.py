"""Every kind of adapter, killed and resumed, ends as the very same file, and plain PEFT loads it as it was trained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from forked_runs import adapter_bytes, evaluations, finish, log, losses, new_run
from safetensors.torch import load_file

from core.base_models.facts import ModelFacts
from core.export.source import Source
from core.export.work import Work
from core.library import start_adapter
from core.library.entries import checkpoints
from core.runs import folder
from core.runs.events import Finished, Resumed, Started
from core.runs.folder import RunFolder
from core.worker.export_adapter import check

pytestmark = pytest.mark.slow

KINDS: dict[str, dict[str, object]] = {
    "dora": {"lora__use_dora": True},
    "pissa": {"lora__initialisation": "pissa", "model__quantization": "none"},
    "loftq": {"lora__initialisation": "loftq", "lora__use_rslora": True},
    "parts in full": {
        "lora__modules_to_save": ["embed_tokens", "norm"],
        "lora__layers": "1",
        "training__schedule": "reduce_lr_on_plateau",
    },
    "8-bit": {"model__quantization": "int8", "training__optimizer": "paged_adamw_8bit", "lora__rank": 16},
}


def proven(run: RunFolder) -> bool:
    """Whether the adapter, loaded by plain PEFT on the base model as it is, says what the trained model said."""
    findings = check(Work(Source.of_run(run), {}, run.adapter, run.reference_file))
    return findings["verified"] and findings["greedy_equal"]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_resumed_exactly_and_loads_in_plain_peft(runs: Path, model: Path, kind: str) -> None:
    whole, broken = new_run(runs, model, **KINDS[kind]), new_run(runs, model, **KINDS[kind])
    code, events = finish(whole)
    assert code == 0, log(whole)
    started = next(event for event in events if isinstance(event, Started))
    lora = whole.recipe().lora
    assert started.trainable_parameters == ModelFacts.read(model).trainable_parameters(lora)
    seen = losses(whole)
    assert seen[12] < 0.95 * seen[1]
    finish(broken, "act_at", 6, "exit", 3)
    code, events = finish(broken)
    assert code == 0, log(broken)
    assert any(isinstance(event, Resumed) and event.step == 4 for event in events)
    assert losses(broken) == seen
    assert evaluations(broken) == evaluations(whole)
    assert adapter_bytes(broken) == adapter_bytes(whole)
    weights = [(each.folder / "adapter_model.safetensors").read_bytes() for each in checkpoints(whole)]
    assert adapter_bytes(whole) in weights
    assert proven(whole)


def test_a_run_goes_on_from_the_adapter_of_another(runs: Path, model: Path) -> None:
    first = new_run(runs, model, training__epochs=1)
    finish(first)
    recipe = new_run(runs, model, lora__start_from=first.name, training__learning_rate=1e-3).recipe()
    files = start_adapter.files(recipe, first.path.parent, ModelFacts.read(model))
    examples = first.train_examples()
    second = folder.create(
        runs, name="on", recipe=recipe, train=examples, heldout=first.heldout_examples(), start=files
    )
    code, events = finish(second)
    assert code == 0, log(second)
    assert isinstance(events[-1], Finished)
    # The untrained look of the second is the trained one of the first.
    assert evaluations(second)[0] == pytest.approx(min(evaluations(first).values(), key=float), abs=1e-3)
    assert proven(second)
    assert load_file(second.adapter / "adapter_model.safetensors").keys() == load_file(files[1]).keys()


def test_what_pissa_took_out_is_no_part_of_the_adapter_but_its_ranks_are_twice_as_many(runs: Path, model: Path) -> None:
    run = new_run(runs, model, **KINDS["pissa"], training__epochs=1)
    finish(run)
    config = json.loads((run.adapter / "adapter_config.json").read_text(encoding="utf-8"))
    assert (config["r"], config["lora_alpha"], config["init_lora_weights"]) == (8, 16, True)
    assert {path.name for path in run.adapter.iterdir()}.isdisjoint({run.taken_out_file.name})


def test_a_byte_that_changed_in_what_was_taken_out_is_noticed(runs: Path, model: Path) -> None:
    run = new_run(runs, model, **KINDS["pissa"], training__epochs=1)
    finish(run, "act_at", 3, "exit", 3)
    content = bytearray(run.taken_out_file.read_bytes())
    content[-3] ^= 4
    run.taken_out_file.write_bytes(bytes(content))
    code, events = finish(run)
    assert code == 1
    assert "damaged" in events[-1].reason
