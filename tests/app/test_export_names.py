"""Names and places proposed for exports."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import export_names
from core.project import Project
from core.runs.folder import RunFolder


@pytest.mark.parametrize(
    ("run", "name"),
    [("0003-harbour-letters", "harbour-letters-run-3"), ("0012-run", "run-12"), ("0002", "run-2")],
)
def test_a_run_names_its_export(run: str, name: str) -> None:
    assert export_names.name(RunFolder(Path("runs") / run)) == name


def test_a_read_only_project_is_exported_elsewhere(tmp_path: Path) -> None:
    with Project.create(tmp_path / "project") as project:
        assert export_names.folder(project) == tmp_path / "project" / "exports"
    with Project.open(tmp_path / "project", read_only=True) as project:
        assert tmp_path / "project" not in export_names.folder(project).parents


def test_the_first_free_name(tmp_path: Path) -> None:
    assert export_names.free(tmp_path / "letters") == tmp_path / "letters"
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters-2").symlink_to(tmp_path / "nowhere")
    assert export_names.free(tmp_path / "letters") == tmp_path / "letters-3"


def test_a_zip_file_needs_room_for_its_record_too(tmp_path: Path) -> None:
    (tmp_path / "letters.verify.json").write_text("{}")
    assert export_names.free(tmp_path / "letters.zip") == tmp_path / "letters-2.zip"
    assert export_names.free(tmp_path / "version-1.5") == tmp_path / "version-1.5"
    (tmp_path / "version-1.5").mkdir()
    assert export_names.free(tmp_path / "version-1.5") == tmp_path / "version-1.5-2"
