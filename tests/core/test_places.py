"""Where dialogs begin."""

from __future__ import annotations

from pathlib import Path

from core import paths


def test_a_dialog_begins_at_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    assert paths.existing(tmp_path) == tmp_path
    assert paths.existing(tmp_path / "Documents" / "Tunesmith") == tmp_path
