"""Starting a comparison: what there is to choose from, the dialog, and the plan that is made from the choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app import format
from app.latest import Latest
from app.session import Session
from core.errors import RecipeError, UserError

if TYPE_CHECKING:
    from app.widgets.comparison_dialog import AdapterChoice, ComparisonDialog, ComparisonWish
    from core.evaluation.comparison import Comparison
    from core.library.entries import Adapter
    from core.project import Project
    from core.prompt.best import BestPrompt

_HARD_ROWS = 300  # training examples whose loss is measured at most


@dataclass(frozen=True, slots=True)
class _Known:
    """What the dialog shows."""

    project: Project
    choices: list[AdapterChoice]
    best: BestPrompt
    wanted: str


class ComparisonStart(QObject):
    """Asks, keeps the prompt, and says what is to be planned."""

    chosen = Signal(object)
    """(app.comparing.Plan): the user wants this compared."""
    failed = Signal(object)
    """(UserError)"""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._parent = parent
        self.dialog: ComparisonDialog | None = None
        self._lister = Latest(self._open, failed=self.failed.emit, parent=self)

    def ask(self, adapter: str = "") -> None:
        """Open the dialog, with this adapter chosen (the newest unless given)."""
        project = self._session.project
        if project is not None and not project.read_only and self.dialog is None:
            self._lister.ask(lambda: _known(project, adapter))

    def _open(self, known: _Known) -> None:
        from app.widgets.comparison_dialog import ComparisonDialog
        from core.evaluation.planning import MOST_ANSWERED
        from core.prompt.best import MOST_EXAMPLES

        if known.project is not self._session.project or self.dialog is not None:
            return
        choices = known.choices
        chosen = known.wanted or next((choice.key for choice in choices if not choice.is_checkpoint), "")
        dialog = self.dialog = ComparisonDialog(
            choices,
            [chosen],
            system=known.best.system,
            shots=known.best.examples,
            most_shots=MOST_EXAMPLES,
            answered=MOST_ANSWERED,
            parent=self._parent.window(),
        )
        dialog.wanted.connect(lambda wish: self.begin(known.project, wish))
        dialog.finished.connect(self._on_closed)
        dialog.open()

    def _on_closed(self) -> None:
        self.dialog = None

    def begin(self, project: Project, wish: ComparisonWish) -> None:
        """Keep the prompt, then hand over what is to be planned."""
        from core.prompt.best import BestPrompt

        best = BestPrompt(system=wish.system, examples=wish.shots)

        def keep() -> None:
            if wish.with_prompt and best != project.best_prompt:
                project.set_best_prompt(best)

        self._session.write(keep, done=lambda _: self._on_kept(project, wish), failed=self.failed.emit)

    def _on_kept(self, project: Project, wish: ComparisonWish) -> None:
        if project is self._session.project:
            self.chosen.emit(lambda project: _planned(project, wish))


def _known(project: Project, wanted: str) -> _Known:
    from app.widgets.comparison_dialog import AdapterChoice
    from core.base_models.catalogue import display_name
    from core.library import entries

    choices: list[AdapterChoice] = []
    for adapter in entries.adapters(project):
        made = f"{display_name(adapter.base)}, {format.ago(adapter.made)}"
        choices.append(AdapterChoice(adapter.key, adapter.title, made))
        for checkpoint in _checkpoints(adapter):
            choices.append(AdapterChoice(checkpoint.key, checkpoint.title, "checkpoint", is_checkpoint=True))
    return _Known(project, choices, project.best_prompt, wanted)


def _checkpoints(adapter: Adapter) -> list[Adapter]:
    from core.library import entries

    try:
        return [] if adapter.run is None else entries.checkpoints(adapter.run)
    except (RecipeError, UserError):
        return []


def _planned(project: Project, wish: ComparisonWish) -> Comparison:
    from core.evaluation import planning
    from core.library import entries

    return planning.plan(
        project,
        [entries.find(project, key) for key in wish.adapters],
        prompt=wish.with_prompt,
        answered=wish.answered,
        train_rows=_HARD_ROWS if wish.hard_rows else 0,
    )
