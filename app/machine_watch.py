"""Whether a run of another project, in another window or a terminal, or a comparison has this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.latest import Latest

if TYPE_CHECKING:
    from app.session import Session

LOOK_MS = 2000


class MachineWatch(QObject):
    """Looks now and then, while it is asked to."""

    changed = Signal()
    """``busy`` is another."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.busy = ""
        """What has the machine, in words; empty for nothing, and for a run of the open project."""
        self._looks = Latest(self._on_look, parent=self)
        self._clock = QTimer(self, interval=LOOK_MS)
        self._clock.timeout.connect(self._look)

    def watch(self, watch: bool) -> None:
        """Begin or end looking."""
        if watch and not self._clock.isActive():
            self._clock.start()
            self._look()
        elif not watch:
            self._clock.stop()

    def _look(self) -> None:
        project = self._session.project
        own = project.path if project is not None else None
        if not self._looks.busy:
            self._looks.ask(lambda: _busy(own))

    def _on_look(self, busy: str) -> None:
        if busy != self.busy:
            self.busy = busy
            self.changed.emit()


def _busy(own: Path | None) -> str:
    from core.runs import heavy

    holder = heavy.holder()
    if holder is None or (own is not None and holder.folder.path.is_relative_to((own / "runs").resolve())):
        return ""
    return holder.words
