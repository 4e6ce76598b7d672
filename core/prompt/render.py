"""The helper process that renders templates from outside: ``python -m core.prompt.render``.

It reads one JSON object a line from stdin and answers each with one on stdout. The first sets the template:
``{"source", "variables", "now"}`` -> ``{"ready": true}`` or ``{"refused": reason}``; the others are batches
``{"jobs": [[messages, add_generation_prompt], ...]}`` -> ``{"texts": [...]}``, where a text that the template refused
to write is ``{"refused": reason}``. ``{"limit": reason}`` says that a limit was met; the process then ends.
Memory and time are limited here where the system can do it; the parent watches the clock besides.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any, BinaryIO

from core.prompt.template import ChatTemplate, Job, TemplateError

SECONDS = 2.0
MEGABYTES = 512
LONGEST_TEXT = 16_000_000  # characters; far over any example, far under the memory limit


def main() -> int:
    """Serve until stdin closes."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    _limit_memory()
    _answer(answers, {"started": True})
    try:
        return _serve(requests, answers)
    except MemoryError:
        _answer(answers, {"limit": "memory"})
        return 1


def _serve(requests: BinaryIO, answers: BinaryIO) -> int:
    template: ChatTemplate | None = None
    for line in requests:
        request = json.loads(line)
        _limit_time(SECONDS)
        try:
            if template is None:
                template = _compile(request)
                answer: dict[str, Any] = {"ready": True}
            else:
                answer = {"texts": [_render(template, job) for job in request["jobs"]]}
        except TemplateError as failure:
            answer = {"refused": str(failure)}
        _limit_time(0)
        _answer(answers, answer)
    return 0


def _compile(request: dict[str, Any]) -> ChatTemplate:
    now = datetime.fromisoformat(request["now"]) if request["now"] else None
    return ChatTemplate(request["source"], request["variables"], now)


def _render(template: ChatTemplate, job: list[Any]) -> str | dict[str, str]:
    try:
        text = template.render(Job(*job))
    except TemplateError as failure:
        return {"refused": str(failure)}
    if len(text) > LONGEST_TEXT:
        raise MemoryError
    return text


def _answer(answers: BinaryIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer).encode("ascii") + b"\n")
    answers.flush()


def _limit_memory() -> None:
    if sys.platform == "win32":
        return
    import resource

    limit = MEGABYTES * 1024 * 1024
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        try:
            resource.setrlimit(kind, (limit, limit))
        except (ValueError, OSError):
            continue  # macOS knows the names and refuses some; the time limit holds everywhere


def _limit_time(seconds: float) -> None:
    """End this process after ``seconds`` even when the parent is gone; 0 takes the limit back."""
    if sys.platform == "win32":
        return
    import signal

    signal.setitimer(signal.ITIMER_REAL, seconds * 1.5)  # the parent's clock comes first; SIGALRM ends the process


if __name__ == "__main__":
    sys.exit(main())
