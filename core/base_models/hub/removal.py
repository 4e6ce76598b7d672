"""Deleting a downloaded model from the hub cache, with the hub's own client, in a child process."""

from __future__ import annotations

from collections.abc import Iterator

from core.base_models.hub import unfinished
from core.base_models.hub.environment import ENVIRONMENT
from core.child import Child

_MEGABYTES = 2048


class RemoveJob:
    """Deletes all downloaded versions of a model; other programs that use the cache lose it as well."""

    def __init__(self, repo: str) -> None:
        self._repo = repo
        request = {"wish": "remove", "repo": repo, "token": ""}
        environment = {**ENVIRONMENT, "HF_HUB_OFFLINE": "1"}
        self._child = Child("core.base_models.hub.child", request, megabytes=_MEGABYTES, environment=environment)

    def messages(self) -> Iterator[int]:
        """The bytes that are free again.

        Raises:
            core.child.Stopped: :meth:`stop` was called.
            UserError: it is not in the cache, or cannot be deleted.
        """
        for message in self._child.messages():
            if "freed" in message:
                unfinished.ended(self._repo, None)
                yield message["freed"]

    def stop(self) -> None:
        """End it; what is not deleted yet stays."""
        self._child.stop()
