"""The command line ``tunesmith COMMAND …``: parses it, runs one command, turns what goes wrong into one line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

import core
from core.cli import (
    adapters,
    advise,
    check,
    compare,
    demo,
    doctor,
    elsewhere,
    estimate,
    export,
    guide,
    history,
    models,
    output,
    pin,
    project,
    queue,
    send,
    training,
    transfer,
    use,
)
from core.errors import UserError

_GROUPS = (
    demo,
    project,
    guide,
    transfer,
    check,
    advise,
    estimate,
    training,
    queue,
    history,
    elsewhere,
    pin,
    adapters,
    use,
    compare,
    export,
    send,
    doctor,
    models,
)
_INTERRUPTED = 130


def main(argv: Sequence[str]) -> int:
    """Run one command line.

    Returns:
        The exit code: 0 on success, 1 when the command failed (one line on stderr says why), 2 for wrong use.
    """
    output.use_any_text()
    parser = _parser()
    try:
        args = parser.parse_args(list(argv) or ["--help"])
    except SystemExit as ending:
        return int(ending.code or 0) if argv else output.WRONG_USE
    handler: Callable[[argparse.Namespace], int] = args.handler
    try:
        return handler(args)
    except output.WrongUse as error:
        output.fail(error)
        return output.WRONG_USE
    except UserError as error:
        output.fail(error)
        return output.FAILED
    except BrokenPipeError:
        # The reader of our output is gone (as with "| head"); nothing more may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return output.FAILED
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        output.fail(UserError(f"{error.strerror or error}{where}."))
        return output.FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tunesmith",
        description="Teach a language model a voice or a task on your own machine. "
        "Without a command, or with a project folder, the window opens.",
        epilog="tunesmith COMMAND --help says more about a command.",
    )
    parser.add_argument("--version", action="version", version=f"Tunesmith {core.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for group in _GROUPS:
        group.register(commands)
    return parser
