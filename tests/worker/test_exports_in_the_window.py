"""A run of the starter model is exported from the window in every form, each checked in a fresh process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.exporting import Exporting
from app.session import Session
from core.dataset.example import Example, Status
from core.export.forms import FORMS
from core.export.source import Source
from core.project import Project
from core.recipe.recipe import with_settings
from core.runs.process import start_worker

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a short run."""
    path = tmp_path_factory.mktemp("exports") / "Größe 数据 #1 %20 'x'"
    with Project.create(path) as project:
        project.store.add([Example(f"Greet {n}.", output=f"Ahoy, number {n}!", status=Status.READY) for n in range(40)])
        project.set_recipe(
            with_settings(project.recipe, {"model.base": "starter", "training.epochs": 2.0, "lora.rank": 4})
        )
        run = project.create_run(name="greetings")
    assert start_worker(run).wait(timeout=300) == 0, run.log_file.read_text(encoding="utf-8")[-3000:]
    return path


@pytest.mark.parametrize("form", [form.id for form in FORMS])
def test_every_form_is_exported_and_verified(qtbot: QtBot, project_path: Path, form: str) -> None:
    session, window = Session(), QWidget()
    qtbot.addWidget(window)
    session.open(project_path)
    assert session.project is not None
    (run,) = session.project.runs()
    exporting = Exporting(session, window)
    exporting.open(lambda: Source.of_run(run))
    qtbot.waitUntil(lambda: exporting.dialog is not None, timeout=20_000)
    dialog = exporting.dialog
    assert dialog is not None
    dialog.forms.setCurrentRow([offered.id for offered in FORMS].index(form))
    qtbot.waitUntil(dialog.button.isEnabled)
    with qtbot.waitSignal(dialog.exported, timeout=120_000) as exported:
        dialog.button.click()
    (result,) = exported.args
    assert result.path.parent == session.project.exports_folder
    assert {path.name for path in result.path.iterdir()} == set(result.files)
    record = json.loads((result.path / "verify.json").read_text(encoding="utf-8"))
    assert (record["form"], record["verified"], record["greedy_equal"]) == (form, True, True)
    home = str(project_path.parent).encode()
    assert [path.name for path in result.path.iterdir() if home in path.read_bytes()] == []
    session.close()
    qtbot.waitUntil(lambda: exporting.dialog is None)
    assert not list(result.path.parent.glob(".*"))
