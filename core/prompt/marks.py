"""Finding what the user typed in a rendered conversation, by rendering it a second time with marks around it.

The marks are private-use characters that stand in no message. If the text without them is the same as the plain
rendering, their places are those of the typed text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.errors import PromptError
from core.prompt.template import Job, Message, TemplateError
from core.prompt.tokens import Span

_PRIVATE = (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD)  # Unicode's supplementary private use areas


class Marking:
    """A conversation with marks around what was typed: the whole of each message, or the control tokens in it."""

    def __init__(self, job: Job, controls: re.Pattern[str] | None = None) -> None:
        self._messages = job.messages
        self._whole = controls is None
        self.marked: set[str] = set()
        self._first = _unused(job.messages)
        self.job = Job([self._mark(at, message, controls) for at, message in enumerate(job.messages)], job[1])

    def _mark(self, number: int, message: Message, controls: re.Pattern[str] | None) -> Message:
        content = str(message["content"])
        left, right = chr(self._first + 2 * number), chr(self._first + 2 * number + 1)
        if controls is not None:
            self.marked.update(controls.findall(content))
            return {**message, "content": controls.sub(lambda found: left + found[0] + right, content)}
        core = content.strip()  # templates strip messages; marks outside would keep them from it
        if not core:
            return message
        start = content.index(core)
        return {**message, "content": content[:start] + left + core + right + content[start + len(core) :]}

    def places(self, text: str, marked: str | TemplateError) -> tuple[Span, ...] | None:
        """Where the marked parts stand in ``text``; None where the marks changed what the template wrote."""
        if isinstance(marked, TemplateError):
            return None
        first, last = self._first, self._first + 2 * len(self._messages)
        spans: list[Span] = []
        opened: dict[int, int] = {}
        parts: list[str] = []
        length = done = 0
        for mark in re.finditer(f"[{chr(first)}-{chr(last)}]", marked):
            parts.append(marked[done : mark.start()])
            length += mark.start() - done
            done = mark.end()
            number, is_end = divmod(ord(mark[0]) - first, 2)
            if not is_end:
                opened[number] = length
            elif number in opened:
                spans.append(Span(opened.pop(number), length, str(self._messages[number]["role"])))
            elif self._whole:
                return None  # the template cut a message up
        parts.append(marked[done:])
        if "".join(parts) != text or (opened and self._whole):
            return None
        return tuple(_with_margins(text, span, self._messages) for span in spans) if self._whole else tuple(spans)


def _with_margins(text: str, span: Span, messages: Sequence[Message]) -> Span:
    """The span with the whitespace that the message begins and ends with, if the template left it there."""
    core = text[span.start : span.end]
    for message in messages:
        content = str(message["content"])
        if message["role"] == span.role and content.strip() == core:
            start, end = content.split(core, 1) if core else ("", "")
            left = span.start - len(start) if text.endswith(start, 0, span.start) else span.start
            right = span.end + len(end) if text.startswith(end, span.end) else span.end
            return Span(left, right, span.role)
    return span


def search(text: str, messages: Sequence[Message]) -> tuple[Span, ...]:
    """Where the messages stand in the text, as far as they stand there word for word, one after the other."""
    spans: list[Span] = []
    done = 0
    for message in messages:
        content = str(message["content"]).strip()
        start = text.find(content, done) if content else -1
        if start >= 0:
            done = start + len(content)
            spans.append(Span(start, done, str(message["role"])))
    return tuple(spans)


def _unused(messages: Sequence[Message]) -> int:
    """The first of two private-use characters a message (and one more) that are in none of them."""
    content = "".join(str(message["content"]) for message in messages)
    used = {ord(letter) for letter in content if ord(letter) >= _PRIVATE[0][0]} if not content.isascii() else set()
    wanted = 2 * len(messages) + 1
    for first, last in _PRIVATE:
        for start in range(first, last - wanted, wanted):
            if used.isdisjoint(range(start, start + wanted)):
                return start
    raise PromptError("The conversation has too many turns.", hint="Leave out some of the earlier ones.")
