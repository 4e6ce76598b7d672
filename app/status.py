"""What the side bar and the menus tell about the project and the machine, gathered off the drawing thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.latest import Latest
from app.session import Session

if TYPE_CHECKING:
    from core.hardware.usage import MemoryUse
    from core.project import Project

MEMORY_MS = 4000


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts of the open project, and what undo and redo would do."""

    examples: int = 0
    ready: int = 0
    adapters: int = 0
    undo: str | None = None
    redo: str | None = None


class Status(QObject):
    """Reads again after every change, and the memory now and then while asked to."""

    overview_changed = Signal(object)
    """(Overview)"""
    memory_changed = Signal(object)
    """(MemoryUse)"""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._overview = Latest(self.overview_changed.emit, parent=self)
        self._memory = Latest(self.memory_changed.emit, parent=self)
        self._clock = QTimer(self)
        self._clock.setInterval(MEMORY_MS)
        self._clock.timeout.connect(self._read_memory)
        session.project_changed.connect(self.refresh)
        session.examples_changed.connect(self.refresh)
        session.runs_changed.connect(self.refresh)

    def refresh(self, *_: object) -> None:
        """Count again."""
        project = self._session.project
        if project is None:
            self._overview.forget()
            self.overview_changed.emit(Overview())
        else:
            self._overview.ask(lambda: _overview(project))

    def watch_memory(self, watch: bool) -> None:
        """Begin or end reading the memory (a window that nobody sees need not know)."""
        if watch and not self._clock.isActive():
            self._clock.start()
            self._read_memory()
        elif not watch:
            self._clock.stop()

    def _read_memory(self) -> None:
        self._memory.ask(_memory_use)


def _overview(project: Project) -> Overview:
    from core.library import imported

    counts = project.store.counts()
    adapters = sum(run.adapter.is_dir() for run in project.runs())
    adapters += len(imported.folders(imported.folder_of(project.path)))
    return Overview(counts.total, counts.ready, adapters, project.store.undo_label, project.store.redo_label)


def _memory_use() -> MemoryUse:
    from core.hardware.usage import memory_use

    return memory_use()
