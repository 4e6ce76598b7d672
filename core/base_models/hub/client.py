"""The hub's own client, set up for one request of this program: its token alone, patience with bounds.

Used in the child process. What the environment or Hugging Face's own files hold of tokens is not looked at: only the
token that came with the request is ever sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import huggingface_hub
from huggingface_hub.utils._http import hf_request_event_hook, set_client_factory

from core.base_models.hub.model import endpoint
from core.base_models.hub.problems import problem, seconds_to_wait, too_many_requests, trouble, without_kept
from core.errors import UserError

ANSWER_SECONDS = 20.0
_LONGEST_WAIT = 60  # seconds that are waited through; of a longer time the user is told
_PIECE = 1 << 20  # bytes between two signs of life


def open_client(
    token: str, waiting: Callable[[int], None] = lambda seconds: None, *, patient: bool = True
) -> huggingface_hub.HfApi:
    """The client.

    Args:
        token: the access token; empty for none.
        waiting: told of the seconds when the hub asks to wait a little.
        patient: whether to try again for a while when the hub cannot be reached; for a download, not for a question
            that somebody waits for.
    """

    def refused(response: httpx2.Response) -> None:
        if response.status_code == 429:
            seconds = seconds_to_wait(response)
            if seconds is not None and seconds > _LONGEST_WAIT:
                raise too_many_requests(seconds)
            waiting(seconds or 1)
        elif response.status_code >= 500 and not patient:
            raise trouble(response.status_code)

    kind = httpx2.Client if patient else _Impatient

    def factory() -> httpx2.Client:
        hooks: dict[str, list[Callable[..., Any]]] = {"request": [hf_request_event_hook], "response": [refused]}
        return kind(event_hooks=hooks, follow_redirects=True, timeout=httpx2.Timeout(ANSWER_SECONDS))

    set_client_factory(factory)
    huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE = _PIECE
    return huggingface_hub.HfApi(endpoint=endpoint(), token=token or False, library_name="tunesmith")


class _Impatient(httpx2.Client):
    """Its errors are none that ``huggingface_hub`` would try again after."""

    def send(self, *args: Any, **kwargs: Any) -> httpx2.Response:
        """See the base class."""
        try:
            return super().send(*args, **kwargs)
        except httpx2.TransportError as error:
            raise problem(error, "", has_token=False) from error


@contextmanager
def in_words(repo: str, token: str, *, keeps: bool) -> Iterator[None]:
    """Whatever the client raises inside becomes an error with a way on.

    Args:
        repo: what it is about; empty for a search.
        token: the access token that is sent.
        keeps: whether what was fetched before the error stays for the next time, which is then said.

    Raises:
        ModelError: see :func:`core.base_models.hub.problems.problem`.
    """
    try:
        yield
    except MemoryError:
        raise
    except UserError as error:
        error.hint = error.hint if keeps else without_kept(error.hint)
        raise
    except Exception as error:  # of whichever library met it first: httpx, huggingface_hub, filelock, the system
        found = problem(error, repo, has_token=bool(token))
        found.hint = found.hint if keeps else without_kept(found.hint)
        raise found from error
