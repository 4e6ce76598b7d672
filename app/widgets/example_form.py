"""The form an example is written in: its conversation, its status, what folds away under it, and its past."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QTabWidget, QToolButton, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE
from app.widgets.example_fields import GUTTER, ExampleFields
from app.widgets.example_header import ExampleHeader
from app.widgets.example_story import ExampleStory
from app.widgets.plain_editor import PlainEditor, units
from app.widgets.text_field import TextField
from app.widgets.text_finder import TextFinder
from app.widgets.token_meter import TokenMeter
from app.widgets.token_view import TokenView
from app.widgets.turns_editor import TurnsEditor
from core.dataset.example import Example
from core.dataset.turns import History, continued

TEXTS = ("instruction", "input", "output", "system", "note", "rejected")


class ExampleForm(QFrame):
    """Shows one example and tells what the user does to it; it stores nothing.

    Signals:
        edited(str, object): a field of the example has a new value: its name and the value.
        left: the keyboard focus left a text field, or more than words changed; what was edited should be stored now.
        undo_wanted, redo_wanted: Ctrl+Z or Ctrl+Y in a text field whose changes are all stored.
        tab_changed: another tab is in front.
        arranged(bool): the user wants the output beside the rest (or under it).
    """

    edited = Signal(str, object)
    left = Signal()
    undo_wanted = Signal()
    redo_wanted = Signal()
    tab_changed = Signal()
    arranged = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self._example = Example()
        self._read_only = False
        self.header = ExampleHeader()
        self.header.status_chosen.connect(lambda status: self._edit("status", status))
        self.header.continue_wanted.connect(self.continue_conversation)
        self._content = ExampleFields()
        self.details = self._content.details
        self.details.tags_changed.connect(lambda tags: self._edit("tags", tags))
        self.details.split_changed.connect(lambda split: self._edit("split", split))
        self.meter = TokenMeter()
        self.tokens = TokenView()
        self.story = ExampleStory()
        self.fields: dict[str, TextField] = self._content.texts
        for name, field in self.fields.items():
            self._join(name, field.editor)
        self.turns = self._content.turns
        self.turns.edited.connect(lambda turns: self._edit("history", turns))
        self.turns.rearranged.connect(self._rearranged)
        self._pass_on(self.turns)
        self.finder = TextFinder(self._content.searched, self)
        self.finder.place_shown.connect(self._content.bring_into_sight)
        self._add_verbs()
        self._lay_out()

    def _join(self, name: str, editor: PlainEditor) -> None:
        editor.edited.connect(lambda: self._edit(name, editor.text()))
        self._pass_on(editor)

    def _pass_on(self, source: PlainEditor | TurnsEditor) -> None:
        source.left.connect(self.left)
        source.undo_wanted.connect(self.undo_wanted)
        source.redo_wanted.connect(self.redo_wanted)

    def _add_verbs(self) -> None:
        self._find = self._verb("Find in this example", "search", "Ctrl+Shift+F", self.find)
        self._beside = self._verb("Output beside the rest", "columns", "", lambda: None)
        self._beside.setCheckable(True)
        self._continue = self._verb("Continue the conversation", "chat", "", self.continue_conversation)
        self._beside.toggled.connect(self._arrange)
        self._content.roomy.connect(self._say_roomy)
        self._say_roomy(False)

    def _verb(self, words: str, icon: str, keys: str, act: Any) -> QAction:
        """Something the user can do here; menus, palette and help read ``actions()``."""
        action = QAction(theme.icon(icon, "secondary"), words, self)
        if keys:
            action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(lambda _checked=False: act())
        self.addAction(action)
        return action

    def _lay_out(self) -> None:
        write = QWidget()
        column = QVBoxLayout(write)
        column.setContentsMargins(0, SPACE.UNIT, 0, 0)
        column.setSpacing(SPACE.UNIT)
        column.addWidget(self.finder.bar)
        column.addWidget(self._content, 1)
        column.addWidget(self.meter)
        for part in (self.meter, self.finder.bar, self.tokens, self.story, self.header):
            part.setContentsMargins(0, 0, GUTTER, 0)
        self._corner = QWidget()
        corner = QHBoxLayout(self._corner)
        corner.setContentsMargins(0, 0, GUTTER, 0)
        corner.setSpacing(SPACE.HALF)
        for action in (self._beside, self._find):
            button = QToolButton()
            button.setProperty("kind", "quiet")
            button.setDefaultAction(action)
            button.setAccessibleName(action.text())
            corner.addWidget(button)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName("Views of this example")
        self.tabs.addTab(write, "Write")
        self.tabs.addTab(self.tokens, "What the model sees")
        self.tabs.addTab(self.story, "History")
        self.tabs.setCornerWidget(self._corner)
        self.tabs.currentChanged.connect(self._tab_changed)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(SPACE.CARD, SPACE.CARD, SPACE.CARD - GUTTER, SPACE.CARD)
        whole.setSpacing(SPACE.UNIT)
        whole.addWidget(self.header)
        whole.addWidget(self.tabs, 1)

    # --- What is shown ----------------------------------------------------------------------------------------------

    def example(self) -> Example:
        """The example as it stands in the form, with what is not stored yet."""
        return self._example

    def show_example(self, example: Example) -> None:
        """Show another example from its beginning."""
        self._example = example
        for name in TEXTS:
            self.fields[name].editor.load(getattr(example, name))
        self.turns.load(example.history)
        self._content.scroll_to_top()
        self._show_rest(anew=True)

    def adopt(self, id: int) -> None:
        """The new example in the form has got its number."""
        self._example = replace(self._example, id=id)

    def renew(self, example: Example) -> None:
        """Show a newer state of the same example; a text that the user is changing right now is left alone."""
        kept: dict[str, Any] = {}
        for name in TEXTS:
            editor = self.fields[name].editor
            if editor.unsaved:
                kept[name] = editor.text()
            else:
                editor.replace(getattr(example, name))
        if self.turns.unsaved:
            kept["history"] = self.turns.turns()
        else:
            self.turns.replace(example.history)
        self._example = replace(example, **kept)
        self._show_rest(anew=False)

    def mark_stored(self) -> None:
        """All that is written has been handed over for storing; undo is the store's from here on."""
        for name in TEXTS:
            self.fields[name].editor.mark_stored()
        self.turns.mark_stored()

    def _show_rest(self, *, anew: bool) -> None:
        self._show_status()
        self._content.show_what_is_there(anew=anew)
        for field in self.fields.values():
            field.set_tokens(None)
        self.finder.texts_changed()

    def _show_status(self) -> None:
        self.header.show_status(self._example)
        self.details.show_example(self._example)
        self._continue.setEnabled(self._example.is_complete and not self._read_only)

    def set_tokens(self, counts: Mapping[str, int]) -> None:
        """Show the tokens of each text that was counted."""
        for name, field in self.fields.items():
            field.set_tokens(counts.get(name))

    def set_known_tags(self, tags: Iterable[str]) -> None:
        """What the tag field proposes."""
        self.details.set_known_tags(tags)

    def set_read_only(self, read_only: bool) -> None:
        """Look, don't touch."""
        self._read_only = read_only
        self._content.set_read_only(read_only)
        self.header.set_read_only(read_only)
        self.story.set_read_only(read_only)

    def shows_tokens(self) -> bool:
        """Whether the tab "What the model sees" is in front."""
        return self.tabs.currentWidget() is self.tokens

    def shows_story(self) -> bool:
        """Whether the tab "History" is in front."""
        return self.tabs.currentWidget() is self.story

    def _tab_changed(self) -> None:
        self._corner.setVisible(self.tabs.currentIndex() == 0)
        self.tab_changed.emit()

    # --- Layout -----------------------------------------------------------------------------------------------------

    def set_side_by_side(self, wanted: bool) -> None:
        """Put the output beside the rest, where there is room, or under it."""
        self._beside.setChecked(wanted)

    def place_under_output(self, widget: QWidget) -> None:
        """Give a widget the place directly under the output."""
        self._content.place_under_output(widget)

    def bring_under_output_into_sight(self, widget: QWidget) -> None:
        """Scroll so that a widget under the output can be seen."""
        self._content.bring_widget_into_sight(widget)

    def _arrange(self, wanted: bool) -> None:
        self._content.set_side_by_side(wanted)
        self.arranged.emit(wanted)

    def _say_roomy(self, roomy: bool) -> None:
        self._beside.setEnabled(roomy)
        self._beside.setToolTip("Output beside the rest" if roomy else "Output beside the rest: needs a wider form")

    # --- What the user does -----------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """Put the cursor where writing starts."""
        self.tabs.setCurrentIndex(0)
        editor = self.fields["instruction"].editor
        editor.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._content.bring_into_sight(editor)

    def put(self, values: Mapping[str, Any]) -> None:
        """Give texts or earlier turns new values, as the user would, in one step."""
        self.left.emit()  # what was typed before is a step of its own
        for name, value in values.items():
            if name == "history":
                self.turns.load(value)
            else:
                self.fields[name].editor.load(value)
            self._edit(name, value)
        self._content.show_what_is_there(anew=False)
        self.left.emit()

    def continue_conversation(self) -> None:
        """Make the instruction and the output earlier turns, and write the turn that follows them."""
        if self._example.is_complete and not self._read_only:
            self.put({"history": continued(self._example), "instruction": "", "input": "", "output": ""})
            self.focus_first()

    def _rearranged(self, turns: History) -> None:
        self._edit("history", turns)
        self._content.show_what_is_there(anew=False)
        self.left.emit()
        if not turns:
            self.fields["instruction"].editor.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _edit(self, name: str, value: object) -> None:
        self._example = replace(self._example, **{name: value})
        if name in self.fields:
            self.fields[name].set_tokens(None)
        self._show_status()
        self.finder.texts_changed()
        self.edited.emit(name, value)

    # --- Finding ----------------------------------------------------------------------------------------------------

    def find(self) -> None:
        """Open the line to find words in the texts; what is selected is looked for."""
        self.tabs.setCurrentIndex(0)
        focused = self.focusWidget()
        self.finder.open(focused if isinstance(focused, PlainEditor) else None)

    def mark(self, field: str, start: int, end: int) -> None:
        """Select a place in a text, counted in characters, and bring it into sight."""
        self.tabs.setCurrentIndex(0)
        editor = self.fields[field].editor
        text = editor.text()
        cursor = QTextCursor(editor.document())
        cursor.setPosition(units(text[:start]))
        cursor.setPosition(units(text[:end]), QTextCursor.MoveMode.KeepAnchor)
        editor.setTextCursor(cursor)
        self._content.bring_into_sight(editor)
        editor.setFocus(Qt.FocusReason.ShortcutFocusReason)
