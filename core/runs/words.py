"""What happens in a run, in words: its state, its phases, its events, its end."""

from __future__ import annotations

import re
import signal

from core.errors import UserError
from core.recipe.reference import setting_named
from core.runs.events import (
    Adjusted,
    Evaluation,
    Event,
    Failed,
    Finished,
    Notice,
    Paused,
    Phase,
    Resumed,
    Started,
    Stopped,
)
from core.runs.folder import Progress, RunFolder, State

_STATES = {
    State.QUEUED: "Waiting to start",
    State.STARTING: "Starting",
    State.RUNNING: "Training",
    State.PAUSED: "Paused",
    State.FINISHED: "Finished",
    State.STOPPED: "Stopped",
    State.FAILED: "Failed",
    State.INTERRUPTED: "Interrupted",
}
_PHASES = {
    "starting": "Starting the process",
    "preparing_examples": "Preparing the examples",
    "loading_model": "Loading the base model",
    "training": "Training",
    "evaluating": "Measuring the held-out loss",
    "saving": "Saving",
    "measuring": "Measuring the loss",
    "answering": "Writing the answers",
}
_TAIL = 20_000
_CRASHES = {
    "SIGSEGV": "it touched memory that is not its own",
    "SIGBUS": "a file it had mapped was cut off, or the disk is full",
    "SIGILL": "it met an instruction that this processor does not know",
    "SIGFPE": "a calculation with whole numbers failed",
    "SIGABRT": "a library gave up",
}
PROCESS_STARTED = "Training process"
"""How a process begins to write into the run's log, followed by its number."""


def state(value: State) -> str:
    """A state as a word or two."""
    return _STATES[value]


def phase(event: Phase) -> str:
    """What is being done, with how far where that is known."""
    words = _PHASES[event.name]
    return f"{words}: {event.done:,} of {event.total:,}" if event.total and event.done is not None else words


def sentence(event: Event) -> str:
    """An event as a line of the log; empty for those that are points of a chart only."""
    match event:
        case Started():
            return (
                f"Started on {event.device}: {event.examples:,} examples, {event.heldout_examples:,} held out, "
                f"{event.steps:,} steps, {event.trainable_parameters:,} of {event.total_parameters:,} parameters."
            )
        case Evaluation():
            best = ", the best so far" if event.best else ""
            return f"Step {event.step:,}: held-out loss {loss(event.loss)}{best}."
        case Adjusted():
            return f"{_title(event.what)} was changed from {event.before} to {event.after}. {event.why}"
        case Notice():
            return f"{event.message} {event.hint}".strip()
        case Resumed():
            return f"Taken up again from the checkpoint at step {event.step:,}."
        case Paused():
            if event.message:
                said = " ".join(part for part in (event.message, event.reason, event.hint) if part)
                return f"Paused after step {event.step:,}: {said}"
            return f"Paused at step {event.step:,}; the memory is free."
        case Finished():
            early = " early, because the held-out loss no longer fell" if event.early else ""
            return f"Finished{early} after {event.step:,} steps: held-out loss {loss(event.heldout_loss)}."
        case Stopped():
            return f"Stopped at step {event.step:,} as asked."
        case Failed():
            return " ".join(part for part in ("Failed:", event.message, event.reason) if part)
    return ""


def loss(value: float | None) -> str:
    """A loss with three decimals; a dash where there is none."""
    return "–" if value is None or value != value else f"{value:.3f}"


