"""A white (or dark) sheet with a heading that holds things that belong together."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE
from app.widgets.elided_label import ElidedLabel


class Card(QFrame):
    """Content goes into ``self.body``; widgets for the right end of the heading through :meth:`add_act`."""

    def __init__(
        self, title: str = "", parent: QWidget | None = None, *, foldable: bool = False, elided: bool = False
    ) -> None:
        """With ``elided``, a title that is longer than the card is shortened with an ellipsis."""
        super().__init__(parent)
        self.setProperty("kind", "card")
        self._title = ElidedLabel(title) if elided else QLabel(title)
        self._title.setProperty("kind", "heading")
        self._content = QWidget()
        self.body = QVBoxLayout(self._content)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(SPACE.FIELD)
        self._head = QHBoxLayout()
        self._head.setSpacing(SPACE.UNIT)
        self._fold: QToolButton | None = None
        if foldable:
            self._add_fold(title)
        self._head.addWidget(self._title, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.CARD, SPACE.FIELD, SPACE.CARD, SPACE.CARD)
        layout.setSpacing(SPACE.FIELD)
        if title:
            self.setAccessibleName(title)
            layout.addLayout(self._head)
        layout.addWidget(self._content, 1)

    def _add_fold(self, title: str) -> None:
        self._fold = QToolButton()
        self._fold.setProperty("kind", "fold")
        self._fold.setCheckable(True)
        self._fold.setChecked(True)
        self._fold.setAccessibleName(f"Show {title}")
        self._fold.toggled.connect(self._on_fold)
        self._head.addWidget(self._fold)
        self._title.setCursor(Qt.CursorShape.PointingHandCursor)
        self._title.mouseReleaseEvent = lambda _event: self._fold.toggle()  # type: ignore[method-assign, union-attr]
        self.set_folded(True)

    @property
    def folded(self) -> bool:
        """Whether only the heading shows."""
        return self._fold is not None and not self._fold.isChecked()

    def set_folded(self, folded: bool) -> None:
        """Show the heading only, or everything."""
        if self._fold is not None:
            self._fold.setChecked(not folded)

    def set_title(self, title: str) -> None:
        """Change the heading."""
        self._title.setText(title)

    def set_heading(self, widget: QWidget) -> None:
        """Have a widget in place of the words of the heading."""
        self._title.hide()
        self._head.insertWidget(0, widget)
        self._head.insertStretch(1, 1)

    def add_act(self, widget: QWidget) -> None:
        """Put a small button at the right end of the heading."""
        self._head.addWidget(widget)

    def _on_fold(self, open_: bool) -> None:
        self._content.setVisible(open_)
        if self._fold is not None:
            self._fold.setIcon(theme.icon("chevron-down" if open_ else "chevron-right", "secondary", "secondary"))
