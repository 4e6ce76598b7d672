"""An example as the model sees it: every token, whose words it belongs to, and which ones are learnt."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor, QHelpEvent, QTextCharFormat, QTextCursor, QTextOption
from PySide6.QtWidgets import QLabel, QTextEdit, QToolTip, QVBoxLayout, QWidget

from app import format, theme
from app.theme import SPACE
from app.widgets.flow_layout import FlowLayout
from app.widgets.plain_editor import units
from app.widgets.plain_tip import plain_tip

if TYPE_CHECKING:
    from core.prompt.format import Encoded

_AT_MOST = 4096  # tokens drawn; more would make the window wait
_ROLE_WORDS = {
    "system": "System prompt",
    "user": "Instruction and input",
    "assistant": "Output",
    "template": "Template",
}
_ROLE_COLOURS = {"system": "warn", "user": "information", "assistant": "good", "template": "secondary"}


_END, _OVER = " end of turn ", " over the limit: "


@dataclass(frozen=True)
class _Token:
    id: int
    text: str
    role: str
    supervised: bool
    ends: bool  # a turn
    over: bool  # the maximum length

    def tip(self) -> str:
        """Its text, its number, and what it is for."""
        learnt = "over the limit" if self.over else "learnt" if self.supervised else "read, not learnt"
        words = f"token {self.id}, {_ROLE_WORDS.get(self.role, self.role).lower()}, {learnt}"
        if self.ends:
            words += "\nThe end-of-turn token: the model stops writing where it says it."
        return plain_tip(f"{self.text!r}\n{words}")


class TokenView(QWidget):
    """Tokens in the colour of their role; those that are learnt are underlined; hover for a token's number.

    The tokens that end a turn are named. Those over the maximum length are struck out from a mark on.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tokens: list[_Token] = []
        self._ends: list[int] = []
        self._words = QLabel()
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setProperty("kind", "secondary")
        self._words.setWordWrap(True)
        self._legend = QWidget()
        legend = FlowLayout(self._legend, spacing=12)
        for role, words in _ROLE_WORDS.items():
            legend.addWidget(_LegendEntry(role, words))
        self.view = _TokenText(self._tip_at)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(SPACE.UNIT)
        column.addWidget(self._words)
        column.addWidget(self._legend)
        column.addWidget(self.view, 1)
        self.say("")

    def say(self, words: str) -> None:
        """Show a sentence in place of tokens."""
        self._tokens, self._ends = [], []
        self._words.setText(words)
        self._legend.hide()
        self.view.clear()
        self.view.setVisible(False)

    def set_encoded(self, encoded: Encoded, *, limit: int | None = None, end_ids: Collection[int] = ()) -> None:
        """Show these tokens.

        Args:
            encoded: an example as it is trained.
            limit: the most tokens that training takes; longer examples are left out.
            end_ids: the tokens that end a turn.
        """
        total = len(encoded.ids)
        rows = zip(encoded.ids, encoded.texts, encoded.roles, encoded.supervised, strict=True)
        self._tokens = [
            _Token(id, text, role, supervised, id in end_ids, limit is not None and number >= limit)
            for number, (id, text, role, supervised) in enumerate(islice(rows, _AT_MOST))
        ]
        learnt = format.count(encoded.supervised_count)
        if limit is not None and total > limit:
            over = f"{format.count(total - limit)} more than the {format.count(limit)} that training takes"
            words = (
                f"{format.plural(total, 'token')}, {over}: the whole example is left out, nothing of it is learnt."
                " Shorten it, or raise the maximum length in the settings."
            )
        else:
            words = (
                f"{format.plural(total, 'token')}. The {learnt} underlined ones are learnt; the last ends the answer."
            )
        if total > _AT_MOST:
            words += f" The first {format.count(_AT_MOST)} are shown."
        self._words.setText(words)
        self._legend.show()
        self.view.setVisible(True)
        self._draw()

    def text(self) -> str:
        """The sentence over the tokens."""
        return self._words.text()

    def changeEvent(self, event: QEvent) -> None:
        """Draw again in the colours of another theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._tokens:
            self._draw()

    def _draw(self) -> None:
        first_over = next((number for number, token in enumerate(self._tokens) if token.over), None)
        shown = [_visible(token.text) for token in self._tokens]
        before = [_OVER if number == first_over else "" for number in range(len(shown))]
        after = [_END if token.ends else "" for token in self._tokens]
        self._ends = list(accumulate(units("".join(parts)) for parts in zip(before, shown, after, strict=True)))
        scrolled = self.view.verticalScrollBar().value()
        self.view.setUpdatesEnabled(False)
        self.view.clear()
        cursor = QTextCursor(self.view.document())
        cursor.beginEditBlock()
        forms: dict[tuple[str, bool, bool, int], QTextCharFormat] = {}
        over, ends = _label("bad"), {learnt: _label("accent" if learnt else "secondary") for learnt in (True, False)}
        for number, (token, text) in enumerate(zip(self._tokens, shown, strict=True)):
            key = (token.role, token.supervised, token.over, number % 2)
            if key not in forms:
                forms[key] = _form(*key)
            if before[number]:
                cursor.insertText(before[number], over)
            cursor.insertText(text, forms[key])
            if after[number]:
                cursor.insertText(after[number], ends[token.supervised])
        cursor.endEditBlock()
        self.view.verticalScrollBar().setValue(scrolled)
        self.view.setUpdatesEnabled(True)

    def _tip_at(self, position: int) -> str:
        number = bisect_right(self._ends, position)
        return self._tokens[number].tip() if position >= 0 and number < len(self._tokens) else ""


class _TokenText(QTextEdit):
    """Read-only text that asks for the tip of the place under the mouse."""

    def __init__(self, tip_at: object) -> None:
        super().__init__()
        self._tip_at = tip_at
        self.setReadOnly(True)
        self.setAccessibleName("Tokens")
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setTabChangesFocus(True)
        self.document().setDocumentMargin(8)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            bars = QPointF(self.horizontalScrollBar().value(), self.verticalScrollBar().value())
            position = self.document().documentLayout().hitTest(event.pos() + bars, Qt.HitTestAccuracy.ExactHit)
            tip = self._tip_at(position)
            QToolTip.showText(event.globalPos(), tip, self.viewport())
            return True
        return super().viewportEvent(event)


class _LegendEntry(QLabel):
    """A role's name on its colour."""

    def __init__(self, role: str, words: str) -> None:
        super().__init__(words)
        self._role = role
        self.setProperty("kind", "secondary")
        self._paint()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._paint()

    def _paint(self) -> None:
        colour = _tint(self._role, 0).name(QColor.NameFormat.HexArgb)
        sheet = f"background: {colour}; border-radius: 4px; padding: 2px 6px;"
        if sheet != self.styleSheet():
            self.setStyleSheet(sheet)


def _tint(role: str, odd: int) -> QColor:
    colour = QColor(theme.colour(_ROLE_COLOURS.get(role, "secondary")))
    colour.setAlphaF(0.26 if odd else 0.14)  # neighbours differ, so that each token can be seen
    return colour


def _form(role: str, supervised: bool, over: bool, odd: int) -> QTextCharFormat:
    form = QTextCharFormat()
    form.setBackground(_tint(role, odd))
    faint = over or (role == "template" and not supervised)
    form.setForeground(theme.colour("secondary" if faint else "text"))
    form.setFontStrikeOut(over)
    if supervised:
        form.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
        form.setUnderlineColor(theme.colour("accent"))
    return form


def _label(colour: str) -> QTextCharFormat:
    """Words about a token, which are no token themselves."""
    form = QTextCharFormat()
    form.setFont(theme.ui_font("small", strong=True))
    form.setForeground(theme.colour(colour))
    return form


def _visible(text: str) -> str:
    """Line breaks with their sign, so that the tokens that make them can be seen."""
    return text.replace("\r", "␍").replace("\n", "↵\n").replace("\t", "→\t") or "∅"