def problem(
    progress: Progress, run: RunFolder, exit_code: int | None = None, *, forced: bool = False
) -> UserError | None:
    """What went wrong with a run that failed, was interrupted or could not go on; None for every other.

    Args:
        progress: the run's state.
        run: its folder; the end of its log is read.
        exit_code: how its process ended, where that is known (negative: by that signal).
        forced: whether the user had its process ended.
    """
    if progress.state is State.FAILED and progress.error is not None:
        error = progress.error
        return UserError(error.message, reason=error.reason, hint=error.hint, details=error.traceback)
    if progress.state is State.PAUSED and progress.halted is not None:
        halted = progress.halted
        return UserError(halted.message, reason=halted.reason, hint=halted.hint, details=halted.traceback)
    if progress.state is not State.INTERRUPTED:
        return None
    if not run.recipe_file.is_file():
        return UserError(
            "The folder of the run is gone.",
            reason=f"{run.path} was deleted, moved or renamed while it was trained.",
            hint="Put it back, from the trash for example, and resume: its checkpoints are in it.",
        )
    from core.runs.heartbeat import was_ended_for_memory

    if was_ended_for_memory(run) and not forced and exit_code in (None, -signal.SIGKILL):
        return UserError(
            "The run was interrupted.",
            reason="The memory of the machine was full, so the system ended the training process.",
            hint="Close other programs, or lower the tokens per pass or the maximum length in a new run. "
            "Resume goes on from the last checkpoint.",
            details=log_tail(run),
        )
    log = log_tail(run)
    saved = run.checkpoints.is_dir() and any(run.checkpoints.glob("step-*"))
    return UserError(
        "The run was interrupted.",
        reason="You had its process ended before it could save."
        if forced
        else _why_interrupted(log.rpartition(f"{PROCESS_STARTED} ")[2], exit_code),
        hint="Resume goes on from the last checkpoint with the same result as if nothing had happened."
        if saved
        else "There is no checkpoint yet: the run can be started again from the beginning.",
        details=log,
    )


def log_tail(run: RunFolder, limit: int = _TAIL) -> str:
    """The end of what the process printed, from a line's start; at most about ``limit`` bytes."""
    try:
        with open(run.log_file, "rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - limit))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return text.partition("\n")[2] if size > limit else text


def _why_interrupted(log: str, exit_code: int | None) -> str:
    """Why a process is gone that has said no last word.

    Args:
        log: what it printed.
        exit_code: how it ended, where that is known.
    """
    name = _signal_name(exit_code)
    if name in _CRASHES:
        return f"The training process crashed ({_CRASHES[name]}, {name}); the last lines of the log say where."
    if name in ("SIGKILL", "SIGTERM", "SIGHUP", "SIGINT"):
        full = " Systems end programs like that when the memory is full." if name == "SIGKILL" else ""
        return f"The training process was ended from outside ({name}).{full}"
    if "No space left on device" in log:
        return "The disk is full."
    if "MemoryError" in log or "out of memory" in log.lower():
        return "The memory was full."
    if "CUDA error" in log:
        return "The graphics card reported an error; the last lines of the log say which."
    if name:
        return f"The training process was ended from outside ({name})."
    if (crash := re.search(r"^Fatal Python error: (.+)$", log, re.MULTILINE)) is not None:
        return f"The training process crashed ({crash[1]}); the last lines of the log say where."
    said = re.findall(r"^(?:\w+\.)*\w*(?:Error|Exception): .+$", log, re.MULTILINE)
    if exit_code and said:
        return f"The training process ended with an error: {said[-1][:300]}"
    if exit_code:
        return f"The training process ended with exit code {exit_code}; the last lines of the log may say why."
    return (
        "The training process ended without a last word: it was ended from outside, or the computer was switched off."
    )


def silence(seconds: float) -> UserError:
    """What to say of a process that is there but gives no sign of life."""
    return UserError(
        "The training process does not answer.",
        reason=f"It has neither computed nor moved on for {seconds:.0f} seconds.",
        hint="A driver or a disk may hang. When it is ended, the run can be resumed from its last checkpoint.",
    )


def _signal_name(exit_code: int | None) -> str:
    if exit_code is None or exit_code >= 0:
        return ""
    number = -exit_code
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"


def _title(name: str) -> str:
    try:
        return setting_named(name).title
    except KeyError:
        return name
