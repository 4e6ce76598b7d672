"""Taking an adapter from elsewhere into a project: a PEFT folder or a zip file, checked before anything is kept.

Only known files are copied, none is run, and no link leads anywhere: weights are safetensors, the configuration is one
whose every value is known, and the matrices must fit a base model that is on this machine.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.base_models.reading import leads_elsewhere
from core.errors import ModelError, UserError
from core.export import adapter_config, archive, sums
from core.export.adapter_config import CONFIG_FILE, WEIGHTS_FILE
from core.export.base_file import BASE_FILE
from core.files import sync_file, sync_folder
from core.library import imported, matching
from core.library.imported import Origin
from core.library.own_format import with_its_template
from core.recipe.schema import ModelSettings

IMPORTING = ".importing-"
_SMALL_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "README.md", BASE_FILE)
_LARGEST_SMALL = 64 << 20  # bytes; tokenizers of the largest vocabularies have 35 MB
_MARGIN = 16 << 20  # bytes to leave free
_DEEPEST = 3
_MOST_LOOKED_AT = 2000  # entries of folders
_DAY = 24 * 60 * 60

Advance = Callable[[int, int], object]
Cancelled = Callable[[], bool]


class ImportCancelled(UserError):  # noqa: N818 - a wish, not a mistake
    """The user ended an import; nothing of it is left."""

    def __init__(self) -> None:
        super().__init__("The import was cancelled.", reason="Nothing was added.")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user wants of an import.

    Attributes:
        source: a folder, or a ``.zip`` file; may come from anybody.
        model: the base model that it is meant for, and how that is held.
        known: other base models that are on this machine, as recipes name them.
        name: what to call it; the name of its folder unless given.
        anyway: whether to take it although it names another base model, if it fits this one.
    """

    source: Path
    model: ModelSettings
    known: Sequence[str] = ()
    name: str = ""
    anyway: bool = False


def import_adapter(
    project: Path, wish: Wish, *, advance: Advance = lambda _done, _total: None, cancelled: Cancelled = lambda: False
) -> Path:
    """Copy an adapter into ``project/adapters``.

    Args:
        project: the project's folder.
        wish: what, and for which base model.
        advance: told (done, total) bytes now and then.
        cancelled: asked now and then whether to end.

    Returns:
        Its folder there.

    Raises:
        matching.OtherBase: it names another base model; with ``anyway`` it is taken.
        ModelError: it is refused, with the reason.
        ImportCancelled: as asked.
        UserError: there is nothing to import, or it cannot be read or written.
    """
    parent = imported.folder_of(project)
    aside = parent / f"{IMPORTING}{secrets.token_hex(6)}"
    try:
        parent.mkdir(exist_ok=True)
        aside.mkdir()
        found, title = _found(wish.source, aside)
        match = matching.match(found, wanted=wish.model.base, known=wish.known, anyway=wish.anyway)
        sums.check(found)
        copied = _copy(found, aside / "adapter", _Teller(advance, cancelled))
        model, words = with_its_template(copied, wish.model.model_copy(update={"base": match.base}))
        origin = Origin(
            title=" ".join(wish.name.split()) or title,
            source=wish.source.name,
            at=time.time(),
            model=model,
            claimed_base=matching.claimed_base(copied),
            match=f"{match.how} {words}".rstrip(),
        )
        imported.keep_origin(copied, origin)
        if cancelled():
            raise ImportCancelled
        return _in_place(copied, parent, origin.title)
    except OSError as error:
        raise _not_imported(wish.source, error) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def put_right(project: Path) -> None:
    """Delete what imports left that were killed; what is younger than a day may be another process's."""
    for aside in imported.folder_of(project).glob(f"{IMPORTING}*"):
        with suppress(OSError):
            if time.time() - aside.stat().st_mtime > _DAY:
                shutil.rmtree(aside)


class _Teller:
    """How many bytes were copied of all."""

    def __init__(self, advance: Advance, cancelled: Cancelled) -> None:
        self._advance, self._cancelled = advance, cancelled
        self.total = self._done = 0

    def __call__(self, size: int) -> None:
        if self._cancelled():
            raise ImportCancelled
        self._done += size
        self._advance(self._done, self.total)


