"""Sends a folder to a private repository on the hub: first it shows every file that would go, then it asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app import format, sending
from app.background_job import BackgroundJob, Job
from app.latest import Latest
from app.sending import Account, TokenSending
from app.theme import SPACE
from app.widgets.banner import Banner

if TYPE_CHECKING:
    from core.base_models.hub.sending import Parcel, Sending, Sent
    from core.errors import UserError

Make = Callable[["Parcel", str, bool], Job]
_PARTS = 1000
_ABOUT = (
    "These files, and nothing else, go over the network to Hugging Face, into a private repository of your account. "
    "Only you see it there until you say otherwise on its page."
)


def make_sending(parcel: Parcel, typed: str, keep: bool) -> Job:
    """With the token that was typed, or the one in the keyring."""
    return TokenSending(parcel, typed, keep=keep)


class SendDialog(QDialog):
    """Closing it ends a sending under way; nothing of it is seen on the hub then."""

    sent = Signal(object)
    """(Sent)"""

    def __init__(
        self,
        folder: Path,
        parent: QWidget | None = None,
        *,
        account: Callable[[], Account] = sending.account,
        make: Make = make_sending,
    ) -> None:
        """Propose the folder's name."""
        super().__init__(parent)
        self.setWindowTitle("Send to the hub")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(600)
        self._folder, self._make = folder, make
        self._parcel: Parcel | None = None
        self._account: Account | None = None
        self._address = ""
        self.job = BackgroundJob(self)
        self.banner = Banner()
        self.repo, self.token = QLineEdit(folder.name), QLineEdit()
        self.signed_in, self.keep = QLabel(), QCheckBox("Keep it in the system's keyring")
        self.files, self.note = QListWidget(), QLabel()
        self.bar = QProgressBar()
        self.button, self.cancel = QPushButton("Send"), QPushButton("Cancel")
        self.copy = QPushButton("Copy the address")
        self._reader = Latest(self._on_parcel, failed=self._on_name_refused, parent=self)
        self._accounts = Latest(self._on_account, failed=self._on_failed, parent=self)
        self._arrange()
        self._connect()
        self._accounts.ask(account)
        self._read()

    def _arrange(self) -> None:
        title, about = QLabel("Send to a private repository"), QLabel(_ABOUT)
        title.setProperty("kind", "title")
        about.setWordWrap(True)
        self.repo.setAccessibleName("Name of the repository")
        self.repo.setPlaceholderText("NAME, or OWNER/NAME for an organisation's")
        self.token.setAccessibleName("Access token")
        self.token.setPlaceholderText("hf_…, with the right to write")
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.files.setAccessibleName("Files that will be sent")
        self.files.setProperty("kind", "boxed")
        self.files.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.note.setWordWrap(True)
        for label in (self.note, self.signed_in):
            label.setProperty("kind", "secondary")
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.bar.setRange(0, _PARTS)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the sending")
        self.button.setProperty("kind", "primary")
        self.button.setDefault(True)
        self.button.setEnabled(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        column.setSpacing(SPACE.UNIT)
        for widget in (title, about, self.banner):
            column.addWidget(widget)
        for words, widget in (("Repository", self.repo), ("Access token", self.token)):
            label = QLabel(words)
            label.setBuddy(widget)
            column.addWidget(label)
            column.addWidget(widget)
            if widget is self.token:
                self._token_label = label
        for widget in (self.keep, self.signed_in, QLabel("Files"), self.files, self.bar, self.note):
            column.addWidget(widget)
        column.addLayout(self._buttons())
        for widget in (self.bar, self.keep, self.token, self._token_label, self.copy):
            widget.hide()

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(SPACE.UNIT)
        row.addStretch(1)
        for button in (self.cancel, self.copy, self.button):
            row.addWidget(button)
        for button in (self.cancel, self.copy):
            button.setAutoDefault(False)
        return row

    def _connect(self) -> None:
        self.repo.textChanged.connect(self._read)
        self.token.textChanged.connect(self._show_button)
        self.button.clicked.connect(self._on_button)
        self.cancel.clicked.connect(self._on_cancel)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._address))
        self.job.told.connect(self._on_told)
        self.job.failed.connect(self._on_failed)

    # What would be sent

    def _read(self) -> None:
        self._parcel = None
        self._show_button()
        folder, repo = self._folder, self.repo.text()
        self._reader.ask(lambda: sending.parcel(folder, repo))

    def _on_parcel(self, parcel: Parcel) -> None:
        self._parcel = parcel
        self.files.clear()
        self.files.addItems([f"{file.name}   {format.size(file.size)}" for file in parcel.files])
        self.note.setText("")
        many = format.plural(len(parcel.files), "file")
        self.button.setText(f"Send {many} ({format.size(parcel.total_bytes)})")
        self._show_button()

    def _on_name_refused(self, error: UserError) -> None:
        self.note.setText(f"{error.title} {error.reason} {error.hint}")
        self._show_button()

    def _on_account(self, account: Account) -> None:
        self._account = account
        for widget in (self.token, self._token_label):
            widget.setVisible(not account.has_token)
        self.keep.setVisible(account.keeps and not account.has_token)
        self.keep.setChecked(account.keeps)
        self.signed_in.setText("Sent with the access token that is in the system's keyring.")
        self.signed_in.setVisible(account.has_token)
        self._show_button()

    def _show_button(self) -> None:
        has_token = self._account is not None and (self._account.has_token or bool(self.token.text().strip()))
        self.button.setEnabled(bool(self._address) or (self._parcel is not None and has_token))

    # The sending

    def start(self) -> None:
        """Send what is shown."""
        parcel, make = self._parcel, self._make
        if parcel is None or self.job.busy:
            return
        typed, keep = self.token.text().strip(), self.keep.isChecked() and not self.keep.isHidden()
        self.banner.clear()
        self._show_working(True)
        self.job.start(lambda: make(parcel, typed, keep))

    def done(self, code: int) -> None:
        """Closing it ends a sending under way."""
        self.job.stop()
        super().done(code)

    def _on_button(self) -> None:
        if self._address:
            QDesktopServices.openUrl(QUrl(self._address))
        else:
            self.start()

    @property
    def _working_on_it(self) -> bool:
        """Whether something would be given up; a job whose result is there has only to end."""
        return self.job.busy and not self._address

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leaves; a sending under way is not given up by a slip, the button does that."""
        if event.key() == Qt.Key.Key_Escape and self._working_on_it:
            self.cancel.setFocus()
            return
        super().keyPressEvent(event)

    def _on_cancel(self) -> None:
        if not self._working_on_it:
            self.reject()
            return
        self.job.stop()
        self.banner.say("The sending was ended.", "Nothing of it is seen on the hub.")
        self._show_working(False)

    def _on_told(self, message: Sending | Sent) -> None:
        from core.base_models.hub.sending import Sending

        if isinstance(message, Sending):
            self.bar.setValue(round(_PARTS * message.done / max(1, message.total)))
            done, total = format.size(message.done), format.size(message.total)
            self.note.setText(f"{message.file or 'Sent'}: {done} of {total}")
            return
        self._address = message.address
        self.bar.hide()
        self.banner.say("Sent.", f"{message.repo} is a private repository: {message.address}", tone="good")
        self.note.setText("")
        self.button.setText("Open its page")
        self.cancel.setText("Close")
        self.copy.show()
        self._show_button()
        self.sent.emit(message)

    def _on_failed(self, error: UserError) -> None:
        self.banner.show_problem(error)
        self._show_working(False)

    def _show_working(self, working: bool) -> None:
        for widget in (self.repo, self.token, self.keep):
            widget.setEnabled(not working)
        self.bar.setValue(0)
        self.bar.setVisible(working)
        self.note.setText("Asking the hub…" if working else "")
        if working:
            self.button.setEnabled(False)
        else:
            self._show_button()
