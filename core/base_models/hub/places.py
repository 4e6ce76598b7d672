"""Where a download's files go: the hub cache, laid out as ``huggingface_hub`` lays it out, or a folder of the user's.

What is fetched lies aside until it is whole, and stays there when a download is cut short, so that the next one goes
on from there. In the hub cache that is ``blobs/SHA.incomplete``; for a folder ``.NAME.incomplete`` beside it, which is
renamed when the last file has come.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.base_models.catalogue import hub_cache
from core.base_models.hub.model import HubFile, Plan
from core.errors import ModelError
from core.files import write_atomically

_MARKS = ".whole.json"  # in a folder that is being filled: the checksums of the files that are whole


@dataclass(frozen=True, slots=True)
class CachePlace:
    """In the hub cache."""

    repo: str
    commit: str

    @property
    def root(self) -> Path:
        """The model's folder, for all its versions."""
        return hub_cache() / f"models--{self.repo.replace('/', '--')}"

    @property
    def snapshot(self) -> Path:
        """The folder of this version."""
        return self.root / "snapshots" / self.commit

    def whole(self, file: HubFile) -> bool:
        """Whether the file is here."""
        return self.laid_out(file) or _has(self.blob(file), file.size)

    def laid_out(self, file: HubFile) -> bool:
        """Whether it is where all programs look for it."""
        return _has(self.snapshot / file.name, file.size)

    def blob(self, file: HubFile) -> Path:
        """Where its content lies, for all versions that have it."""
        return self.root / "blobs" / file.sha

    def partial(self, file: HubFile) -> Path:
        """What there is of the file so far, or where that goes."""
        return self.root / "blobs" / f"{file.sha}.incomplete"

    def lock(self, file: HubFile) -> Path:
        """What ``huggingface_hub``, too, locks while it fetches the file."""
        return self.root.parent / ".locks" / self.root.name / f"{file.sha}.lock"


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """In a folder of its own, which must not be there yet or be empty."""

    folder: Path

    @property
    def root(self) -> Path:
        """The folder that is filled; it gets its name at the end."""
        return self.folder.with_name(f".{self.folder.name}.incomplete")

    def whole(self, file: HubFile) -> bool:
        """Whether the file is here."""
        return self._marks().get(file.name) == file.sha and _has(self.root / file.name, file.size)

    def partial(self, file: HubFile) -> Path:
        """What there is of the file so far, or where that goes."""
        return self.root / f"{file.sha}.part"

    def lock(self, _file: HubFile) -> Path:
        """What is locked while a file is fetched."""
        return self.root / ".lock"

    def take(self, file: HubFile) -> None:
        """What lies at :meth:`partial` is whole."""
        os.replace(self.partial(file), self.root / file.name)
        marks = {**self._marks(), file.name: file.sha}
        write_atomically(self.root / _MARKS, json.dumps(marks).encode())

    def finish(self, files: Iterable[HubFile]) -> None:
        """All files are whole: give the folder its name.

        Raises:
            ModelError: meanwhile there is such a folder.
        """
        names = {file.name for file in files}
        for path in self.root.iterdir():
            if path.name not in names:  # of an earlier version, begun and not ended
                path.unlink()
        check_free(self.folder)
        if self.folder.is_dir():
            self.folder.rmdir()
        os.rename(self.root, self.folder)

    def _marks(self) -> dict[str, str]:
        try:
            marks = json.loads((self.root / _MARKS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return marks if isinstance(marks, dict) else {}


Place = CachePlace | FolderPlace


def place_of(repo: str, commit: str, folder: Path | None) -> Place:
    """Where a download goes."""
    return CachePlace(repo, commit) if folder is None else FolderPlace(folder)


def here_bytes(place: Place, files: Iterable[HubFile]) -> int:
    """How much of the files is on the disk already."""
    return sum(file.size if place.whole(file) else min(file.size, _size(place.partial(file))) for file in files)


def free_bytes(place: Place) -> int:
    """Free space on the disk that the place is on."""
    folder = place.root
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def placed(plan: Plan, folder: Path | None) -> Plan:
    """The plan of a download to another place; nothing is asked of the hub.

    Raises:
        ModelError: the folder holds something.
    """
    if folder is not None:
        check_free(folder)
    place = place_of(plan.repo, plan.commit, folder)
    here, free = here_bytes(place, plan.files), free_bytes(place)
    return dataclasses.replace(plan, folder=folder, here_bytes=here, free_bytes=free)


def check_free(folder: Path) -> None:
    """Refuse a folder that holds something.

    Raises:
        ModelError: it does.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ModelError(
            f"There is something at {folder.name} already.",
            reason="A download goes into a folder of its own, and nothing is ever overwritten.",
            hint="Choose another place or name, or move away what is there.",
            details=str(folder),
        )


def _has(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
