"""The child's part of sending a folder to the hub: a private repository, the files, one commit at the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from huggingface_hub import CommitOperationAdd, HfApi, errors

from core.base_models.hub.model import page_of
from core.child import Message
from core.errors import UserError

_CONFLICT = 409


def post(api: HfApi, request: dict[str, Any], tell: Callable[[Message], None]) -> None:
    """See :class:`core.base_models.hub.sending.SendJob`.

    Raises:
        UserError: a file is not what was shown any more, or the repository is public.
    """
    folder = Path(request["folder"])
    files = [(file["name"], file["size"]) for file in request["files"]]
    for name, size in files:
        if not (folder / name).is_file() or (folder / name).stat().st_size != size:
            raise UserError(
                f"{name} has changed since the list of files was shown.",
                hint="Look at what would be sent once more.",
                details=str(folder),
            )
    repo = _private_repository(api, request["repo"])
    total, done = sum(size for _, size in files), 0
    operations = []
    for name, size in files:
        tell({"sending": {"file": name, "done": done, "total": total}})
        operation = CommitOperationAdd(path_in_repo=name, path_or_fileobj=str(folder / name))
        api.preupload_lfs_files(repo, additions=[operation], free_memory=False)
        operations.append(operation)
        done += size
    tell({"sending": {"file": "", "done": done, "total": total}})
    api.create_commit(repo, operations, commit_message="Add files with Tunesmith")
    tell({"sent": {"repo": repo, "address": page_of(repo)}})


def _private_repository(api: HfApi, name: str) -> str:
    """Make it, or take one that is there and private; returns its full name."""
    try:
        return str(api.create_repo(name, private=True).repo_id)
    except errors.HfHubHTTPError as error:
        if error.response.status_code != _CONFLICT:
            raise
    if "/" not in name:
        name = f"{api.whoami()['name']}/{name}"
    if api.model_info(name).private:
        return name
    raise UserError(
        f"There is a public repository named {name} already.",
        reason="What is sent from here goes into private repositories; you may publish it on the hub yourself.",
        hint="Choose another name.",
    )
