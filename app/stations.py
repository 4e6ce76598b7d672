"""The pages of the window in their order; a page's module is imported when it is first needed."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app import actions, format
from app.actions import Verb
from app.pages.page import Page

if TYPE_CHECKING:
    from app.session import Session
    from app.widgets.side_bar import Tone


@dataclass(frozen=True, slots=True)
class Station:
    """A page and how to get there."""

    id: str
    verb: Verb
    module: str
    page: str

    @property
    def is_loaded(self) -> bool:
        """Whether a visit need not wait for the import."""
        return self.module in sys.modules

    def page_class(self) -> type[Page]:
        """The page's class."""
        found: type[Page] = getattr(importlib.import_module(self.module), self.page)
        return found


STATIONS = (
    Station("home", actions.GO_HOME, "app.pages.home", "HomePage"),
    Station("examples", actions.GO_EXAMPLES, "app.pages.examples", "ExamplesPage"),
    Station("models", actions.GO_MODELS, "app.pages.models", "ModelsPage"),
    Station("settings", actions.GO_SETTINGS, "app.pages.settings", "SettingsPage"),
    Station("train", actions.GO_TRAIN, "app.pages.train", "TrainPage"),
    Station("compare", actions.GO_COMPARE, "app.pages.compare", "ComparePage"),
    Station("adapters", actions.GO_ADAPTERS, "app.pages.adapters", "AdaptersPage"),
)


def station(id: str) -> Station:
    """The station of an id; home for an unknown one."""
    return next((item for item in STATIONS if item.id == id), STATIONS[0])


@dataclass(frozen=True, slots=True)
class TrainingState:
    """How the Train station shows what a run is doing: a colour with its word."""

    tone: Tone = ""
    words: str = ""
    active: bool = False


def training_state(session: Session) -> TrainingState:
    """What to show of the run that the session follows."""
    if session.training is None:
        return TrainingState("accent", "starting", True) if session.is_training else TrainingState()
    progress = session.training.progress
    if progress.state.is_active:
        share = progress.step / progress.steps if progress.steps else 0.0
        return TrainingState("accent", format.percent(share) if share else "starting", True)
    tones: dict[str, Tone] = {"paused": "warn", "interrupted": "warn", "failed": "bad"}
    tone = tones.get(progress.state, "")
    return TrainingState(tone, str(progress.state)) if tone else TrainingState()
