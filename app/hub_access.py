"""The access token of the hub: from the system's keyring, or as it was typed where there is none, until the end."""

from __future__ import annotations

from collections.abc import Iterator

from app.sending import Account


class HubAccess:
    """One for the window. The keyring may wait for the user, so none of this is for the drawing thread."""

    def __init__(self) -> None:
        self._typed = ""

    def token(self) -> str:
        """The token; empty when there is none.

        Raises:
            UserError: the keyring cannot be read.
        """
        from core.base_models.hub import token

        return self._typed or token.load()

    def account(self) -> Account:
        """Whether there is a token, and a keyring that could keep one.

        Raises:
            UserError: the keyring cannot be read.
        """
        from core.base_models.hub import token

        return Account(bool(self.token()), token.available())

    def take(self, access: str) -> None:
        """Keep a token from now on, in the keyring where there is one.

        Raises:
            UserError: the keyring cannot be changed.
        """
        from core.base_models.hub import token

        if token.available():
            token.save(access)
        else:
            self._typed = access

    def forget(self) -> None:
        """Have none any more.

        Raises:
            UserError: the keyring cannot be changed.
        """
        from core.base_models.hub import token

        self._typed = ""
        token.forget()


class SigningIn:
    """A job that asks the hub whose token it is, and keeps the one that was typed once the hub knows it."""

    def __init__(self, access: HubAccess, typed: str) -> None:
        """Prepare (in another thread than the drawing one); with nothing typed, the token that is kept is tested.

        Raises:
            UserError: what was typed is no token, or the keyring cannot be read.
        """
        from core.base_models.hub import token
        from core.base_models.hub.jobs import AccountJob

        self._access, self._typed = access, token.checked(typed) if typed else ""
        self._job = AccountJob(self._typed or access.token())

    def messages(self) -> Iterator[str]:
        """The account's name.

        Raises:
            UserError: the hub does not know the token, or it cannot be kept.
        """
        for name in self._job.messages():
            if self._typed:
                self._access.take(self._typed)
            yield name

    def stop(self) -> None:
        """End it."""
        self._job.stop()
