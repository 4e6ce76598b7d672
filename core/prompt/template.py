"""Chat templates rendered as Transformers' ``apply_chat_template`` renders them, without Transformers.

The environment has the same options, extensions, filters and globals as ``transformers.utils.chat_template_utils``
(5.23), so the text is the same; that is what the tests compare. It is jinja2's immutable sandbox, which keeps a
template from reaching Python, but not from looping or filling memory: what is not known by its hash is rendered by
:mod:`core.prompt.sandbox` in a helper process.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import jinja2
import jinja2.ext
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

Message = Mapping[str, Any]


class Job(NamedTuple):
    """One text to write: the messages, and whether the beginning of an answer follows them."""

    messages: Sequence[Message]
    add_generation_prompt: bool = False


class TemplateError(Exception):
    """The template itself refused these messages or is wrong; the message is the template's."""


class ChatTemplate:
    """A compiled template with the variables it sees besides the messages (``bos_token`` and the like)."""

    def __init__(self, source: str, variables: Mapping[str, str], now: datetime | None = None) -> None:
        self._variables = dict(variables)
        try:
            self._template = _environment(now).from_string(source)
        except (jinja2.TemplateError, RecursionError, ValueError, OverflowError) as error:
            raise TemplateError(_words(error)) from error

    def render(self, job: Job) -> str:
        """The text of one conversation.

        Raises:
            TemplateError: the template called ``raise_exception`` or failed on these messages.
        """
        messages = [{key: value for key, value in message.items() if value is not None} for message in job.messages]
        values = {
            "messages": messages,
            "tools": None,
            "documents": None,
            "add_generation_prompt": job.add_generation_prompt,
        }
        try:
            return self._template.render({**values, **self._variables})
        except (
            jinja2.TemplateError,
            TypeError,
            ValueError,
            ArithmeticError,
            AttributeError,
            LookupError,
            RecursionError,
        ) as error:
            raise TemplateError(_words(error)) from error


class _Generation(jinja2.ext.Extension):
    """The ``{% generation %}`` block around an answer; it leaves no trace in the text."""

    tags = {"generation"}  # noqa: RUF012 (jinja2 declares it so)

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller: Any) -> str:
        return str(caller())


class _Dict:
    """The global ``dict``, as a callable without the attributes of the type."""

    def __call__(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return dict(*args, **kwargs)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        return dict.fromkeys(*args)


class _Namespace(Namespace):
    """The global ``namespace``; names with a leading underscore are refused, as Transformers does."""

    def __init__(*args: Any, **kwargs: Any) -> None:
        self, *rest = args
        attributes = dict(*rest, **kwargs)
        for name in attributes:
            _check_name(name)
        Namespace.__init__(self, attributes)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        super().__setitem__(name, value)


def _check_name(name: object) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise SecurityError(f"A namespace attribute must not begin with an underscore: {name!r}")


def _environment(now: datetime | None) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, jinja2.ext.loopcontrols]
    )

    def strftime_now(form: str) -> str:
        return (now or datetime.now()).strftime(form)

    environment.filters["tojson"] = _tojson
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = strftime_now
    environment.globals["dict"] = _Dict()
    environment.globals["namespace"] = _Namespace
    return environment


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise_exception(message: str) -> None:
    raise jinja2.TemplateError(message)


def _words(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:500]
