"""The sample datasets that ship with the app, and projects made from them.

``resources/samples/index.toml`` lists them, the first one being the default::

    [[sample]]
    id = "harbour-letters"
    title = "Harbour letters"
    description = "What it teaches, in a sentence."
    file = "harbour-letters.json"
    style_pattern = "Yours faithfully"     # regular expression: an answer in the voice matches it
    style_words = "Answers end with …"     # the same in words
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from core import paths
from core.dataset import files
from core.errors import UserError
from core.project import Project


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample dataset; ``style_pattern`` (a regular expression) tells answers in its voice from others."""

    id: str
    title: str
    description: str
    path: Path
    style_pattern: str
    style_words: str


def all_samples() -> list[Sample]:
    """All samples, the default first.

    Raises:
        UserError: the installation is damaged.
    """
    folder = paths.samples()
    try:
        index = tomllib.loads((folder / "index.toml").read_text(encoding="utf-8"))
        return [
            Sample(
                id=row["id"],
                title=row["title"],
                description=row["description"],
                path=folder / row["file"],
                style_pattern=row["style_pattern"],
                style_words=row["style_words"],
            )
            for row in index["sample"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            "The samples cannot be read.",
            reason="The installation is incomplete.",
            hint="Install Tunesmith again.",
            details=f"{folder / 'index.toml'}: {error!r}",
        ) from error


def sample(id: str) -> Sample:
    """The sample with this id.

    Raises:
        UserError: there is none; the known ones are named.
    """
    known = all_samples()
    for found in known:
        if found.id == id:
            return found
    raise UserError(f"There is no sample {id}.", reason=f"The samples are {', '.join(item.id for item in known)}.")


def create_sample_project(path: Path, sample_id: str = "") -> Project:
    """Make a project with a sample's examples and the settings that suit the starter model, and open it.

    Args:
        path: the new folder.
        sample_id: the first sample unless given.

    Raises:
        ProjectError: something is there already, or the folder cannot be written.
        UserError: there is no such sample.
    """
    chosen = sample(sample_id) if sample_id else all_samples()[0]
    examples = files.read(chosen.path).examples
    project = Project.create(path)
    try:
        project.store.add(examples, label=f"Add the sample {chosen.title}")
    except BaseException:  # Ctrl-C, too: nobody else holds the project, so that nobody else would close it
        project.close()
        raise
    return project
