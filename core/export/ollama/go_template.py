"""The part of Go's templates that a translated chat template uses, rendered as Ollama does.

Ollama executes the TEMPLATE of a Modelfile with Go's text/template (https://pkg.go.dev/text/template) and gives it
``.Messages`` with ``.Role`` and ``.Content``. Each translation is tried with this before it is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_ACTION = re.compile(
    r"\{\{(?P<left>- )?\s*(?P<body>(?:\"(?:[^\"\\]|\\.)*\"|[^\"}]|\}(?!\}))*?)\s*(?P<right> -)?\}\}", re.S
)
_WORD = re.compile(r"\"(?:[^\"\\]|\\.)*\"|\(|\)|:=|=|,|[^\s(),=:]+")


@dataclass(slots=True)
class _Block:
    """An ``if`` with its branches (an ``else`` has no condition), or a ``range``."""

    kind: str
    branches: list[tuple[list[str], list[Any]]] = field(default_factory=list)


def quoted(text: str) -> str:
    """A text as a template writes it out, whatever stands in it."""
    return re.sub(r"\{\{|\}\}", lambda match: "{{ " + json.dumps(match[0]) + " }}", text)


def render(template: str, messages: Sequence[Mapping[str, str]]) -> str:
    """What a template writes of a conversation.

    Raises:
        ValueError: it uses what is not known here.
    """
    system = "\n\n".join(message["content"] for message in messages if message["role"] == "system")
    data = [{"Role": message["role"], "Content": message["content"]} for message in messages]
    root = {"System": system, "Messages": data}
    return "".join(_write(_parse(template), root, {"$": root}))


def _parse(template: str) -> list[Any]:
    root: list[Any] = []
    open_blocks: list[tuple[_Block, list[Any]]] = []
    nodes, at = root, 0
    trim = False
    for match in _ACTION.finditer(template):
        text = template[at : match.start()]
        text = text.lstrip() if trim else text
        nodes.append(text.rstrip() if match["left"] else text)
        trim, at = bool(match["right"]), match.end()
        words = _WORD.findall(match["body"])
        if words[0] in ("if", "range"):
            block = _Block(words[0], [(words[1:], [])])
            nodes.append(block)
            open_blocks.append((block, nodes))
            nodes = block.branches[0][1]
        elif words[0] == "else":
            block = open_blocks[-1][0]
            block.branches.append((words[2:] if words[1:2] == ["if"] else [], []))
            nodes = block.branches[-1][1]
        elif words[0] == "end":
            nodes = open_blocks.pop()[1]
        else:
            nodes.append(words)
    if open_blocks:
        raise ValueError("a block is not ended")
    text = template[at:]
    nodes.append(text.lstrip() if trim else text)
    return root


def _write(nodes: Sequence[Any], dot: Any, variables: dict[str, Any]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif isinstance(node, list):
            if node[1:2] in ([":="], ["="]):
                variables[node[0]] = _value(node[2:], dot, variables)
            else:
                yield str(_value(node, dot, variables))
        elif node.kind == "range":
            ((words, body),) = node.branches
            names, source = words[: words.index(":=")], words[words.index(":=") + 1 :]
            for number, item in enumerate(_value(source, dot, variables)):
                variables[names[0]] = number
                yield from _write(body, item, variables)
        else:
            for words, body in node.branches:
                if not words or _value(words, dot, variables):
                    yield from _write(body, dot, variables)
                    break


def _value(words: Sequence[str], dot: Any, variables: Mapping[str, Any]) -> Any:
    values: list[Any] = []
    rest = list(words)
    function = rest.pop(0) if rest and rest[0] in _FUNCTIONS else None
    while rest:
        word = rest.pop(0)
        if word == "(":
            depth, end = 1, 0
            while depth:
                depth += {"(": 1, ")": -1}.get(rest[end], 0)
                end += 1
            values.append(_value(rest[: end - 1], dot, variables))
            rest = rest[end:]
        elif word.startswith('"'):
            values.append(json.loads(word))
        elif word.startswith("$"):
            name, _, path = word.partition(".")
            values.append(variables[name][path] if path else variables[name])
        elif word.startswith("."):
            values.append(dot[word[1:]])
        elif word in ("true", "false") or word.isdecimal():
            values.append(json.loads(word))
        else:
            raise ValueError(f"{word} is not known here")
    if function is not None:
        return _FUNCTIONS[function](*values)
    (value,) = values
    return value


_FUNCTIONS: Mapping[str, Any] = {
    "eq": lambda one, *others: one in others,
    "ne": lambda one, other: one != other,
    "and": lambda *values: all(values),
    "or": lambda *values: any(values),
    "not": lambda value: not value,
    "len": len,
    "slice": lambda values, start: values[start:],
}
