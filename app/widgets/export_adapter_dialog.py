"""Takes an adapter away: in which form, where to, progress that can be cancelled, what was checked, what to do next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app import format
from app.background_job import BackgroundJob, Job
from app.theme import SPACE
from app.widgets.banner import Banner
from app.widgets.export_finished import ExportFinished
from app.widgets.export_place import ExportPlace, Propose
from app.widgets.form_details import FormDetails
from app.widgets.form_list import FormList, FormWords

if TYPE_CHECKING:
    from app.export_offers import Offer, Offers
    from core.errors import UserError
    from core.export.job import ExportResult, Progress

Make = Callable[[str, dict[str, str], Path], Job]
"""Takes the form, what was chosen of it, and the target; its messages are Progress and, last, the ExportResult."""

_PARTS = 1000
_SIZE, _AROUND = QSize(900, 720), QSize(40, 80)  # wanted, and left to the screen's other things


class ExportAdapterDialog(QDialog):
    """Exports in a process of its own; closing it cancels."""

    started = Signal()
    """An export begins, which takes memory."""
    exported = Signal(object)
    """(ExportResult)"""
    send_wanted = Signal(object)
    """(Path): the user wants to send what was exported to the hub."""
    show_wanted = Signal(object)
    """(Path): the user wants to see what was exported."""

    def __init__(
        self,
        offers: Offers,
        make: Make,
        propose: Propose,
        *,
        folder: Path,
        name: str,
        parent: QWidget | None = None,
    ) -> None:
        """Propose ``folder / name``."""
        super().__init__(parent)
        self.setWindowTitle("Export adapter")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._offers = {offer.form.id: offer for offer in offers.forms}
        self._make, self._name = make, name
        self._result: ExportResult | None = None
        self._usable = False
        self.job = BackgroundJob(self)
        self.banner = Banner()
        self.forms, self.details = FormList(), FormDetails()
        self.where = ExportPlace(propose, folder, name)
        self.size = QLabel()
        self.bar, self.progress_words = QProgressBar(), QLabel()
        self.button, self.cancel = QPushButton("Export"), QPushButton("Cancel")
        self.send_button, self.show_button = QPushButton("Send to the hub…"), QPushButton("Show in folder")
        self._faces, self._working, self.finished_view = QStackedWidget(), QWidget(), ExportFinished()
        self._arrange(offers)
        self._connect()
        self.forms.show_forms([_row(offer) for offer in offers.forms])
        self.resize(_SIZE.boundedTo(self.screen().availableSize() - _AROUND))

    # Making

    def _arrange(self, offers: Offers) -> None:
        title, words = QLabel(f"Export {offers.title}"), QLabel(f"Trained on {offers.base}.")
        for label in (title, words):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        title.setProperty("kind", "title")
        words.setProperty("kind", "secondary")
        self._arrange_progress()
        self._faces.addWidget(self._asking())
        self._faces.addWidget(self.finished_view)
        for button in (self.button, self.show_button):
            button.setProperty("kind", "primary")
            button.setDefault(True)
        self.send_button.setAutoDefault(False)
        for button in (self.send_button, self.show_button):
            button.hide()
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addStretch(1)
        for button in (self.cancel, self.send_button, self.button, self.show_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        layout.setSpacing(SPACE.UNIT)
        for widget in (title, words, self.banner):
            layout.addWidget(widget)
        layout.addWidget(self._faces, 1)
        layout.addWidget(self._working)
        layout.addLayout(buttons)

    def _asking(self) -> QWidget:
        """The forms on the left; on the right the chosen one, and under it its place, which stays in sight."""
        inside = QWidget()
        about = QVBoxLayout(inside)
        about.setContentsMargins(0, 0, SPACE.UNIT, 0)
        about.addWidget(self.details)
        about.addStretch(1)
        scroller = QScrollArea()
        scroller.setFrameShape(QFrame.Shape.NoFrame)
        scroller.setWidgetResizable(True)
        scroller.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroller.setWidget(inside)
        self.size.setProperty("kind", "secondary")
        self.forms.setFixedWidth(320)
        face = QWidget()
        grid = QGridLayout(face)
        grid.setContentsMargins(0, SPACE.UNIT, 0, 0)
        grid.setHorizontalSpacing(SPACE.CARD)
        grid.setVerticalSpacing(SPACE.UNIT)
        grid.setRowStretch(0, 1)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.forms, 0, 0, 3, 1)
        for row, widget in enumerate((scroller, self.where, self.size)):
            grid.addWidget(widget, row, 1)
        return face

    def _arrange_progress(self) -> None:
        self.bar.setRange(0, _PARTS)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the export")
        self.progress_words.setProperty("kind", "secondary")
        column = QVBoxLayout(self._working)
        column.setContentsMargins(0, SPACE.UNIT, 0, 0)
        column.setSpacing(SPACE.UNIT)
        column.addWidget(self.bar)
        column.addWidget(self.progress_words)
        self._working.hide()

    def _connect(self) -> None:
        self.button.setEnabled(False)
        self.forms.chosen.connect(self._on_form)
        self.details.changed.connect(self._show_size)
        self.where.usable_changed.connect(self._on_usable)
        self.button.clicked.connect(self.start)
        self.cancel.clicked.connect(self._on_cancel)
        self.send_button.clicked.connect(lambda: self._result and self.send_wanted.emit(self._result.path))
        self.show_button.clicked.connect(self._on_show)
        self.job.told.connect(self._on_told)
        self.job.failed.connect(self._on_failed)

    # The choice

    @property
    def _offer(self) -> Offer:
        return self._offers[self.forms.value]

    def _on_form(self, _id: str) -> None:
        offer = self._offer
        form = offer.form
        self.details.show_form(
            form.title,
            form.about,
            form.readers,
            refusal=offer.refusal,
            remark=form.remark(offer.facts),
            choices=form.choices(offer.facts),
        )
        self.where.setVisible(not offer.refusal)
        self.where.set_endings(form.endings)
        self.where.propose(self._name if form.id == "adapter" else f"{self._name}-{form.id}")
        self._show_size()
        self._on_usable(self._usable)

    def _show_size(self) -> None:
        offer = self._offer
        self.size.setVisible(not offer.refusal)
        if not offer.refusal:
            chosen = offer.form.settle(offer.facts, self.details.chosen)
            self.size.setText(f"About {format.size(offer.form.size(offer.facts, chosen))}.")

    def _on_usable(self, usable: bool) -> None:
        self._usable = usable
        self.button.setEnabled(usable and not self._offer.refusal)

    # The export

    def start(self) -> None:
        """Export to the chosen place."""
        if not self.button.isEnabled() or self.job.busy:
            return
        form, chosen, path, make = self.forms.value, self.details.chosen, self.where.path, self._make
        self.banner.clear()
        self.bar.setValue(0)
        self.progress_words.setText("Starting…")
        self._show_working(True)
        self.started.emit()
        self.job.start(lambda: make(form, chosen, path))

    def done(self, code: int) -> None:
        """Closing it in any way cancels an export under way; nothing of it is left then."""
        self.job.stop()
        super().done(code)

    @property
    def _working_on_it(self) -> bool:
        """Whether something would be given up; a job whose result is there has only to end."""
        return self.job.busy and self._result is None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leaves; an export under way is not given up by a slip, the button does that."""
        if event.key() == Qt.Key.Key_Escape and self._working_on_it:
            self.cancel.setFocus()
            return
        super().keyPressEvent(event)

    def _on_cancel(self) -> None:
        if not self._working_on_it:
            self.reject()
            return
        self.job.stop()
        self.banner.say("The export was cancelled.", "Nothing was written.")
        self._show_working(False)

    def _on_told(self, message: Progress | ExportResult) -> None:
        from core.export.job import ExportResult

        if isinstance(message, ExportResult):
            self._on_done(message)
            return
        self.bar.setValue(round(_PARTS * message.share))
        left = f", about {format.duration(message.seconds_left)} left" if message.seconds_left is not None else ""
        self.progress_words.setText(f"{message.words}{left}…")

    def _on_done(self, result: ExportResult) -> None:
        self._result = result
        self._working.hide()
        self.button.hide()
        self.finished_view.show_result(result)
        self._faces.setEnabled(True)
        self._faces.setCurrentWidget(self.finished_view)
        self.cancel.setText("Close")
        self.send_button.setVisible(self.where.ending == "")
        self.show_button.show()
        self.show_button.setFocus()
        self.exported.emit(result)

    def _on_failed(self, error: UserError) -> None:
        self.banner.show_problem(error)
        self._show_working(False)

    def _show_working(self, working: bool) -> None:
        self._faces.setEnabled(not working)
        self._working.setVisible(working)
        self.button.setVisible(not working)
        (self.cancel if working else self.forms).setFocus()
        if not working:
            self.where.check()

    def _on_show(self) -> None:
        if self._result is not None:
            self.show_wanted.emit(self._result.path)


def _row(offer: Offer) -> FormWords:
    form = offer.form
    size = "" if offer.refusal else format.size(form.size(offer.facts, form.settle(offer.facts, {})))
    return FormWords(form.id, form.title, form.readers, size, is_open=not offer.refusal)
