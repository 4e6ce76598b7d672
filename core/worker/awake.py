"""Keeping the machine from falling asleep while it trains; it never fails a run, and says once when it cannot be had.

wakepy asks the desktop (D-Bus on Linux, the system's own calls on Windows and macOS); where no desktop answers,
systemd's login manager is asked through ``systemd-inhibit``. All of it happens in a thread of its own, some seconds
into the run, so that no start waits for it, and ends with the process, however that ends.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from core.runs.event_file import EventWriter
from core.runs.events import Notice

FIRST_SECONDS = 4.0  # nothing falls asleep so soon, and the start of a run has better uses for its time
_REFUSES_SECONDS = 1.0  # within this, systemd-inhibit has said no
_WHY = "Training a language model"

Keeper = Callable[[], AbstractContextManager[bool]]
"""Keeps the machine awake inside its block, if it yields True."""


@contextmanager
def keep_awake(
    events: EventWriter, *, keepers: tuple[Keeper, ...] | None = None, first: float = FIRST_SECONDS
) -> Iterator[None]:
    """Let the machine not fall asleep inside the block; one process of several that train together is enough.

    Args:
        events: where a notice goes when it cannot be had, unless nothing puts this machine to sleep.
        keepers: the ways to try, in this order; those of this system unless given.
        first: seconds before the first is tried.
    """
    if os.environ.get("RANK", "0") != "0":
        yield
        return
    over = threading.Event()
    ways = _keepers() if keepers is None else keepers
    thread = threading.Thread(target=_hold, args=(events, ways, over, first), name="keep awake", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(_REFUSES_SECONDS)


def _hold(events: EventWriter, ways: tuple[Keeper, ...], over: threading.Event, first: float) -> None:
    if over.wait(first):
        return
    for way in ways:
        try:
            with way() as awake:
                if awake:
                    over.wait()
                    return
        except Exception as error:  # noqa: BLE001 - whatever a desktop answers, the run goes on; the log keeps it
            print(f"The machine cannot be kept awake: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
    if ways:
        with suppress(OSError):
            events.write_before_end(
                Notice(
                    message="The computer may fall asleep while this trains: the system does not let it be kept awake.",
                    hint="Switch off automatic sleep in the system's settings for long runs. A run that was "
                    "interrupted can be resumed.",
                )
            )


def _keepers() -> tuple[Keeper, ...]:
    """The ways of this system; none where no desktop and no login manager could put it to sleep."""
    if sys.platform != "linux":
        return (_by_wakepy,)
    desktop = any(os.environ.get(name) for name in ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY"))
    if not desktop:
        return ()
    return (_by_wakepy, _by_login_manager) if shutil.which("systemd-inhibit") else (_by_wakepy,)


@contextmanager
def _by_wakepy() -> Iterator[bool]:
    from wakepy import keep

    with keep.running(on_fail="pass") as mode:
        yield mode.active


@contextmanager
def _by_login_manager() -> Iterator[bool]:
    """A child that holds the lock for as long as our end of a pipe is open: it cannot outlive us."""
    command = ["systemd-inhibit", "--what=sleep:idle", "--who=Tunesmith", f"--why={_WHY}", "--mode=block", "cat"]
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        try:
            child.wait(_REFUSES_SECONDS)
            yield False
        except subprocess.TimeoutExpired:
            yield True
    finally:
        assert child.stdin is not None
        child.stdin.close()
        try:
            child.wait(_REFUSES_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
