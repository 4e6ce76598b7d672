"""Asking where to save a file with a certain ending, which nobody has to type."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget


def ask_where_to_save(parent: QWidget, title: str, proposed: Path, kind: str, *, ending: str) -> Path | None:
    """A file that does not exist, or that the user wants to replace; None if they would rather not save.

    The system's dialog asks before it replaces the file whose name it was given. When the ending makes that name
    another file's, the dialog is shown again with the whole name, so that it asks about that one too.
    """
    while True:
        chosen, _ = QFileDialog.getSaveFileName(parent, title, str(proposed), kind)
        if not chosen:
            return None
        path = Path(chosen)
        if path.suffix.lower() == ending:
            return path
        path = path.with_name(path.name + ending)  # not with_suffix: a run's name may hold a decimal point
        if not path.exists():
            return path
        title, proposed = f"{path.name} is there already", path
