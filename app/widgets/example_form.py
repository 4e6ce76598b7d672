"""The form an example is written in: instruction, input, output, status, and what folds away under them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from app.theme import SPACE
from app.widgets.example_details import ExampleDetails
from app.widgets.example_header import ExampleHeader
from app.widgets.plain_editor import PlainEditor
from app.widgets.text_field import TextField
from app.widgets.token_meter import TokenMeter
from app.widgets.token_view import TokenView
from core.dataset.example import Example

_GUTTER = 12  # room at the right for a scroll bar, so that fields keep their width when it comes
TEXTS = ("instruction", "input", "output", "system", "note")


class ExampleForm(QFrame):
    """Shows one example and tells what the user does to it; it stores nothing.

    Signals:
        edited(str, object): a field of the example has a new value: its name and the value.
        left: the keyboard focus left a text field; what was edited should be stored now.
        undo_wanted, redo_wanted: Ctrl+Z or Ctrl+Y in a text field whose changes are all stored.
        tab_changed: another tab is in front.
    """

    edited = Signal(str, object)
    left = Signal()
    undo_wanted = Signal()
    redo_wanted = Signal()
    tab_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self._example = Example()
        self.header = ExampleHeader()
        self.header.status_chosen.connect(lambda status: self._edit("status", status))
        self.details = ExampleDetails()
        self.details.tags_changed.connect(lambda tags: self._edit("tags", tags))
        self.details.split_changed.connect(lambda split: self._edit("split", split))
        self.meter = TokenMeter()
        self.tokens = TokenView()
        self.fields: dict[str, TextField] = {
            "instruction": TextField("Instruction", placeholder="What should the model do?", lines=(2, 10)),
            "input": TextField(
                "Input", placeholder="The text it works on, if there is one", lines=(2, 10), optional=True
            ),
            "output": TextField("Output", placeholder="The answer you wish it would give", lines=(4, 24)),
            "system": self.details.system,
            "note": self.details.note,
        }
        for name, field in self.fields.items():
            self._join(name, field.editor)
        self._lay_out()

    def _join(self, name: str, editor: PlainEditor) -> None:
        editor.edited.connect(lambda: self._edit(name, editor.text()))
        editor.left.connect(self.left)
        editor.undo_wanted.connect(self.undo_wanted)
        editor.redo_wanted.connect(self.redo_wanted)

    def _lay_out(self) -> None:
        inside = QWidget()
        inside.setProperty("kind", "scrolled")
        fields = QVBoxLayout(inside)
        fields.setContentsMargins(0, 0, _GUTTER, 0)
        fields.setSpacing(12)
        for name in ("instruction", "input", "output"):
            fields.addWidget(self.fields[name], 1 if name == "output" else 0)
        fields.addWidget(self.details)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inside)
        scroll.verticalScrollBar().rangeChanged.connect(
            lambda _low, high: fields.setContentsMargins(0, 0, 0 if high else _GUTTER, 0)
        )
        write = QWidget()
        column = QVBoxLayout(write)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(12)
        column.addWidget(scroll, 1)
        column.addWidget(self.meter)
        self.meter.setContentsMargins(0, 0, _GUTTER, 0)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName("Views of this example")
        self.tabs.addTab(write, "Write")
        self.tabs.addTab(self.tokens, "What the model sees")
        self.tabs.currentChanged.connect(lambda _tab: self.tab_changed.emit())
        whole = QVBoxLayout(self)
        whole.setContentsMargins(SPACE.CARD, SPACE.CARD, SPACE.CARD - _GUTTER, SPACE.CARD)
        self.header.setContentsMargins(0, 0, _GUTTER, 0)
        self.tokens.setContentsMargins(0, 0, _GUTTER, 0)
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
        self._show_rest()

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
        self._example = replace(example, **kept)
        self._show_rest()

    def mark_stored(self) -> None:
        """All that is written has been handed over for storing; undo is the store's from here on."""
        for name in TEXTS:
            self.fields[name].editor.mark_stored()

    def _show_rest(self) -> None:
        self.details.show_example(self._example)
        self.header.show_status(self._example)
        for field in self.fields.values():
            field.set_tokens(None)

    def set_tokens(self, counts: Mapping[str, int]) -> None:
        """Show the tokens of each text that was counted."""
        for name, field in self.fields.items():
            field.set_tokens(counts.get(name))

    def set_known_tags(self, tags: Iterable[str]) -> None:
        """What the tag field proposes."""
        self.details.set_known_tags(tags)

    def set_read_only(self, read_only: bool) -> None:
        """Look, don't touch."""
        for field in self.fields.values():
            field.editor.setReadOnly(read_only)
        self.details.set_read_only(read_only)
        self.header.set_read_only(read_only)

    def shows_tokens(self) -> bool:
        """Whether the tab "What the model sees" is in front."""
        return self.tabs.currentWidget() is self.tokens

    # --- What the user does -----------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """Put the cursor where writing starts."""
        self.tabs.setCurrentIndex(0)
        editor = self.fields["instruction"].editor
        editor.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _edit(self, name: str, value: object) -> None:
        self._example = replace(self._example, **{name: value})
        if name in self.fields:
            self.fields[name].set_tokens(None)
        self.header.show_status(self._example)
        self.details.show_example(self._example)
        self.edited.emit(name, value)
