"""Who renders a template: this process when the template is known by its hash, else a helper process with limits."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import queue
import subprocess
import threading
import tomllib
import weakref
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from core import paths
from core.errors import ModelError, PromptError
from core.prompt.chosen_template import shipped, with_beginning
from core.prompt.render import LONGEST_TEXT, MEGABYTES, SECONDS
from core.prompt.template import ChatTemplate, Job, TemplateError

_START_SECONDS = 30.0  # a cold disk and a busy machine; not the template's fault
_LONGEST_ANSWER = 8 * 6 * LONGEST_TEXT  # bytes; JSON needs six for a character, and a batch has a few texts
_REFUSED_AFTER = 2  # limits met in a row, then the template is not tried again
_PASSED_ON = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "TEMP", "TMP", "TMPDIR", "LANG", "LC_ALL", "TZ", "PYTHONPATH")


class Renderer(Protocol):
    """Writes conversations as text."""

    def render(self, jobs: Sequence[Job]) -> list[str | TemplateError]:
        """The texts in order; a failure in the place of one that the template refused.

        Raises:
            ModelError: the template met a limit and was stopped.
        """

    def close(self) -> None:
        """Let go of the helper process, if there is one; the next rendering starts another."""


def renderer(source: str, variables: Mapping[str, str], now: datetime | None = None) -> Renderer:
    """What renders this template.

    Raises:
        ModelError: the template is not valid, or too greedy to be used.
    """
    try:
        if is_known(source):
            return InProcess(source, variables, now)
        helper = HelperProcess(source, variables, now)
        helper.render([])
    except TemplateError as failure:
        raise ModelError(
            "The chat template of the base model is broken.",
            reason=str(failure),
            hint="Take the template again from where the model came from.",
        ) from failure
    return helper


def is_known(source: str) -> bool:
    """Whether this very template was read and ships with the app."""
    return fingerprint(source) in _known()


def fingerprint(source: str) -> str:
    """SHA-256 of the template; line ends do not count, because jinja2 makes them all alike."""
    return hashlib.sha256(source.replace("\r\n", "\n").encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _known() -> frozenset[str]:
    table = tomllib.loads((paths.resources() / "templates" / "known.toml").read_text(encoding="utf-8"))
    ours = [source for one in shipped() for source in (one.source, with_beginning(one.source))]
    return frozenset([entry["sha256"] for entry in table["template"]] + [fingerprint(source) for source in ours])


class InProcess:
    """Renders right here."""

    def __init__(self, source: str, variables: Mapping[str, str], now: datetime | None) -> None:
        self._template = ChatTemplate(source, variables, now)

    def render(self, jobs: Sequence[Job]) -> list[str | TemplateError]:
        """See :class:`Renderer`."""
        return [self._one(job) for job in jobs]

    def close(self) -> None:
        """Nothing to let go of."""

    def _one(self, job: Job) -> str | TemplateError:
        try:
            return self._template.render(job)
        except TemplateError as failure:
            return failure


class HelperProcess:
    """Renders in ``python -m core.prompt.render``, which is started when needed and kept for many renderings.

    Callable from any thread. The process ends with this object, with this program, or at a limit.
    """

    def __init__(self, source: str, variables: Mapping[str, str], now: datetime | None) -> None:
        self._setting = {
            "source": source,
            "variables": dict(variables),
            "now": now.isoformat() if now else "",
        }
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._end: weakref.finalize[[subprocess.Popen[bytes]], HelperProcess] | None = None
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._limits_met = 0

    def render(self, jobs: Sequence[Job]) -> list[str | TemplateError]:
        """See :class:`Renderer`.

        Raises:
            TemplateError: the template itself is not valid.
        """
        with self._lock:
            if self._limits_met >= _REFUSED_AFTER:
                raise _too_greedy("it was stopped before")
            if self._process is None:
                self._start()
            if not jobs:
                return []
            request = {"jobs": [[[dict(message) for message in job.messages], job[1]] for job in jobs]}
            answer = self._ask(request, SECONDS)
            self._limits_met = 0
        return [text if isinstance(text, str) else TemplateError(text["refused"]) for text in answer["texts"]]

    def close(self) -> None:
        """See :class:`Renderer`."""
        with self._lock:
            self._stop()

    def _start(self) -> None:
        process = subprocess.Popen(
            [paths.worker_python(), "-m", "core.prompt.render"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=paths.package_root(),
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {"PYTHONUTF8": "1"},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._process = process
        self._end = weakref.finalize(self, _end, process)
        self._answers = queue.SimpleQueue()
        threading.Thread(target=_read, args=(process, self._answers), name="chat template", daemon=True).start()
        if "started" not in self._exchange(b"", _START_SECONDS):
            self._stop()
            raise ModelError("The helper process for chat templates does not start.", hint="Start the app again.")
        answer = self._ask(self._setting, SECONDS)
        if "refused" in answer:
            self._stop()
            raise TemplateError(answer["refused"])

    def _ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        answer = self._exchange(json.dumps(request).encode("ascii") + b"\n", seconds)
        if "texts" in answer or "ready" in answer or "refused" in answer:
            return answer
        self._stop()
        self._limits_met += 1
        raise _too_greedy(_LIMITS.get(str(answer.get("limit")), "it ended the process that renders it"))

    def _exchange(self, request: bytes, seconds: float) -> dict[str, Any]:
        """One answer; ``{"limit": "time"}`` when the time is up, ``{}`` when the process died or spoke nonsense."""
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(request)
            self._process.stdin.flush()
            answer = json.loads(self._answers.get(timeout=seconds))
        except queue.Empty:
            return {"limit": "time"}
        except (OSError, ValueError):
            return {}
        return answer if isinstance(answer, dict) else {}

    def _stop(self) -> None:
        if self._end is not None:
            self._end()
        self._process = self._end = None


_LIMITS = {
    "time": f"it takes longer than {SECONDS:.0f} seconds",
    "memory": f"it needs more than {MEGABYTES} MB of memory",
}


def _read(process: subprocess.Popen[bytes], answers: queue.SimpleQueue[bytes]) -> None:
    """Pass on the lines that the process writes, and an empty one when it has ended."""
    assert process.stdout is not None
    with process.stdout:
        while line := process.stdout.readline(_LONGEST_ANSWER):
            answers.put(line)
    answers.put(b"")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdin is not None:
        with contextlib.suppress(OSError):  # what was still to be written to a dead process
            process.stdin.close()


def _too_greedy(why: str) -> ModelError:
    return ModelError(
        "The chat template of the base model was stopped.",
        reason=f"To write one example, {why}.",
        hint="Templates from outside run under limits. Take another copy of the model, or replace its chat template.",
    )


def refused(failure: TemplateError) -> PromptError:
    """The failure as an error to show: what the template said about these messages."""
    return PromptError(
        "The chat template refuses this example.",
        reason=f"It says: {failure}",
        hint="Many templates take no system prompt, or want user and assistant to take turns.",
    )
