"""Sending an export to the hub: what would go there is read off the drawing thread, then the dialog shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.base_models.hub.sending import Parcel, Sending, SendJob, Sent


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of the user's access token: whether one is kept, and whether one could be."""

    has_token: bool
    keeps: bool


def parcel(folder: Path, repo: str) -> Parcel:
    """What would be sent.

    Raises:
        UserError: the name is none for a repository.
    """
    from core.base_models.hub.sending import Parcel

    return Parcel.of(folder, repo)


def account() -> Account:
    """Look into the keyring, which may ask the user to unlock it.

    Raises:
        UserError: it cannot be read.
    """
    from core.base_models.hub import token

    return Account(bool(token.load()), token.available())


class TokenSending:
    """A job that takes the token from the keyring, or the one that was typed, and sends a parcel."""

    def __init__(self, parcel: Parcel, typed: str, *, keep: bool) -> None:
        """Prepare (in another thread than the drawing one).

        Raises:
            UserError: what was typed is no token, or it cannot be kept.
        """
        from core.base_models.hub import token
        from core.base_models.hub.sending import SendJob

        access = token.checked(typed) if typed else token.load()
        if typed and keep:
            token.save(access)
        self._job: SendJob = SendJob(parcel, token=access)

    def messages(self) -> Iterator[Sending | Sent]:
        """How far it is, and last where it is."""
        return self._job.messages()

    def stop(self) -> None:
        """End it; nothing of it is seen on the hub then."""
        self._job.stop()
