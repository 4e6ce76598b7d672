"""Folders in which exports are made: beside the target, and cleared away when their maker is gone."""

import json
import os
import subprocess
import sys
from pathlib import Path

from core.export import aside
from core.runs.alive import birth


def test_a_folder_is_made_beside_the_target_and_removed(tmp_path: Path) -> None:
    folder = aside.make(tmp_path / "letters")
    assert folder.parent == tmp_path
    assert folder.name.startswith(".letters.")
    aside.clear_away(tmp_path)
    assert folder.is_dir(), "its maker is this process, which lives"
    aside.remove(folder)
    assert not list(tmp_path.iterdir())


def test_what_a_process_left_is_cleared_away_by_the_next(tmp_path: Path) -> None:
    code = f"from core.export import aside; from pathlib import Path; aside.make(Path({str(tmp_path / 'letters')!r}))"
    subprocess.run([sys.executable, "-c", code], check=True)
    (left,) = tmp_path.iterdir()
    folder = aside.make(tmp_path / "other")
    assert not left.exists()
    assert list(tmp_path.iterdir()) == [folder]


def test_what_others_made_stays(tmp_path: Path) -> None:
    for name in (".letters.tmp", ".letters.0123abcd.export.tmp", "letters"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.txt").write_text("mine", encoding="utf-8")
    living = {"pid": os.getpid(), "created": birth(os.getpid())}
    for name, maker in ((".a.0123abcd.export.tmp", living), (".b.0123abcd.export.tmp", "nonsense")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "maker.json").write_text(json.dumps(maker), encoding="utf-8")
    before = sorted(path.name for path in tmp_path.iterdir())
    aside.clear_away(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    aside.clear_away(tmp_path / "nowhere")
