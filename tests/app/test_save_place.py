"""No file is replaced that the user was not asked about."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from app.widgets.save_place import ask_where_to_save


@pytest.fixture
def ask(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    parent = QWidget()
    qtbot.addWidget(parent)

    def run(*names: str) -> tuple[Path | None, list[str]]:
        """What comes of it when the user chooses these names, one after the other, and what was proposed."""
        answers, proposals = list(names), list[str]()

        def choose(_parent: object, _title: str, proposed: str, _kind: str) -> tuple[str, str]:
            proposals.append(Path(proposed).name)
            name = answers.pop(0)
            return str(tmp_path / name) if name else "", ""

        monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
        path = ask_where_to_save(parent, "Save", tmp_path / "loss.zip", "Zip (*.zip)", ending=".zip")
        assert answers == []
        return path, proposals

    return run


def test_the_ending_is_added_and_a_decimal_point_is_none(ask, tmp_path: Path) -> None:
    assert ask("away")[0] == tmp_path / "away.zip"
    assert ask("0003-lr-0.0002")[0] == tmp_path / "0003-lr-0.0002.zip"
    assert ask("away.ZIP")[0] == tmp_path / "away.ZIP"
    assert ask("") == (None, ["loss.zip"])


def test_a_file_that_the_ending_leads_to_is_asked_about(ask, tmp_path: Path) -> None:
    (tmp_path / "away.zip").touch()
    assert ask("away", "") == (None, ["loss.zip", "away.zip"])
    assert ask("away", "other") == (tmp_path / "other.zip", ["loss.zip", "away.zip"])
    assert ask("away", "away.zip")[0] == tmp_path / "away.zip"  # the dialog has asked
