"""A project: a folder with examples, settings and runs, opened by one window at a time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import filelock

from core import project_file
from core.base_models import catalogue
from core.base_models.facts import ModelFacts
from core.dataset import backups
from core.dataset.example import Status
from core.dataset.importing.staging import clear_stale
from core.dataset.schema import MIGRATIONS, version_in_file
from core.dataset.split import pinned_first, split
from core.dataset.store import ExampleStore, Query
from core.errors import ModelError, ProjectError, RunError
from core.evaluation.style import StyleRule
from core.guidance.purpose import Purpose
from core.hardware.obstacles import check
from core.library import importing, start_adapter, trash
from core.project_file import PROJECT_FILE, ProjectFile
from core.prompt.best import BestPrompt
from core.recipe.presets import base_recipe
from core.recipe.schema import STARTER, Recipe
from core.runs import folder as run_folder
from core.runs import leftovers, notes, numbers
from core.runs.folder import RunFolder
from core.runs.queue import Queue, discard

EXAMPLES_FILE = "examples.db"
LOCK_FILE = ".lock"
_IGNORED = {".DS_Store", "Thumbs.db", "desktop.ini", ".directory", LOCK_FILE}
_LONGEST_PATH = 500  # bytes; SQLite on Linux and macOS takes no longer path to a file


class Project:
    """An open project. Close it, or use it as a context manager.

    With ``read_only`` it takes no lock: commands may look at a project while a window has it open.
    """

    def __init__(self, path: Path, file: ProjectFile, store: ExampleStore, lock: filelock.BaseFileLock | None) -> None:
        """Made by :meth:`create` and :meth:`open`."""
        self.path = path
        self.store = store
        self._file = file
        self._lock = lock

    @classmethod
    def create(cls, path: Path, *, name: str = "", recipe: Recipe | None = None) -> Project:
        """Make a project in a new or empty folder and open it.

        Args:
            path: the folder.
            name: the folder's unless given.
            recipe: the settings; those that suit the starter model unless given.

        Raises:
            ProjectError: something is there already, or the folder cannot be written.
        """
        path = Path(os.path.abspath(path))
        _check_length(path)
        _check_free(path)
        new = not path.exists()
        lock: filelock.BaseFileLock | None = None
        try:
            path.mkdir(parents=True, exist_ok=True)
            lock = _locked(path)
            store = ExampleStore(path / EXAMPLES_FILE)
            try:
                # Written last: a folder with this file is a whole project.
                settings = recipe or base_recipe(STARTER)
                file = ProjectFile.create(path / PROJECT_FILE, name=name or path.name, recipe=settings)
            except BaseException:
                store.close()
                raise
        except BaseException as error:
            _clear_away(path, lock, whole=new)
            if isinstance(error, OSError):
                raise ProjectError(
                    "The project could not be made.",
                    reason=f"{error.strerror or error}.",
                    hint="Choose another folder.",
                    details=str(path),
                ) from error
            raise
        return cls(path, file, store, lock)

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Project:
        """Open the project in a folder (its ``project.toml`` may be named instead).

        Raises:
            ProjectError: there is none, it is damaged, newer than this app, open elsewhere or not writable; nothing
                is changed then.
        """
        path = Path(os.path.abspath(path))
        if path.name == PROJECT_FILE and path.is_file():
            path = path.parent
        _check_exists(path)
        _check_length(path)
        ProjectFile.load(path / PROJECT_FILE)  # before anything is touched, the lock included
        if read_only:
            cls._bring_up_to_date(path)
        lock = None if read_only else _locked(path)
        try:
            file = ProjectFile.load(path / PROJECT_FILE)
            if not read_only:  # before the store is there, which may begin a copy at once
                backups.clear_stale(path / EXAMPLES_FILE)
            store = ExampleStore(path / EXAMPLES_FILE, read_only=read_only)
        except BaseException:
            _unlock(lock)
            raise
        if not read_only:
            project_file.keep_copy(path)
            clear_stale(path)
            Queue(path / "runs").forget_removed()
            leftovers.put_right(path / "runs")
            importing.put_right(path)
            trash.forget_old(path)
            with suppress(OSError):  # nothing is lost: it is done with the next run that is made
                numbers.remember(path / "runs")
        return cls(path, file, store, lock)

    @classmethod
    def _bring_up_to_date(cls, path: Path) -> None:
        """Have a project of an earlier version changed to this one's before it is looked at.

        Whoever only has commands has no window to open it in. Where it cannot be written, opening it says so.
        """
        with suppress(ProjectError, OSError):
            if version_in_file(path / EXAMPLES_FILE) < len(MIGRATIONS):
                cls.open(path).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the examples and let other windows in; closing twice does no harm."""
        self.store.close()
        _unlock(self._lock)
        self._lock = None

    @property
    def read_only(self) -> bool:
        """Whether it was opened for looking only."""
        return self.store.read_only

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self._file.name

    def rename(self, name: str) -> None:
        """Call it otherwise; the folder keeps its name.

        Raises:
            ProjectError: the file cannot be written.
        """
        self._check_writable()
        self._file.rename(name)

    @property
    def recipe(self) -> Recipe:
        """The settings being edited."""
        return self._file.recipe

    def set_recipe(self, recipe: Recipe) -> None:
        """Keep other settings, durably on return.

        Raises:
            ProjectError: the file cannot be written.
        """
        self._check_writable()
        self._file.set_recipe(recipe)

    @property
    def pinned(self) -> tuple[int, ...]:
        """The ids of the held-out examples that runs answer first."""
        return self._file.pinned

    def set_pinned(self, ids: Sequence[int]) -> None:
        """Have the next runs answer these held-out examples first.

        Raises:
            ProjectError: the file cannot be written.
        """
        self._check_writable()
        self._file.set_pinned(ids)

    @property
    def best_prompt(self) -> BestPrompt:
        """What is said to the base model instead of training it: what an adapter has to beat."""
        return self._file.best_prompt

    def set_best_prompt(self, best: BestPrompt) -> None:
        """Keep another best prompt, durably on return.

        Raises:
            ProjectError: the file cannot be written.
        """
        self._check_writable()
        self._file.set_best_prompt(best)

    @property
    def purpose(self) -> Purpose:
        """What the project is for, as far as the user has said."""
        return self._file.purpose

    def set_purpose(self, purpose: Purpose) -> None:
        """Keep what the project is for, durably on return.

        Raises:
            ProjectError: the file cannot be written.
        """
        self._check_writable()
        self._file.set_purpose(purpose)

    @property
    def style_rule(self) -> StyleRule:
        """The rule of the user's own that answers are held to."""
        return self._file.style_rule

    def set_style_rule(self, rule: StyleRule) -> None:
        """Keep another style rule, durably on return.

        Raises:
            ProjectError: the file cannot be written.
        """
        self._check_writable()
        self._file.set_style_rule(rule)

    @property
    def runs_folder(self) -> Path:
        """Where runs are; made with the first one."""
        return self.path / "runs"

    @property
    def exports_folder(self) -> Path:
        """Where exports are proposed; made with the first one."""
        return self.path / "exports"

    def runs(self) -> list[RunFolder]:
        """All runs, oldest first."""
        return run_folder.all_runs(self.runs_folder)

    def create_run(self, *, name: str = "", recipe: Recipe | None = None) -> RunFolder:
        """Freeze the ready examples, divided into training and held-out ones, and the settings into a new run.

        Raises:
            RunError: nothing is ready to train on, or the folder cannot be written.
            RecipeError: the settings cannot be trained together, or with their base model.
        """
        return self.create_runs([(name or self.name, recipe or self.recipe)])[0]

    def create_runs(self, wanted: Sequence[tuple[str, Recipe]]) -> list[RunFolder]:
        """Freeze the ready examples into several new runs, a name and settings each; all of them or none.

        Raises:
            RunError: nothing is ready to train on, or a folder cannot be written.
            RecipeError: settings cannot be trained together, with their base model, or from the adapter they name.
        """
        starts: list[list[Path]] = []
        for _, recipe in wanted:
            facts = _facts(recipe.model.base)
            check(recipe, facts=facts)
            starts.append(start_adapter.files(recipe, self.runs_folder, facts))
        ready = list(self.store.iterate(Query(status=Status.READY)))
        made: list[RunFolder] = []
        try:
            for (name, recipe), start in zip(wanted, starts, strict=True):
                train, heldout = split(ready, recipe.heldout.share)
                heldout = pinned_first(heldout, self.pinned)
                made.append(
                    run_folder.create(
                        self.runs_folder, name=name, recipe=recipe, train=train, heldout=heldout, start=start
                    )
                )
                notes.keep_title(made[-1], name)
        except BaseException as error:
            discard(made)
            if isinstance(error, OSError):
                raise RunError(
                    "The run could not be prepared.",
                    reason=f"Its folder cannot be written: {error.strerror or error}.",
                    hint="Free some space or check the permissions of the project's folder.",
                    details=str(error),
                ) from error
            raise
        return made

    def _check_writable(self) -> None:
        if self.read_only:
            raise ProjectError("This project is open for reading only.", hint="Open it again to change it.")


