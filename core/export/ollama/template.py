"""A chat template (Jinja) in the words of Ollama (Go): learnt from what it writes, and proven on conversations.

What a chat template writes around messages is found by rendering conversations with marks as contents. That gives a
Go template which must write the very same of every conversation tried, else the translation is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.errors import ModelError, PromptError
from core.export.ollama import go_template
from core.export.ollama.go_template import quoted

Render = Callable[[list[dict[str, Any]]], str]

_SYSTEM, _USER, _ASSISTANT = "system", "user", "assistant"
_MARKS = {_SYSTEM: "Sq7", _USER: "Uq7", _ASSISTANT: "Aq7"}
_NUMBERED = re.compile(r"(?:Sq7|Uq7|Aq7)\d+x")
# Who speaks, in the conversations that a translation must get right; each ends with the answer to come.
_ORDERS = ("U", "UAU", "UAUAU", "UAUAUAU")
_CONTENTS = {
    "S": ("Be brief.", 'Answer as\n\na pirate: {{ .Content }} ""\''),
    "U": ("Hello", "Zwei\nZeilen und {% raw %} <b>", "3 + 4 = ?", "数据"),
    "A": ("Good morning.", "Das ist {{ eins }}.\n- ja", "7"),
}


@dataclass(frozen=True, slots=True)
class Translation:
    """A template for Ollama.

    Attributes:
        text: the Go template.
        system: whether it knows a system prompt; one is left out where it does not.
    """

    text: str
    system: bool


@dataclass(frozen=True, slots=True)
class _Pieces:
    """What stands around the messages.

    Attributes:
        begin: before all, where there is no system prompt.
        user, assistant: before and after each such message.
        answer: what the answer to come follows.
        system: before and after the system prompt; None where it is not taken.
        joined: to which of the user's messages the system prompt is joined: ``""`` (to none), ``first`` or ``last``.
    """

    begin: str
    user: tuple[str, str]
    assistant: tuple[str, str]
    answer: str
    system: tuple[str, str] | None = None
    joined: str = ""


def translate(render: Render, *, beginning: str) -> Translation:
    """The Go template that writes what a chat template writes.

    Args:
        render: gives the text of messages (``role``, ``content``) with the beginning of an answer behind them; raises
            PromptError for messages that the template does not take.
        beginning: the beginning-of-text token if the file's reader puts it there by itself; it is left out.

    Raises:
        ModelError: it does not write messages one after the other in a way that is known here.
    """

    def without_beginning(messages: list[dict[str, Any]]) -> str:
        return render(messages).removeprefix(beginning)

    try:
        pieces = _learn(without_beginning)
    except (PromptError, ValueError) as error:
        raise _refused(str(error)) from error
    for candidate in _with_system(pieces, without_beginning):
        text = _go(candidate)
        if '"""' not in text and _writes_the_same(text, without_beginning, system=candidate.system is not None):
            return Translation(text, candidate.system is not None)
    raise _refused("It writes conversations in a way that has no translation here.")


def _learn(render: Render) -> _Pieces:
    """All but the system prompt."""
    start, middle, again, end = _around(render, "UAU")
    before_user = _common_end(start, again)
    after_assistant = again.removesuffix(before_user)
    after_user = _common_start(_common_start(after_assistant, middle), end)
    return _Pieces(
        begin=start.removesuffix(before_user),
        user=(before_user, after_user),
        assistant=(middle.removeprefix(after_user), after_assistant),
        answer=end.removeprefix(after_user),
    )


def _with_system(pieces: _Pieces, render: Render) -> list[_Pieces]:
    """The ways in which the template may treat a system prompt, the likeliest first."""
    before_user, _ = pieces.user
    found = []
    try:
        start, middle, _ = _around(render, "SU")
        if middle.endswith(before_user):
            found.append(_changed(pieces, system=(start, middle.removesuffix(before_user))))
        if before_user and before_user in start:
            head, _, before = start.rpartition(before_user)
            if head == pieces.begin:
                for joined in ("first", "last"):
                    found.append(_changed(pieces, system=(before, middle), joined=joined))
    except (PromptError, ValueError):
        found.append(pieces)
    return found


def _changed(pieces: _Pieces, *, system: tuple[str, str], joined: str = "") -> _Pieces:
    return _Pieces(pieces.begin, pieces.user, pieces.assistant, pieces.answer, system, joined)


def _around(render: Render, order: str) -> list[str]:
    """What stands before, between and behind the messages of a conversation.

    Raises:
        ValueError: a message is missing or was changed.
    """
    roles = [{"S": _SYSTEM, "U": _USER, "A": _ASSISTANT}[letter] for letter in order]
    marks = [f"{_MARKS[role]}{number}x" for number, role in enumerate(roles)]
    text = render([{"role": role, "content": mark} for role, mark in zip(roles, marks, strict=True)])
    if _NUMBERED.findall(text) != marks:
        raise ValueError("It does not write every message as it is and in its place.")
    return _NUMBERED.split(text)


def _common_start(one: str, other: str) -> str:
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[:same]


def _common_end(one: str, other: str) -> str:
    return _common_start(one[::-1], other[::-1])[::-1]


def _go(pieces: _Pieces) -> str:
    """The template. All white space in it is written, so that it cannot be laid out over lines."""
    begin, first, own, joined = quoted(pieces.begin), "", "", ""
    if pieces.system is not None:
        before, after = (quoted(part) for part in pieces.system)
        if pieces.joined:
            joined = _if(f"and $.System ${pieces.joined}", f"{before}{{{{ $.System }}}}{after}")
        else:
            begin = _if("not .System", begin)
            own = _if('eq .Role "system"', f"{before}{{{{ .Content }}}}{after}")
        if pieces.joined == "first":
            begin, first = f"{{{{ $first := true }}}}{begin}", "{{ $first = false }}"
    (before_user, after_user), (before_answer, after_answer) = pieces.user, pieces.assistant
    user = f"{quoted(before_user)}{joined}{{{{ .Content }}}}{quoted(after_user)}{first}"
    answer = f"{quoted(before_answer)}{{{{ .Content }}}}{_if('not $last', quoted(after_answer))}"
    parts = [
        begin,
        "{{ range $i, $_ := .Messages }}{{ $last := eq (len (slice $.Messages $i)) 1 }}",
        own,
        _if('eq .Role "user"', user),
        _if('eq .Role "assistant"', answer),
        _if('and $last (ne .Role "assistant")', quoted(pieces.answer)),
        "{{ end }}",
    ]
    return "".join(parts)


def _if(condition: str, text: str) -> str:
    return f"{{{{ if {condition} }}}}{text}{{{{ end }}}}" if text else ""


def _writes_the_same(text: str, render: Render, *, system: bool) -> bool:
    orders = [*_ORDERS, *(f"S{order}" for order in _ORDERS if system)]
    return all(
        go_template.render(text, messages) == render(messages)
        for order in orders
        for shift in range(3)
        for messages in [_conversation(order, shift)]
    )


def _conversation(order: str, shift: int) -> list[dict[str, Any]]:
    roles = {"S": _SYSTEM, "U": _USER, "A": _ASSISTANT}
    return [
        {"role": roles[letter], "content": _CONTENTS[letter][(at + shift) % len(_CONTENTS[letter])]}
        for at, letter in enumerate(order)
    ]


def _refused(reason: str) -> ModelError:
    return ModelError(
        "The chat template cannot be translated for Ollama.",
        reason=reason,
        hint="Export a GGUF file: LM Studio and llama.cpp read the chat template as it is.",
    )
