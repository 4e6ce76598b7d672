"""The main job in the real window: write, import, set up, train, watch, export, use elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from heartbeat import Heartbeat
from person import MEANWHILE, Person
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from core.runs.folder import State

pytestmark = pytest.mark.slow

PLAIN_PEFT = """
import json, sys
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer
base, adapter, prompt = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(adapter)
model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), adapter).eval()
messages = [{"role": "user", "content": prompt}]
inputs = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
with model.disable_adapter():
    before = model.generate(**inputs, max_new_tokens=60, do_sample=False)
after = model.generate(**inputs, max_new_tokens=60, do_sample=False)
start = inputs["input_ids"].shape[1]
print(json.dumps([tokenizer.decode(ids[0, start:], skip_special_tokens=True) for ids in (before, after)]))
"""


def test_from_an_empty_window_to_an_adapter_in_plain_peft(
    person: Person, heartbeat: Heartbeat, tmp_path: Path, letters: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, session = person.window, person.window.session

    heartbeat.doing = "creating a project"
    person.clicks("New project")
    person.writes("Name", "Harbour letters")
    person.writes("Location", str(tmp_path))
    person.clicks("Create project")
    person.reads("Answer the first question")
    person.clicks("It does not sound as it should: voice, tone, style")
    person.clicks("A careful prompt with examples; it helps, not enough")
    person.reads("Fine-tune: it suits what you want.")
    person.clicks("Close")
    person.sees(lambda: window.station == "examples", "the Examples page")
    project = session.project
    assert project is not None
    person.sees(lambda: project.purpose.has("lacks", "tone"), "the purpose on disk")

    heartbeat.doing = "writing three examples"
    rows = json.loads(letters.read_text(encoding="utf-8"))
    person.clicks("Write the first example")
    for row in rows[:3]:
        person.writes("Instruction", row["instruction"])
        if row["input"]:
            person.writes("Input", row["input"])
        person.writes("Output", row["output"])
        person.presses(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    person.sees(lambda: project.store.counts().ready == 3, "three ready examples")
    written = [example.output for example in project.store.iterate()]
    assert written == [row["output"] for row in rows[:3]]

    heartbeat.doing = "importing two hundred"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args, **_kwargs: (str(letters), ""))
    person.clicks("Import")
    person.clicks("Choose a file")
    person.clicks("Import 200 examples")
    person.sees(lambda: project.store.counts().ready == 203, "203 ready examples")

    heartbeat.doing = "changing the rank"
    person.clicks("Settings")
    person.clicks("Preset: Quick try")
    person.writes("Rank", "8")
    person.presses(Qt.Key.Key_Return)
    person.sees(lambda: session.recipe.lora.rank == 8, "rank 8 in the recipe")
    person.sees(lambda: project.recipe.lora.rank == 8, "rank 8 on disk")

    heartbeat.doing = "training"
    person.clicks("Train", on=window.pages["settings"])
    person.sees(lambda: session.training is not None, "a run being followed")
    view = window.pages["train"].view
    person.sees(lambda: view.chart is not None and view.chart.chart.curves(), "the chart", MEANWHILE)
    person.sees(lambda: len(view.chart.chart.curves()[0].points) > 3, "points on the chart", MEANWHILE)
    person.sees(lambda: session.training.progress.state is State.FINISHED, "the end of the run", MEANWHILE)
    losses = view.watch.record.series.metrics["loss"]
    assert losses[-1] < losses[0] / 2

    heartbeat.doing = "talking to base model and adapter side by side"
    person.clicks("See the adapter")
    person.sees(lambda: window.station == "adapters", "the Adapters page")
    person.clicks("Chat with it")
    person.sees(lambda: window.station == "compare", "the Compare page")
    chat = window.pages["compare"].chat
    person.writes("Your message", rows[5]["instruction"])
    person.presses(Qt.Key.Key_Return)
    person.sees(lambda: chat.list.items and not chat.chat.busy, "both answers", MEANWHILE)
    said = [answer.text for answer in chat.list.items[0].answers.values()]
    assert len(set(said)) == 2

    heartbeat.doing = "correcting an answer"
    person.clicks("Correct the answer of Base model")
    person.writes("The better answer", "Dear customer")
    person.presses(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    person.sees(lambda: project.store.counts().ready == 204, "one example more")
    corrected = project.store.get(204)
    assert (corrected.output, corrected.rejected) == ("Dear customer", said[0])

    heartbeat.doing = "asking whether it helped"
    comparing = window.pages["compare"].verdict
    person.clicks("Did it help?")
    person.clicks("Compare", on=comparing)
    person.reads("Did fine-tuning help?")
    person.writes("Held-out examples to answer", "12")
    person.clicks("Compare")
    person.sees(lambda: comparing.shown is not None and comparing.shown.complete, "the whole comparison", MEANWHILE)
    person.reads("Fine-tuning beat ")
    assert len(comparing.shown.report.results.answers) == 3 * 12
    person.sees(lambda: not comparing.work.busy, "the end of the comparison's process")

    heartbeat.doing = "exporting"
    person.clicks("Adapters")
    person.clicks("Export…", on=window.pages["adapters"])
    person.writes("Name", "taken-away")
    person.writes("Location", str(tmp_path))
    person.clicks("Export")
    person.reads("Exported and checked", MEANWHILE)
    person.presses(Qt.Key.Key_Escape)
    adapter = tmp_path / "taken-away"

    heartbeat.stop()
    prompt = f"{rows[5]['instruction']}\n\n{rows[5]['input']}".strip()
    base = Path(__file__).parents[2] / "resources" / "starter-model"
    command = [sys.executable, "-c", PLAIN_PEFT, str(base), str(adapter), prompt]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, after = json.loads(done.stdout.splitlines()[-1])
    assert after != before
