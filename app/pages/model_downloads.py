"""Downloading models on the Models page: one at a time, while the user works elsewhere; what was cut short goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app import format
from app.background_job import BackgroundJob
from app.latest import Latest
from app.pace import Pace
from app.widgets.agree_dialog import AgreeDialog
from app.widgets.download_dialog import DownloadDialog
from app.widgets.toast import show_toast
from app.widgets.token_dialog import TokenDialog
from app.widgets.unfinished_list import UnfinishedRow
from app.widgets.work_bar import WorkBar
from core.base_models.hub import unfinished
from core.base_models.hub.jobs import DownloadJob, PlanJob
from core.base_models.hub.model import Downloaded, Plan, Progress
from core.base_models.hub.unfinished import Unfinished
from core.errors import UserError

if TYPE_CHECKING:
    from app.hub_access import HubAccess
    from app.models_here import Here
    from app.pages.page import Page

_MEANWHILE = "You can work on other pages meanwhile. Closing Tunesmith pauses it; it goes on from there next time."


class ModelDownloads(QObject):
    """Has a bar for the page's body."""

    downloaded = Signal(str)
    """(base): a model is whole and on this machine."""
    failed = Signal(object)
    """(UserError): the download under way cannot go on; :meth:`try_again` may help."""
    told = Signal(str)
    """(how much of it is here, in words): of the download under way; empty when there is none."""
    changed = Signal()
    """A download began, or is not under way any more."""

    def __init__(self, page: Page, access: HubAccess, *, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` tells the pace."""
        super().__init__(page)
        self._page, self._access, self._clock = page, access, clock
        self._plan: Plan | None = None  # the newest that the user agreed to
        self._pace = Pace()
        self._here: Here | None = None
        self.progress: Progress | None = None
        self.bar = WorkBar("Pause")
        self.bar.setToolTip(_MEANWHILE)
        self.bar.stopped.connect(self.pause)
        self.job = BackgroundJob(self)
        self.job.told.connect(self._on_told)
        self.job.failed.connect(self._on_failed)
        self._discarding = Latest(lambda _: self.changed.emit(), failed=page.show_problem, parent=self)

    # What the user wants

    def look_at(self, repo: str, folder: Path | None = None) -> DownloadDialog:
        """Show what a download would bring, and fetch it once the user agreed."""
        access = self._access
        dialog = DownloadDialog(
            repo, self._page, folder=folder, make=lambda: PlanJob(repo, folder, token=access.token())
        )
        dialog.agreed.connect(self.start)
        dialog.token_wanted.connect(lambda: self.ask_for_token(dialog.look))
        dialog.open()
        return dialog

    def ask_for_token(self, then: Callable[[], object] | None = None) -> TokenDialog:
        """Let the user put in an access token; ``then`` is done when there is another."""
        dialog = TokenDialog(self._access, self._page)
        if then is not None:
            dialog.changed.connect(then)
        dialog.open()
        return dialog

    def start(self, plan: Plan) -> None:
        """Fetch what the user has seen and agreed to."""
        if self.job.busy:
            return
        access = self._access
        self._plan, self._pace, self.progress = plan, Pace(), Progress("", plan.here_bytes, plan.total_bytes)
        self.bar.tell(f"{plan.repo}: beginning")
        self.job.start(lambda: DownloadJob(plan, token=access.token()))
        self.changed.emit()

    def pause(self) -> None:
        """End the download under way; it can go on from there."""
        plan = self._plan
        if not self.job.busy or plan is None:
            return
        self.job.stop()
        self._end()
        text = f"The download of {plan.repo} is paused. It goes on from there whenever you like."
        show_toast(self._page, text, act="Go on", on_act=lambda: self.start(plan))

    def go_on(self, number: int) -> None:
        """Take up an unfinished download: at once where its files were agreed to just now, else they are shown."""
        one = self._numbered(number)
        if one is None or self.job.busy:
            return
        repo, folder = one if isinstance(one, tuple) else (one.repo, one.folder)
        plan = self._plan
        if plan is not None and (plan.repo, plan.folder) == (repo, folder):
            self.start(plan)
        else:
            self.look_at(repo, folder)

    def discard(self, number: int) -> None:
        """Ask, and throw away what has come of an unfinished download."""
        one = self._numbered(number)
        if not isinstance(one, Unfinished):
            return
        question = f"Throw away what has come of {one.repo}?"
        text = f"{format.size(one.here_bytes)} are here already; downloading it later begins anew."
        dialog = AgreeDialog(question, text, self._page, act="Throw it away", keep="Keep it")
        dialog.agreed.connect(lambda: self._discarding.ask(lambda: unfinished.discard(one)))
        dialog.open()

    # What there is

    @property
    def under_way(self) -> str:
        """What is being downloaded, as a sentence; empty when nothing is."""
        if not self.job.busy or self._plan is None or self.progress is None:
            return ""
        done, total = format.size(self.progress.done), format.size(self.progress.total)
        return f"{self._plan.repo} is being downloaded: {done} of {total} are here."

    def show(self, here: Here) -> list[UnfinishedRow]:
        """The rows of the unfinished downloads, but for the one under way."""
        self._here = here
        rows = []
        for number, one in enumerate((*here.unfinished, *here.others)):
            if isinstance(one, Unfinished):
                if self._is_under_way(one):
                    continue
                to = f", to {format.place(one.folder)}" if one.folder else ""
                note = f"{format.size(one.here_bytes)} of {format.size(one.total_bytes)}{to}"
                rows.append(UnfinishedRow(number, one.repo, note, True))
            elif not (self.job.busy and self._plan is not None and self._plan.repo == one):
                rows.append(UnfinishedRow(number, one, "Begun by another program", False))
        return rows

    def _is_under_way(self, one: Unfinished) -> bool:
        return (
            self.job.busy
            and self._plan is not None
            and (self._plan.repo, self._plan.folder)
            == (
                one.repo,
                one.folder,
            )
        )

    def _numbered(self, number: int) -> Unfinished | tuple[str, None] | None:
        here = self._here
        all_of_them = (*here.unfinished, *here.others) if here is not None else ()
        if number >= len(all_of_them):
            return None
        one = all_of_them[number]
        return one if isinstance(one, Unfinished) else (one, None)

    # What the download tells

    def _on_told(self, told: Progress | Downloaded) -> None:
        if isinstance(told, Downloaded):
            repo = self._plan.repo if self._plan is not None else told.base
            self._plan = None
            self._end()
            show_toast(self._page, f"{repo} is on this machine.")
            self.downloaded.emit(told.base)
            return
        self.progress = told
        repo = self._plan.repo if self._plan is not None else ""
        share = told.done / told.total if told.total else None
        self.told.emit(format.percent(share) if share is not None else "")
        if told.waiting:
            self.bar.tell(f"{repo}: the hub asks to wait {format.duration(told.waiting)}", share)
            return
        self._pace.tell(self._clock(), told.done)
        words = f"{repo}: {format.size(told.done)} of {format.size(told.total)}"
        if told.checking:
            self.bar.tell(f"{words}, checking {told.file}", share)
            return
        speed = self._pace.per_second
        if speed:
            words += f", {format.size(speed)} a second"
        self.bar.tell(words, share, self._pace.seconds_left(told.total))

    def _on_failed(self, error: UserError) -> None:
        self._end()
        self.failed.emit(error)

    def try_again(self) -> None:
        """Go on with the download that failed."""
        if self._plan is not None:
            self.start(self._plan)

    def _end(self) -> None:
        self.job.stop()
        self.progress = None
        self.bar.finish()
        self.told.emit("")
        self.changed.emit()