def _facts(base: str) -> ModelFacts | None:
    """What is known of a base model; None when it is not here (the run is for another machine, or says so itself)."""
    try:
        return ModelFacts.read(catalogue.resolve(base))
    except (ModelError, OSError):
        return None


def _check_length(path: Path) -> None:
    if os.name != "nt" and len(os.fsencode(path / EXAMPLES_FILE)) > _LONGEST_PATH:
        raise ProjectError(
            "The path of the project's folder is too long.",
            reason=f"The database takes paths of up to {_LONGEST_PATH} bytes.",
            hint="Choose a folder nearer to the top of the disk, or shorter names.",
            details=str(path),
        )


def _check_free(path: Path) -> None:
    """Refuse a folder that is somebody else's, or a project."""
    try:
        if (path / PROJECT_FILE).exists():
            raise ProjectError(
                "There is a project in this folder already.", hint="Open it, or choose another name.", details=str(path)
            )
        if path.exists() and not path.is_dir():
            raise ProjectError("A file of this name is there already.", hint="Choose another name.", details=str(path))
        taken = path.is_dir() and any(entry.name not in _IGNORED for entry in path.iterdir())
    except OSError as error:
        raise ProjectError(
            "The folder cannot be read.",
            reason=f"{error.strerror or error}.",
            hint="Choose another.",
            details=str(path),
        ) from error
    if taken:
        raise ProjectError(
            "This folder is not empty.",
            reason="A project needs a folder of its own.",
            hint="Choose a new name or an empty folder.",
            details=str(path),
        )