def _found(source: Path, aside: Path) -> tuple[Path, str]:
    """The PEFT folder in what the user gave, and what to call it."""
    source = Path(os.path.abspath(source.expanduser()))
    if source.is_dir():
        folder = _only(source)
        _check_links(folder)
        return folder, (source if folder.name in ("adapter", "") else folder).name
    if source.suffix.lower() != ".zip":
        there = source.exists()
        raise UserError(
            f"{source.name} is no adapter." if there else f"{source.name} is not there.",
            reason="An adapter is a folder, or a .zip file of one." if there else "",
            hint=f"Choose the folder with {CONFIG_FILE} and {WEIGHTS_FILE} in it, or a .zip file of it.",
            details=str(source),
        )
    room = max(0, shutil.disk_usage(aside).free - _MARGIN)
    archive.unpack(source, aside / "unpacked", most_bytes=min(archive.MOST_BYTES, room))
    return _only(aside / "unpacked"), source.stem


def _only(folder: Path) -> Path:
    """The one folder with an adapter: this one, the ``adapter`` in it (of a run), or the only one further inside."""
    for place in (folder, folder / "adapter"):
        if (place / CONFIG_FILE).is_file():
            return place
    places = [place for place in _folders(folder) if (place / CONFIG_FILE).is_file()]
    if len(places) == 1:
        return places[0]
    if places:
        names = ", ".join(sorted(place.name for place in places)[:3])
        raise UserError(
            f"There are {len(places)} adapters in {folder.name}.",
            reason=f"One at a time is imported. There are: {names}.",
            hint="Choose the folder of one of them.",
            details=str(folder),
        )
    adapter_config.read(folder)  # says why: nothing there, or pickled weights
    raise AssertionError("a folder without a configuration was read as an adapter")


def _folders(top: Path) -> Iterator[Path]:
    """The folders inside, breadth first, as far as an adapter may lie; links are not followed."""
    level, looked_at = [top], 0
    for _ in range(_DEEPEST):
        below: list[Path] = []
        for folder in level:
            with suppress(OSError):  # one that may not be read has no adapter for us
                for entry in os.scandir(folder):
                    looked_at += 1
                    if looked_at > _MOST_LOOKED_AT:
                        return
                    if entry.is_dir(follow_symlinks=False):
                        below.append(Path(entry.path))
        yield from sorted(below)
        level = below


def _check_links(folder: Path) -> None:
    """Refuse a file that really is one elsewhere on this machine.

    Raises:
        ModelError: there is such a link.
    """
    for name in (CONFIG_FILE, WEIGHTS_FILE, sums.SUMS_FILE, *_SMALL_FILES):
        if leads_elsewhere(folder / name):
            raise ModelError(
                "This adapter cannot be used.",
                reason=f"{name} is a link to a file outside of its folder.",
                hint="Copy the adapter with its files, not with links to them.",
                details=str(folder / name),
            )


def _copy(found: Path, target: Path, teller: _Teller) -> Path:
    """The files that are kept, with hashes of their own."""
    names = [CONFIG_FILE, WEIGHTS_FILE]
    names += [name for name in _SMALL_FILES if _is_small(found / name)]
    teller.total = sum((found / name).stat().st_size for name in names)
    free = shutil.disk_usage(target.parent).free
    if free < teller.total + _MARGIN:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target.parent))
    target.mkdir()
    for name in names:
        with open(found / name, "rb") as read, open(target / name, "xb") as write:
            archive.copy(read, write, teller)
        sync_file(target / name)
    lines = sums.dumps(target, [name for name in names if name != "README.md"])
    (target / sums.SUMS_FILE).write_text(lines, encoding="utf-8", newline="\n")
    sync_file(target / sums.SUMS_FILE)
    return target


def _is_small(path: Path) -> bool:
    return path.is_file() and path.stat().st_size <= _LARGEST_SMALL


def _in_place(copied: Path, parent: Path, title: str) -> Path:
    """Rename it to a name of its own that nothing has."""
    slug = archive.folder_name("-".join(title.casefold().split()).lstrip("."))[:60]
    for number in range(1, 10_000):
        target = parent / (slug if number == 1 else f"{slug}-{number}")
        if os.path.lexists(target):
            continue
        os.rename(copied, target)
        sync_folder(parent)
        return target
    raise UserError("Too many adapters have this name.", hint="Give it another name.")


def _not_imported(source: Path, error: OSError) -> UserError:
    is_full = error.errno == errno.ENOSPC
    return UserError(
        "There is not enough space for the adapter." if is_full else "The adapter could not be imported.",
        reason=f"{error.strerror or error}.",
        hint="Free some space, then import it again." if is_full else "Check that it can be read, and try again.",
        details=f"{source}: {error}",
    )
