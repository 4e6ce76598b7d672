"""What goes wrong with the hub, as errors with a way on. Used in the child process, where its client is loaded."""

from __future__ import annotations

import errno

import httpx2
from huggingface_hub import errors
from huggingface_hub.utils._http import parse_ratelimit_headers

from core.base_models.hub.model import page_of
from core.errors import ModelError
from core.redaction import redacted

_PAUSED = "What has come so far is kept; the download goes on from there."


def problem(error: Exception, repo: str, *, has_token: bool) -> ModelError:
    """The error to show.

    Args:
        error: what the client raised.
        repo: the model in question; empty for a search.
        has_token: whether an access token was sent.
    """
    details = redacted(f"{type(error).__name__}: {error}")[:2000]
    found = (
        _refused(error, repo, details, has_token=has_token)
        or _of_status(error, details)
        or _of_connection(error, details)
        or _of_disk(error, details)
    )
    return found or no_answer(details)


def no_answer(details: str) -> ModelError:
    """What the hub said makes no sense."""
    return ModelError(
        "The hub's answer could not be used.",
        reason="It was not what this program expects.",
        hint=f"Try again later. {_PAUSED}",
        details=details,
    )


def without_kept(hint: str) -> str:
    """The hint of an error after which nothing is kept."""
    return hint.replace(f" {_PAUSED}", "")


def too_many_requests(seconds: int | None, details: str = "") -> ModelError:
    """The hub wants less to do for a while."""
    return ModelError(
        "The hub asks to wait.",
        reason="It had too many requests from this address or account."
        + (f" It answers again in {_time(seconds)}." if seconds else ""),
        hint=f"Try again {'then' if seconds else 'in a few minutes'}; with an access token it allows more. {_PAUSED}",
        details=details,
    )


def seconds_to_wait(response: httpx2.Response) -> int | None:
    """For how long the hub asks to wait; None where it does not say."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdigit():
        return int(value)
    limit = parse_ratelimit_headers(response.headers)
    return limit.reset_in_seconds if limit is not None and limit.remaining == 0 else None


def _refused(error: Exception, repo: str, details: str, *, has_token: bool) -> ModelError | None:
    """What concerns this model or this account."""
    status = _status(error)
    if isinstance(error, errors.GatedRepoError):
        return gated(repo, has_token=has_token, details=details)
    if isinstance(error, errors.RevisionNotFoundError | errors.RemoteEntryNotFoundError):
        return ModelError(
            f"{repo} was changed on the hub.",
            reason="The version that was looked at is not there any more.",
            hint="Look at the model again: what it consists of now is shown before anything is downloaded.",
            details=details,
        )
    if status == 401 and has_token:
        return ModelError(
            "The hub does not accept the access token.",
            reason="It may have expired or been taken back.",
            hint=f"Make a new one on {page_of('settings/tokens')} and put it in here.",
            details=details,
        )
    if isinstance(error, errors.RepositoryNotFoundError | errors.HFValidationError) or status in (401, 404):
        return ModelError(
            f"There is no model named {repo} on the hub." if repo else "The hub did not find that.",
            reason="The name may be misspelled, or the model is private.",
            hint="Check its name (owner/name). For a private model, put in an access token that may read it.",
            details=details,
        )
    if status == 403 or isinstance(error, errors.DisabledRepoError):
        return ModelError(
            f"The hub refuses access to {repo}." if repo else "The hub refuses this.",
            reason="This account, or its access token, may not do that there.",
            hint=f"Its page may say why: {page_of(repo)}. A token that only reads cannot send anything.",
            details=details,
        )
    return None


def gated(repo: str, *, has_token: bool, details: str = "") -> ModelError:
    """The model's owner wants consent first."""
    agree = f"Open {page_of(repo)} in a browser, sign in and agree to its terms"
    hint = f"{agree}; then put in an access token of that account."
    if has_token:
        hint = f"{agree} with the account of your access token; some owners take a while to let people in."
    return ModelError(
        f"{repo} is given only to people who agreed to its terms.",
        reason="The account of your access token has not been let in."
        if has_token
        else "Without an access token the hub cannot tell who asks.",
        hint=hint,
        details=details,
    )


def _of_status(error: Exception, details: str) -> ModelError | None:
    status = _status(error)
    if status == 429:
        assert isinstance(error, errors.HfHubHTTPError)
        return too_many_requests(seconds_to_wait(error.response), details)
    return trouble(status, details) if status >= 500 else None


def trouble(status: int, details: str = "") -> ModelError:
    """The hub itself does not work."""
    return ModelError(
        "The hub has trouble at the moment.",
        reason=f"It answered with error {status}.",
        hint=f"Try again in a few minutes. {_PAUSED}",
        details=details,
    )


def _of_connection(error: Exception, details: str) -> ModelError | None:
    cut = isinstance(error, OSError) and "Consistency check failed" in str(error)
    if isinstance(error, errors.LocalEntryNotFoundError) and error.__cause__ is not None:
        return problem(error.__cause__, "", has_token=False) if isinstance(error.__cause__, Exception) else None
    if not cut and not isinstance(error, httpx2.TransportError | errors.OfflineModeIsEnabled):
        return None
    if cut or isinstance(error, httpx2.ReadError | httpx2.RemoteProtocolError):
        return ModelError(
            "The connection to the hub was lost.",
            reason="It broke off in the middle of a file, several times in a row.",
            hint=f"Try again. {_PAUSED}",
            details=details,
        )
    return ModelError(
        "The hub cannot be reached.",
        reason="There is no connection to it, or it does not answer.",
        hint=f"Check the connection (and the proxy, where there is one) and try again. {_PAUSED}",
        details=details,
    )


def _of_disk(error: Exception, details: str) -> ModelError | None:
    if not isinstance(error, OSError) or error.errno is None:
        return None
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ModelError(
            "The disk is full.",
            reason="There was no room for the rest of the model.",
            hint=f"Free some space, or choose another place. {_PAUSED}",
            details=details,
        )
    return ModelError(
        "The model's files cannot be written.",
        reason=str(error.strerror or error),
        hint="Check whether the folder may be written to, or choose another place.",
        details=details,
    )


def _status(error: Exception) -> int:
    return error.response.status_code if isinstance(error, errors.HfHubHTTPError) else 0


def _time(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 120 else f"{round(seconds / 60)} minutes"
