"""The table of verbs: words, shortcut, icon, menu, and when each can be used. Menus, palette and help read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from app import theme


@dataclass(frozen=True, slots=True)
class Verb:
    """Something the user can do from anywhere.

    Attributes:
        words: what menus and the palette call it; an ellipsis when it asks something first.
        menu: the menu it stands in.
        shortcut: portable key text; several are separated by a space.
        icon: a name in ``resources/icons``.
        needs_project: whether a project must be open.
        group: verbs of another group of the same menu are set off by a line.
        hint: what the palette says besides.
    """

    words: str
    menu: str
    shortcut: str = ""
    icon: str = ""
    needs_project: bool = False
    group: int = 0
    hint: str = ""


NEW_PROJECT = Verb("New project…", "Project", "Ctrl+N", "add")
NEW_SAMPLE = Verb("New project from a sample…", "Project", "", "examples")
OPEN_PROJECT = Verb("Open project…", "Project", "Ctrl+O", "folder")
SHOW_FOLDER = Verb("Show project folder", "Project", "", "folder", needs_project=True, group=1)
RENAME_PROJECT = Verb("Rename project…", "Project", "", "edit", needs_project=True, group=1)
CLOSE_PROJECT = Verb("Close project", "Project", "", "close", needs_project=True, group=1)
QUIT = Verb("Quit", "Project", "Ctrl+Q", "", group=2)

UNDO = Verb("Undo", "Edit", "Ctrl+Z", "undo", needs_project=True, hint="Takes back the last step in the examples")
REDO = Verb("Redo", "Edit", "Ctrl+Shift+Z Ctrl+Y", "redo", needs_project=True)

GO_HOME = Verb("Home", "View", "Ctrl+1", "home")
GO_EXAMPLES = Verb("Examples", "View", "Ctrl+2", "examples", needs_project=True)
GO_MODELS = Verb("Models", "View", "Ctrl+3", "model")
GO_SETTINGS = Verb("Settings", "View", "Ctrl+4", "settings", needs_project=True)
GO_TRAIN = Verb("Train", "View", "Ctrl+5", "train", needs_project=True)
GO_COMPARE = Verb("Compare", "View", "Ctrl+6", "compare", needs_project=True)
GO_ADAPTERS = Verb("Adapters", "View", "Ctrl+7", "adapters", needs_project=True)
START_TRAINING = Verb(
    "Start training", "View", "Ctrl+Shift+T", "play", needs_project=True, group=1, hint="With the settings as they are"
)
ADD_TO_QUEUE = Verb(
    "Add to queue",
    "View",
    "",
    "clock",
    needs_project=True,
    group=1,
    hint="A run with the settings as they are waits for its turn",
)
PALETTE = Verb("Find a command…", "View", "Ctrl+K", "search", group=1)

LOOK_SYSTEM = Verb("Colours of the system", "View", group=2)
LOOK_LIGHT = Verb("Light colours", "View", group=2)
LOOK_DARK = Verb("Dark colours", "View", group=2)
COLOURS = (LOOK_SYSTEM, LOOK_LIGHT, LOOK_DARK)
"""In the order of :data:`app.preferences.LOOKS`."""

NOTIFY = Verb("Notify me when a run ends", "View", group=3, hint="By the desktop, while nobody looks at this window")

GUIDE = Verb("Is fine-tuning right for this?…", "Help", "", "help", hint="Eight questions, and advice with its reasons")
SHORTCUTS = Verb("Keyboard shortcuts", "Help", "F1", "keyboard")
SHOW_LOGS = Verb("Show the app's log folder", "Help", "", "log")
ABOUT = Verb("About Tunesmith", "Help", "", "information")

VERBS = (
    NEW_PROJECT,
    NEW_SAMPLE,
    OPEN_PROJECT,
    SHOW_FOLDER,
    RENAME_PROJECT,
    CLOSE_PROJECT,
    QUIT,
    UNDO,
    REDO,
    GO_HOME,
    GO_EXAMPLES,
    GO_MODELS,
    GO_SETTINGS,
    GO_TRAIN,
    GO_COMPARE,
    GO_ADAPTERS,
    START_TRAINING,
    ADD_TO_QUEUE,
    PALETTE,
    *COLOURS,
    NOTIFY,
    GUIDE,
    SHORTCUTS,
    SHOW_LOGS,
    ABOUT,
)


def make_action(verb: Verb, act: Callable[[], object] | None, parent: QWidget) -> QAction:
    """The verb as a QAction of ``parent`` that calls ``act``, if anything."""
    action = QAction(verb.words, parent)
    action.setShortcuts([QKeySequence(text) for text in verb.shortcut.split()])
    action.setIconText(verb.words)  # what it is called in lists, whatever it would do now
    if verb.icon:
        action.setIcon(theme.icon(verb.icon, "secondary"))
    action.setIconVisibleInMenu(False)
    action.setToolTip(verb.hint or verb.words)
    if act is not None:
        action.triggered.connect(lambda _checked=False: act())
    if verb is QUIT:
        action.setMenuRole(QAction.MenuRole.QuitRole)
    elif verb is ABOUT:
        action.setMenuRole(QAction.MenuRole.AboutRole)
    return action
