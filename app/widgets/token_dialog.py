"""The hub's access token: put one in, test it, forget it. It is never shown again."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.background_job import BackgroundJob
from app.hub_access import HubAccess, SigningIn
from app.latest import Latest
from app.sending import Account
from app.theme import SPACE
from app.widgets.banner import Banner
from core.base_models.hub.model import page_of
from core.errors import UserError

_ABOUT = (
    "Most models need none. One whose owner wants consent does: agree to the terms on the model's page, make a token "
    "of that account (the right to read is enough), and put it in here."
)
_KEPT = "It is kept in the system's keyring and nowhere else."
_NOT_KEPT = "This system has no keyring, so it is kept until Tunesmith closes and never written to a file."


class TokenDialog(QDialog):
    """A token is kept once the hub knows it."""

    changed = Signal()
    """There is another token now, or none."""

    def __init__(self, access: HubAccess, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Access token")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(560)
        self._access = access
        self._account: Account | None = None
        self._is_changed = False  # and nobody knows yet
        self.job = BackgroundJob(self)
        self.banner, self.state, self.note = Banner(), QLabel("Looking into the keyring …"), QLabel()
        self.field = QLineEdit()
        self.make, self.forget = QPushButton("Make one on its site"), QPushButton("Forget the token")
        self.close_button, self.button = QPushButton("Close"), QPushButton("Test and keep")
        self._reader = Latest(self._on_account, failed=self._on_failed, parent=self)
        self._arrange()
        self._connect()
        self._reader.ask(access.account)

    def _arrange(self) -> None:
        title, about, label = QLabel("Access token of Hugging Face"), QLabel(_ABOUT), QLabel("Another token")
        title.setProperty("kind", "title")
        for words in (about, self.state, self.note):
            words.setWordWrap(True)
        self.note.setProperty("kind", "secondary")
        self._label = label
        label.setText("Access token")
        label.setBuddy(self.field)
        self.field.setAccessibleName("Access token")
        self.field.setPlaceholderText("hf_…")
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        self.forget.setProperty("kind", "danger")
        self.button.setProperty("kind", "primary")
        self.button.setDefault(True)
        row = QHBoxLayout()
        row.setSpacing(SPACE.UNIT)
        for button in (self.make, self.forget, self.close_button):
            button.setAutoDefault(False)
        row.addWidget(self.make)
        row.addWidget(self.forget)
        row.addStretch(1)
        row.addWidget(self.close_button)
        row.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        column.setSpacing(SPACE.UNIT)
        for widget in (title, about, self.banner, self.state, label, self.field, self.note):
            column.addWidget(widget)
        column.addSpacing(SPACE.UNIT)
        column.addLayout(row)
        self.forget.hide()
        self._show_button()

    def _connect(self) -> None:
        self.field.textChanged.connect(self._show_button)
        self.button.clicked.connect(self.test)
        self.close_button.clicked.connect(self.reject)
        self.forget.clicked.connect(self._forget)
        self.make.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(page_of("settings/tokens"))))
        self.job.told.connect(self._on_name)
        self.job.failed.connect(self._on_failed)
        self.job.ended.connect(self._show_button)

    def test(self) -> None:
        """Ask the hub whose token it is, and keep it if it was typed."""
        typed = self.field.text().strip()
        if self.job.busy or not self.button.isEnabled():
            return
        self.banner.clear()
        self.state.setText("Asking the hub whose token it is …")
        self.button.setEnabled(False)
        self.job.start(lambda: SigningIn(self._access, typed))

    def done(self, code: int) -> None:
        """Closing it ends the asking."""
        self.job.stop()
        super().done(code)

    def _on_account(self, account: Account) -> None:
        self._account = account
        self.state.setText("A token is kept." if account.has_token else "No token is kept.")
        self._label.setText("Another token" if account.has_token else "Access token")
        self.note.setText(_KEPT if account.keeps else _NOT_KEPT)
        self.forget.setVisible(account.has_token)
        self._show_button()
        if self._is_changed:
            self._is_changed = False
            self.changed.emit()

    def _show_button(self) -> None:
        typed = bool(self.field.text().strip())
        kept = self._account is not None and self._account.has_token
        self.button.setText("Test it" if kept and not typed else "Test and keep")
        self.button.setEnabled(self._account is not None and not self.job.busy and (typed or kept))

    def _on_name(self, name: str) -> None:
        typed = bool(self.field.text().strip())
        self.field.clear()
        self.banner.say(f"It belongs to the account {name}.", tone="good")
        self._is_changed = typed
        self._reader.ask(self._access.account)

    def _forget(self) -> None:
        self.banner.clear()

        def forgotten() -> Account:
            self._access.forget()
            return self._access.account()

        self._is_changed = True
        self._reader.ask(forgotten)

    def _on_failed(self, error: UserError) -> None:
        self.banner.show_problem(error)
        self.state.setText("")
        self._show_button()
