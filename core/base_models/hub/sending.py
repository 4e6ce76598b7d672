"""Sending a folder to a repository of one's own on the hub: what would be sent, and the sending in a child process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.base_models.hub.environment import ENVIRONMENT
from core.child import Child
from core.errors import UserError

_MEGABYTES = 4096
_NAME = re.compile(r"(?:[\w.-]+/)?[A-Za-z0-9][\w.-]{0,95}")


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that goes to the hub: its path inside the folder, with slashes, and its size."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """What would be sent; to be shown before it is.

    Attributes:
        repo: where to; ``name`` alone means a repository of the token's own account.
        folder: whose files are sent.
        files: all of them.
    """

    repo: str
    folder: Path
    files: tuple[SentFile, ...]

    @property
    def total_bytes(self) -> int:
        """Of all files."""
        return sum(file.size for file in self.files)

    @classmethod
    def of(cls, folder: Path, repo: str) -> Parcel:
        """All files of a folder.

        Raises:
            UserError: the name is none for a repository, or there is nothing to send.
        """
        repo = repo.strip()
        if not _NAME.fullmatch(repo) or "--" in repo or ".." in repo:
            raise UserError(
                "The hub takes no such name.",
                reason="A name has letters, digits, dots, underscores and single hyphens.",
                hint="Write NAME, or OWNER/NAME for an organisation's.",
            )
        paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        if not paths:
            raise UserError(f"{folder.name} holds nothing that could be sent.", details=str(folder))
        return cls(repo, folder, tuple(SentFile(p.relative_to(folder).as_posix(), p.stat().st_size) for p in paths))


@dataclass(frozen=True, slots=True)
class Sending:
    """How far it is: the file under way, and bytes of those that are through."""

    file: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Sent:
    """All of it has arrived; ``address`` is the page of the repository, ``repo`` its full name."""

    repo: str
    address: str


class SendJob:
    """Sends a parcel into a private repository; until all has arrived, nothing of it is seen there."""

    def __init__(self, parcel: Parcel, *, token: str) -> None:
        request: dict[str, Any] = {
            "wish": "send",
            "repo": parcel.repo,
            "folder": str(parcel.folder),
            "files": [asdict(file) for file in parcel.files],
            "token": token,
        }
        self._child = Child("core.base_models.hub.child", request, megabytes=_MEGABYTES, environment=ENVIRONMENT)

    def messages(self) -> Iterator[Sending | Sent]:
        """How far it is, and last where it is.

        Raises:
            core.child.Stopped: :meth:`stop` was called.
            UserError: the hub refuses it, cannot be reached, or a repository of that name is public.
        """
        for message in self._child.messages():
            if "sending" in message:
                yield Sending(**message["sending"])
            elif "sent" in message:
                yield Sent(**message["sent"])

    def stop(self) -> None:
        """End it."""
        self._child.stop()
