"""Is fine-tuning right for this? Eight questions on the left, the advice that follows from the answers on the right."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.theme import SPACE
from app.widgets.card import Card
from app.widgets.plain_editor import PlainEditor
from app.widgets.question_field import QuestionField
from app.widgets.tool_advice import ToolAdvice
from core.guidance.advice import Advice, Way, advise
from core.guidance.purpose import LONGEST_GOAL, Purpose
from core.guidance.questions import QUESTIONS

_TYPED_MS = 500


class GuidanceDialog(QDialog):
    """Every answer is told at once: there is nothing to save, and closing loses nothing."""

    purpose_changed = Signal(object)
    """(Purpose): the user said something else."""
    project_wanted = Signal()
    """A new project is to be made with these answers."""
    prompt_wanted = Signal()
    """The prompt is to be tried first."""

    def __init__(self, purpose: Purpose, *, project: str = "", read_only: bool = False, parent: QWidget | None = None):
        """``project`` is the name of the one whose purpose it is; none for a project that is still to be made."""
        super().__init__(parent)
        self.setWindowTitle("Is fine-tuning right for this?")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(980, 680)
        self.purpose = purpose
        self.goal = PlainEditor(
            placeholder="For example: answers to customers in the tone of our letters", lines=(2, 4)
        )
        self.goal.setAccessibleName("What should the model do?")
        self.goal.load(purpose.goal)
        self.goal.setReadOnly(read_only)
        self.fields: dict[str, QuestionField] = {}
        self.advice = ToolAdvice()
        self._typed = QTimer(self, interval=_TYPED_MS, singleShot=True)
        self._typed.timeout.connect(self._take_goal)
        self.goal.edited.connect(self._typed.start)
        self.goal.left.connect(self._take_goal)
        kept = f"Kept as the purpose of {project}." if project else "Kept as the purpose of the project you make."
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        column.setSpacing(SPACE.UNIT)
        column.addWidget(_words("Is fine-tuning right for this?", "title"))
        column.addWidget(_words(f"Answer what you can; every answer sharpens the advice. {kept}", "secondary"))
        row = QHBoxLayout()
        row.setSpacing(SPACE.GAP)
        row.addWidget(self._questions(read_only), 5)
        row.addWidget(self._beside(), 4)
        column.addLayout(row, 1)
        column.addLayout(self._buttons(project, read_only))
        self._show()

    def done(self, result: int) -> None:
        """Nothing typed is lost."""
        self._take_goal()
        super().done(result)

    def _questions(self, read_only: bool) -> QWidget:
        inside = QWidget()
        inside.setProperty("kind", "scrolled")
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, SPACE.CARD, 0)
        column.setSpacing(SPACE.UNIT)
        column.addWidget(_words("What should the model do?", "heading"))
        column.addWidget(self.goal)
        column.addSpacing(SPACE.UNIT)
        for item in QUESTIONS:
            choices = {choice.id: choice.words for choice in item.choices}
            field = self.fields[item.id] = QuestionField(item.title, item.why, choices, several=item.several)
            field.set_answer(self.purpose.answers.get(item.id, ()))
            field.setEnabled(not read_only)
            field.answered.connect(lambda ids, id=item.id: self._on_answer(id, ids))
            column.addWidget(field)
        column.addStretch(1)
        area = _scrolled(inside)
        area.setAccessibleName("Questions")
        return area

    def _beside(self) -> QWidget:
        card = Card("Advice")
        inside = QWidget()
        inside.setProperty("kind", "scrolled")
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, SPACE.UNIT, 0)
        column.addWidget(self.advice)
        column.addStretch(1)
        card.body.addWidget(_scrolled(inside))
        return card

    def _buttons(self, project: str, read_only: bool) -> QHBoxLayout:
        self.start = QPushButton("Start a project with these answers")
        self.start.setVisible(not project)
        self.start.clicked.connect(self.accept)
        self.start.clicked.connect(self.project_wanted)
        self.try_prompt = QPushButton("Try the prompt first")
        self.try_prompt.setVisible(bool(project) and not read_only)
        self.try_prompt.clicked.connect(self.accept)
        self.try_prompt.clicked.connect(self.prompt_wanted)
        self.close_button = QPushButton("Close")
        self.close_button.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(SPACE.UNIT)
        row.addStretch(1)
        row.addWidget(self.close_button)
        for button in (self.start, self.try_prompt):
            button.setProperty("kind", "primary")
            row.addWidget(button)
        return row

    def _on_answer(self, id: str, ids: tuple[str, ...]) -> None:
        self._change(self.purpose.with_answer(id, ids))

    def _take_goal(self) -> None:
        self._typed.stop()
        self._change(Purpose(goal=self.goal.text()[:LONGEST_GOAL], answers=self.purpose.answers))

    def _change(self, purpose: Purpose) -> None:
        if purpose != self.purpose:
            self.purpose = purpose
            self._show()
            self.purpose_changed.emit(purpose)

    def _show(self) -> None:
        found = advise(self.purpose)
        show_advice(self.advice, found)
        self.try_prompt.setDefault(found.way is Way.PROMPT)


def show_advice(view: ToolAdvice, advice: Advice) -> None:
    """Say it."""
    view.set_words(advice.title, advice.reasons, advice.next, advice.cautions)


def _scrolled(inside: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidget(inside)
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area


def _words(text: str, kind: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("kind", kind)
    return label
