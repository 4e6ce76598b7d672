"""What the user says of a run or an imported adapter: title, note, star, tags. Kept in its folder, to move along."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.dataset.text import clean_tag
from core.errors import RunError
from core.files import write_atomically

if TYPE_CHECKING:
    from core.runs.folder import RunFolder

FILE = "notes.json"
LONGEST_TITLE = 120
LONGEST_NOTE = 20_000
MOST_TAGS = 50


@dataclass(frozen=True, slots=True)
class Notes:
    """All empty until the user says something. ``title`` replaces the words of the folder's name."""

    title: str = ""
    note: str = ""
    starred: bool = False
    tags: tuple[str, ...] = ()


def read(run: RunFolder) -> Notes:
    """The notes of a run; a missing or damaged file says nothing."""
    return read_from(run.path)


def read_from(folder: Path) -> Notes:
    """The notes in a run's or an imported adapter's folder."""
    try:
        data = json.loads((folder / FILE).read_text(encoding="utf-8"))
        title, note, starred = data.get("title", ""), data.get("note", ""), data.get("starred", False)
        tags = _tags(data.get("tags", []))
    except (OSError, ValueError, AttributeError):
        return Notes()
    if not isinstance(title, str) or not isinstance(note, str):
        return Notes(starred=starred is True, tags=tags)
    return Notes(_line(title), note[:LONGEST_NOTE], starred is True, tags)


def write(run: RunFolder, notes: Notes) -> Notes:
    """Keep notes, shortened to what fits; returns them as kept.

    Raises:
        RunError: the run folder cannot be written.
    """
    return write_to(run.path, notes)


def write_to(folder: Path, notes: Notes) -> Notes:
    """Keep notes in a run's or an imported adapter's folder, shortened to what fits; returns them as kept.

    Raises:
        RunError: the folder cannot be written.
    """
    kept = Notes(_line(notes.title), notes.note[:LONGEST_NOTE], notes.starred, _tags(notes.tags))
    try:
        write_atomically(folder / FILE, json.dumps(asdict(kept), ensure_ascii=False).encode())
    except OSError as error:
        raise RunError(
            "The notes could not be kept.",
            reason=f"The folder {folder.name} cannot be written: {error.strerror or error}.",
            hint="Check that the project folder is there and can be written.",
            details=str(folder),
        ) from error
    return kept


def keep_title(run: RunFolder, title: str) -> None:
    """Keep the name that a run was given, where its folder's name cannot tell it.

    Raises:
        RunError: the run folder cannot be written.
    """
    if _line(title).casefold() != name(run, Notes()).casefold():
        write(run, Notes(title=title))


def name(run: RunFolder, notes: Notes) -> str:
    """What the run is called without its number: "Harbour letters"; empty when nobody named it."""
    words = run.name.partition("-")[2].replace("-", " ").strip()
    return notes.title or ("" if words == "run" else words.capitalize())


def title(run: RunFolder, notes: Notes) -> str:
    """A run's number and name: "Run 3 · Harbour letters"."""
    called = name(run, notes)
    return f"Run {run.number} · {called}" if called else f"Run {run.number}"


def _line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_TITLE]


def _tags(values: Any) -> tuple[str, ...]:
    """Tags as they are kept: cleaned, each once."""
    if not isinstance(values, (list, tuple)):
        return ()
    tags = (clean_tag(value) for value in values if isinstance(value, str))
    return tuple(dict.fromkeys(tag for tag in tags if tag))[:MOST_TAGS]
