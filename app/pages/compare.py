"""The Compare page: whether fine-tuning helped, and what the models say, side by side."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QStackedWidget, QWidget

from app.answers import MakeModel, model_process
from app.comparing import MakeJob, comparison_job
from app.pages.chat_view import ChatView
from app.pages.compare_view import CompareView
from app.pages.page import Page
from app.pages.prompt_view import PromptView
from app.session import Session
from app.widgets.segments import Segments


class ComparePage(Page):
    """One tab for each way to compare."""

    title = "Compare"

    def __init__(
        self,
        session: Session,
        parent: QWidget | None = None,
        *,
        make_model: MakeModel = model_process,
        make_job: MakeJob = comparison_job,
    ) -> None:
        super().__init__(session, parent)
        self.prompt = PromptView(session, make=make_job)
        self.verdict = CompareView(session, make_job=make_job)
        self.chat = ChatView(session, make=make_model)
        for view in (self.prompt, self.verdict, self.chat):
            view.go.connect(self.go)
            view.examples_wanted.connect(self.examples_wanted)
        self.verdict.tab_wanted.connect(self.show_tab)
        self.tabs = Segments({"prompt": "Prompt first", "verdict": "Did it help?", "chat": "Chat"}, "Ways to compare")
        self.tabs.chosen.connect(self.show_tab)
        self.add_act(self.chat.add)
        self.add_act(self.tabs)
        self._stack = QStackedWidget()
        self._tabs: dict[str, QWidget] = {"prompt": self.prompt, "verdict": self.verdict, "chat": self.chat}
        for tab in self._tabs.values():
            self._stack.addWidget(tab)
        self.body.addWidget(self._stack, 1)
        self.show_tab("verdict")

    def actions(self) -> list[QAction]:
        """Those of the tab that is shown: the palette and the list of shortcuts offer them."""
        tab = self._stack.currentWidget()
        return [*super().actions(), *(tab.actions() if tab is not None else [])]

    def enter(self) -> None:
        """Look again."""
        self.prompt.enter()
        self.verdict.enter()
        self.chat.enter()

    def show_tab(self, tab: str) -> None:
        """Show one of the ways to compare."""
        self.tabs.set_value(tab)
        self._stack.setCurrentWidget(self._tabs[tab])
        self.chat.add.setVisible(tab == "chat")

    def chat_with(self, key: str) -> None:
        """Show the chat, with an adapter among those who answer."""
        self.show_tab("chat")
        self.chat.talk_to(key)

    def compare_with(self, key: str) -> None:
        """Show what was compared with an adapter before, or ask what to compare it with."""
        self.show_tab("verdict")
        self.verdict.compare_with(key)
