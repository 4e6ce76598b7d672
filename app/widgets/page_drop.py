"""Lets one local file or folder be dropped anywhere on a page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QWidget

from app import theme
from app.widgets.drop_zone import dropped_source


class PageDrop(QObject):
    """Belongs to the page."""

    dropped = Signal(object)
    """(Path)"""

    def __init__(self, page: QWidget, sheet: QFrame, takes: Callable[[Path], bool]) -> None:
        """``sheet`` is marked while something that ``takes`` agrees to is over the page."""
        super().__init__(page)
        self._sheet, self._takes = sheet, takes
        page.setAcceptDrops(True)
        page.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Watch what is dragged over the page."""
        if isinstance(event, QDragEnterEvent) and event.type() is QEvent.Type.DragEnter:
            source = dropped_source(event.mimeData())
            if source is not None and self._takes(source):
                event.acceptProposedAction()
                theme.set_look(self._sheet, over=True)
            return True
        if event.type() is QEvent.Type.DragLeave:
            theme.set_look(self._sheet, over=False)
        if isinstance(event, QDropEvent) and event.type() is QEvent.Type.Drop:
            theme.set_look(self._sheet, over=False)
            source = dropped_source(event.mimeData())
            if source is not None:
                event.acceptProposedAction()
                self.dropped.emit(source)
            return True
        return super().eventFilter(watched, event)
