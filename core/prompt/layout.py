"""Where things stand in a rendered conversation: what the user typed, where the prompt ends, where answers end.

To find what was typed, the conversation is rendered a second time with private-use characters around it; if the text
without them is the same as the plain rendering, their places are those of the typed text. Templates that look into
the messages (for a thinking block, say) may not take kindly to that; then only control tokens in them are marked,
and at last only those that are marked special, because a template that rewrites others reads them as its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.dataset.example import Example
from core.errors import PromptError
from core.prompt.sandbox import Renderer, refused
from core.prompt.template import Job, Message, TemplateError
from core.prompt.tokens import Span

_PRIVATE = (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD)  # Unicode's supplementary private use areas


@dataclass(frozen=True, slots=True)
class Text:
    """A rendered text and what in it was typed, in order; ``roles`` are the same places, for display."""

    text: str
    typed: tuple[Span, ...]
    roles: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """An answer: it begins at ``start``, where the generation prompt ends; at ``end`` it is over, end token and all."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole conversation; ``turns`` are the answers that are generated as they stand there, the last one last."""

    prompt: Text
    whole: Text
    turns: tuple[Turn, ...]


class Typesetter:
    """Renders conversations and finds the places in them."""

    def __init__(self, renderer: Renderer, controls: Sequence[str], special: Sequence[str]) -> None:
        self._renderer = renderer
        self._controls, self._special = _any_of(controls), _any_of(special)

    def render(self, job: Job) -> str:
        """The plain text.

        Raises:
            PromptError: the template refuses the messages.
            ModelError: the template was stopped.
        """
        return _text(self._renderer.render([job])[0])

    def prompt(self, example: Example) -> Text:
        """What stands before the answer, up to where the model goes on."""
        job = Job(_valid(example.prompt_messages()), True)
        marking = _Marking(job)
        return self._place(job, marking, *self._renderer.render([job, marking.job]))

    def layout(self, example: Example) -> Layout:
        """The whole conversation with the places of its answers.

        Raises:
            PromptError: the template refuses the messages, or its prompt is not how the conversation begins.
            ModelError: the template was stopped.
        """
        messages = _valid(example.messages())
        prompt, whole = Job(messages[:-1], True), Job(messages)
        marks = _Marking(prompt), _Marking(whole)
        answered = [at for at, message in enumerate(messages[:-1]) if message["role"] == "assistant"]
        earlier = [job for at in answered for job in (Job(messages[:at], True), Job(messages[: at + 1]))]
        texts = self._renderer.render([prompt, marks[0].job, whole, marks[1].job, *earlier])
        before, after = self._place(prompt, marks[0], *texts[:2]), self._place(whole, marks[1], *texts[2:4])
        if not after.text.startswith(before.text):
            after = _continued(before, after)
        turns = [
            Turn(len(start), len(end))
            for start, end in zip(texts[4::2], texts[5::2], strict=True)
            if isinstance(start, str) and isinstance(end, str) and end.startswith(start) and after.text.startswith(end)
        ]
        start = len(before.text)
        # In the prompt, the prompt's own places hold: generation knows no others.
        joined = Text(after.text, _joined(before.typed, after.typed, start), _joined(before.roles, after.roles, start))
        return Layout(before, joined, (*turns, Turn(start, len(after.text))))

    def _place(self, job: Job, marking: _Marking, plain: str | TemplateError, marked: str | TemplateError) -> Text:
        text = _text(plain)
        found = marking.places(text, marked)
        if found is not None:
            return Text(text, found, found)
        roles = _search(text, job.messages)
        for controls in (self._controls, self._special):
            marking = _Marking(job, controls)
            if not marking.marked:
                return Text(text, (), roles)
            found = marking.places(text, self._renderer.render([marking.job])[0])
            if found is not None:
                return Text(text, found, roles)
        raise PromptError(
            "The chat template changes a message with a control token in it.",
            reason="So the token cannot be told from those that the template writes.",
            hint="Take out words such as " + " or ".join(sorted(marking.marked)[:3]) + ".",
        )


class _Marking:
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


def _search(text: str, messages: Sequence[Message]) -> tuple[Span, ...]:
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


def _joined(before: Sequence[Span], after: Sequence[Span], start: int) -> tuple[Span, ...]:
    return (*before, *(span._replace(start=max(span.start, start)) for span in after if span.end > start))


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


def _valid(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    for message in messages:
        try:
            message["content"].encode("utf-8")
        except UnicodeEncodeError as error:
            raise PromptError(
                "The example has a damaged character.",
                reason=f"Half of a surrogate pair stands at position {error.start + 1} of the {message['role']} text.",
                hint="Delete the character and write it again.",
            ) from error
    return messages


def _any_of(literals: Sequence[str]) -> re.Pattern[str]:
    longest_first = sorted(literals, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or "(?!)")


def _text(rendered: str | TemplateError) -> str:
    if isinstance(rendered, TemplateError):
        raise refused(rendered) from rendered
    return rendered


def _continued(prompt: Text, whole: Text) -> Text:
    """The prompt with the answer as the whole conversation has it, where the two differ only in earlier parts.

    Some templates write earlier parts in another way once there is an answer (Mistral's leaves out the system prompt).
    Then the prompt counts, because generation will see it. What stands from the last question to the end of the prompt
    must be the same in both.

    Raises:
        PromptError: it is not.
    """
    question = next((span.start for span in reversed(prompt.roles) if span.role == "user"), len(prompt.text))
    answer = next((span.start for span in reversed(whole.roles) if span.role == "assistant"), len(whole.text))
    shared = prompt.text[question:]
    found = whole.text.rfind(shared, 0, answer) if shared else -1
    if found < 0:
        raise _not_a_beginning(prompt.text, whole.text)
    end = found + len(shared)
    by = len(prompt.text) - end
    spans = [
        tuple(Span(span.start + by, span.end + by, span.role) for span in spans if span.start >= end)
        for spans in (whole.typed, whole.roles)
    ]
    return Text(prompt.text + whole.text[end:], *spans)


def _not_a_beginning(prompt: str, whole: str) -> PromptError:
    same = next(at for at in range(len(prompt)) if prompt[at] != whole[at : at + 1])
    return PromptError(
        "The chat template does not suit training.",
        reason=f"It prompts for an answer with {prompt[same:][:80]!r}, but writes the finished conversation with "
        f"{whole[same:][:80]!r} in that place: the model would be asked in another way than it was taught.",
        hint="Take a base model, or a chat template, whose prompt is how the conversation goes on.",
    )
