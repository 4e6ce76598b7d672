"""Downloads that were begun and are not whole: remembered, so that they can be taken up again or thrown away."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core import paths
from core.base_models.hub.model import HubFile, Plan
from core.base_models.hub.places import CachePlace, Place, here_bytes, place_of
from core.errors import UserError
from core.files import changing, write_atomically

_NAME = "downloads.json"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A download that was cut short.

    Attributes:
        repo: the model's id.
        commit: the version.
        folder: where it was to go; None means the hub cache.
        here_bytes: what has come so far.
        total_bytes: of all its files.
    """

    repo: str
    commit: str
    folder: Path | None
    here_bytes: int
    total_bytes: int


def begun(plan: Plan) -> None:
    """Remember a download that begins, or goes on."""
    place = place_of(plan.repo, plan.commit, plan.folder)
    whole = [file.name for file in plan.files if place.whole(file)]
    with changing(_path()):
        known: list[dict[str, Any]] = []
        kept: list[dict[str, Any]] = []
        for entry in _read():
            (known if _is(entry, plan.repo, plan.folder) and entry["commit"] == plan.commit else kept).append(entry)
        entry = {
            "repo": plan.repo,
            "commit": plan.commit,
            "folder": _text(plan.folder),
            "files": [asdict(file) for file in plan.files],
            "before": known[0]["before"] if known else whole,
        }
        _write([*kept, entry])


def ended(repo: str, folder: Path | None) -> None:
    """Forget a download that is whole or was thrown away."""
    with changing(_path()):
        entries = _read()
        kept = [entry for entry in entries if not _is(entry, repo, folder)]
        if len(kept) != len(entries):
            _write(kept)


def unfinished() -> list[Unfinished]:
    """All of them, the newest first; those of which nothing is left on the disk are left out.

    So are those in the hub cache that another program has made whole: they are models now.
    """
    found = []
    for entry in reversed(_read()):
        folder, files = _folder(entry), _files(entry)
        place = place_of(entry["repo"], entry["commit"], folder)
        here = here_bytes(place, files)
        if here and not (isinstance(place, CachePlace) and all(map(place.laid_out, files))):
            total = sum(file.size for file in files)
            found.append(Unfinished(entry["repo"], entry["commit"], folder, here, total))
    return found


def discard(one: Unfinished) -> None:
    """Throw away what has come of a download; what was here before it began stays.

    Raises:
        UserError: another window or program is at it.
        OSError: a file cannot be removed.
    """
    for entry in [entry for entry in _read() if _is(entry, one.repo, one.folder)]:
        place = place_of(one.repo, entry["commit"], one.folder)
        _check_idle(one.repo, place, _files(entry))
        if isinstance(place, CachePlace):
            _clear_cache(place, [file for file in _files(entry) if file.name not in entry["before"]])
        elif place.root.is_dir():
            shutil.rmtree(place.root)
    ended(one.repo, one.folder)


def _check_idle(repo: str, place: Place, files: list[HubFile]) -> None:
    import filelock

    for lock in {place.lock(file) for file in files}:
        if not lock.is_file():
            continue
        try:
            with filelock.FileLock(lock, timeout=0):
                pass
        except filelock.Timeout as error:
            raise UserError(
                f"{repo} is being downloaded at the moment.",
                reason="Another window or program is at it.",
                hint="Pause it there first.",
            ) from error


def _clear_cache(place: CachePlace, files: list[HubFile]) -> None:
    for file in files:
        place.partial(file).unlink(missing_ok=True)
        (place.snapshot / file.name).unlink(missing_ok=True)
    with suppress(OSError):
        place.snapshot.rmdir()
    used = {path.resolve() for path in place.root.glob("snapshots/*/*")}
    for file in files:
        if place.blob(file).resolve() not in used:
            place.blob(file).unlink(missing_ok=True)
    if not any(place.root.glob("snapshots/*")) and not any(place.root.glob("blobs/*")):
        shutil.rmtree(place.root, ignore_errors=True)


def _is(entry: dict[str, Any], repo: str, folder: Path | None) -> bool:
    return bool(entry["repo"] == repo and entry["folder"] == _text(folder))


def _text(folder: Path | None) -> str:
    return str(folder) if folder else ""


def _folder(entry: dict[str, Any]) -> Path | None:
    return Path(entry["folder"]) if entry["folder"] else None


def _files(entry: dict[str, Any]) -> list[HubFile]:
    return [HubFile(**file) for file in entry["files"]]


def _path() -> Path:
    return paths.user_data() / _NAME


def _read() -> list[dict[str, Any]]:
    try:
        entries = json.loads(_path().read_text(encoding="utf-8"))
        for entry in entries:
            _files(entry), entry["repo"], entry["commit"], entry["folder"], entry["before"]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return []
    return list(entries)


def _write(entries: list[dict[str, Any]]) -> None:
    write_atomically(_path(), json.dumps(entries).encode())
