"""Fetching the files of a plan, each from where an earlier download left off, and checking what came.

``huggingface_hub`` itself throws away what there is of a file when it is interrupted. So the bytes are fetched with
its ``http_get``, which can begin anywhere, into a file of ours; what is whole and right takes the name that the hub
cache has for it, and ``hf_hub_download``, which finds it there, lays out the rest of the cache.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import filelock
from huggingface_hub import hf_hub_download, hf_hub_url
from huggingface_hub.file_download import http_get
from huggingface_hub.utils._fixes import WeakFileLock
from huggingface_hub.utils._headers import build_hf_headers

from core.base_models import shelf
from core.base_models.catalogue import hub_cache
from core.base_models.config import read_config
from core.base_models.hub import files
from core.base_models.hub.model import SPARE_BYTES, HubFile, Plan, endpoint
from core.base_models.hub.places import CachePlace, FolderPlace, check_free, free_bytes, here_bytes, place_of
from core.base_models.weights import weight_files
from core.child import Message
from core.errors import ModelError
from core.files import write_atomically

_LOCK_SECONDS = 3.0
_TELL_SECONDS = 0.1
_READ = 1 << 20
_SHA256 = 64  # hexadecimal digits


class Fetch:
    """One download, from what is here to a whole model."""

    def __init__(self, plan: Plan, token: str, tell: Callable[[Message], None]) -> None:
        self._plan = plan
        self._place = place_of(plan.repo, plan.commit, plan.folder)
        self._token: str | bool = token or False
        # Compressed on the way, a file could not be taken up in its middle.
        as_it_is = {"Accept-Encoding": "identity"}
        self._headers = build_hf_headers(token=self._token, library_name="tunesmith", headers=as_it_is)
        self._tell = tell
        self._told = 0.0
        self._done = here_bytes(self._place, plan.files)

    def run(self) -> None:
        """Fetch what is missing, the small files first, and tell where the model is.

        Raises:
            ModelError: no room, or what came is not the model that was promised.
        """
        self._check_room()
        for file in self._plan.files:
            if not self._place.whole(file):
                self._fetch(file)
            if isinstance(self._place, CachePlace):
                self._lay_out(self._place, file)
            if file.name == files.CONFIG:
                # Before gigabytes come: the hub's summary of it may have been silent about something.
                read_config(self._folder_now)
        weight_files(self._folder_now)
        self._finish()

    @property
    def _folder_now(self) -> Path:
        return self._place.snapshot if isinstance(self._place, CachePlace) else self._place.root

    def _check_room(self) -> None:
        if isinstance(self._place, FolderPlace):
            check_free(self._place.folder)
            self._place.root.mkdir(parents=True, exist_ok=True)
        else:
            (self._place.root / "blobs").mkdir(parents=True, exist_ok=True)
        missing, free = self._plan.total_bytes - self._done, free_bytes(self._place)
        if missing and free < missing + SPARE_BYTES:
            raise ModelError(
                "There is too little room on the disk for this model.",
                reason=f"{missing / 1024**3:.1f} GB are still to come; {free / 1024**3:.1f} GB are free.",
                hint="Free some space, or choose a place on another disk.",
                details=str(self._place.root),
            )

    def _fetch(self, file: HubFile) -> None:
        partial = self._place.partial(file)
        url = hf_hub_url(self._plan.repo, file.name, revision=self._plan.commit, endpoint=endpoint())
        try:
            with self._alone(file):
                with _Arriving(partial, lambda count: self._arrived(file, count)) as arriving:
                    here = arriving.seek(0, os.SEEK_END)
                    if here > file.size:  # of no use
                        arriving.truncate(0)
                        self._done += here - file.size  # only so much of it was counted
                        here = 0
                    self._say(file)
                    http_get(url, arriving, resume_size=here, headers=self._headers, expected_size=file.size)
                    os.fsync(arriving.fileno())
                self._check(file, partial)
        except filelock.Timeout as error:
            raise ModelError(
                f"Another program is downloading {self._plan.repo} at the moment.",
                hint="Wait until it is done, or stop it there.",
            ) from error
        if isinstance(self._place, CachePlace):
            os.replace(partial, self._place.blob(file))
        else:
            self._place.take(file)

    def _alone(self, file: HubFile) -> AbstractContextManager[object]:
        """Two programs must not write to the same file."""
        lock = self._place.lock(file)
        lock.parent.mkdir(parents=True, exist_ok=True)
        return WeakFileLock(lock, timeout=_LOCK_SECONDS)

    def _check(self, file: HubFile, partial: Path) -> None:
        """Compare what came with the checksum that the hub told before."""
        self._say(file, checking=True)
        with partial.open("rb") as stream:
            if len(file.sha) == _SHA256:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            else:  # as git names its objects
                git = hashlib.sha1(f"blob {file.size}\0".encode(), usedforsecurity=False)
                for piece in iter(lambda: stream.read(_READ), b""):
                    git.update(piece)
                digest = git.hexdigest()
        if digest != file.sha:
            partial.unlink()
            raise ModelError(
                f"{file.name} was damaged on its way.",
                reason="What arrived is not what the hub says it sent; it was thrown away.",
                hint="Try again. If it happens once more, something between this machine and the hub changes files.",
                details=f"{self._plan.repo}@{self._plan.commit}: {digest} instead of {file.sha}",
            )

    def _lay_out(self, place: CachePlace, file: HubFile) -> None:
        """Let the client put the file where all of Hugging Face's programs look for it."""
        hf_hub_download(
            self._plan.repo,
            file.name,
            revision=self._plan.commit,
            cache_dir=hub_cache(),
            token=self._token,
            endpoint=endpoint(),
            library_name="tunesmith",
        )
        if not (place.snapshot / file.name).is_symlink():  # a system without them: it was copied
            place.blob(file).unlink(missing_ok=True)

    def _finish(self) -> None:
        """All files are here: let the model be found."""
        if isinstance(self._place, CachePlace):
            reference = self._place.root / "refs" / "main"
            reference.parent.mkdir(exist_ok=True)
            write_atomically(reference, self._plan.commit.encode())
            base, path = self._plan.repo, self._place.snapshot
        else:
            self._place.finish(self._plan.files)
            shelf.remember(self._place.folder)
            base, path = str(self._place.folder), self._place.folder
        self._tell({"downloaded": {"base": base, "path": str(path)}})

    def _arrived(self, file: HubFile, count: int) -> None:
        self._done += count
        if time.monotonic() - self._told > _TELL_SECONDS:
            self._say(file)

    def _say(self, file: HubFile, *, checking: bool = False) -> None:
        self._told = time.monotonic()
        total = self._plan.total_bytes
        done = min(max(self._done, 0), total)
        self._tell({"progress": {"file": file.name, "done": done, "total": total, "checking": checking}})


class _Arriving(io.FileIO):
    """A file that grows at its end and tells by how many bytes; a disk that takes only a part is an error."""

    def __init__(self, path: Path, grown: Callable[[int], None]) -> None:
        super().__init__(path, "a+")
        self._grown = grown

    def write(self, data: Any) -> int:
        """All of it."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        while rest:
            rest = rest[super().write(rest) :]
        self._grown(size)
        return size

    def truncate(self, size: int | None = None) -> int:
        """The client begins anew where the hub does not continue a file."""
        before = os.fstat(self.fileno()).st_size
        after = super().truncate(size)
        self._grown(after - before)
        return after
