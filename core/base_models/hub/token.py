"""The hub's access token: in the system's keyring and nowhere else, never in a file, a log or the environment.

The keyring may ask the user to unlock it and wait for that, so none of this is for the drawing thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from core.base_models.hub.model import page_of
from core.errors import UserError

_SERVICE = "Tunesmith"
_NAME = "Hugging Face access token"
_TOKEN = re.compile(r"hf_[A-Za-z0-9]{16,}")
_IN_FILES = ("keyrings.alt", "keyring.backends.fail", "keyring.backends.null")  # they keep it readable, or not at all


def load() -> str:
    """The token; empty when none was put in.

    Raises:
        UserError: the keyring cannot be read.
    """
    if not available():
        return ""
    import keyring

    with _in_words():
        return keyring.get_password(_SERVICE, _NAME) or ""


def save(token: str) -> None:
    """Put a token in, in the place of an earlier one.

    Raises:
        UserError: it does not look like one, or there is no keyring that could keep it.
    """
    import keyring

    token = checked(token)
    if not available():
        raise _no_keyring()
    with _in_words():
        keyring.set_password(_SERVICE, _NAME, token)


def forget() -> None:
    """Take the token out; without one nothing happens.

    Raises:
        UserError: the keyring cannot be changed.
    """
    if not load():
        return
    import keyring

    with _in_words():
        keyring.delete_password(_SERVICE, _NAME)


def available() -> bool:
    """Whether this system has a keyring that keeps secrets."""
    import keyring
    from keyring.backends.chainer import ChainerBackend

    found = keyring.get_keyring()
    backends = found.backends if isinstance(found, ChainerBackend) else [found]
    return bool(backends) and not any(type(backend).__module__.startswith(_IN_FILES) for backend in backends)


def checked(token: str) -> str:
    """A token as it was typed or pasted, without the spaces around it.

    Raises:
        UserError: it does not look like one; it is not repeated in the words.
    """
    token = token.strip()
    if _TOKEN.fullmatch(token):
        return token
    raise UserError(
        "That does not look like an access token.",
        reason="One of Hugging Face begins with hf_ and goes on with letters and digits.",
        hint=f"Make one on {page_of('settings/tokens')} (reading is all that a download needs) and paste it whole.",
    )


@contextmanager
def _in_words() -> Iterator[None]:
    from keyring.errors import KeyringError

    try:
        yield
    except KeyringError as error:
        raise UserError(
            "The system's keyring cannot be used.",
            reason=str(error) or "It is locked, or access to it was denied.",
            hint="Unlock it and try again.",
            details=type(error).__name__,
        ) from error


def _no_keyring() -> UserError:
    return UserError(
        "There is no keyring on this system that could keep the token.",
        reason="A token is never written to a file, where other programs could read it.",
        hint="On Linux, install and unlock GNOME Keyring or KWallet. For one command, the token can be given by "
        "tunesmith models download --token-stdin.",
    )
