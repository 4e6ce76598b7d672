"""Deleted adapters come back for a month, to where they were."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from library_bench import checkpoint_of, import_of, run_of

from core.errors import RunError
from core.library import entries, trash
from core.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "project") as made:
        yield made


def test_a_run_keeps_everything_but_its_adapter(project: Project) -> None:
    run = run_of(project, "letters")
    before = entries.adapters(project)
    removed = trash.remove(project.path, before[0])
    assert entries.adapters(project) == []
    assert run.recipe_file.exists()
    assert trash.find(project.path, "0001") == removed
    assert trash.bring_back(project.path, removed) == run.adapter
    assert entries.adapters(project) == before
    assert trash.all_removed(project.path) == []


def test_an_imported_one_comes_back_under_its_key(project: Project) -> None:
    import_of(project, "hers", title="Hers")
    adapter = entries.find(project, "adapters/hers")
    trash.remove(project.path, adapter)
    assert entries.adapters(project) == []
    trash.bring_back(project.path, trash.find(project.path, "adapters/hers"))
    assert entries.find(project, "adapters/hers") == adapter


def test_what_took_its_place_stays(project: Project) -> None:
    import_of(project, "hers")
    removed = trash.remove(project.path, entries.find(project, "adapters/hers"))
    new = import_of(project, "hers", title="Another")
    with pytest.raises(RunError, match="another adapter in its place"):
        trash.bring_back(project.path, removed)
    assert entries.find(project, "adapters/hers").title == "Another"
    os.rename(new, new.with_name("other"))
    assert trash.bring_back(project.path, removed) == new


def test_a_run_that_is_trained_and_a_checkpoint_keep_theirs(project: Project) -> None:
    run = run_of(project, "letters")
    checkpoint_of(run, 5)
    with pytest.raises(RunError, match="checkpoint"):
        trash.remove(project.path, entries.find(project, "1@5"))
    run.claim(os.getpid())
    with pytest.raises(RunError, match="is being trained"):
        trash.remove(project.path, entries.find(project, "1"))
    assert run.adapter.is_dir()
    assert trash.all_removed(project.path) == []


def test_after_a_month_it_is_gone(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    import_of(project, "old")
    import_of(project, "new")
    now = time.time()
    monkeypatch.setattr(trash.time, "time", lambda: now - 31 * 24 * 60 * 60)
    trash.remove(project.path, entries.find(project, "adapters/old"))
    monkeypatch.setattr(trash.time, "time", lambda: now)
    trash.remove(project.path, entries.find(project, "adapters/new"))
    trash.forget_old(project.path)
    assert [removed.key for removed in trash.all_removed(project.path)] == ["adapters/new"]
    with pytest.raises(RunError, match="These can be brought back: adapters/new"):
        trash.find(project.path, "adapters/old")


def test_what_a_kill_left_is_not_offered_and_goes(project: Project) -> None:
    import_of(project, "hers")
    removed = trash.remove(project.path, entries.find(project, "adapters/hers"))
    os.rename(removed.place / "adapter", project.path / "adapters" / "hers")  # brought back, and killed before its end
    assert trash.all_removed(project.path) == []
    trash.forget_old(project.path)
    assert removed.place.exists()  # another process may be at it
    os.utime(removed.place, (1, 1))
    trash.forget_old(project.path)
    assert not removed.place.exists()
    assert entries.find(project, "adapters/hers").folder.is_dir()


@pytest.mark.parametrize("where", ["../outside", "runs/../../x/adapter", "/etc", "examples.db", ""])
def test_a_changed_note_of_the_trash_leads_nowhere(project: Project, where: str) -> None:
    import_of(project, "hers")
    removed = trash.remove(project.path, entries.find(project, "adapters/hers"))
    about = removed.place / "removed.json"
    about.write_text(about.read_text(encoding="utf-8").replace("adapters/hers", where), encoding="utf-8")
    with pytest.raises(RunError, match="could not be brought back"):
        trash.bring_back(project.path, removed)


def test_a_disk_that_cannot_confirm_costs_no_adapter(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    import_of(project, "hers", title="Hers")
    adapter = entries.find(project, "adapters/hers")

    def broken(folder: Path) -> None:
        raise OSError(5, "Input/output error", str(folder))

    monkeypatch.setattr(trash, "sync_folder", broken)
    with pytest.raises(RunError, match="could not be deleted"):
        trash.remove(project.path, adapter)
    assert entries.find(project, "adapters/hers") == adapter
