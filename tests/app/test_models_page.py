"""The Models page: what is on this machine, what each model is, folders that come and go, and which one is used."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from models_bench import ModelsBench, models_bench
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot
from tiny_base import write_base

from app.widgets.agree_dialog import AgreeDialog
from app.widgets.toast import Toast
from core import paths
from core.base_models import catalogue, shelf
from core.recipe.recipe import with_settings

COMMIT = "a" * 40


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelsBench]:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    with models_bench(qtbot, tmp_path / "project") as made:
        yield made


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with a model that works."""
    return shutil.copytree(paths.starter_model(), tmp_path / "My model")


def in_cache(tmp_path: Path, repo: str = "someone/model") -> Path:
    """A model in the hub cache, as its client lays it out."""
    root = tmp_path / "hub" / f"models--{repo.replace('/', '--')}"
    (root / "blobs").mkdir(parents=True)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text(COMMIT)
    shutil.copytree(paths.starter_model(), root / "snapshots" / COMMIT)
    return root


def drop(place: ModelsBench, source: Path) -> bool:
    """Whether it may be dropped; then it is."""
    data, at = QMimeData(), QPoint(20, 20)
    data.setUrls([QUrl.fromLocalFile(str(source))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at, Qt.DropAction.CopyAction, data, buttons, keys)
    enter.ignore()
    QApplication.sendEvent(place.page, enter)
    if enter.isAccepted():
        QApplication.sendEvent(place.page, QDropEvent(QPointF(at), Qt.DropAction.CopyAction, data, buttons, keys))
    return enter.isAccepted()


def test_the_projects_model_is_chosen_and_described(place: ModelsBench) -> None:
    page = place.page
    assert place.titles() == ["Starter (practice model)"]
    assert page.shelf.list.rows[0].note.startswith("Used here: 2.8 M parameters, ")
    assert page.shelf.list.rows[0].note.endswith("fits this machine")
    facts = dict(page.shelf.card.facts.rows)
    assert facts["Architecture"] == "LlamaForCausalLM"
    assert facts["Licence"] == "apache-2.0"
    assert facts["Context length"] == "512 tokens"
    assert [label for label, _ in page.shelf.card.needs.rows] == [
        "Training in 4-bit (QLoRA)",
        "Training in 16-bit (LoRA)",
        "Chat",
    ]
    assert "usual settings and examples of up to 512 tokens" in page.shelf.card.needs_note.text()
    assert not page.shelf.card.use.isEnabled()
    assert not page.shelf.card.remove.isEnabled()
    place.until(lambda: "<|user|>Answer.\n\nWhere is it?<|end|>" in page.shelf.card.sample.toPlainText())


def test_a_dropped_folder_is_listed_chosen_and_used(place: ModelsBench, copy: Path) -> None:
    page = place.page
    assert drop(place, copy)
    place.until(lambda: page.shelf.model is not None and page.shelf.model.title == "My model")
    assert shelf.folders() == [copy]
    assert not page.shelf.card.choose.isEnabled()
    assert page.shelf.card.why_not.text().endswith("Use this one first.")
    page.shelf.card.use.click()
    assert page.shelf.card.choose.isEnabled()
    assert page.shelf.card.why_not.text() == ""
    assert place.session.recipe.model.base == str(copy)
    assert page.shelf.card.use.text() == "Used in this project"
    assert page.shelf.list.rows[1].note.startswith("Used here")
    assert page.banner.title == "Settings went back to what suits most models."
    place.session.wait()
    assert place.session.project.recipe.model.base == str(copy)


def test_settings_that_changed_with_the_model_can_be_kept(place: ModelsBench, copy: Path) -> None:
    before = place.session.recipe
    place.add(copy)
    place.page.shelf.use()
    place.page.banner._act.click()
    assert place.session.recipe == with_settings(before, {"model.base": str(copy)})


def test_the_button_lets_a_folder_be_chosen(place: ModelsBench, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(copy))
    place.page.adding.button.click()
    place.until(lambda: place.page.shelf.model is not None and place.page.shelf.model.title == "My model")


def test_a_refused_folder_is_told_with_what_to_do(place: ModelsBench, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(paths.starter_model(), folder, ignore=shutil.ignore_patterns("*.safetensors"))
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    assert drop(place, folder)
    place.until(lambda: place.page.banner.title)
    assert "pickle" in place.page.banner._text.text()
    assert shelf.folders() == []


def test_files_cannot_be_dropped(place: ModelsBench, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    assert not drop(place, tmp_path / "a.txt")


def test_a_folder_is_only_forgotten_and_can_come_back(place: ModelsBench, copy: Path) -> None:
    place.add(copy)
    assert place.page.shelf.card.remove.text() == "Take off this list"
    place.page.shelf.card.remove.trigger()
    place.until(lambda: place.titles() == ["Starter (practice model)"])
    assert copy.is_dir()
    toast = place.page.window().findChildren(Toast)[-1]
    toast.button.click()
    place.until(lambda: "My model" in place.titles())


def test_the_delete_key_takes_a_folder_off_the_list(place: ModelsBench, copy: Path) -> None:
    place.add(copy)
    QTest.keyClick(place.page.shelf.list, Qt.Key.Key_Delete)
    place.until(lambda: shelf.folders() == [])


def test_a_folder_that_is_gone_stays_listed_and_says_so(place: ModelsBench, copy: Path) -> None:
    place.add(copy)
    shutil.rmtree(copy)
    place.page.shelf.refresh()
    place.until(lambda: place.page.shelf.list.rows[-1].note == "Not found at the moment")
    assert place.page.shelf.card.banner.title == "The base model's folder My model is not there."
    assert not place.page.shelf.card.use.isEnabled()
    assert place.page.shelf.card.remove.isEnabled()


def test_a_folder_that_the_project_uses_is_listed_too(place: ModelsBench, copy: Path) -> None:
    place.session.set_recipe(with_settings(place.session.recipe, {"model.base": str(copy)}))
    place.page.shelf.refresh()
    place.until(lambda: "My model" in place.titles())
    place.page.shelf.choose(str(copy))
    place.until(lambda: place.page.shelf.model is not None and place.page.shelf.model.base == str(copy))
    assert not place.page.shelf.card.remove.isEnabled()


def test_a_model_in_the_hub_cache_is_deleted_once_the_user_agreed(place: ModelsBench, tmp_path: Path) -> None:
    root = in_cache(tmp_path)
    place.page.show_model("someone/model")
    place.until(lambda: place.page.shelf.model is not None and place.page.shelf.model.kind == "cache")
    assert dict(place.page.shelf.card.facts.rows)["From"] == "Downloaded, in the hub cache"
    place.page.shelf.card.remove.trigger()
    dialog = place.page.findChild(AgreeDialog)
    assert dialog is not None
    dialog.keep.click()
    assert root.is_dir()
    place.page.shelf.remove()
    place.page.findChildren(AgreeDialog)[-1].act.click()
    place.until(lambda: place.titles() == ["Starter (practice model)"])
    assert not root.exists()
    assert catalogue.incomplete_models() == []


def test_without_a_chat_template_the_alpaca_text_is_shown(place: ModelsBench, copy: Path) -> None:
    for name in ("chat_template.jinja", "tokenizer_config.json"):
        path = copy / name
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            path.unlink() if name.endswith("jinja") else path.write_text(text.replace("chat_template", "not_it"))
    place.add(copy)
    assert "Alpaca" in place.page.shelf.card.template_note.text()
    place.until(lambda: "### Instruction:" in place.page.shelf.card.sample.toPlainText())


def test_a_tokenizer_that_cannot_be_read_is_told(place: ModelsBench, tmp_path: Path) -> None:
    place.add(write_base(tmp_path / "Broken", brings=False))
    place.until(place.page.shelf.card.sample_problem.isVisible)
    assert place.page.shelf.card.sample.isHidden()


def test_the_chosen_model_stays_chosen_over_a_refresh(place: ModelsBench, copy: Path) -> None:
    place.add(copy)
    place.page.enter()
    place.until(lambda: not place.page.shelf.reader.busy)
    assert place.page.shelf.list.key == str(copy)


def test_a_read_only_project_changes_nothing(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    folder = shutil.copytree(paths.starter_model(), tmp_path / "My model")
    with models_bench(qtbot, tmp_path / "project", read_only=True) as place:
        place.add(folder)
        assert not place.page.shelf.card.use.isEnabled()
        place.page.shelf.use()
        assert place.session.recipe.model.base == "starter"


def test_enter_uses_the_chosen_model(place: ModelsBench, copy: Path) -> None:
    place.add(copy)
    QTest.keyClick(place.page.shelf.list, Qt.Key.Key_Return)
    assert place.session.recipe.model.base == str(copy)


def test_models_can_be_looked_at_without_a_project(place: ModelsBench) -> None:
    place.page.shelf.list.choose("")
    place.session.close()
    place.page.enter()
    place.until(lambda: place.page.shelf.model is not None and not place.page.shelf.reader.busy)
    assert not place.page.shelf.card.use.isEnabled()
    assert not place.page.shelf.card.choose.isEnabled()
    assert "Used here" not in place.page.shelf.list.rows[0].note
    place.until(lambda: "Say good morning." in place.page.shelf.card.sample.toPlainText())
    place.page.shelf.use()
    place.page.shelf.choose_template()


def test_going_back_is_no_longer_offered_when_other_settings_have_changed(place: ModelsBench, copy: Path) -> None:
    place.add(copy)
    place.until(lambda: place.page.shelf.card.use.isEnabled())
    place.page.shelf.card.use.click()
    place.until(lambda: place.page.banner.isVisible())
    place.session.set_recipe(with_settings(place.session.recipe, {"lora.rank": 8}), source=object())
    assert not place.page.banner.isVisible()
    assert place.session.recipe.lora.rank == 8
