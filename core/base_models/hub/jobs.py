"""Asking the hub, each wish in a child process: search, a plan of a download, the download itself, whose token it is.

``messages`` of a job blocks and is for another thread than the drawing one; ``stop`` may be called from any. Stopping
a download pauses it: a job with the same plan, or a new plan for the same place, goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.base_models.hub import unfinished
from core.base_models.hub.environment import ENVIRONMENT
from core.base_models.hub.model import Downloaded, FoundModel, Plan, Progress
from core.child import Child

_CHILD = "core.base_models.hub.child"
_MEGABYTES = 4096
_FOUND = 30


class SearchJob:
    """Models whose name holds a text, the most downloaded first; with no text, the most downloaded of all."""

    def __init__(self, text: str, *, token: str = "", limit: int = _FOUND) -> None:
        self._child = _child({"wish": "search", "text": text.strip(), "limit": limit}, token)

    def messages(self) -> Iterator[FoundModel]:
        """One by one.

        Raises:
            core.child.Stopped: :meth:`stop` was called.
            UserError: the hub cannot be reached, or does not answer.
        """
        for message in self._child.messages():
            if "found" in message:
                yield FoundModel(**message["found"])

    def stop(self) -> None:
        """End it."""
        self._child.stop()


class PlanJob:
    """What a download of one model would bring."""

    def __init__(self, repo: str, folder: Path | None = None, *, token: str = "") -> None:
        """``folder``: where the files would go; None means the hub cache."""
        self._child = _child({"wish": "plan", "repo": repo.strip(), "folder": str(folder) if folder else ""}, token)

    def messages(self) -> Iterator[Plan]:
        """The plan.

        Raises:
            core.child.Stopped: :meth:`stop` was called.
            UserError: there is no such model, it cannot be used here, or the hub does not answer.
        """
        for message in self._child.messages():
            if "plan" in message:
                yield Plan.from_json(message["plan"])

    def stop(self) -> None:
        """End it."""
        self._child.stop()


class DownloadJob:
    """A download of what a plan lists, which the user has seen and agreed to."""

    def __init__(self, plan: Plan, *, token: str = "") -> None:
        self._plan = plan
        self._child = _child({"wish": "download", "repo": plan.repo, "plan": plan.to_json()}, token)

    def messages(self) -> Iterator[Progress | Downloaded]:
        """How far it is, and last that the model is whole.

        Raises:
            core.child.Stopped: :meth:`stop` was called; what has come is kept.
            UserError: it cannot go on; what has come is kept.
        """
        unfinished.begun(self._plan)
        latest = Progress("", self._plan.here_bytes, self._plan.total_bytes)
        for message in self._child.messages():
            if "progress" in message:
                latest = Progress(**message["progress"])
                yield latest
            elif "waiting" in message:
                yield Progress(latest.file, latest.done, latest.total, waiting=message["waiting"])
            elif "downloaded" in message:
                unfinished.ended(self._plan.repo, self._plan.folder)
                yield Downloaded(message["downloaded"]["base"], Path(message["downloaded"]["path"]))

    def stop(self) -> None:
        """Pause it."""
        self._child.stop()


class AccountJob:
    """Whose account an access token is of."""

    def __init__(self, token: str) -> None:
        self._child = _child({"wish": "account"}, token)

    def messages(self) -> Iterator[str]:
        """The account's name.

        Raises:
            core.child.Stopped: :meth:`stop` was called.
            UserError: the hub does not accept the token, or cannot be reached.
        """
        for message in self._child.messages():
            if "account" in message:
                yield message["account"]

    def stop(self) -> None:
        """End it."""
        self._child.stop()


def plan_of(repo: str, folder: Path | None = None, *, token: str = "") -> Plan:
    """:class:`PlanJob`, waited for.

    Raises:
        UserError: see there.
    """
    return next(PlanJob(repo, folder, token=token).messages())


def _child(request: dict[str, Any], token: str) -> Child:
    return Child(_CHILD, {**request, "token": token}, megabytes=_MEGABYTES, environment=ENVIRONMENT)
