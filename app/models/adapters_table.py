"""The adapters of the project as a table: one for each run that has one, and the imported ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app import format
from app.models.runs_table import RUN_ROLE, SORT_ROLE
from app.widgets.plain_tip import plain_tip
from core.dataset.text import fold
from core.runs.notes import Notes
from core.runs.overview import Summary

if TYPE_CHECKING:
    from core.library.entries import Adapter
    from core.project import Project
    from core.runs.overview import Overview

Index = QModelIndex | QPersistentModelIndex


class Column(IntEnum):
    """The columns from left to right."""

    NAME = 0
    MADE = 1
    BASE = 2
    RANK = 3
    HELDOUT = 4
    SIZE = 5


HEADS = {
    Column.NAME: ("Name", "The run that made it, or what an imported one is called"),
    Column.MADE: ("Made", "When it was made"),
    Column.BASE: ("Base model", "The model that it was trained on, and works with"),
    Column.RANK: ("Rank", "How much it can learn"),
    Column.HELDOUT: ("Held-out", "Loss on the examples that were not trained on"),
    Column.SIZE: ("Size", "On disk"),
}
_NUMBERS = (Column.RANK, Column.HELDOUT, Column.SIZE)


@dataclass(frozen=True, slots=True)
class Row:
    """An adapter, and what people call its base model.

    Attributes:
        key: names it in its project.
        title: what people call it.
        base: the base model in people's words; empty when it cannot be read.
        base_key: as the recipe names it; empty when it cannot be read.
        made: when it was made, in Unix seconds.
        rank: None when it cannot be read.
        heldout: the held-out loss of its run; None for imported ones.
        size: in bytes.
        notes: what the user says of it.
    """

    key: str
    title: str
    base: str
    base_key: str
    made: float
    rank: int | None
    heldout: float | None
    size: int
    notes: Notes

    @classmethod
    def of_run(cls, summary: Summary, base: str) -> Row:
        """That of a run."""
        recipe = summary.recipe
        return cls(
            key=summary.run.name,
            title=summary.title,
            base=base,
            base_key=recipe.model.base if recipe is not None else "",
            made=summary.progress.ended or summary.created,
            rank=recipe.lora.rank if recipe is not None else None,
            heldout=summary.progress.heldout_loss,
            size=summary.adapter_bytes or 0,
            notes=summary.notes,
        )

    @classmethod
    def of_import(cls, adapter: Adapter, base: str, notes: Notes) -> Row:
        """That of an imported adapter (reads its files)."""
        from core.errors import UserError
        from core.export import adapter_config
        from core.library import imported

        origin = imported.origin(adapter.folder)
        try:
            rank = adapter_config.read(adapter.folder).rank
        except UserError:
            rank = None
        return cls(
            key=adapter.key,
            title=adapter.title,
            base=base,
            base_key=adapter.base,
            made=origin.at if origin is not None else adapter.made,
            rank=rank,
            heldout=None,
            size=sum(path.stat().st_size for path in adapter.folder.iterdir() if path.is_file()),
            notes=notes,
        )

    def matches(self, words: str, tag: str, starred: bool) -> bool:
        """Whether it is among those looked for: all of the words in it, the tag, a star where one is wanted."""
        if (starred and not self.notes.starred) or (tag and tag not in self.notes.tags):
            return False
        text = fold(" ".join((self.title, self.base, self.key, self.notes.note, *self.notes.tags)))
        return all(word in text for word in fold(words).split())


def read_rows(project: Project, overview: Overview) -> list[Row]:
    """All adapters of a project: those of runs, then the imported ones."""
    from core.base_models import catalogue
    from core.library import entries, imported
    from core.runs import notes

    found = [summary for summary in overview.look(project.runs()) if summary.adapter_bytes is not None]
    rows = [
        Row.of_run(summary, catalogue.display_name(summary.recipe.model.base) if summary.recipe is not None else "")
        for summary in found
    ]
    for folder in imported.folders(imported.folder_of(project.path)):
        adapter = entries.of_import(folder)
        if adapter is not None:
            rows.append(Row.of_import(adapter, catalogue.display_name(adapter.base), notes.read_from(folder)))
    return rows


class AdaptersTable(QAbstractTableModel):
    """Rows keep their place while their values change."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these; where they are the same adapters as before, only values change."""
        rows = list(rows)
        if [row.key for row in rows] == [row.key for row in self._rows]:
            self._rows = rows
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(Column) - 1))
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def row_of(self, key: str) -> int | None:
        """Where an adapter stands."""
        return next((number for number, row in enumerate(self._rows) if row.key == key), None)

    def rows(self) -> list[Row]:
        """All of them, as they were given."""
        return list(self._rows)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """How many adapters."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """How many columns."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The columns' heads, and what they mean."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = Column(section)
        words, tip = HEADS[column]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return words
            case Qt.ItemDataRole.ToolTipRole:
                return tip
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words, alignment, tip and sort key of a cell."""
        row, column = self._rows[index.row()], Column(index.column())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return shown(row, column)
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
            case Qt.ItemDataRole.ToolTipRole:
                return _tip(row, column)
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{HEADS[column][0]} {shown(row, column)}"
        if role == SORT_ROLE:
            return _sort_key(row, column)
        return row.key if role == RUN_ROLE else None


def shown(row: Row, column: Column) -> str:
    """The words of a cell."""
    match column:
        case Column.NAME:
            return f"★ {row.title}" if row.notes.starred else row.title
        case Column.MADE:
            return format.ago(row.made)
        case Column.BASE:
            return row.base or format.NOTHING
        case Column.RANK:
            return format.count(row.rank) if row.rank is not None else format.NOTHING
        case Column.HELDOUT:
            return format.loss(row.heldout)
        case Column.SIZE:
            return format.size(row.size)


def _tip(row: Row, column: Column) -> str | None:
    match column:
        case Column.NAME:
            tags = f"Tags: {', '.join(row.notes.tags)}" if row.notes.tags else ""
            return plain_tip("\n".join(part for part in (row.key, tags, row.notes.note) if part))
        case Column.MADE:
            return format.moment(row.made)
        case Column.BASE:
            return plain_tip(row.base_key) if row.base_key else "The settings of this run cannot be read."
    return None


def _sort_key(row: Row, column: Column) -> Any:
    match column:
        case Column.NAME:
            return _natural(row)
        case Column.MADE:
            return row.made
        case Column.RANK:
            return row.rank or 0
        case Column.HELDOUT:
            return float("inf") if row.heldout is None else row.heldout
        case Column.SIZE:
            return row.size
    return shown(row, column).lower()


def _natural(row: Row) -> str:
    """A key that sorts those with a star first, and Run 2 before Run 10."""
    title = re.sub(r"\d+", lambda digits: digits[0].zfill(10), row.title.casefold())
    return f"{0 if row.notes.starred else 1} {title}"


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in _NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