def _check_exists(path: Path) -> None:
    if not path.exists():
        raise ProjectError(
            f"The folder {path.name} is not there.",
            reason="It was moved, renamed or deleted, or its disk is not connected.",
            hint="Choose the project where it is now.",
            details=str(path),
        )
    if not path.is_dir() or not (path / PROJECT_FILE).exists():
        raise ProjectError(
            f"{path.name} is not a project.",
            reason=f"A project is a folder with a file {PROJECT_FILE} in it.",
            hint="Choose another folder, or make a new project.",
            details=str(path),
        )
    if not (path / EXAMPLES_FILE).exists():
        raise ProjectError(
            "The examples of this project are missing.",
            reason=f"There is no file {EXAMPLES_FILE} in its folder.",
            hint="Put it back; copies are in the folder backups.",
            details=str(path),
        )


def _locked(path: Path) -> filelock.BaseFileLock:
    """The project's lock; the system drops it when the process ends, however it ends."""
    lock = filelock.FileLock(path / LOCK_FILE, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise ProjectError(
            "This project is open in another window.",
            reason="Two windows on the same examples would overwrite each other's work.",
            hint="Go on in that window, or close it first.",
            details=str(path),
        ) from error
    except (OSError, NotImplementedError) as error:
        raise ProjectError(
            "The project's folder cannot be written.",
            reason="It is read-only, or its disk cannot lock files.",
            hint="Copy the project to a folder of yours, or change the permissions.",
            details=f"{path}: {error}",
        ) from error
    return lock


def _unlock(lock: filelock.BaseFileLock | None) -> None:
    if lock is not None:
        lock.release()


def _clear_away(path: Path, lock: filelock.BaseFileLock | None, *, whole: bool) -> None:
    """Remove what a failed creation left, and nothing else."""
    _unlock(lock)
    if whole:
        shutil.rmtree(path, ignore_errors=True)
    elif lock is not None:
        for name in (EXAMPLES_FILE, f"{EXAMPLES_FILE}-wal", f"{EXAMPLES_FILE}-shm", PROJECT_FILE, LOCK_FILE):
            (path / name).unlink(missing_ok=True)
