"""The second half of the journey in the real window: train on a model of one's own, chat, correct, compare, export."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
from heartbeat import Heartbeat
from person import MEANWHILE, Person
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.pages.adapters import AdaptersPage
from app.pages.compare import ComparePage
from core import paths
from core.dataset.example import Example
from core.evaluation.votes import read
from core.project import Project
from core.recipe.recipe import with_settings
from core.runs.folder import State

pytestmark = pytest.mark.slow

FORMS = ("adapter", "merged", "gguf", "gguf-adapter", "ollama", "mlx")


@pytest.fixture
def project_folder(tmp_path: Path, letters: Path) -> Path:
    """Two hundred letters and settings for a short run; a base model of the user's own lies beside it."""
    copytree(paths.starter_model(), tmp_path / "my model", ignore=ignore_patterns("recipe.toml"))
    path = tmp_path / "letters of the harbour"
    rows = json.loads(letters.read_text(encoding="utf-8"))
    with Project.create(path, name="Letters") as project:
        project.store.add([Example(row["instruction"], row["input"], row["output"]) for row in rows])
        changes = {"training.epochs": 3, "training.learning_rate": 2e-3, "training.batch_size": 8, "lora.dropout": 0.0}
        project.set_recipe(with_settings(project.recipe, changes))
    return path


def test_from_a_run_to_every_export(person: Person, heartbeat: Heartbeat, project_folder: Path, tmp_path: Path) -> None:
    window, session = person.window, person.window.session
    session.open_soon(project_folder)
    person.sees(lambda: window.station == "examples", "the project")
    project = session.project
    assert project is not None

    heartbeat.doing = "adding a model"
    person.clicks("Models")
    models = window.pages["models"]
    person.drops(tmp_path / "my model", models)
    person.clicks("Use in this project")
    person.sees(lambda: session.recipe.model.base == str(tmp_path / "my model"), "the model in the settings")
    person.clicks("Keep my settings")
    person.sees(lambda: session.recipe.training.epochs == 3, "the settings of before")
    assert session.recipe.model.base == str(tmp_path / "my model")

    heartbeat.doing = "training"
    person.clicks("Settings")
    person.clicks("Train", on=window.pages["settings"])
    person.sees(
        lambda: session.training is not None and session.training.progress.state is State.FINISHED,
        "the end of the run",
        MEANWHILE,
    )

    heartbeat.doing = "chatting"
    person.presses(Qt.Key.Key_6, Qt.KeyboardModifier.ControlModifier)
    page = window.pages["compare"]
    assert isinstance(page, ComparePage)
    person.clicks("Chat")
    if len(page.chat.chat.conversation.columns) < 2:
        person.clicks("Add column")
    person.writes("Your message", "Is it possible to pay for the lamp by card?")
    person.presses(Qt.Key.Key_Return)
    person.sees(lambda: _answers(page) == 2, "two answers side by side", MEANWHILE)
    before = project.store.counts().total
    person.clicks("Correct the answer of Base model")
    person.writes("The better answer", "Dear Customer, by card, certainly.")
    person.clicks("Save as example")
    person.sees(lambda: project.store.counts().total == before + 1, "a new example")
    corrected = next(example for example in project.store.iterate() if "certainly" in example.output)
    assert corrected.rejected

    heartbeat.doing = "comparing"
    person.clicks("Did it help?")
    person.clicks("Compare", on=page.verdict)
    person.writes("What the prompt says", "You write formal letters.")
    person.clicks("Compare")
    person.reads("Fine-tuning beat", MEANWHILE)

    heartbeat.doing = "voting blind"
    person.clicks("Blind test")
    person.clicks("Start the blind test")
    for number in range(1, 11):
        person.reads(f"Pair {number} of 10")
        person.presses(Qt.Key.Key_0)
    person.reads("better in 0")
    session.wait()
    folder = next((project.path / "comparisons").iterdir())
    assert len(read(folder / "votes.jsonl")) == 10

    heartbeat.doing = "exporting"
    person.clicks("Adapters")
    adapters = window.pages["adapters"]
    assert isinstance(adapters, AdaptersPage)
    for form in FORMS:
        person.clicks("Export…", on=adapters)
        person.sees(lambda: adapters.exporting.dialog is not None, "the dialog")
        dialog = adapters.exporting.dialog
        assert dialog is not None
        while dialog.forms.value != form:
            QTest.keyClick(dialog.forms, Qt.Key.Key_Down)
        person.writes("Name", f"out-{form}")
        person.writes("Location", str(tmp_path))
        person.clicks("Export")
        person.reads("Exported and checked", MEANWHILE)
        person.presses(Qt.Key.Key_Escape)
        found = json.loads((tmp_path / f"out-{form}" / "verify.json").read_text(encoding="utf-8"))
        assert found["verified"]
        assert found["greedy_equal"]


def _answers(page: ComparePage) -> int:
    items = page.chat.list.items
    return sum(bool(answer.text and answer.note) for answer in items[-1].answers.values()) if items else 0
