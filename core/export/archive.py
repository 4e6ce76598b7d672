"""Zip files of a folder: written plainly and reproducibly, and unpacked with suspicion."""

from __future__ import annotations

import io
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

from core.errors import ModelError

_MOST_MEMBERS = 10_000
MOST_BYTES = 2 << 30
_HIGHEST_RATIO = 10
_SMALL = 1 << 20  # under this size, text that compresses well is no attack
_CHUNK = 1 << 20
_LONGEST_SAID = 160  # letters; the library repeats what a damaged file is full of
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the zip format's own; the same files give the same archive
_STORED = (".safetensors",)  # numbers do not compress
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f]')

Advance = Callable[[int], object]


def pack(files: Iterable[Path], target: Path, *, inside: str, advance: Advance = lambda _: None) -> None:
    """Write files to a new zip file, all in one folder ``inside`` of it.

    Args:
        files: plain files.
        target: the zip; must not exist.
        inside: the name of the one folder in the archive.
        advance: told the bytes of each piece that was read; may raise to end the work.

    Raises:
        OSError: it exists, or cannot be written.
    """
    pack_members([(f"{inside}/{path.name}", path) for path in sorted(files)], target, advance=advance)


def pack_members(
    members: Iterable[tuple[str, Path | bytes]], target: Path, *, advance: Advance = lambda _: None
) -> None:
    """Write files and texts to a new zip file, each under the name given.

    Raises:
        OSError: it exists, or cannot be written.
    """
    with open(target, "xb") as file, zipfile.ZipFile(file, "w", allowZip64=True) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_STORED if name.endswith(_STORED) else zipfile.ZIP_DEFLATED
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            info.file_size = len(content) if isinstance(content, bytes) else content.stat().st_size
            with _open(content) as source, archive.open(info, "w") as member:
                copy(source, member, advance)


def unpack(
    archive: Path, target: Path, *, most_bytes: int = MOST_BYTES, highest_ratio: int = _HIGHEST_RATIO
) -> list[Path]:
    """Unpack a zip file into a new folder: plain files only, none outside of it, none larger than it says.

    Args:
        archive: the zip file; may come from anybody.
        target: a folder that does not exist yet; gone again when something is wrong with the archive.
        most_bytes: the most that may come out.
        highest_ratio: how many times as large as the archive all of it may be.

    Returns:
        The files.

    Raises:
        ModelError: the archive is damaged or refused, with the reason.
        OSError: the folder exists or cannot be written.
    """
    target.mkdir()
    try:
        with zipfile.ZipFile(archive) as source:
            members = _checked(source.infolist(), archive.stat().st_size, most_bytes, highest_ratio)
            return [_unpack(source, info, target.joinpath(*parts)) for info, parts in members]
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError) as error:
        shutil.rmtree(target, ignore_errors=True)
        said = str(error).rstrip(".")
        raise _refused(f"It is damaged: {said[:_LONGEST_SAID]}{'…' if len(said) > _LONGEST_SAID else '.'}") from error
    except BaseException:  # a full disk, Ctrl-C: nothing half unpacked stays
        shutil.rmtree(target, ignore_errors=True)
        raise


def copy(source: IO[bytes], target: IO[bytes], advance: Advance) -> None:
    """Copy to the end of ``source``, telling of each piece."""
    while piece := source.read(_CHUNK):
        target.write(piece)
        advance(len(piece))


def folder_name(words: str) -> str:
    """A name made of these words that every system and :func:`unpack` accept."""
    name = _FORBIDDEN.sub("_", words.replace("/", "_")).strip(". ")[:80].strip(". ")
    return f"{name or 'adapter'}_" if _DEVICE.fullmatch(name) else name or "adapter"


def _checked(
    infos: list[zipfile.ZipInfo], packed: int, most_bytes: int, highest_ratio: int
) -> list[tuple[zipfile.ZipInfo, tuple[str, ...]]]:
    if len(infos) > _MOST_MEMBERS:
        raise _refused(f"It has {len(infos):,} members; {_MOST_MEMBERS:,} are allowed.")
    size = sum(info.file_size for info in infos)
    if size > most_bytes:
        raise _refused(f"It would unpack to {size:,} bytes; {most_bytes:,} are allowed.")
    if size > max(_SMALL, highest_ratio * packed):
        raise _refused(f"It would unpack to {size / max(1, packed):.0f} times its size.")
    members = [(info, _parts(info)) for info in infos if not info.filename.endswith("/")]
    seen: set[str] = set()
    for _, parts in members:
        names = list(_prefixes(parts))
        if names[-1] in seen:
            raise _refused(f"{'/'.join(parts)[:80]!r} is in it twice.")
        seen.add(names[-1])
    folders = {name for _, parts in members for name in list(_prefixes(parts))[:-1]}
    if folders & seen:
        raise _refused(f"{min(folders & seen)[:80]!r} is a file and a folder in it.")
    return members


def _prefixes(parts: tuple[str, ...]) -> Iterator[str]:
    """The path's folders and the path itself, as a system without upper case compares them."""
    for end in range(1, len(parts) + 1):
        yield "/".join(parts[:end]).casefold()


def _parts(info: zipfile.ZipInfo) -> tuple[str, ...]:
    name = info.filename
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise _refused(f"{name[:80]!r} is a link or a device.")
    if info.flag_bits & 0x1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused("It is encrypted, or packed in an unusual way.")
    parts = tuple(name.split("/"))
    for part in parts:
        odd = part in ("", ".", "..") or _FORBIDDEN.search(part) or _DEVICE.fullmatch(part)
        if odd or part[-1] in ". " or len(part.encode("utf-8", "replace")) > 255:
            raise _refused(f"{name[:80]!r} is no file name that every system can have.")
    if len(parts) > 16:
        raise _refused(f"{name[:80]!r} lies too deep.")
    return parts


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    left = info.file_size
    with archive.open(info) as source, open(path, "xb") as file:
        while piece := source.read(_CHUNK):
            left -= len(piece)
            if left < 0:
                raise _refused(f"{info.filename[:80]!r} is larger than it says.")
            file.write(piece)
    return path


def _open(content: Path | bytes) -> IO[bytes]:
    return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")


def _refused(reason: str) -> ModelError:
    return ModelError("The archive cannot be unpacked.", reason=reason, hint="Take it again from where it came from.")
