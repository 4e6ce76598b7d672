"""Chooses how a conversation is written for the base model: its own chat template, one that ships, or one's own."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.latest import Latest
from app.model_sample import Sample
from app.theme import SPACE
from app.widgets.two_lines import TwoLines, two_line_item
from core.errors import UserError
from core.prompt.chosen_template import shipped
from core.recipe.choices import CHAT_TEMPLATES, OWN, WRITTEN

_PAUSE_MS = 400
_ABOUT = (
    "A chat template turns a conversation into the text that the model reads. Keep the model's own where it has one: "
    "it was trained with it. Training, chat, comparison and exports all use what you choose here."
)
_HELP = (
    "A Jinja template, with messages (role and content each), add_generation_prompt, bos_token and eos_token. It runs "
    "in a process of its own, with limits of time and memory."
)


class TemplateDialog(QDialog):
    """Shows at once how an example of the project reads, or what is wrong."""

    chosen = Signal(str, str)
    """(name as the recipe has it, text of one's own)"""

    def __init__(
        self,
        name: str,
        written: str,
        parent: QWidget | None = None,
        *,
        has_own: bool,
        render: Callable[[str], Sample],
    ) -> None:
        """Show what is in force.

        Args:
            name: the chosen template, as the recipe has it.
            written: the text of one's own; may be empty.
            parent: whose dialog it is.
            has_own: whether the model has one.
            render: renders an example with a template (a shipped one's name, a text, or "" for the model's own), in
                another thread.
        """
        super().__init__(parent)
        self.setWindowTitle("Chat template")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(900, 640)
        self._render = render
        self._source = ""  # of the template that was rendered last; one's own begins with it
        self.list, self.editor, self.preview = QListWidget(), QPlainTextEdit(written), QPlainTextEdit()
        self.problem, self._help = QLabel(), QLabel(_HELP)
        self.cancel, self.button = QPushButton("Cancel"), QPushButton("Use this template")
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._look)
        self._reader = Latest(self._on_sample, failed=self._on_problem, parent=self)
        self._fill(name, has_own=has_own)
        self._arrange()
        self.list.currentRowChanged.connect(lambda _row: self._on_choice())
        self.editor.textChanged.connect(self._on_text)
        self.button.clicked.connect(self._choose)
        self.cancel.clicked.connect(self.reject)
        self._on_choice()

    @property
    def name(self) -> str:
        """The template that is marked, as the recipe has it."""
        return str(self.list.currentItem().data(Qt.ItemDataRole.UserRole))

    def _fill(self, name: str, *, has_own: bool) -> None:
        own = "What it was trained with" if has_own else "It has none, so Alpaca text is used"
        entries = [(OWN, "The model's own", own)]
        entries += [(one.name, one.title, one.about) for one in shipped()]
        entries.append((WRITTEN, CHAT_TEMPLATES[WRITTEN], "Write it, and see at once what it does"))
        for key, title, about in entries:
            item = two_line_item(title, about)
            item.setData(Qt.ItemDataRole.UserRole, key)
            item.setToolTip(about)
            self.list.addItem(item)
            if key == name:
                self.list.setCurrentItem(item)

    def _arrange(self) -> None:
        title, about, seen = QLabel("Chat template"), QLabel(_ABOUT), QLabel("An example of this project")
        title.setProperty("kind", "title")
        seen.setFont(theme.ui_font(strong=True))
        self._help.setProperty("kind", "secondary")
        self.problem.setProperty("kind", "problem")
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        for label in (about, self._help, self.problem):
            label.setWordWrap(True)
        self.list.setAccessibleName("Chat templates")
        self.list.setProperty("kind", "boxed")
        self.list.setUniformItemSizes(True)
        self.list.setFixedWidth(320)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setItemDelegate(TwoLines(self.list))
        for field, name in ((self.editor, "Your own chat template"), (self.preview, "An example of this project")):
            field.setAccessibleName(name)
            field.setTabChangesFocus(True)
            field.setFont(theme.mono_font("small"))
        self.preview.setProperty("kind", "log")
        self.preview.setReadOnly(True)
        self.button.setProperty("kind", "primary")
        side = QVBoxLayout()
        side.setSpacing(SPACE.UNIT)
        for widget, stretch in ((self.editor, 1), (self._help, 0), (seen, 0), (self.preview, 1), (self.problem, 0)):
            side.addWidget(widget, stretch)
        middle = QHBoxLayout()
        middle.setSpacing(SPACE.GAP)
        middle.addWidget(self.list)
        middle.addLayout(side, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.button)
        self.cancel.setAutoDefault(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        column.setSpacing(SPACE.FIELD)
        column.addWidget(title)
        column.addWidget(about)
        column.addLayout(middle, 1)
        column.addLayout(buttons)

    def _on_choice(self) -> None:
        is_own = self.name == WRITTEN
        if is_own and not self.editor.toPlainText():
            self.editor.setPlainText(self._source)
        for widget in (self.editor, self._help):
            widget.setVisible(is_own)
        self._look()

    def _on_text(self) -> None:
        self.button.setEnabled(False)
        self._pause.start()

    def _look(self) -> None:
        self._pause.stop()
        self.button.setEnabled(False)
        render, name, text = self._render, self.name, self.editor.toPlainText()
        template = text if name == WRITTEN else "" if name == OWN else name
        if name == WRITTEN and not text.strip():
            self._reader.forget()
            self.preview.clear()
            self._say("Nothing is written yet.")
        else:
            self._reader.ask(lambda: render(template))

    def _on_sample(self, sample: Sample) -> None:
        self._source = sample.template
        self.preview.setPlainText(sample.text)
        self._say("")
        self.button.setEnabled(not self._pause.isActive())

    def _on_problem(self, error: UserError) -> None:
        self.preview.clear()
        what = error.reason or error.title
        self._say(f"It cannot be used as it is: {what}" if self.name == WRITTEN else str(error))

    def _say(self, words: str) -> None:
        self.problem.setText(words)
        self.problem.setVisible(bool(words))

    def _choose(self) -> None:
        name = self.name
        self.chosen.emit(name, self.editor.toPlainText() if name == WRITTEN else "")
        self.accept()
