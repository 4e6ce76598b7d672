"""The commands that use the network, and only when they are called: models search, download, sign-in, sign-out."""

from __future__ import annotations

import argparse
import getpass
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.base_models.hub import token
from core.base_models.hub.jobs import AccountJob, DownloadJob, SearchJob, plan_of
from core.base_models.hub.model import Downloaded, Plan, Progress, page_of
from core.cli import output
from core.errors import UserError
from core.hardware.usage import memory_use
from core.hardware.uses import rough_verdict

Add = Callable[[Any, str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
_GIGA, _MEGA = 1024**3, 1024**2


def register(commands: Any, add: Add) -> None:
    """Add the commands."""
    parser = add(commands, "search", _search, "look for models on the Hugging Face hub")
    parser.add_argument(
        "text", nargs="?", default="", metavar="TEXT", help="a part of the name; the most used otherwise"
    )
    parser.add_argument("--limit", type=int, default=20, metavar="N")
    add_token(parser)
    parser = add(commands, "download", _download, "show what a download would bring, and fetch it once you agree")
    parser.add_argument("model", metavar="MODEL", help="the model's id on the hub, OWNER/NAME")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="a new folder; the hub cache unless given")
    parser.add_argument("--yes", action="store_true", help="agree beforehand")
    add_token(parser)
    add(commands, "sign-in", _sign_in, "keep an access token of the hub in the system's keyring")
    add(commands, "sign-out", _sign_out, "take the access token out of the keyring")


def add_token(parser: argparse.ArgumentParser) -> None:
    """Give a command the switch ``--token-stdin``."""
    parser.add_argument(
        "--token-stdin", action="store_true", help="read an access token from stdin, for this command alone"
    )


def access_token(args: argparse.Namespace) -> str:
    """The token for this command: from stdin, or from the keyring."""
    return token.checked(sys.stdin.readline()) if args.token_stdin else token.load()


def _search(args: argparse.Namespace) -> int:
    found = list(SearchJob(args.text, token=access_token(args), limit=max(1, args.limit)).messages())
    if args.json:
        output.emit([asdict(one) for one in found])
        return 0
    if not found:
        output.line("Nothing was found. Try a shorter part of the name.")
        return 0
    memory = memory_use()
    for one in found:
        facts = [one.licence or "no licence stated", f"{one.downloads:,} downloads a month"]
        if one.parameters:
            verdict = rough_verdict(one.parameters, memory)
            facts.insert(0, f"{count(one.parameters)} parameters, {verdict} here in 4-bit")
        if one.gated:
            facts.append("asks for consent")
        output.line(f"{one.repo}  ({', '.join(facts)})")
        if one.problem:
            output.line(f"    Not for training here. {one.problem}")
    return 0


def _download(args: argparse.Namespace) -> int:
    access = access_token(args)
    folder = args.to.expanduser().absolute() if args.to else None
    plan = plan_of(args.model, folder, token=access)
    if args.json and not args.yes:
        output.emit({"plan": {**plan.to_json(), "bytes": plan.total_bytes, "missing_bytes": plan.missing_bytes}})
        return 0
    if not args.json:
        _show(plan)
    if not args.yes and not agreed("Download?"):
        raise UserError("Nothing was downloaded.", hint="Say yes, or give --yes.")
    downloaded = _fetch(plan, access)
    if args.json:
        output.emit({"model": downloaded.base, "path": downloaded.path, "bytes": plan.total_bytes})
    else:
        output.line(f"{plan.repo} is here: {downloaded.path}")
        output.line(f"Next: {output.command('train', 'PROJECT', '--model', downloaded.base)}")
    return 0


def _show(plan: Plan) -> None:
    """What would be downloaded: every file with its size."""
    output.line(output.table(("file", "size"), [(file.name, size(file.size)) for file in plan.files]))
    here = f", {size(plan.here_bytes)} of them are here already" if plan.here_bytes else ""
    output.line(f"\n{plan.repo}: {size(plan.total_bytes)}{here}.")
    output.line(f"Licence: {plan.licence or 'none stated'}. Page: {page_of(plan.repo)}")
    output.line(f"To: {plan.folder or 'the hub cache'}, with {size(plan.free_bytes)} free.")
    if plan.access in ("token", "consent"):
        output.line("Its owner wants consent: agree to its terms on the page, and sign in with an access token.")


def _fetch(plan: Plan, access: str) -> Downloaded:
    line, began, first = output.ProgressLine(sys.stderr), time.monotonic(), -1
    job = DownloadJob(plan, token=access)
    try:
        for told in job.messages():
            if isinstance(told, Downloaded):
                line.clear()
                return told
            first = told.done if first < 0 else first
            line.show(_progress(told, time.monotonic() - began, told.done - first))
    except KeyboardInterrupt:
        line.clear()
        output.line(f"Paused. The same command goes on from here: {output.command('models', 'download', plan.repo)}")
        raise
    raise AssertionError("a download ends with a model or an error")


def _progress(told: Progress, seconds: float, fetched: int) -> str:
    if told.waiting:
        return f"The hub asks to wait {told.waiting} s."
    left = (told.total - told.done) * seconds / fetched if fetched > 0 and seconds > 1 else None
    what = "checking" if told.checking else f"{size(told.done)} of {size(told.total)}"
    return f"{output.bar(told.done, told.total)} {what}, {output.duration(left)} left, {told.file}"


def _sign_in(args: argparse.Namespace) -> int:
    asked = sys.stdin.readline() if not sys.stdin.isatty() else getpass.getpass("Access token (not shown): ")
    access = token.checked(asked)
    name = next(AccountJob(access).messages())
    token.save(access)
    if args.json:
        output.emit({"account": name})
    else:
        output.line(f"Signed in as {name}. The token is in the system's keyring and nowhere else.")
    return 0


def _sign_out(args: argparse.Namespace) -> int:
    token.forget()
    if args.json:
        output.emit({"account": None})
    else:
        output.line("The token is not in the keyring any more.")
    return 0


def agreed(question: str) -> bool:
    """Ask on the terminal; without one, nothing was agreed to."""
    if not sys.stdin.isatty():
        return False
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def size(many: int) -> str:
    """Bytes in words."""
    if many >= 0.95 * _GIGA:
        return f"{many / _GIGA:.1f} GB"
    return f"{many / _MEGA:.1f} MB" if many >= _MEGA // 10 else f"{many:,} bytes"


def count(parameters: int) -> str:
    """Parameters in words: 7.6 B, 494 M."""
    return f"{parameters / 1e9:.1f} B" if parameters >= 1e9 else f"{parameters / 1e6:.0f} M"
