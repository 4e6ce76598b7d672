"""The child process that speaks with the hub, through ``huggingface_hub``: ``python -m core.base_models.hub.child``.

The access token comes with the request, over stdin; see :mod:`core.base_models.hub.jobs` for the other side.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, ModelInfo, errors, scan_cache_dir

from core.base_models.catalogue import hub_cache
from core.base_models.config import check_kind
from core.base_models.hub import files
from core.base_models.hub.client import ANSWER_SECONDS, in_words, open_client
from core.base_models.hub.fetching import Fetch
from core.base_models.hub.model import FoundModel, Gated, HubFile, Plan
from core.base_models.hub.places import check_free, free_bytes, here_bytes, place_of
from core.base_models.hub.posting import post
from core.base_models.hub.problems import no_answer
from core.child import Message, serve
from core.errors import ModelError

Tell = Callable[[Message], None]
_EXPAND = ("downloads", "likes", "gated", "safetensors", "tags", "config", "lastModified", "pipeline_tag", "cardData")
_COMMIT, _SHA = re.compile(r"[0-9a-f]{40}"), re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_TASKS = ("text-generation", "image-text-to-text", "any-to-any", None)
_OTHER_FORMATS = {"gguf": "GGUF", "mlx": "MLX", "gptq": "GPTQ", "awq": "AWQ", "onnx": "ONNX", "exl2": "EXL2"}


def work(request: Message, tell: Tell) -> None:
    """Answer one request of :mod:`core.base_models.hub.jobs`."""
    token = request["token"]
    repo = request.get("repo", "")
    patient = request["wish"] in ("download", "send")
    api = open_client(token, lambda seconds: tell({"waiting": seconds}), patient=patient)
    with in_words(repo, token, keeps=request["wish"] == "download"):
        match request["wish"]:
            case "search":
                for found in search(api, request["text"], request["limit"]):
                    tell({"found": dataclasses.asdict(found)})
            case "plan":
                folder = Path(request["folder"]) if request["folder"] else None
                tell({"plan": make_plan(api, repo, folder, has_token=bool(token)).to_json()})
            case "download":
                Fetch(Plan.from_json(request["plan"]), token, tell).run()
            case "remove":
                tell({"freed": remove(repo)})
            case "send":
                post(api, request, tell)
            case "account":
                tell({"account": str(api.whoami(token=token).get("name", ""))})


def search(api: HfApi, text: str, limit: int) -> list[FoundModel]:
    """Models that write text and have safetensors, the most downloaded first."""
    # A model that also sees images is filed under another task, so that is looked at here, once something is named.
    found = api.list_models(
        search=text or None,
        filter="safetensors",
        pipeline_tag=None if text else "text-generation",
        sort="downloads",
        limit=limit if not text else 2 * limit,
        expand=list(_EXPAND),  # type: ignore[arg-type]
    )
    return [found_model(info) for info in found if info.pipeline_tag in _TASKS][:limit]


def found_model(info: ModelInfo) -> FoundModel:
    """What a search tells of one model."""
    return FoundModel(
        repo=info.id,
        parameters=_parameters(info),
        licence=_licence(info)[0],
        gated=_gated(info),
        downloads=info.downloads or 0,
        likes=info.likes or 0,
        updated=_day(info),
        architecture=_architecture(info),
        problem=_problem(info),
    )


def make_plan(api: HfApi, repo: str, folder: Path | None, *, has_token: bool) -> Plan:
    """What a download would bring.

    Raises:
        ModelError: there is no such model, it cannot be used here, or the folder is taken.
    """
    if folder is not None:
        check_free(folder)
    info = api.model_info(repo, files_metadata=True, timeout=ANSWER_SECONDS)
    check_kind(_config(info), repo)
    wanted = files.needed(repo, _files(info))
    commit = info.sha or ""
    if not _COMMIT.fullmatch(commit):  # folders are named after it
        raise no_answer(f"the version {commit[:80]!r}")
    place = place_of(repo, commit, folder)
    licence, address = _licence(info)
    return Plan(
        repo=repo,
        commit=commit,
        files=wanted,
        folder=folder,
        here_bytes=here_bytes(place, wanted),
        free_bytes=free_bytes(place),
        licence=licence,
        licence_url=address,
        gated=_gated(info),
        parameters=_parameters(info),
        architecture=_architecture(info),
        downloads=info.downloads or 0,
        updated=_day(info),
        access=_access(api, info, has_token=has_token),
    )


def remove(repo: str) -> int:
    """Delete a model from the cache; returns the bytes that are free again.

    Raises:
        ModelError: it is not there.
    """
    found = [one for one in scan_cache_dir(hub_cache()).repos if (one.repo_id, one.repo_type) == (repo, "model")]
    if not found:
        raise ModelError(f"{repo} is not in the hub cache.", details=str(hub_cache()))
    revisions = [revision.commit_hash for revision in found[0].revisions]
    strategy = scan_cache_dir(hub_cache()).delete_revisions(*revisions)
    strategy.execute()
    return int(strategy.expected_freed_size)


def _access(api: HfApi, info: ModelInfo, *, has_token: bool) -> Any:
    if not _gated(info) and not info.private:
        return "open"
    if not has_token:
        return "token"
    try:
        api.auth_check(info.id)
    except errors.GatedRepoError:
        return "consent"
    return "granted"


def _files(info: ModelInfo) -> list[HubFile]:
    """The files of the top folder whose size and checksum the hub tells; files here are named after the latter."""
    found = []
    for entry in info.siblings or ():
        sha = entry.lfs.sha256 if entry.lfs else entry.blob_id
        size = entry.lfs.size if entry.lfs else entry.size
        if "/" not in entry.rfilename and sha and _SHA.fullmatch(sha) and size is not None and size >= 0:
            found.append(HubFile(entry.rfilename, size, sha))
    return found


def _config(info: ModelInfo) -> dict[str, Any]:
    return info.config if isinstance(info.config, dict) else {}


def _architecture(info: ModelInfo) -> str:
    names = _config(info).get("architectures")
    return str(names[0])[:100] if isinstance(names, list) and names else ""


def _problem(info: ModelInfo) -> str:
    """Why a model that was found cannot be trained here, as far as its entry tells."""
    tags = {str(tag).lower() for tag in info.tags or ()}
    for tag, name in _OTHER_FORMATS.items():
        if tag in tags:
            return f"It is in the {name} format, which is for running a model, not for training."
    if "peft" in tags or "adapter" in tags:
        return "It is an adapter, no base model."
    try:
        check_kind(_config(info), info.id)
    except ModelError as error:
        return f"{error.title} {error.reason}"
    return ""


def _parameters(info: ModelInfo) -> int:
    return int(info.safetensors.total) if info.safetensors else 0


def _gated(info: ModelInfo) -> Gated:
    return info.gated if info.gated in ("auto", "manual") else ""


def _licence(info: ModelInfo) -> tuple[str, str]:
    """Its short name and the address of its text, as far as stated."""
    card = vars(info.card_data) if info.card_data is not None else {}
    name, address = card.get("license_name") or card.get("license"), card.get("license_link")
    if not name:
        tags = [str(tag) for tag in info.tags or ()]
        name = next((tag.removeprefix("license:") for tag in tags if tag.startswith("license:")), "")
    if isinstance(name, list):
        name = ", ".join(str(part) for part in name)
    is_address = isinstance(address, str) and address.startswith("https://")
    return str(name)[:100], str(address)[:500] if is_address else ""


def _day(info: ModelInfo) -> str:
    return info.last_modified.date().isoformat() if info.last_modified else ""


if __name__ == "__main__":
    sys.exit(serve(work))
