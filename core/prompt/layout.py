"""Where things stand in a rendered conversation: what the user typed, where the prompt ends, where answers end.

Templates that look into the messages (for a thinking block, say) may not take kindly to marks around them; then only
control tokens in them are marked, and at last only those that are special, because a template that rewrites others
reads them as its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.dataset.example import Example
from core.errors import PromptError
from core.prompt.marks import Marking, search
from core.prompt.sandbox import Renderer, refused
from core.prompt.template import Job, TemplateError
from core.prompt.tokens import Span

_LONGEST_TOKEN = 40  # characters of a control token


@dataclass(frozen=True, slots=True)
class Text:
    """A rendered text and what in it was typed, in order; ``roles`` are the same places, for display."""

    text: str
    typed: tuple[Span, ...]
    roles: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """An answer: it begins at ``start``, where the generation prompt ends; at ``end`` it is over, end token and all.

    ``whole`` is false where the conversation goes on in another way than it would have ended here.
    """

    start: int
    end: int
    whole: bool = True


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
        marking = Marking(job)
        return self._place(job, marking, *self._renderer.render([job, marking.job]))

    def layout(self, example: Example) -> Layout:
        """The whole conversation with the places of its answers.

        Raises:
            PromptError: the template refuses the messages, or its prompt is not how the conversation begins.
            ModelError: the template was stopped.
        """
        messages = _valid(example.messages())
        prompt, whole = Job(messages[:-1], True), Job(messages)
        marks = Marking(prompt), Marking(whole)
        answered = [at for at, message in enumerate(messages[:-1]) if message["role"] == "assistant"]
        earlier = [job for at in answered for job in (Job(messages[:at], True), Job(messages[: at + 1]))]
        texts = self._renderer.render([prompt, marks[0].job, whole, marks[1].job, *earlier])
        before, after = self._place(prompt, marks[0], *texts[:2]), self._place(whole, marks[1], *texts[2:4])
        if not after.text.startswith(before.text):
            after = _continued(before, after)
        pairs = zip(texts[4::2], texts[5::2], strict=True)
        turns = [turn for pair in pairs if (turn := self._turn(*pair, after.text)) is not None]
        start = len(before.text)
        # In the prompt, the prompt's own places hold: generation knows no others.
        joined = Text(after.text, _joined(before.typed, after.typed, start), _joined(before.roles, after.roles, start))
        return Layout(before, joined, (*turns, Turn(start, len(after.text))))

    def _turn(self, prompt: str | TemplateError, answered: str | TemplateError, text: str) -> Turn | None:
        """An earlier answer, if the conversation has it as it would have been generated."""
        if isinstance(prompt, TemplateError) or isinstance(answered, TemplateError):
            return None
        if not answered.startswith(prompt):
            return None
        end = _common(answered, text)
        differs = self._controls.sub("", answered[end:]).strip()  # the end of a conversation may have a token more
        return None if differs or end < len(prompt) else Turn(len(prompt), end, end == len(answered))

    def _place(self, job: Job, marking: Marking, plain: str | TemplateError, marked: str | TemplateError) -> Text:
        text = _text(plain)
        found = marking.places(text, marked)
        if found is not None:
            return Text(text, found, found)
        roles = search(text, job.messages)
        for controls in (self._controls, self._special):
            marking = Marking(job, controls)
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


def _joined(before: Sequence[Span], after: Sequence[Span], start: int) -> tuple[Span, ...]:
    return (*before, *(span._replace(start=max(span.start, start)) for span in after if span.end > start))


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
    """The prompt with the answer as the whole conversation has it, where the one is not how the other begins.

    The prompt counts, because generation will see it. It may differ in earlier parts (Mistral's template leaves the
    system prompt out once there is an answer): what stands from the last question on must then be the same. Or it may
    end in the beginning of a thought that the finished conversation leaves out: the rest must then be the same, and
    what is left open is closed.

    Raises:
        PromptError: the two differ in more than that.
    """
    question = next((span.start for span in reversed(prompt.roles) if span.role == "user"), len(prompt.text))
    answer = next((span.start for span in reversed(whole.roles) if span.role == "assistant"), len(whole.text))
    shared = prompt.text[question:]
    found = whole.text.rfind(shared, 0, answer) if shared else -1
    if found >= 0:
        return _append(prompt, "", whole, found + len(shared))
    same = _common(prompt.text, whole.text)
    opening = prompt.text[same:]
    if any(span.end > same for span in prompt.roles) or (opening.strip() and not opening.lstrip().startswith("<")):
        raise _not_a_beginning(opening, whole.text[same:])
    closing = ""
    if opening.rfind("<think>") > opening.rfind("</think>") and not whole.text[same:].lstrip().startswith("</think>"):
        closing = ("" if opening.endswith("\n") else "\n") + "\n</think>\n\n"
    return _append(prompt, closing, whole, same)


def _append(prompt: Text, between: str, whole: Text, start: int) -> Text:
    """The prompt, ``between``, and what stands in ``whole`` from ``start`` on."""
    by = len(prompt.text) + len(between) - start
    typed, roles = (
        tuple(Span(span.start + by, span.end + by, span.role) for span in spans if span.start >= start)
        for spans in (whole.typed, whole.roles)
    )
    return Text(prompt.text + between + whole.text[start:], typed, roles)


def _common(first: str, second: str) -> int:
    """How far two texts are the same, up to the beginning of a ``<token>`` in which they part."""
    shorter = min(len(first), len(second))
    end = next((at for at in range(shorter) if first[at] != second[at]), shorter)
    if end in (len(first), len(second)):
        return end
    opened = first.rfind("<", 0, end)
    return opened if opened > first.rfind(">", 0, end) and end - opened < _LONGEST_TOKEN else end


def _not_a_beginning(prompt: str, whole: str) -> PromptError:
    return PromptError(
        "The chat template does not suit training.",
        reason=f"It prompts for an answer with {prompt[:80]!r}, but writes the finished conversation with "
        f"{whole[:80]!r} in that place: the model would be asked in another way than it was taught.",
        hint="Take a base model, or a chat template, whose prompt is how the conversation goes on.",
    )
