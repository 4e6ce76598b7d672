"""Takes an adapter away: where to, progress that can be cancelled, and a result that says what was checked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app import format, tasks, theme
from app.theme import SPACE
from app.widgets.banner import Banner
from app.widgets.elided_label import ElidedLabel
from app.widgets.export_place import ExportPlace, Propose
from core.errors import UserError

if TYPE_CHECKING:
    from core.export.job import ExportResult

Export = Callable[[Path, Callable[[int, int], object], Callable[[], bool]], "ExportResult"]
"""Takes the target, who is told (done, total), and who says whether to end."""

_PARTS = 1000


class ExportAdapterDialog(QDialog):
    """Exports with ``export`` off the drawing thread; closing it cancels."""

    exported = Signal(object)
    """(ExportResult)"""
    show_wanted = Signal(object)
    """(Path): the user wants to see what was exported."""

    def __init__(
        self, export: Export, propose: Propose, *, folder: Path, name: str, text: str, parent: QWidget | None = None
    ) -> None:
        """Propose ``folder / name``; ``text`` says what is exported."""
        super().__init__(parent)
        self.setWindowTitle("Export adapter")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(560)
        self._export = export
        self._task: tasks.Task | None = None
        self._result: ExportResult | None = None
        self.banner = Banner()
        self.where = ExportPlace(propose, folder, name)
        self.bar = QProgressBar()
        self.progress_words = QLabel()
        self.place, self.checked = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle), QLabel()
        self.button = QPushButton("Export")
        self.cancel = QPushButton("Cancel")
        self.show_button = QPushButton("Show in folder")
        self._working, self._finished = QWidget(), QWidget()
        self._arrange(text)
        self.button.setEnabled(False)
        self.banner.closed.connect(self._fit)
        self.where.usable_changed.connect(self.button.setEnabled)
        self.button.clicked.connect(self.start)
        self.cancel.clicked.connect(self._on_cancel)
        self.show_button.clicked.connect(self._on_show)

    # Making

    def _arrange(self, text: str) -> None:
        title, words = QLabel("Export this adapter"), QLabel(text)
        title.setProperty("kind", "title")
        words.setWordWrap(True)
        self._arrange_progress()
        self._arrange_result()
        for button in (self.button, self.show_button):
            button.setProperty("kind", "primary")
            button.setDefault(True)
        self.show_button.hide()
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addStretch(1)
        for button in (self.cancel, self.button, self.show_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        layout.setSpacing(SPACE.FIELD)
        for widget in (title, words, self.banner, self.where, self._working, self._finished):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addLayout(buttons)

    def _arrange_progress(self) -> None:
        self.bar.setRange(0, _PARTS)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the export")
        self.progress_words.setProperty("kind", "secondary")
        column = QVBoxLayout(self._working)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.UNIT)
        column.addWidget(self.bar)
        column.addWidget(self.progress_words)
        self._working.hide()

    def _arrange_result(self) -> None:
        sign, heading = QLabel(), QLabel("Exported and checked")
        theme.on_change(sign, lambda: sign.setPixmap(theme.icon("good", "good").pixmap(24, 24)))
        heading.setProperty("kind", "heading")
        self.checked.setWordWrap(True)
        grid = QGridLayout(self._finished)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(SPACE.UNIT)
        grid.setVerticalSpacing(SPACE.HALF)
        grid.setColumnStretch(1, 1)
        grid.addWidget(sign, 0, 0)
        for row, label in enumerate((heading, self.place, self.checked)):
            grid.addWidget(label, row, 1)
        self._finished.hide()

    # The export

    def start(self) -> None:
        """Export to the chosen place."""
        if not self.button.isEnabled() or self._task is not None:
            return
        path, export = self.where.path, self._export
        self.banner.clear()
        self._on_progress(0, 1)
        self._show_working(True)
        self._task = tasks.run(
            lambda task: export(path, task.report, lambda: task.cancelled),
            done=self._on_done,
            failed=self._on_failed,
            progress=self._on_progress,
        )

    def done(self, code: int) -> None:
        """Closing it in any way cancels an export under way; nothing of it is left then."""
        self._drop_task()
        super().done(code)

    def _on_cancel(self) -> None:
        if self._task is None:
            self.reject()
            return
        self._drop_task()
        self.banner.say("The export was cancelled.", "Nothing was written.")
        self._show_working(False)

    def _drop_task(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _on_progress(self, done: int, total: int) -> None:
        self.bar.setValue(round(_PARTS * done / max(1, total)))
        copying = 2 * done < total  # the second half of the work is the check
        self.progress_words.setText(
            "Copying the files…" if copying else "Checking: a fresh process loads the copy and compares its answers…"
        )

    def _on_done(self, result: ExportResult) -> None:
        self._task, self._result = None, result
        for part in (self._working, self.where, self.button):
            part.hide()
        self.place.setText(format.place(result.path))
        self.checked.setText(checked_words(result))
        self.cancel.setText("Close")
        for part in (self._finished, self.show_button):
            part.show()
        self.show_button.setFocus()
        self._fit()
        self.exported.emit(result)

    def _on_failed(self, error: UserError) -> None:
        self._task = None
        self.banner.show_problem(error)
        self._show_working(False)

    def _show_working(self, working: bool) -> None:
        self.where.setEnabled(not working)
        self._working.setVisible(working)
        self.button.setVisible(not working)
        (self.cancel if working else self.where.name).setFocus()
        if not working:
            self.where.check()
        self._fit()

    def _on_show(self) -> None:
        if self._result is not None:
            self.show_wanted.emit(self._result.path)

    # Size

    def showEvent(self, event: QShowEvent) -> None:
        """Leave no empty room."""
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Be as high as the words need at this width."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.resize(self.width(), layout.totalHeightForWidth(self.width()))


def checked_words(result: ExportResult) -> str:
    """How far it agrees with the trained model."""
    difference = result.max_logit_difference
    agrees = "equal" if difference == 0 else f"differ by at most {format.number(difference, 2)} from"
    words = f"A fresh process loaded it again: its scores for each next word {agrees} those of the trained model."
    return f"{words} The likeliest word is the same everywhere." if result.greedy_equal else words
