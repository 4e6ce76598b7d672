"""Shows what a download would bring, every file with its size, and where it would go; nothing is fetched before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app import format
from app.background_job import BackgroundJob, Job
from app.latest import Latest
from app.theme import SPACE
from app.widgets.banner import Banner
from app.widgets.fact_grid import FactGrid
from app.widgets.segments import Segments
from core.base_models.hub.model import Plan, page_of
from core.base_models.hub.places import placed
from core.errors import UserError

CACHE, FOLDER = "cache", "folder"
_PLACES = {CACHE: "The hub cache", FOLDER: "A folder…"}
_CACHE_NOTE = "Shared with other programs that use Hugging Face's models."
_ACCESS = {
    "token": "Agree to its terms on its page, then put in an access token of the account that agreed.",
    "consent": "The account of your access token has not been let in. Agree to the terms on its page; some owners take "
    "a while.",
}


class DownloadDialog(QDialog):
    """Asks the hub when it opens; what is fetched is what stands here."""

    agreed = Signal(object)
    """(Plan): the user wants it."""
    token_wanted = Signal()
    """The user wants to put in an access token."""

    def __init__(
        self, repo: str, parent: QWidget | None = None, *, folder: Path | None = None, make: Callable[[], Job]
    ) -> None:
        """``make`` makes the job that tells the plan; ``folder`` is where an earlier download of it was to go."""
        super().__init__(parent)
        self.setWindowTitle("Download a model")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(620, 600)
        self.plan: Plan | None = None
        self._repo, self._make, self._folder = repo, make, folder
        self.job = BackgroundJob(self)
        self.banner, self.facts, self.files = Banner(), FactGrid(), QListWidget()
        self.places, self.place_note = Segments(_PLACES, "Where to"), QLabel()
        self.status = QLabel()
        self.cancel, self.again = QPushButton("Cancel"), QPushButton("Look again")
        self.page, self.token = QPushButton("Open its page"), QPushButton("Access token…")
        self.button = QPushButton("Download")
        self._placer = Latest(self._on_placed, failed=self._on_place_refused, parent=self)
        self._arrange()
        self._connect()
        self.look()

    def _arrange(self) -> None:
        title = QLabel(self._repo)
        title.setProperty("kind", "title")
        for label in (title, self.status, self.place_note):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        for label in (self.status, self.place_note):
            label.setProperty("kind", "secondary")
        self.files.setAccessibleName("Files that will be downloaded")
        self.files.setProperty("kind", "boxed")
        self.files.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.button.setProperty("kind", "primary")
        self.button.setDefault(True)
        self._content = QWidget()
        inside = QVBoxLayout(self._content)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(SPACE.UNIT)
        place = QHBoxLayout()
        place.setSpacing(SPACE.FIELD)
        place.addWidget(QLabel("Put it into"))
        place.addWidget(self.places)
        place.addStretch(1)
        inside.addWidget(self.facts)
        inside.addWidget(self.files, 1)
        inside.addLayout(place)
        inside.addWidget(self.place_note)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        column.setSpacing(SPACE.FIELD)
        for widget in (title, self.banner, self.status):
            column.addWidget(widget)
        column.addWidget(self._content, 1)
        column.addStretch(0)
        column.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(SPACE.UNIT)
        for button in (self.page, self.token, self.again, self.cancel):
            button.setAutoDefault(False)
        row.addWidget(self.page)
        row.addWidget(self.token)
        row.addStretch(1)
        for button in (self.again, self.cancel, self.button):
            row.addWidget(button)
        return row

    def _connect(self) -> None:
        self.job.told.connect(self._on_plan)
        self.job.failed.connect(self._on_failed)
        self.places.chosen.connect(self._on_place)
        self.button.clicked.connect(self._agree)
        self.cancel.clicked.connect(self.reject)
        self.again.clicked.connect(self.look)
        self.token.clicked.connect(self.token_wanted)
        self.page.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(page_of(self._repo))))

    def look(self) -> None:
        """Ask the hub what the model consists of."""
        self.plan = None
        self.banner.clear()
        self.status.setText("Asking the hub which files it consists of …")
        self.status.show()
        self._content.hide()
        for button in (self.again, self.token, self.page):
            button.hide()
        self.button.setEnabled(False)
        self.job.start(self._make)

    def done(self, code: int) -> None:
        """Closing it ends the asking."""
        self.job.stop()
        super().done(code)

    # What it would bring

    def _on_plan(self, plan: Plan) -> None:
        self.status.hide()
        self._content.show()
        self.page.show()
        self.files.clear()
        self.files.addItems([f"{file.name}   {format.size(file.size)}" for file in plan.files])
        self._show(plan)

    def _show(self, plan: Plan) -> None:
        self.plan, self._folder = plan, plan.folder
        files = format.plural(len(plan.files), "file")
        here = f"; {format.size(plan.here_bytes)} of it are here already" if plan.here_bytes else ""
        rows = [
            ("Size", f"{format.size(plan.total_bytes)} in {files}{here}"),
            ("Free there", format.size(plan.free_bytes)),
            ("Licence", plan.licence or "Not stated: ask its owner before you use it for more than trying"),
        ]
        if plan.licence_url:
            rows.append(("Its text", plan.licence_url))
        self.facts.set_rows(rows)
        self.places.set_value(CACHE if plan.folder is None else FOLDER)
        self.place_note.setText(_CACHE_NOTE if plan.folder is None else format.place(plan.folder))
        missing = format.size(plan.missing_bytes)
        self.button.setText(f"Download {missing}" if plan.missing_bytes else "Use what is here")
        self._judge(plan)

    def _judge(self, plan: Plan) -> None:
        """Whether it can be had, and whether there is room for it."""
        advice = _ACCESS.get(plan.access, "")
        for button in (self.again, self.token):
            button.setVisible(bool(advice))
        if advice:
            self.banner.say("Its owner gives it only to people who agreed to its terms.", advice, tone="warn")
        elif not plan.fits:
            missing, free = format.size(plan.missing_bytes), format.size(plan.free_bytes)
            text = f"{missing} are to come and {free} are free. Free some space, or choose a folder on another disk."
            self.banner.say("There is too little room on the disk for this model.", text, tone="warn")
        else:
            self.banner.clear()
        self.button.setEnabled(not advice and plan.fits)

    def _on_failed(self, error: UserError) -> None:
        self.status.hide()
        self.banner.show_problem(error)
        for button in (self.again, self.token, self.page):
            button.show()

    # Where to

    def _on_place(self, place: str) -> None:
        if self.plan is None:
            return
        if place == CACHE:
            self._place(None)
            return
        chosen = QFileDialog.getExistingDirectory(self, "Put the model's folder into", str(Path.home()))
        if chosen:
            self._place(Path(chosen) / self._repo.rpartition("/")[2])
        else:
            self.places.set_value(CACHE if self.plan.folder is None else FOLDER)

    def _place(self, folder: Path | None) -> None:
        plan = self.plan
        if plan is not None:
            self._placer.ask(lambda: placed(plan, folder))

    def _on_placed(self, plan: Plan) -> None:
        self._show(plan)

    def _on_place_refused(self, error: UserError) -> None:
        self.banner.show_problem(error)
        if self.plan is not None:
            self.places.set_value(CACHE if self.plan.folder is None else FOLDER)

    def _agree(self) -> None:
        if self.plan is not None and self.button.isEnabled():
            self.agreed.emit(self.plan)
            self.accept()
