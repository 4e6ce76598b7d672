"""An imported adapter is asked as it was trained: with its own chat template where that writes something else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from foreign_adapters import foreign

from core import paths
from core.library import imported
from core.library.importing import Wish, import_adapter
from core.library.own_format import with_its_template
from core.recipe.schema import ModelSettings

OTHER = (
    "{% for m in messages %}<{{ m.role }}> {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}<me>{% endif %}"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return foreign(tmp_path / "x")


def test_without_a_template_the_base_models_is_used(folder: Path) -> None:
    assert with_its_template(folder, ModelSettings()) == (ModelSettings(), "")


def test_the_base_models_own_is_no_other(folder: Path) -> None:
    shutil.copy(paths.starter_model() / "chat_template.jinja", folder)
    assert with_its_template(folder, ModelSettings()) == (ModelSettings(), "")
    with open(folder / "chat_template.jinja", "a", encoding="utf-8") as file:
        file.write("{# saved by another program #}")  # it writes the same
    assert with_its_template(folder, ModelSettings()) == (ModelSettings(), "")


def test_the_models_own_is_taken_back_where_the_project_chose_another(folder: Path) -> None:
    shutil.copy(paths.starter_model() / "chat_template.jinja", folder)
    model, words = with_its_template(folder, ModelSettings(chat_template="alpaca"))
    assert (model.chat_template, words) == ("own", "Its chat template came with it.")


def test_a_shipped_one_is_recognised(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text(
        (paths.resources() / "templates" / "alpaca.jinja").read_text(encoding="utf-8"), encoding="utf-8"
    )
    assert with_its_template(folder, ModelSettings())[0].chat_template == "alpaca"


@pytest.mark.parametrize("place", ["chat_template.jinja", "tokenizer_config.json"])
def test_another_one_is_kept_with_the_adapter(tmp_path: Path, folder: Path, place: str) -> None:
    text = OTHER if place.endswith("jinja") else json.dumps({"chat_template": OTHER})
    (folder / place).write_text(text, encoding="utf-8")
    (tmp_path / "project").mkdir()
    origin = imported.origin(import_adapter(tmp_path / "project", Wish(folder, ModelSettings())))
    assert origin is not None
    assert (origin.model.chat_template, origin.model.template) == ("written", OTHER)
    assert origin.match.endswith("all its matrices fit. Its chat template came with it.")


@pytest.mark.parametrize(
    "bad",
    [
        "{% for x in range(10**9) %}a{% endfor %}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{% for",
        "{{ messages[0].content * 10**9 }}",
    ],
)
def test_a_bad_one_is_said_and_not_used(folder: Path, bad: str) -> None:
    (folder / "chat_template.jinja").write_text(bad, encoding="utf-8")
    model, words = with_its_template(folder, ModelSettings())
    assert model == ModelSettings()
    assert words.startswith("The chat template that came with it is not used: ")
