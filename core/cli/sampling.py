"""How a command draws its answers: one option a sampling setting, made from the settings' own description."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from pydantic.fields import FieldInfo

from core.errors import UserError
from core.generation.sampling import EXACT, PRESETS, Sampling, sampling, with_preset

_OPTIONS = {  # option -> setting
    "--max-tokens": "max_new_tokens",
    "--temperature": "temperature",
    "--top-p": "top_p",
    "--top-k": "top_k",
    "--min-p": "min_p",
    "--repetition-penalty": "repetition_penalty",
    "--seed": "seed",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add an option for each setting, and for the presets."""
    group = parser.add_argument_group("how the answer is drawn")
    words = "; ".join(f"{key}: {about[0].lower()}{about[1:].rstrip('.')}" for key, (_, about, _) in PRESETS.items())
    group.add_argument("--preset", choices=list(PRESETS), default="exact", help=words.replace("%", "%%"))
    for option, name in _OPTIONS.items():
        field = Sampling.model_fields[name]
        whole = isinstance(field.default, int) and not isinstance(field.default, bool)
        group.add_argument(
            option,
            dest=name,
            type=_value(name, int if whole else float),
            metavar="N" if whole else "X",
            help=_help(field).replace("%", "%%"),
        )
    group.add_argument(
        "--stop",
        action="append",
        default=[],
        metavar="TEXT",
        help="the answer ends before this text; may be given several times",
    )


def chosen(args: argparse.Namespace) -> Sampling:
    """What the options say, over the preset.

    Raises:
        UserError: too many stop words, or one that cannot be used.
    """
    given = {name: value for name in _OPTIONS.values() if (value := getattr(args, name)) is not None}
    return with_preset(args.preset, EXACT).with_(**given, stop=tuple(args.stop))


def _help(field: FieldInfo) -> str:
    words = (field.description or "").rstrip(".")
    return f"{field.title.lower() if field.title else ''}: {words[0].lower()}{words[1:]}"


def _value(name: str, kind: Callable[[str], Any]) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        value = kind(text)
        try:
            sampling(**{name: value})
        except UserError as error:
            raise argparse.ArgumentTypeError(f"{error.reason} {error.hint}") from error
        return value

    parse.__name__ = "number"  # what argparse calls it when the text is none
    return parse
