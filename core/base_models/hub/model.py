"""What is said of a model on the hub: as a search finds it, and as a plan of what a download would bring."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Gated = Literal["", "auto", "manual"]
DEFAULT_ENDPOINT = "https://huggingface.co"


@dataclass(frozen=True, slots=True)
class FoundModel:
    """One model that a search found.

    Attributes:
        repo: its id, ``owner/name``.
        parameters: in all; 0 where the hub does not know.
        licence: its short name (``apache-2.0``); empty where none is stated.
        gated: whether its owner wants consent first: given at once (``auto``) or by hand (``manual``).
        downloads: of the last 30 days.
        updated: the day of its last change, ``2025-01-31``.
        architecture: ``LlamaForCausalLM``; empty where the hub does not know.
        problem: why it cannot be trained here, as far as the hub's own words tell; empty when nothing speaks against.
    """

    repo: str
    parameters: int
    licence: str
    gated: Gated
    downloads: int
    likes: int
    updated: str
    architecture: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a model.

    Attributes:
        name: in the repository's top folder; it has no other parts.
        size: in bytes.
        sha: SHA-256 of the content of a large file; git's SHA-1 of others. It names the file in the hub cache too.
    """

    name: str
    size: int
    sha: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a download would bring; to be shown before it is begun.

    Attributes:
        repo: the model's id.
        commit: the very version.
        files: all that the model needs and nothing else.
        folder: where the files go; None means the hub cache, which other programs share.
        here_bytes: of ``files``, what is on this disk already (from an earlier download that was cut short, say).
        free_bytes: on the disk they go to.
        licence, licence_url, gated, parameters, architecture, downloads, updated: see :class:`FoundModel`.
        access: whether the files may be had: ``open`` to all, ``granted`` to this token's account, ``token`` is
            needed, or ``consent`` is, to be given on the model's page.
    """

    repo: str
    commit: str
    files: tuple[HubFile, ...]
    folder: Path | None
    here_bytes: int
    free_bytes: int
    licence: str
    licence_url: str
    gated: Gated
    parameters: int
    architecture: str
    downloads: int
    updated: str
    access: Literal["open", "granted", "token", "consent"]

    @property
    def total_bytes(self) -> int:
        """Of all files."""
        return sum(file.size for file in self.files)

    @property
    def missing_bytes(self) -> int:
        """What is still to come over the network."""
        return max(0, self.total_bytes - self.here_bytes)

    @property
    def fits(self) -> bool:
        """Whether the disk has room for what is missing and a little more."""
        return self.free_bytes >= self.missing_bytes + SPARE_BYTES

    def to_json(self) -> dict[str, Any]:
        """For the child process."""
        return {**dataclasses.asdict(self), "folder": str(self.folder) if self.folder else ""}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        """The reverse of :meth:`to_json`."""
        files = tuple(HubFile(**file) for file in data["files"])
        return cls(**{**data, "files": files, "folder": Path(data["folder"]) if data["folder"] else None})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a download is.

    Attributes:
        file: what is being fetched.
        done, total: bytes of all files, those included that were here before.
        waiting: seconds for which the hub asked to wait; 0 while data flows.
        checking: whether a file that has arrived is being compared with its checksum.
    """

    file: str
    done: int
    total: int
    waiting: int = 0
    checking: bool = False


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A download is whole.

    Attributes:
        base: what a recipe calls the model: its id, or the folder it was put into.
        path: where the files are.
    """

    base: str
    path: Path


SPARE_BYTES = 200 * 1000**2  # left free on the disk


def page_of(repo: str) -> str:
    """The address of a model's page, where its terms are read and agreed to."""
    return f"{endpoint()}/{repo}"


def endpoint() -> str:
    """The hub's address; ``HF_ENDPOINT`` names another, as for all of Hugging Face's programs."""
    return os.environ.get("HF_ENDPOINT", DEFAULT_ENDPOINT).rstrip("/")
