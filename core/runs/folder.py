"""A run folder: complete in itself, readable while it trains, movable to another machine."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import psutil

from core.dataset.example import Example
from core.errors import RunError
from core.files import sync_file, write_atomically
from core.recipe import file as recipe_file
from core.recipe.schema import Recipe
from core.runs import numbers
from core.runs.alive import birth, living
from core.runs.event_file import EventFollower
from core.runs.events import FINAL, Evaluation, Event, Failed, Finished, Paused, Resumed, Started, Step, Stopped

_LONGEST_SLUG = 40  # letters of a name in a folder's name
Wish = Literal["pause", "stop"]


class State(StrEnum):
    """What a run is doing; ``interrupted`` is derived: no last event and no living process."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def is_active(self) -> bool:
        """Whether a process works on it."""
        return self in (State.STARTING, State.RUNNING)


@dataclass(slots=True)
class Progress:
    """What a run's events add up to; feed every event to :meth:`add`."""

    state: State = State.QUEUED
    step: int = 0
    steps: int = 0
    loss: float | None = None
    heldout_loss: float | None = None
    seconds_left: float | None = None
    error: Failed | None = None
    halted: Paused | None = None
    ended: float = 0.0
    silent: bool = False
    """Whether its process is there, but gives no sign of life."""
    _heldout: list[tuple[int, float]] = field(default_factory=list)  # what was shown, from which step on

    def add(self, event: Event) -> None:
        """Take one event into account."""
        if isinstance(event, FINAL):
            self.ended, self.seconds_left = event.at, None
        if isinstance(event, Resumed):  # later steps are void
            self._heldout = [pair for pair in self._heldout if pair[0] <= event.step]
            self.heldout_loss = self._heldout[-1][1] if self._heldout else None
        match event:
            case Started():
                self.state, self.steps = State.RUNNING, event.steps
                self.error = self.halted = None
            case Step():
                self.state, self.step, self.loss = State.RUNNING, event.step, event.loss
                self.seconds_left = event.seconds_left
            case Evaluation(loss=float() as loss) if event.best or self.heldout_loss is None:
                self.heldout_loss = loss
                self._heldout.append((event.step, loss))
            case Paused():
                self.state = State.PAUSED
                self.halted = event if event.message else None
            case Finished():
                self.state, self.loss, self.heldout_loss = State.FINISHED, event.loss, event.heldout_loss
            case Stopped():
                self.state, self.loss, self.heldout_loss = State.STOPPED, event.loss, event.heldout_loss
            case Failed():
                self.state, self.error = State.FAILED, event
            case _ if self.state not in (State.RUNNING,):
                self.state = State.STARTING


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths and small files of one run."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's name, for example ``0003-harbour-letters``."""
        return self.path.name

    @property
    def number(self) -> int:
        """The run's number in its project; 0 when the name has none."""
        return numbers.number_of(self.name)

    @property
    def recipe_file(self) -> Path:
        """The frozen settings."""
        return self.path / "recipe.toml"

    @property
    def train_file(self) -> Path:
        """The frozen training examples."""
        return self.path / "train.jsonl"

    @property
    def heldout_file(self) -> Path:
        """The frozen held-out examples."""
        return self.path / "heldout.jsonl"

    @property
    def events_file(self) -> Path:
        """What the process tells."""
        return self.path / "events.jsonl"

    @property
    def command_file(self) -> Path:
        """What the user asks of the process."""
        return self.path / "command.json"

    @property
    def worker_file(self) -> Path:
        """Which process works on it."""
        return self.path / "worker.json"

    @property
    def heartbeat_file(self) -> Path:
        """What its process says of itself every other second."""
        return self.path / "heartbeat.json"

    @property
    def log_file(self) -> Path:
        """The process's output."""
        return self.path / "log.txt"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def adapter(self) -> Path:
        """The trained adapter, a PEFT folder; complete if it exists."""
        return self.path / "adapter"

    @property
    def start_adapter(self) -> Path:
        """A copy of the adapter that the run starts from, if it does."""
        return self.path / "start"

    @property
    def start_files(self) -> list[Path]:
        """The files of that adapter; none when the run begins anew."""
        return sorted(self.start_adapter.iterdir()) if self.start_adapter.is_dir() else []

    @property
    def taken_out_file(self) -> Path:
        """With PiSSA, what was taken out of the base model at the beginning."""
        return self.path / "pissa.safetensors"

    @property
    def reference_file(self) -> Path:
        """Logits of the trained model on a few prompts, to verify exports against."""
        return self.path / "reference.safetensors"

    @property
    def created(self) -> float:
        """Unix seconds of its creation."""
        return self.recipe_file.stat().st_mtime

    def recipe(self) -> Recipe:
        """The frozen settings.

        Raises:
            RecipeError: the file is damaged.
        """
        return recipe_file.load(self.recipe_file)

    def train_examples(self) -> list[Example]:
        """The frozen training examples, in order."""
        return list(read_examples(self.train_file))

    def heldout_examples(self) -> list[Example]:
        """The frozen held-out examples, in order; empty when there are none."""
        return list(read_examples(self.heldout_file)) if self.heldout_file.exists() else []

    def events(self) -> list[Event]:
        """All events so far."""
        follower = EventFollower(self.events_file)
        found: list[Event] = []
        while batch := follower.read():
            found += batch
        return found

    def progress(self) -> Progress:
        """The state of the run now, read from its events and its process."""
        progress = Progress()
        for event in self.events():
            progress.add(event)
        return self.judge(progress)

    def judge(self, progress: Progress) -> Progress:
        """Correct a state derived from events by what is known of the process."""
        since = self.worker_since()
        if since is None:
            if progress.state.is_active or (progress.state is State.QUEUED and self.worker_file.exists()):
                progress.state, progress.seconds_left = State.INTERRUPTED, None
        elif not progress.state.is_active and since > progress.ended:
            progress.state = State.STARTING
        return progress

    def worker_is_alive(self) -> bool:
        """Whether the process named in ``worker.json`` still runs on this machine."""
        return self.worker_process() is not None

    def worker_process(self) -> psutil.Process | None:
        """The living process named in ``worker.json``, recognised by number and time of start."""
        try:
            data = json.loads(self.worker_file.read_text(encoding="utf-8"))
            return living(int(data["pid"]), float(data["created"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def worker_since(self) -> float | None:
        """Since when (Unix seconds) the living process works on this run; None when there is none.

        A process may be older: it can have been prepared before there was a run.
        """
        process = self.worker_process()
        if process is None:
            return None
        try:
            return float(json.loads(self.worker_file.read_text(encoding="utf-8"))["since"])
        except (OSError, ValueError, KeyError, TypeError):
            return process.create_time()

    def claim(self, pid: int, *, versions: dict[str, str] | None = None) -> None:
        """Write ``worker.json`` for a process."""
        data = {"pid": pid, "created": birth(pid), "since": time.time(), "versions": versions or {}}
        write_atomically(self.worker_file, json.dumps(data).encode())

    def ask(self, wish: Wish) -> None:
        """Ask the process to pause or to stop at the next safe point."""
        write_atomically(self.command_file, json.dumps({"wish": wish, "at": time.time()}).encode())

    def wish(self) -> Wish | None:
        """What the user asks for now."""
        try:
            wish = json.loads(self.command_file.read_text(encoding="utf-8")).get("wish")
        except (OSError, ValueError, AttributeError):
            return None
        return wish if wish in ("pause", "stop") else None

    def consent(self) -> None:
        """Say that the run may be resumed although something it depends on has changed."""
        write_atomically(self._consent_file, b"{}")

    def take_consent(self) -> bool:
        """Whether the user has said so; holds for one time."""
        found = self._consent_file.exists()
        self._consent_file.unlink(missing_ok=True)
        return found

    @property
    def _consent_file(self) -> Path:
        return self.path / "consent.json"

    def withdraw_wish(self) -> None:
        """Forget an earlier wish (before the run is taken up again)."""
        self.command_file.unlink(missing_ok=True)


def nothing_to_train_on() -> RunError:
    """No example is ready."""
    return RunError(
        "There is nothing to train on.",
        reason="No example is ready: training takes examples with an instruction and an output.",
        hint="Write or import examples, or set drafts to ready.",
    )


def create(
    runs: Path,
    *,
    name: str,
    recipe: Recipe,
    train: Iterable[Example],
    heldout: Iterable[Example],
    start: Iterable[Path] = (),
) -> RunFolder:
    """Freeze settings and examples into a new numbered run folder under ``runs``.

    Args:
        runs: where it is made.
        name: what it is called.
        recipe: the settings.
        train: the training examples.
        heldout: the held-out ones.
        start: the files of the adapter that it starts from.

    Raises:
        RunError: there is nothing to train on.
        OSError: the folder cannot be written.
    """
    train = list(train)
    if not train:
        raise nothing_to_train_on()
    runs.mkdir(parents=True, exist_ok=True)
    folder = new_folder(runs, name)
    with _whole(folder):
        _write_examples(folder.train_file, train)
        _write_examples(folder.heldout_file, heldout)
        _keep_start(folder, start)
        recipe_file.save(recipe, folder.recipe_file)
    return folder


def create_like(run: RunFolder, runs: Path, *, name: str, recipe: Recipe, start: Iterable[Path] = ()) -> RunFolder:
    """A new numbered run folder under ``runs`` with the frozen examples of another run, byte for byte.

    Raises:
        OSError: they cannot be read, or the folder cannot be written.
    """
    new = new_folder(runs, name)
    with _whole(new):
        write_atomically(new.train_file, run.train_file.read_bytes())
        write_atomically(new.heldout_file, run.heldout_file.read_bytes() if run.heldout_file.exists() else b"")
        _keep_start(new, start)
        recipe_file.save(recipe, new.recipe_file)
    return new


def all_runs(runs: Path) -> list[RunFolder]:
    """The run folders under ``runs``, oldest first; others and hidden ones (put aside) are passed over."""
    if not runs.is_dir():
        return []
    shown = (path for path in runs.iterdir() if not path.name.startswith("."))
    found = [RunFolder(path) for path in shown if (path / "recipe.toml").is_file()]
    return sorted(found, key=lambda run: (run.number, run.name))


def find(runs: Path, key: str) -> RunFolder:
    """The run with this name or number (``3``, ``0003`` or ``0003-name``).

    Raises:
        RunError: there is none; the existing ones are named.
    """
    known = all_runs(runs)
    for run in known:
        if run.name == key or (key.isdigit() and run.number == int(key)):
            return run
    names = ", ".join(run.name for run in known[-5:])
    raise RunError(
        f"There is no run {key}.", reason=f"Known runs: {names}." if names else "The project has no runs yet."
    )


def read_examples(path: Path) -> Iterator[Example]:
    """The examples of a frozen file.

    Raises:
        RunError: a line is damaged.
    """
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield Example.from_frozen(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise RunError(
                    f"Line {number} of {path.name} is damaged.",
                    reason=str(error),
                    hint="Start a new run from the project's examples.",
                ) from error


def new_folder(runs: Path, name: str) -> RunFolder:
    """An empty folder with the next number, which no run had before.

    Names become small letters, digits, hyphens and decimal points.

    Raises:
        OSError: it cannot be made, or its number not be remembered.
    """
    slug = re.sub(r"(?<!\d)\.|\.(?!\d)|[^a-z0-9.]+", "-", name.lower())
    slug = re.sub(r"-+", "-", slug).strip("-.")
    if len(slug) > _LONGEST_SLUG:  # between two words, if there is such a place
        slug = slug[: slug.rfind("-", 0, _LONGEST_SLUG + 1)] if "-" in slug[:_LONGEST_SLUG] else slug[:_LONGEST_SLUG]
    slug = slug.strip("-.") or "run"
    with numbers.giving(runs):
        folder = runs / f"{numbers.highest(runs) + 1:04d}-{slug}"
        folder.mkdir()
        try:
            numbers.remember(runs)
        except BaseException:
            folder.rmdir()
            raise
    return RunFolder(folder)


@contextmanager
def _whole(run: RunFolder) -> Iterator[None]:
    """Fill a new run folder; nothing is left of it when that fails half-way."""
    try:
        yield
    except BaseException:
        shutil.rmtree(run.path, ignore_errors=True)
        raise


def _keep_start(run: RunFolder, files: Iterable[Path]) -> None:
    """Copy the adapter that a run starts from, so that the run needs nothing else of the project."""
    for file in files:
        run.start_adapter.mkdir(exist_ok=True)
        shutil.copyfile(file, run.start_adapter / file.name)
        sync_file(run.start_adapter / file.name)


def _write_examples(path: Path, examples: Iterable[Example]) -> None:
    lines: list[str] = []
    for example in examples:
        row: dict[str, Any] = example.frozen()
        lines.append(json.dumps(row, ensure_ascii=False))
    write_atomically(path, "".join(f"{line}\n" for line in lines).encode())
