"""The model that answers on a page: loaded when it is asked, let go when training needs the memory or nobody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.answer_thread import Question
from app.answers import Answers, MakeModel, State, model_process
from app.machine_watch import MachineWatch
from app.session import Session

if TYPE_CHECKING:
    from core.recipe.schema import ModelSettings

IDLE_MS = 180_000  # a model that nobody looks at keeps its memory this long
WORDS = {State.AWAY: "Not loaded", State.LOADING: "Loading the model…", State.ANSWERING: "Answering…"}
HELP = (
    "The model is loaded with your first question and stays in memory for the next ones. "
    "It gives way to training, and goes some minutes after you leave this page."
)
MARKS = {State.AWAY: "queued", State.LOADING: "starting", State.ANSWERING: "running", State.READY: "finished"}
"""The states of a run whose colours are those of the model's states."""


class ModelKeeper(QObject):
    """``answers`` is asked through :meth:`ask`; its signals tell what comes.

    Signals:
        changed: something began or ended that needs the memory; see ``is_blocked`` and ``gave_way``.
    """

    changed = Signal()

    def __init__(
        self,
        session: Session,
        *,
        make: MakeModel = model_process,
        idle_ms: int = IDLE_MS,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self.answers = Answers(make, self)
        self.machine = MachineWatch(session, self)
        self.gave_way = False  # a model was let go for what has the machine now
        self._was_blocked = False
        self._seen = False
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(idle_ms)
        self._idle.timeout.connect(self._on_idle)
        self.answers.state_changed.connect(self._watch)
        session.project_changed.connect(self.answers.release)
        session.runs_changed.connect(self._on_runs)
        session.training_changed.connect(self._on_runs)
        session.model_wanted.connect(self._on_model_wanted)
        self.machine.changed.connect(self._on_runs)
        self._on_runs()

    @property
    def is_blocked(self) -> bool:
        """Whether a run, a comparison or an export has the machine, of this project or of another."""
        return self._session.is_training or bool(self.machine.busy)

    @property
    def state_words(self) -> str:
        """How the model is."""
        on = f" on {self.answers.device}" if self.answers.device else ""
        return WORDS.get(self.answers.state, f"Ready{on}")

    def why_blocked(self) -> tuple[str, str]:
        """Why nothing can be asked now, as a title and a text."""
        if self._session.is_training:
            title, until = "A run is being trained.", "when the run has ended or is paused"
        else:
            title, until = f"This machine is at work on {self.machine.busy}.", "when that has ended"
        if self.gave_way:
            text = "The model that answered here was let go: the memory is needed."
        else:
            text = "That needs the memory which the model would take."
        return title, f"{text} You can go on {until}."

    def ask(self, model: ModelSettings, question: Question) -> None:
        """Have a question answered; whoever else holds a model lets it go."""
        self._session.model_wanted.emit(self)
        self.answers.ask(model, question)

    def set_seen(self, seen: bool) -> None:
        """Whether somebody can see the page; some minutes after nobody can, the model is let go."""
        self._seen = seen
        self._watch()
        if seen:
            self._idle.stop()
        else:
            self._idle.start()

    def _watch(self, *_: object) -> None:
        self.machine.watch(self._seen or self.answers.state is not State.AWAY)

    def _on_idle(self) -> None:
        if self.answers.busy:
            self._idle.start()
        else:
            self.answers.release()

    def _on_model_wanted(self, who: object) -> None:
        if who is not self:
            self.answers.release()

    def _on_runs(self) -> None:
        blocked = self.is_blocked
        if blocked == self._was_blocked:
            return
        self._was_blocked = blocked
        self.gave_way = blocked and self.answers.state is not State.AWAY
        if blocked:
            self.answers.release()
        self.changed.emit()
