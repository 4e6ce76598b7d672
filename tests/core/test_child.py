"""Work in a child process: its messages, its refusals, and every way it can die."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from core.child import Child, Stopped
from core.errors import UserError


def child(act: str, **more: object) -> Child:
    here = str(Path(__file__).parent)
    return Child("child_probe", {"act": act, **more}, megabytes=1024, environment={"PYTHONPATH": here})


def test_messages_come_in_order_and_chatter_does_not_disturb() -> None:
    _pid, *found = child("count", to=3).messages()
    assert found == [{"number": 0}, {"number": 1}, {"number": 2}]


def test_a_refusal_arrives_in_its_own_words() -> None:
    with pytest.raises(UserError) as caught:
        list(child("refuse").messages())
    assert (caught.value.title, caught.value.reason, caught.value.hint) == ("No.", "Because.", "Ask otherwise.")


@pytest.mark.parametrize(
    ("act", "reason", "details"),
    [
        ("crash", "ended with code 1", "broken parser"),
        pytest.param("die", "SIGABRT", "", marks=pytest.mark.skipif(sys.platform == "win32", reason="signals")),
        pytest.param("eat", "memory", "", marks=pytest.mark.skipif(sys.platform != "linux", reason="limits")),
    ],
)
def test_a_death_is_an_error_with_words(act: str, reason: str, details: str) -> None:
    with pytest.raises(UserError) as caught:
        list(child(act).messages())
    assert reason in caught.value.reason
    assert details in caught.value.details


def test_stopping_ends_the_process() -> None:
    hanging = child("hang")
    messages = hanging.messages()
    pid = next(messages)["pid"]
    hanging.stop()
    with pytest.raises(Stopped):
        next(messages)
    assert not psutil.pid_exists(pid)


def test_one_that_was_stopped_never_starts() -> None:
    stopped = child("hang")
    stopped.stop()
    with pytest.raises(Stopped):
        next(stopped.messages())


def test_leaving_the_messages_ends_the_process() -> None:
    messages = child("hang").messages()
    pid = next(messages)["pid"]
    messages.close()
    assert not psutil.pid_exists(pid)
