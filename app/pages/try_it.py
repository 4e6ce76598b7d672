"""The Try-it panel at work: asks the model, shows what it answers, and lets it go when nobody needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from app import format
from app.adapter_details import AdapterDetails
from app.answer_thread import ADAPTER, BASE, Question, Side
from app.answers import Answers, MakeModel, State, model_process
from app.machine_watch import MachineWatch
from app.session import Session
from app.widgets.toast import show_toast
from app.widgets.try_answer import TryAnswer
from app.widgets.try_panel import TryPanel
from core.errors import UserError
from core.generation.sampling import EXACT

if TYPE_CHECKING:
    from core.generation.client import Token

IDLE_MS = 180_000  # a model that nobody looks at keeps its memory this long
_GIVES_WAY = "Training needs the memory that the model would take."
_AGAIN = "Adapters can be tried again when the run has ended or is paused."
_MARKS = {State.AWAY: "queued", State.LOADING: "starting", State.ANSWERING: "running", State.READY: "finished"}


class TryIt(QObject):
    """Joins the panel to the session and to the model; it is told which adapter is chosen."""

    def __init__(
        self,
        session: Session,
        panel: TryPanel,
        *,
        make: MakeModel = model_process,
        idle_ms: int = IDLE_MS,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._details: AdapterDetails | None = None
        self._seed = 0
        self.panel = panel
        self.answers = Answers(make, self)
        self.machine = MachineWatch(session, self)
        self._seen = False
        self._sides: dict[str, TryAnswer] = {BASE: panel.base, ADAPTER: panel.adapter}
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(idle_ms)
        self._idle.timeout.connect(self._on_idle)
        panel.answer_wanted.connect(self.ask)
        panel.stop_wanted.connect(self.stop)
        panel.filled.connect(self.answers.drop)
        for side in self._sides.values():
            side.copied.connect(lambda: show_toast(panel, "Copied."))
        self.answers.state_changed.connect(self._show_state)
        self.answers.written.connect(lambda side, text: self._sides[side].add(text))
        self.answers.answered.connect(self._on_answered)
        self.answers.failed.connect(self._on_failed)
        self.answers.refused.connect(self._on_refused)
        session.project_changed.connect(self._on_project)
        session.runs_changed.connect(self._on_runs)
        session.training_changed.connect(self._on_runs)
        session.model_wanted.connect(self._on_model_wanted)
        self.machine.changed.connect(self._on_runs)
        self._was_training = False
        self._show_state()
        self._on_runs()

    # What the user wants

    def set_details(self, details: AdapterDetails | None, title: str = "") -> None:
        """Try this adapter from now on; nothing is loaded before the first question."""
        before, self._details = self._details, details
        self._block()
        if details is None or (before is not None and (before.run, before.files) == (details.run, details.files)):
            return
        self.answers.drop()
        self.panel.set_adapter(title)
        self.panel.heldout.set_examples(details.heldout)

    def ask(self) -> None:
        """Have the base model and the adapter answer what is written."""
        details, panel = self._details, self.panel
        if details is None or details.recipe is None or not panel.can_ask:
            return
        panel.banner.clear()
        panel.confirm()
        temperature = panel.temperature.value
        self._seed += temperature > 0  # drawing again gives another answer; with 0 nothing is drawn
        sampling = EXACT.with_(max_new_tokens=panel.max_tokens.value(), temperature=temperature, seed=self._seed)
        sides = Side(BASE, panel.question), Side(ADAPTER, panel.question, ((details.run.adapter, 1.0),))
        question = Question(sides, sampling)
        panel.base.wait("")
        panel.adapter.wait("")
        self._session.model_wanted.emit(self)
        self.answers.ask(details.recipe.model, question)
        self._show_state()

    def stop(self) -> None:
        """End the answers."""
        self.answers.stop()

    # What the model does

    def _show_state(self, *_: object) -> None:
        state, panel = self.answers.state, self.panel
        self.machine.watch(self._seen or state is not State.AWAY)
        panel.set_state(_MARKS[state], self._state_words(state))
        panel.set_busy(self.answers.busy)
        if not self.answers.busy:
            return
        if state is State.LOADING:
            panel.base.wait("Loading the model…")
            panel.adapter.wait("Loading the model…")
        else:
            panel.base.wait("Writing…")
            panel.adapter.wait("Its turn is next")

    def _state_words(self, state: State) -> str:
        match state:
            case State.AWAY:
                return "Not loaded"
            case State.LOADING:
                return "Loading the model…"
            case State.ANSWERING:
                return "Answering…"
            case State.READY:
                return f"Ready on {self.answers.device}" if self.answers.device else "Ready"

    def _on_answered(self, side: str, token: Token) -> None:
        self._sides[side].finish(ending_words(token, self.panel.max_tokens.value()))
        if side == BASE and self.answers.busy:
            self.panel.adapter.wait("Writing…")
        self.panel.set_busy(self.answers.busy)

    def _on_refused(self, _side: str, error: UserError) -> None:
        self.answers.drop()
        self._on_failed(error)

    def _on_failed(self, error: UserError) -> None:
        for side in self._sides.values():
            side.clear()
        self.panel.set_busy(False)
        self.panel.banner.show_problem(error)

    # When the model is let go

    def set_seen(self, seen: bool) -> None:
        """Whether somebody can see the panel; some minutes after nobody can, the model is let go."""
        self._seen = seen
        self.machine.watch(seen or self.answers.state is not State.AWAY)
        if seen:
            self._idle.stop()
        else:
            self._idle.start()

    def _on_idle(self) -> None:
        if self.answers.busy:
            self._idle.start()
        else:
            self.answers.release()

    def _on_model_wanted(self, who: object) -> None:
        if who is not self:
            self.answers.release()

    def _on_project(self) -> None:
        self.answers.release()
        self._details = None
        self.panel.clear_answers()

    def _on_runs(self) -> None:
        """Training needs the memory: the model gives way to it."""
        training = self._is_training
        if training == self._was_training:
            return
        self._was_training = training
        gave_way = training and self.answers.state is not State.AWAY
        if training:
            self.answers.release()
            text = "The model that answered here was let go: training needs the memory." if gave_way else _GIVES_WAY
            elsewhere = "" if self._session.is_training else f" It is {self.machine.busy}, on this machine."
            self.panel.banner.say("A run is being trained.", f"{text}{elsewhere} {_AGAIN}")
        else:
            self.panel.banner.clear()
        self._block()

    @property
    def _is_training(self) -> bool:
        """Whether a run has the machine, one of this project or of another."""
        return self._session.is_training or bool(self.machine.busy)

    def _block(self) -> None:
        """Let questions be asked, or not."""
        unreadable = self._details is not None and self._details.recipe is None
        self.panel.set_blocked(self._is_training or unreadable)
        if unreadable and not self._is_training:
            text = "The settings of its run cannot be read, so nobody knows its base model."
            self.panel.banner.say("This adapter cannot be tried.", text, tone="warn")


def ending_words(token: Token, limit: int) -> str:
    """How an answer ended, and how fast it was written."""
    if token.end == "cancelled":
        return "Stopped"
    words = format.plural(token.tokens, "token")
    if token.seconds > 0:
        each = format.count(round(token.tokens / token.seconds))
        words += f" in {format.fixed(token.seconds, 1)} s, {each} a second"
    if token.end == "length":
        why = f"cut at {format.count(limit)}" if token.tokens >= limit else "cut: no more fits"
        return f"{why[0].upper()}{why[1:]}; {words}"
    return words
