"""``project.toml``: name, format, settings and purpose; comments and tables of the user's own are kept."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import tomlkit
from pydantic import BaseModel, ValidationError
from tomlkit.exceptions import TOMLKitError

from core.dataset.text import clean
from core.errors import ProjectError, RecipeError
from core.evaluation.style import StyleRule
from core.files import write_atomically
from core.guidance.purpose import Purpose
from core.prompt.best import BestPrompt
from core.recipe.recipe import parse
from core.recipe.schema import Recipe

PROJECT_FILE = "project.toml"
FORMAT = 1
_COPY = Path("backups") / PROJECT_FILE
_LARGEST = 1 << 20
_LONGEST_NAME = 120
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_Kept = TypeVar("_Kept", bound=BaseModel)


class ProjectFile:
    """The file, read and checked; every change is durable when the method returns."""

    def __init__(self, path: Path, document: tomlkit.TOMLDocument) -> None:
        """Made by :meth:`create` and :meth:`load`.

        Raises:
            ProjectError: of a newer version, or without what a project needs.
        """
        self.path = path
        self._document = document
        plain = document.unwrap()
        format = plain.get("format")
        if not isinstance(format, int) or isinstance(format, bool) or format < 1:
            raise _damaged(path, "It does not say its format.")
        if format > FORMAT:
            raise ProjectError(
                "This project was made by a newer version of Tunesmith.",
                reason=f"Its format is {format}; this version knows formats up to {FORMAT}.",
                hint="Update Tunesmith, then open the project again. Nothing was changed.",
                details=str(path),
            )
        name = plain.get("name", "")
        if not isinstance(name, str):
            raise _damaged(path, "The name is not a text.")
        self.name = clean_name(name) or path.parent.name
        try:
            self.recipe = parse(_table(plain, "recipe", path))
        except RecipeError as error:
            raise ProjectError(
                f"The settings in {PROJECT_FILE} cannot be used.",
                reason=error.reason,
                hint="Correct them in a text editor, or delete those lines to get the defaults.",
                details=str(path),
            ) from error

    @classmethod
    def create(cls, path: Path, *, name: str, recipe: Recipe) -> ProjectFile:
        """Write a new file.

        Raises:
            OSError: it cannot be written.
        """
        document = tomlkit.document()
        document.add(tomlkit.comment("A Tunesmith project. Change it while the project is closed."))
        document["format"] = FORMAT
        document["name"] = clean_name(name) or "Project"
        document["recipe"] = recipe.model_dump()
        write_atomically(path, tomlkit.dumps(document).encode())
        return cls(path, tomlkit.parse(path.read_bytes()))

    @classmethod
    def load(cls, path: Path) -> ProjectFile:
        """Read the file.

        Raises:
            ProjectError: unreadable, damaged or of a newer version.
        """
        try:
            with open(path, "rb") as file:
                data = file.read(_LARGEST + 1)
        except OSError as error:
            raise ProjectError(
                "The project cannot be read.", reason=f"{error.strerror or error}.", details=str(path)
            ) from error
        if len(data) > _LARGEST:
            raise _damaged(path, "It is far too large.")
        try:
            return cls(path, tomlkit.parse(data.decode("utf-8-sig")))
        except UnicodeDecodeError as error:
            raise _damaged(path, "It is not UTF-8 text.") from error
        except (TOMLKitError, ValueError, RecursionError) as error:
            raise _damaged(path, str(error)) from error

    def rename(self, name: str) -> None:
        """Change the project's name; an empty one is not taken.

        Raises:
            ProjectError: the file cannot be written.
        """
        name = clean_name(name)
        if name and name != self.name:
            self._document["name"] = name
            self._write()
            self.name = name

    def set_recipe(self, recipe: Recipe) -> None:
        """Change the settings.

        Raises:
            ProjectError: the file cannot be written.
        """
        if recipe == self.recipe:
            return
        groups = self._document.setdefault("recipe", tomlkit.table(is_super_table=True))
        for group, values in recipe.model_dump().items():
            table = groups.setdefault(group, tomlkit.table())
            for field, value in values.items():
                if table.get(field) != value:  # what stays the same keeps its comment
                    table[field] = value
        self._write()
        self.recipe = recipe

    @property
    def pinned(self) -> tuple[int, ...]:
        """The ids of the held-out examples that runs answer first; what is no id there is passed over."""
        found = self._document.unwrap().get("answers")
        ids = found.get("pinned") if isinstance(found, dict) else None
        return tuple(id for id in ids if type(id) is int) if isinstance(ids, list) else ()

    def set_pinned(self, ids: Sequence[int]) -> None:
        """Have runs answer these held-out examples first.

        Raises:
            ProjectError: the file cannot be written.
        """
        if tuple(ids) != self.pinned:
            answers = self._document.get("answers")
            if not isinstance(answers, dict):
                answers = self._document["answers"] = tomlkit.table()
            answers["pinned"] = list(ids)
            self._write()

    @property
    def best_prompt(self) -> BestPrompt:
        """What is said to the base model instead of training it; a damaged table counts as none."""
        return self._read_table("prompt", BestPrompt)

    def set_best_prompt(self, best: BestPrompt) -> None:
        """Keep another best prompt.

        Raises:
            ProjectError: the file cannot be written.
        """
        if best != self.best_prompt:
            self._write_table("prompt", best)

    @property
    def style_rule(self) -> StyleRule:
        """The rule that answers are held to; a damaged table counts as none."""
        return self._read_table("style", StyleRule)

    def set_style_rule(self, rule: StyleRule) -> None:
        """Keep another style rule.

        Raises:
            ProjectError: the file cannot be written.
        """
        if rule != self.style_rule:
            self._write_table("style", rule)

    @property
    def purpose(self) -> Purpose:
        """What the project is for, as far as the user has said."""
        found = self._document.unwrap().get("purpose")
        return Purpose.of_stored(found if isinstance(found, dict) else {})

    def set_purpose(self, purpose: Purpose) -> None:
        """Keep what the project is for.

        Raises:
            ProjectError: the file cannot be written.
        """
        if purpose != self.purpose:
            self._document["purpose"] = purpose.stored()
            self._write()

    def _read_table(self, key: str, kind: type[_Kept]) -> _Kept:
        found = self._document.unwrap().get(key)
        try:
            return kind.model_validate(found if isinstance(found, dict) else {})
        except ValidationError:
            return kind()

    def _write_table(self, key: str, values: BaseModel) -> None:
        table = self._document.get(key)
        if not isinstance(table, dict):
            table = self._document[key] = tomlkit.table()
        for field, value in values.model_dump().items():
            if table.get(field) != value:  # what stays the same keeps its comment
                table[field] = value
        self._write()

    def _write(self) -> None:
        try:
            write_atomically(self.path, tomlkit.dumps(self._document).encode())
        except OSError as error:
            raise ProjectError(
                f"{PROJECT_FILE} could not be written.",
                reason=f"{error.strerror or error}.",
                hint="Free some space or check the permissions of the project's folder.",
                details=str(self.path),
            ) from error


def clean_name(name: str) -> str:
    """A name as one line of at most 120 characters, without control characters and marks that turn the direction."""
    visible = "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in _BIDI.sub("", clean(name)))
    return " ".join(visible.split())[:_LONGEST_NAME].strip()


def keep_copy(folder: Path) -> None:
    """Keep a copy of the file, which has just been read and is whole, for when it is damaged one day."""
    try:
        data = (folder / PROJECT_FILE).read_bytes()
        copy = folder / _COPY
        if not copy.exists() or copy.read_bytes() != data:
            copy.parent.mkdir(exist_ok=True)
            write_atomically(copy, data)
    except OSError:
        return  # a project that cannot be copied (disk full) can still be worked on


def _table(plain: dict[str, Any], key: str, path: Path) -> dict[str, Any]:
    table = plain.get(key, {})
    if not isinstance(table, dict):
        raise _damaged(path, f"{key} is not a table.")
    return table


def _damaged(path: Path, reason: str) -> ProjectError:
    copy = path.parent / _COPY
    hint = "Correct it in a text editor" + (f", or copy {_COPY.as_posix()} over it." if copy.exists() else ".")
    return ProjectError(f"The file {path.name} is damaged.", reason=reason, hint=hint, details=str(path))
