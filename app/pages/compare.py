"""The Compare page: what the models say, side by side."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QStackedWidget, QWidget

from app.answers import MakeModel, model_process
from app.pages.chat_view import ChatView
from app.pages.page import Page
from app.session import Session


class ComparePage(Page):
    """One tab for each way to compare."""

    title = "Compare"

    def __init__(
        self, session: Session, parent: QWidget | None = None, *, make_model: MakeModel = model_process
    ) -> None:
        super().__init__(session, parent)
        self.chat = ChatView(session, make=make_model)
        self.chat.go.connect(self.go)
        self.chat.examples_wanted.connect(self.examples_wanted)
        self.add_act(self.chat.add)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.chat)
        self.body.addWidget(self._stack, 1)

    def actions(self) -> list[QAction]:
        """Those of the tab that is shown: the palette and the list of shortcuts offer them."""
        tab = self._stack.currentWidget()
        return [*super().actions(), *(tab.actions() if tab is not None else [])]

    def enter(self) -> None:
        """Look again."""
        self.chat.enter()

    def chat_with(self, key: str) -> None:
        """Show the chat, with an adapter among those who answer."""
        self._stack.setCurrentWidget(self.chat)
        self.chat.talk_to(key)
