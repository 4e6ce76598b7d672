"""Examples with the answers of every system, one under the other, the first of them at first."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import format
from app.theme import SPACE
from app.widgets.advice_card import link
from app.widgets.answer_block import AnswerBlock, BlockWords

AT_ONCE = 10
_AT_A_TIME = 2


class AnswersList(QWidget):
    """What has not changed stays as it is, so that nothing jumps while answers come."""

    open_wanted = Signal(int)
    """(number of an example): show it in the editor."""
    order_changed = Signal(str)
    """The user wants another order."""

    def __init__(self, orders: dict[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.blocks: list[AnswerBlock] = []
        self._words: Sequence[BlockWords] = ()
        self._shown = AT_ONCE
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._fill)
        self._note = QLabel("Words that were not expected are marked.")
        self._note.setProperty("kind", "secondary")
        self.order = QComboBox()
        self.order.setAccessibleName("Order of the examples")
        for value, words in orders.items():
            self.order.addItem(words, value)
        self.order.currentIndexChanged.connect(lambda _: self._on_order())
        head = QHBoxLayout()
        head.setSpacing(SPACE.UNIT)
        head.addWidget(self._note, 1)
        head.addWidget(self.order)
        self._list = QVBoxLayout()
        self._list.setSpacing(SPACE.FIELD)
        self.more = link("")
        self.more.clicked.connect(self._show_more)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.FIELD)
        column.addLayout(head)
        column.addLayout(self._list)
        column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        self._fill()

    def set_blocks(self, words: Sequence[BlockWords], *, fresh: bool = False) -> None:
        """Show these; ``fresh`` begins at the first ones again."""
        self._words = words
        if fresh:
            self._shown = AT_ONCE
        self._fill()

    def _on_order(self) -> None:
        self._shown = AT_ONCE
        self.order_changed.emit(str(self.order.currentData()))

    def _show_more(self) -> None:
        self._shown += AT_ONCE
        self._fill()

    def _fill(self) -> None:
        """Make a few blocks now and the next ones in a moment: each takes some milliseconds."""
        shown = self._words[: self._shown]
        made = 0
        for place, words in enumerate(shown):
            known = place < len(self.blocks)
            if known and self.blocks[place].words == words:
                continue
            if made == _AT_A_TIME:
                self._later.start()
                return
            if known:
                self._drop(self.blocks.pop(place))
            made += 1
            block = AnswerBlock(words)
            block.open_wanted.connect(self.open_wanted)
            self.blocks.insert(place, block)
            self._list.insertWidget(place, block)
        while len(self.blocks) > len(shown):
            self._drop(self.blocks.pop())
        left = len(self._words) - len(shown)
        self.more.setVisible(left > 0)
        self.more.setText(f"Show {format.count(min(left, AT_ONCE))} more of {format.count(left)}")

    def _drop(self, block: AnswerBlock) -> None:
        self._list.removeWidget(block)
        block.hide()
        block.deleteLater()
