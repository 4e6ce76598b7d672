"""Sample projects, and the list of projects opened lately."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core import paths, recent, samples
from core.errors import ProjectError, UserError
from core.project import Project
from core.recipe import presets

INDEX = """
[[sample]]
id = "one"
title = "One"
description = "d"
file = "one.json"
style_pattern = "^Dear"
style_words = "w"
[[sample]]
id = "two"
title = "Two"
description = "d"
file = "two.jsonl"
style_pattern = "x"
style_words = "w"
"""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESMITH_HOME", str(tmp_path / "home"))


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "samples"
    folder.mkdir()
    (folder / "index.toml").write_text(INDEX, encoding="utf-8")
    rows = [{"instruction": f"i {n}", "input": "", "output": "Dear o"} for n in range(5)]
    (folder / "one.json").write_text(json.dumps(rows), encoding="utf-8")
    (folder / "two.jsonl").write_text(json.dumps(rows[0]), encoding="utf-8")
    monkeypatch.setattr(paths, "samples", lambda: folder)
    return folder


def test_a_sample_project_has_its_examples_and_the_starters_settings(shipped: Path, tmp_path: Path) -> None:
    assert [sample.id for sample in samples.all_samples()] == ["one", "two"]
    with samples.create_sample_project(tmp_path / "first") as project:
        assert (project.name, project.store.counts().ready) == ("first", 5)
        assert project.recipe == presets.base_recipe("starter")
        assert project.store.undo_label == "Add the sample One"
    with samples.create_sample_project(tmp_path / "second", "two") as project:
        assert project.store.counts().ready == 1
    with pytest.raises(UserError, match="The samples are one, two"):
        samples.create_sample_project(tmp_path / "third", "three")
    assert not (tmp_path / "third").exists()
    with pytest.raises(ProjectError, match="project in this folder"):
        samples.create_sample_project(tmp_path / "first")


def test_a_damaged_installation_is_said(shipped: Path) -> None:
    for content in ("[[sample]]\nid = 'x'", "nonsense [", "sample = 4"):
        (shipped / "index.toml").write_text(content, encoding="utf-8")
        with pytest.raises(UserError, match="samples cannot be read"):
            samples.all_samples()


def test_recent_projects_newest_first_without_doubles(tmp_path: Path) -> None:
    assert recent.recent() == []
    for name in ("a", "b 数", "c"):
        with Project.create(tmp_path / name) as project:
            recent.remember(project)
    with Project.open(tmp_path / "a") as project:
        project.rename("renamed")
        recent.remember(project)
    found = recent.recent()
    assert [(item.name, item.path) for item in found] == [
        ("renamed", tmp_path / "a"),
        ("c", tmp_path / "c"),
        ("b 数", tmp_path / "b 数"),
    ]
    assert found[0].opened > found[1].opened
    recent.forget(tmp_path / "c")
    assert [item.name for item in recent.recent()] == ["renamed", "b 数"]
    assert (tmp_path / "c").exists()


def test_a_damaged_list_is_an_empty_one(tmp_path: Path) -> None:
    for content in (b"", b"{", b"[1]", b'[{"path": "x"}]', b"\xff", b'{"path": 1}', b"[[]]"):
        (paths.user_data() / "recent.json").write_bytes(content)
        assert recent.recent() == []
    with Project.create(tmp_path / "a") as project:
        recent.remember(project)
    assert [item.name for item in recent.recent()] == ["a"]


def test_the_list_stays_short(tmp_path: Path) -> None:
    with Project.create(tmp_path / "a") as project:
        for number in range(30):
            project.path = tmp_path / str(number)
            recent.remember(project)
    assert [item.path.name for item in recent.recent()] == [str(number) for number in range(29, 9, -1)]
